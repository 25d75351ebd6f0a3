/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* apply: have a plan carried out, and stay with it. */

#include <fcntl.h>
#include <inttypes.h>

#include "basic/fileio.h"
#include "cli/client.h"
#include "cli/follow.h"
#include "cli/start.h"
#include "store/apply-json.h"
#include "store/json-util.h"
#include "vgpu-hibernate.h"

/* On one line, whatever it looked like: what a call may have is limited. */
static int read_plan(Ctl *c, json_object **ret)
{
        const bool piped = streq(c->argument, "-");
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = piped ? read_fd(STDIN_FILENO, APPLY_PLAN_BYTES_MAX, UINT64_MAX, &text, &size)
                  : read_file_at(AT_FDCWD, c->argument, APPLY_PLAN_BYTES_MAX, &text, &size);
        if (r < 0)
                (void) failure_set_errno(&why, FAILURE_HOST, r, "cannot read the plan %s", c->argument);
        else
                r = json_parse_up_to(text, size, APPLY_PLAN_BYTES_MAX, piped ? "the plan" : c->argument, ret,
                                     &why);

        return r < 0 ? ctl_failure(c, &why, EXIT_STATUS_USAGE) : 0;
}

static int append_options(sd_bus_message *m, const Ctl *c)
{
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && c->on_failure)
                r = sd_bus_message_append(m, "{sv}", "on_failure", "s", c->on_failure);
        if (r >= 0 && c->replan)
                r = sd_bus_message_append(m, "{sv}", "replan", "b", 1);
        if (r >= 0 && c->parallel > 0)
                r = sd_bus_message_append(m, "{sv}", "parallel", "t", c->parallel);
        if (r >= 0 && c->strategy)
                r = sd_bus_message_append(m, "{sv}", "strategy", "s", c->strategy);
        if (r >= 0 && c->reserve)
                r = sd_bus_message_append(m, "{sv}", "reserve", "b", 1);
        if (r >= 0 && c->ttl_seconds > 0)
                r = sd_bus_message_append(m, "{sv}", "ttl_seconds", "t", c->ttl_seconds);
        if (r >= 0 && c->label)
                r = sd_bus_message_append(m, "{sv}", "label", "s", c->label);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int start(Ctl *c, json_object *plan, char **ret_path, sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const char *text = json_object_to_json_string_ext(
                        plan, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        const char *path, *cookie;
        int r;

        r = text ? client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, "Apply",
                                   &m)
                 : -ENOMEM;
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', text);
        if (r >= 0)
                r = append_options(m, c);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = client_call(c, m, e, &reply);
        if (r < 0)
                return r;

        r = sd_bus_message_read(reply, "os", &path, &cookie);
        if (r < 0)
                return client_set_protocol_error(e, r);

        r = free_and_strdup(ret_path, path);
        if (r >= 0)
                r = free_and_strdup(&c->cookie, *cookie ? cookie : NULL);
        return r < 0 ? sd_bus_error_set_errno(e, r) : 0;
}

int verb_apply(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_json_ json_object *plan = NULL;
        _cleanup_(follow_freep) Follow *follow = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        if (!c->reserve && (c->ttl_seconds > 0 || c->label))
                return ctl_usage(c, "'--ttl' and '--label' are of a reservation: they need '--reserve'");

        r = read_plan(c, &plan);
        if (r != 0)
                return r;

        r = c->no_wait ? client_connect(c, &e) : follow_new(c, &follow, &e);
        if (r >= 0)
                r = start(c, plan, &path, &e);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot apply '%s'", c->argument);

        /* At once: it is told to nobody again. */
        if (c->cookie && !c->json)
                ctl_print(c, c->quiet || c->no_wait ? "%s" : "Cookie: %s", c->cookie);

        return c->no_wait ? start_report(c, path) : follow_run(follow, path, c->verb->name, c->argument);
}
