/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/follow.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "basic/clock.h"
#include "cli/client.h"
#include "cli/outcome.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "vgpu-hibernate.h"

#define RETRY_USEC (500 * USEC_PER_MSEC)
#define REDRAW_USEC (500 * USEC_PER_MSEC)

struct Follow {
        Ctl *ctl;
        sd_event *event;
        sd_bus_slot *properties_slot, *removed_slot, *owner_slot, *disconnected_slot;
        sd_bus_slot *read_slot; /* the GetAll() that is under way */
        sd_event_source *interrupt, *terminate, *retry, *redraw;
        char *path;
        JobInfo job;
        char *removed_state; /* what JobRemoved said; NULL: it has not */
        bool ended;          /* how is told: nothing more is said */
        bool read_again;     /* something changed after the GetAll() was sent */
        bool away_noted;
        size_t n_attempts_noted;     /* of the job's failed attempts */
        bool failing_away;           /* the daemon was not there, as opposed to the job */
        uint64_t failing_since_usec; /* CLOCK_MONOTONIC; 0: the last read succeeded */
        Progress progress;
};

static void follow_read(Follow *f);

Follow *follow_free(Follow *f)
{
        if (!f)
                return NULL;

        progress_clear(&f->progress);
        progress_done(&f->progress);
        sd_bus_slot_unref(f->properties_slot);
        sd_bus_slot_unref(f->removed_slot);
        sd_bus_slot_unref(f->owner_slot);
        sd_bus_slot_unref(f->disconnected_slot);
        sd_bus_slot_unref(f->read_slot);
        sd_event_source_unref(f->interrupt);
        sd_event_source_unref(f->terminate);
        sd_event_source_unref(f->retry);
        sd_event_source_unref(f->redraw);
        if (f->ctl->bus)
                (void) sd_bus_detach_event(f->ctl->bus); /* fails only when it is not attached */
        sd_event_unref(f->event);
        job_info_done(&f->job);
        free(f->removed_state);
        free(f->path);
        free(f);
        return NULL;
}

static void follow_end(Follow *f, int exit_status)
{
        f->ended = true;
        progress_clear(&f->progress);
        /* Fails only after the loop has ended. */
        (void) sd_event_exit(f->event, exit_status);
}

static void follow_fail(Follow *f, const sd_bus_error *e, int error)
{
        if (f->ended)
                return;

        progress_clear(&f->progress);
        follow_end(f, ctl_error(f->ctl, e, error, "cannot follow job %" PRIu64, f->job.id));
}

/* Whichever comes first: the signal that sd-bus makes, the answer that it makes up, or a call that fails. */
static void follow_disconnected(Follow *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;

        (void) sd_bus_error_set(&e, SD_BUS_ERROR_DISCONNECTED,
                                "the connection to the bus broke; the job goes on");
        follow_fail(f, &e, 0);
}

static void follow_finish(Follow *f)
{
        int r;

        progress_update(&f->progress, &f->job);
        progress_clear(&f->progress);

        r = outcome_report(f->ctl, &f->job);
        if (r < 0)
                follow_fail(f, NULL, r);
        else
                follow_end(f, r);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        follow_read(userdata);
        return 0;
}

static int on_redraw(sd_event_source *source, uint64_t usec, void *userdata)
{
        Follow *f = userdata;
        int r;

        terminal_update_columns(&f->ctl->terminal, STDOUT_FILENO);
        if (f->job.state && f->failing_since_usec == 0)
                progress_update(&f->progress, &f->job);

        r = sd_event_source_set_time_relative(source, REDRAW_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* The job is not there, or the daemon is not. Tries again for as long as either may come back. */
static void follow_read_failed(Follow *f, const sd_bus_error *e)
{
        bool away = error_is_unreachable(e->name);
        uint64_t now = clock_monotonic_usec(),
                 limit = away ? FOLLOW_ABSENCE_MAX_USEC : FOLLOW_UNKNOWN_MAX_USEC;
        bool unknown = sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT) ||
                       sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_METHOD) ||
                       sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_INTERFACE) ||
                       sd_bus_error_has_name(e, VGPU_HIBERNATE_ERROR_UNKNOWN_JOB);
        int r;

        /* A record that went before it could be read: the signal told how the job ended. */
        if (unknown && f->removed_state) {
                r = free_and_strdup(&f->job.state, f->removed_state);
                if (r < 0)
                        follow_fail(f, NULL, r);
                else
                        follow_finish(f);
                return;
        }

        if (sd_bus_error_has_name(e, SD_BUS_ERROR_DISCONNECTED)) {
                follow_disconnected(f);
                return;
        }

        if (!away && !unknown) {
                follow_fail(f, e, 0);
                return;
        }

        /* Being away and being back without the job are two patiences. */
        if (f->failing_since_usec == 0 || f->failing_away != away) {
                f->failing_since_usec = now;
                f->failing_away = away;
        }

        if (now - f->failing_since_usec > limit) {
                follow_fail(f, e, 0);
                return;
        }

        if (away && !f->away_noted) {
                progress_clear(&f->progress);
                ctl_note(f->ctl, "vgpu-hibernated is away, job %" PRIu64 " goes on without it; waiting",
                         f->job.id);
                f->away_noted = true;
        }

        r = sd_event_source_set_time_relative(f->retry, RETRY_USEC);
        if (r >= 0)
                r = sd_event_source_set_enabled(f->retry, SD_EVENT_ONESHOT);
        if (r < 0)
                follow_fail(f, NULL, r);
}

