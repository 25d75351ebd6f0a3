/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* hibernate, resume, move, discard: start a job and stay with it. */

#include "cli/client.h"
#include "cli/follow.h"
#include "cli/request.h"
#include "cli/start.h"
#include "cli/text.h"
#include "vgpu-hibernate.h"

static int start(Ctl *c, const char *method, char **ret_path, sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const char *path;
        int r;

        r = client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, method, &m);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = request_append(m, c);
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

        return c->no_wait ? start_report(c, path) : follow_run(follow, path, c->verb->name, c->argument);
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

/* Only a person at a terminal can be asked. */
static bool is_meant(const Ctl *c)
{
        _cleanup_free_ char *domain = text_escape(c->argument, c->terminal.utf8);
        int answer, rest;

        (void) fprintf(stderr,
                       "The memory of '%s' will be lost, and with it what its guest has not written to its "
                       "disks. Go on? [y/N] ",
                       domain ? domain : "this domain");
        answer = rest = getchar();
        while (rest != '\n' && rest != EOF)
                rest = getchar();
        return answer == 'y' || answer == 'Y';
}

int verb_discard(Ctl *c)
{
        if (!c->yes && (c->json || isatty(STDIN_FILENO) <= 0 || isatty(STDERR_FILENO) <= 0))
                return ctl_usage(c, "the memory of '%s' would be lost; if that is meant, say '--yes'",
                                 c->argument);
        if (!c->yes && !is_meant(c)) {
                ctl_note(c, "nothing was done");
                return EXIT_STATUS_FAILED;
        }

        return run(c, "Discard");
}
