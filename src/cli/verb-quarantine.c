/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* quarantine, clear: one function by its address. */

#include "cli/client.h"
#include "vgpu-hibernate.h"

static int show_function(Ctl *c, const char *path)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(function_info_done) FunctionInfo f = { 0 };
        int r;

        r = client_get_all(c, path, VGPU_HIBERNATE_FUNCTION_INTERFACE, &reply, &e);
        if (r >= 0) {
                r = function_info_read(&f, reply);
                if (r < 0)
                        r = client_set_protocol_error(&e, r);
        }
        if (r < 0)
                return ctl_error(c, &e, r, "cannot show function '%s'", c->argument);

        return ctl_print_json(c, function_info_to_json(&f));
}

/* Calls a method of the function; the reason may be NULL. */
static int call_function(Ctl *c, const char *method, const char *reason, uint64_t timeout_usec)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = client_connect(c, &e);
        if (r >= 0)
                r = client_find(c, "GetFunction", 's', c->argument, &path, &e);
        if (r >= 0)
                r = client_new_call(c, path, VGPU_HIBERNATE_FUNCTION_INTERFACE, method, &m);
        if (r >= 0 && reason)
                r = sd_bus_message_append_basic(m, 's', reason);
        if (r >= 0)
                r = client_call_within(c, m, timeout_usec, &e, NULL);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot %s '%s'", c->verb->name, c->argument);

        return c->json ? show_function(c, path) : EXIT_STATUS_OK;
}

int verb_quarantine(Ctl *c)
{
        return call_function(c, "Quarantine", c->reason, CLIENT_CALL_TIMEOUT_USEC);
}

int verb_clear(Ctl *c)
{
        return c->probe ? call_function(c, "Probe", NULL, UINT64_MAX)
                        : call_function(c, "Clear", NULL, CLIENT_CALL_TIMEOUT_USEC);
}
