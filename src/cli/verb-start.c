/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* hibernate, resume, move: start a job and stay with it. */

#include <inttypes.h>
#include <stdio.h>

#include "cli/client.h"
#include "cli/follow.h"
#include "cli/hold.h"
#include "vgpu-hibernate.h"

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

static int append_request(sd_bus_message *m, const Ctl *c)
{
        int r;

        r = sd_bus_message_append_basic(m, 's', c->argument);
        if (r < 0)
                return r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;

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

static int start(Ctl *c, const char *method, char **ret_path, sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const char *path;
        int r;

        r = client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, method, &m);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = append_request(m, c);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = client_call(c, m, e, &reply);
        if (r < 0)
                return r;

        r = sd_bus_message_read_basic(reply, 'o', &path);
        if (r < 0)
                return client_set_protocol_error(e, r);

        r = free_and_strdup(ret_path, path);
        return r < 0 ? sd_bus_error_set_errno(e, r) : 0;
}

/* --no-wait: the number, or the new job as it is now. */
static int report_started(Ctl *c, const char *path)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(job_info_done) JobInfo job = { 0 };
        uint64_t id;
        int r;

        if (!job_id_from_path(path, &id))
                return ctl_error(c, NULL, -EBADMSG, "'%s' is not the path of a job", path);

        if (!c->json) {
                (void) printf("%" PRIu64 "\n", id);
                return EXIT_STATUS_OK;
        }

        r = client_get_job(c, path, &job, &e);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot read job %" PRIu64 ", which has begun", id);

        return ctl_print_json(c, job_info_to_json(&job));
}

static int run(Ctl *c, const char *method)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(follow_freep) Follow *follow = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = c->no_wait ? client_connect(c, &e) : follow_new(c, &follow, &e);
        if (r >= 0)
                r = start(c, method, &path, &e);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot %s '%s'", c->verb->name, c->argument);

        return c->no_wait ? report_started(c, path) : follow_run(follow, path, c->verb->name, c->argument);
}

int verb_hibernate(Ctl *c)
{
        if (c->until_usec > 0 && !c->hold)
                return ctl_usage(c, "'--until' says until when functions are held: it needs '--hold'");

        return run(c, "Hibernate");
}

int verb_resume(Ctl *c)
{
        return run(c, "Resume");
}

int verb_move(Ctl *c)
{
        return run(c, "Move");
}
