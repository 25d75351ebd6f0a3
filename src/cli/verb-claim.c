/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* reserve, release, hold: keep functions away from others, and give them back. */

#include <inttypes.h>
#include <stdio.h>

#include "cli/client.h"
#include "cli/hold.h"
#include "cli/json.h"
#include "cli/property.h"
#include "cli/text.h"
#include "vgpu-hibernate.h"

/* {sv} of a string; nothing when it is NULL. */
static int append_string(sd_bus_message *m, const char *key, const char *value)
{
        return value ? sd_bus_message_append(m, "{sv}", key, "s", value) : 0;
}

static int append_request(sd_bus_message *m, const Ctl *c)
{
        int r;

        if ((r = sd_bus_message_append(m, "su", c->pool ? c->pool : "", c->count)) < 0 ||
            (r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
            (r = append_string(m, "like", c->like)) < 0 || (r = append_string(m, "group", c->group)) < 0 ||
            (r = append_string(m, "label", c->label)) < 0)
                return r;

        if (c->ttl_seconds > 0) {
                r = sd_bus_message_append(m, "{sv}", "ttl_seconds", "t", c->ttl_seconds);
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(m);
}

static int print_reservation(Ctl *c, const char *cookie, char **functions, uint64_t expires_usec)
{
        _cleanup_free_ char *text = NULL;

        if (c->json) {
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_string(&o, "cookie", cookie);
                json_build_member(&o, "functions", strings_to_json(functions));
                json_build_known(&o, "expires_usec", expires_usec);
                return ctl_print_json(c, TAKE_PTR(o));
        }

        if (c->quiet) {
                ctl_print(c, "%s", cookie);
                return EXIT_STATUS_OK;
        }

        text = text_join(functions);
        if (!text)
                return -ENOMEM;

        ctl_print(c, "   Cookie: %s", cookie);
        ctl_print(c, "Functions: %s", text);
        ctl_print(c, "  Expires: %s", TEXT_TIME(expires_usec));
        return EXIT_STATUS_OK;
}

static int read_reservation(Ctl *c, sd_bus_message *reply)
{
        char **functions = NULL;
        const char *cookie;
        uint64_t expires_usec;
        int r;

        if ((r = sd_bus_message_read(reply, "s", &cookie)) >= 0 &&
            (r = sd_bus_message_read_strv(reply, &functions)) >= 0 &&
            (r = sd_bus_message_read(reply, "t", &expires_usec)) >= 0)
                r = print_reservation(c, cookie, functions, expires_usec);

        strings_free(functions);
        return r;
}

int verb_reserve(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int r;

        r = client_connect(c, &e);
        if (r >= 0)
                r = client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, "Reserve",
                                    &m);
        if (r >= 0)
                r = append_request(m, c);
        if (r >= 0)
                r = client_call(c, m, &e, &reply);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot reserve %" PRIu32 " function%s", c->count,
                                 c->count == 1 ? "" : "s");

        return read_reservation(c, reply);
}

int verb_release(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = client_connect(c, &e);
        if (r >= 0)
                r = client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, "Release",
                                    &m);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', c->argument);
        if (r >= 0)
                r = client_call(c, m, &e, NULL);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot release the reservation");

        return c->json ? ctl_print_json(c, json_object_new_object()) : EXIT_STATUS_OK;
}

static int show_domain(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(domain_info_done) DomainInfo d = { 0 };
        _cleanup_free_ char *path = NULL;
        int r;

        r = client_find(c, "GetDomain", 's', c->argument, &path, &e);
        if (r >= 0)
                r = client_get_all(c, path, VGPU_HIBERNATE_DOMAIN_INTERFACE, &reply, &e);
        if (r >= 0) {
                r = domain_info_read(&d, reply);
                if (r < 0)
                        r = client_set_protocol_error(&e, r);
        }
        if (r < 0)
                return ctl_error(c, &e, r, "cannot show domain '%s'", c->argument);

        return ctl_print_json(c, domain_info_to_json(&d));
}

int verb_hold(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        if (c->release && c->until_usec > 0)
                return ctl_usage(c,
                                 "'--release' gives the functions back at once: it goes without '--until'");
        c->hold = !c->release;

        r = client_connect(c, &e);
        if (r >= 0)
                r = client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, "Hold",
                                    &m);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', c->argument);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = hold_append_options(m, c);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = client_call(c, m, &e, NULL);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot hold the functions of '%s'", c->argument);

        return c->json ? show_domain(c) : EXIT_STATUS_OK;
}
