/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/request.h"

#include "cli/hold.h"

static int append_functions(sd_bus_message *m, const Ctl *c)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
            (r = sd_bus_message_append_basic(m, 's', "functions")) < 0 ||
            (r = sd_bus_message_open_container(m, 'v', "as")) < 0 ||
            (r = sd_bus_message_open_container(m, 'a', "s")) < 0)
                return r;

        for (size_t i = 0; i < c->n_functions; i++) {
                r = sd_bus_message_append_basic(m, 's', PCI_ADDRESS_STR(&c->functions[i]));
                if (r < 0)
                        return r;
        }

        if ((r = sd_bus_message_close_container(m)) < 0 || (r = sd_bus_message_close_container(m)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

int request_append(sd_bus_message *m, const Ctl *c)
{
        int r;

        r = sd_bus_message_append_basic(m, 's', c->argument);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;

        if (c->kind) {
                r = sd_bus_message_append(m, "{sv}", "kind", "s", c->kind);
                if (r < 0)
                        return r;
        }

        if (c->strategy) {
                r = sd_bus_message_append(m, "{sv}", "strategy", "s", c->strategy);
                if (r < 0)
                        return r;
        }

        if (c->fallback) {
                r = sd_bus_message_append(m, "{sv}", "fallback", "s", c->fallback);
                if (r < 0)
                        return r;
        }

        if (c->reservation) {
                r = sd_bus_message_append(m, "{sv}", "reservation", "s", c->reservation);
                if (r < 0)
                        return r;
        }

        if (c->hold) {
                r = hold_append_options(m, c);
                if (r < 0)
                        return r;
        }

        if (c->n_functions > 0) {
                r = append_functions(m, c);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(m);
}