/* Says why steps are done again. After the last attempt none are: then the job's error says it. */
static void note_attempt(Follow *f, JobState state)
{
        _cleanup_free_ char *tried = NULL, *now = NULL;
        const AttemptInfo *last;

        if (f->job.n_attempts <= f->n_attempts_noted || (state != JOB_QUEUED && state != JOB_RUNNING))
                return;

        f->n_attempts_noted = f->job.n_attempts;
        last = &f->job.attempts[f->job.n_attempts - 1];
        tried = text_join(last->functions);
        now = outcome_format_functions(f->job.functions, f->job.n_functions);
        if (!tried || !now)
                return;

        progress_clear(&f->progress);
        ctl_note(f->ctl, "%s did not do: %s; job %" PRIu64 " goes on with %s", tried, last->error_message,
                 f->job.id, now);
}

static void follow_read_succeeded(Follow *f, JobInfo *job)
{
        JobState state = job_state_from_string(job->state);

        f->failing_since_usec = 0;
        if (f->away_noted) {
                ctl_note(f->ctl, "vgpu-hibernated is back");
                f->away_noted = false;
        }

        job_info_done(&f->job);
        f->job = *job;
        *job = (JobInfo) { 0 };

        note_attempt(f, state);
        if (state >= 0 && job_state_is_final(state))
                follow_finish(f);
        else
                progress_update(&f->progress, &f->job);
}

static int on_read(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        _cleanup_(job_info_done) JobInfo job = { 0 };
        Follow *f = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        int r;

        f->read_slot = sd_bus_slot_unref(f->read_slot);

        if (e)
                follow_read_failed(f, e);
        else {
                r = job_info_read(&job, m);
                if (r < 0) {
                        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

                        (void) client_set_protocol_error(&error, r);
                        follow_fail(f, &error, r);
                        return 0;
                }
                follow_read_succeeded(f, &job);
        }

        if (f->read_again)
                follow_read(f);
        return 0;
}

/* Asks for all properties. One call at a time: signals that come meanwhile lead to one more. */
static void follow_read(Follow *f)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        if (f->ended)
                return;

        f->read_again = f->read_slot;
        if (f->read_again)
                return;

        r = sd_bus_message_new_method_call(f->ctl->bus, &m, VGPU_HIBERNATE_BUS_NAME, f->path,
                                           "org.freedesktop.DBus.Properties", "GetAll");
        /* Whoever stopped the daemon did not mean that a spectator starts it again. */
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', VGPU_HIBERNATE_JOB_INTERFACE);
        if (r >= 0)
                r = sd_bus_call_async(f->ctl->bus, &f->read_slot, m, on_read, f, 0);
        if (r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE)
                follow_disconnected(f);
        else if (r < 0)
                follow_fail(f, NULL, r);
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        Follow *f = userdata;
        int r;

        if (!streq_ptr(sd_bus_message_get_path(m), f->path))
                return 0;

        /* Kept for the case that the object goes before it can be read: then these are its last words. Else
         * they are overwritten by what is read now; a malformed signal is no loss. */
        r = sd_bus_message_skip(m, "s");
        if (r >= 0)
                r = job_info_read(&f->job, m);

        follow_read(f);
        return 0;
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        Follow *f = userdata;
        const char *path, *state;
        uint64_t id;
        int r;

        r = sd_bus_message_read(m, "tos", &id, &path, &state);
        if (r < 0 || !streq_ptr(path, f->path)) /* a malformed signal is nobody's */
                return 0;

        r = free_and_strdup(&f->removed_state, state);
        if (r < 0)
                follow_fail(f, NULL, r);
        else
                follow_read(f);
        return 0;
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        follow_read(userdata);
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        follow_disconnected(userdata);
        return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
        Follow *f = userdata;

        progress_clear(&f->progress);
        ctl_note(f->ctl,
                 "job %" PRIu64 " goes on; follow it with 'vgpu-hibernatectl job --follow %" PRIu64
                 "', cancel it with 'vgpu-hibernatectl cancel %" PRIu64 "'",
                 f->job.id, f->job.id, f->job.id);
        follow_end(f, EXIT_STATUS_SIGNAL + (int) si->ssi_signo);
        return 0;
}

