/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* inventory: all that this host has, as the daemon tells it. */

#include "cli/client.h"
#include "vgpu-hibernate.h"

static int ask(Ctl *c, json_object **ret, sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const char *text;
        int r;

        r = client_connect(c, e);
        if (r < 0)
                return r;

        r = client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, "GetInventory",
                            &m);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = client_call(c, m, e, &reply);
        if (r < 0)
                return r;

        r = sd_bus_message_read_basic(reply, 's', &text);
        if (r < 0)
                return client_set_protocol_error(e, r);

        *ret = json_tokener_parse(text);
        return *ret ? 0 : client_set_protocol_error(e, -EBADMSG);
}

int verb_inventory(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        json_object *inventory = NULL;
        int r;

        r = ask(c, &inventory, &e);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot get the inventory");

        r = ctl_print_json(c, inventory);
        return r < 0 ? r : EXIT_STATUS_OK;
}
