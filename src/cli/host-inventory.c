/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/host-inventory.h"

#include "cli/client.h"
#include "vgpu-hibernate.h"

int host_inventory_get(Ctl *c, char **ret, sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const char *text;
        char *copy;
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

        copy = strdup(text);
        if (!copy)
                return sd_bus_error_set_errno(e, -ENOMEM);

        *ret = copy;
        return 0;
}