static int subscribe(Follow *f)
{
        sd_bus *bus = f->ctl->bus;
        int r;

        r = sd_bus_add_match(bus, &f->properties_slot,
                             "type='signal',sender='" VGPU_HIBERNATE_BUS_NAME "',"
                             "path_namespace='" VGPU_HIBERNATE_JOB_PATH "',"
                             "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
                             "arg0='" VGPU_HIBERNATE_JOB_INTERFACE "'",
                             on_properties_changed, f);
        if (r < 0)
                return r;

        r = sd_bus_match_signal(bus, &f->removed_slot, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                VGPU_HIBERNATE_MANAGER_INTERFACE, "JobRemoved", on_job_removed, f);
        if (r < 0)
                return r;

        r = sd_bus_add_match(bus, &f->owner_slot,
                             "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                             "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                             "arg0='" VGPU_HIBERNATE_BUS_NAME "'",
                             on_owner_changed, f);
        if (r < 0)
                return r;

        /* Made by sd-bus itself when the other side hangs up. */
        return sd_bus_match_signal(bus, &f->disconnected_slot, "org.freedesktop.DBus.Local",
                                   "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                   "Disconnected", on_disconnected, f);
}

/* Signals are taken over only when there is a job to speak of. */
static int prepare_loop(Follow *f)
{
        sigset_t set;
        int r;

        if (sigemptyset(&set) < 0 || sigaddset(&set, SIGINT) < 0 || sigaddset(&set, SIGTERM) < 0 ||
            sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;

        if ((r = sd_event_add_signal(f->event, &f->interrupt, SIGINT, on_signal, f)) < 0 ||
            (r = sd_event_add_signal(f->event, &f->terminate, SIGTERM, on_signal, f)) < 0 ||
            (r = sd_event_add_time_relative(f->event, &f->retry, CLOCK_MONOTONIC, RETRY_USEC, 0, on_retry,
                                            f)) < 0 ||
            (r = sd_event_source_set_enabled(f->retry, SD_EVENT_OFF)) < 0)
                return r;

        if (f->ctl->terminal.live && !f->ctl->quiet && !f->ctl->json) {
                r = sd_event_add_time_relative(f->event, &f->redraw, CLOCK_MONOTONIC, REDRAW_USEC, 0,
                                               on_redraw, f);
                if (r < 0)
                        return r;
        }

        return sd_bus_attach_event(f->ctl->bus, f->event, SD_EVENT_PRIORITY_NORMAL);
}

int follow_new(Ctl *c, Follow **ret, sd_bus_error *e)
{
        _cleanup_(follow_freep) Follow *f = malloc(sizeof(*f));
        int r;

        if (!f)
                return sd_bus_error_set_errno(e, -ENOMEM);

        *f = (Follow) { .ctl = c, .progress.ctl = c };

        r = client_connect(c, e);
        if (r < 0)
                return r;

        r = sd_event_new(&f->event);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = subscribe(f);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        *ret = TAKE_PTR(f);
        return 0;
}

int follow_run(Follow *f, const char *path, const char *kind, const char *domain)
{
        int r;

        if (!job_id_from_path(path, &f->job.id))
                return ctl_error(f->ctl, NULL, -EBADMSG, "'%s' is not the path of a job", path);

        if ((r = free_and_strdup(&f->path, path)) < 0 || (r = free_and_strdup(&f->job.kind, kind)) < 0 ||
            (r = free_and_strdup(&f->job.domain, domain)) < 0 || (r = prepare_loop(f)) < 0)
                return ctl_error(f->ctl, NULL, r, "cannot follow job %" PRIu64, f->job.id);

        follow_read(f);

        r = sd_event_loop(f->event);
        if (r < 0)
                return ctl_error(f->ctl, NULL, r, "cannot follow job %" PRIu64, f->job.id);

        return r;
}
