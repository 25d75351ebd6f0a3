/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* inventory: all that this host has, as the daemon tells it. */

#include "cli/client.h"
#include "cli/host-inventory.h"

static int ask(Ctl *c, json_object **ret, sd_bus_error *e)
{
        _cleanup_free_ char *text = NULL;
        int r;

        r = host_inventory_get(c, &text, e);
        if (r < 0)
                return r;

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
