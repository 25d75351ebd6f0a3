/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/host-shutdown.h"

#include <assert.h>
#include <fcntl.h>

#include "basic/log.h"
#include "daemon/autostart.h"
#include "daemon/job-queue.h"
#include "daemon/manager.h"
#include "daemon/start-job.h"
#include "store/job-log.h"
#include "vgpu-hibernate.h"

#define LOGIND_NAME "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_MANAGER "org.freedesktop.login1.Manager"
/* logind's answer when a lock comes too late. */
#define LOGIND_ERROR_IN_PROGRESS "org.freedesktop.login1.OperationInProgress"

/* Later than this no domain is hibernated any more: the unit waits for 15 minutes in all, and who is left is to be shut down
 * by others, not in the middle of a save. */
#define BEGIN_USEC (600 * USEC_PER_SEC)

/* One is enough for the unit; more, for one that was stopped and asked again. */
#define CALLS_MAX 8U

struct HostShutdown {
        Manager *manager;
        bool near;
        bool late;  /* BEGIN_USEC are over */
        bool blind; /* and that was told */
        sd_event_source *deadline;
        char **seen; /* UUIDs of the domains that were hibernated, or could not be */
        size_t n_seen;
        sd_bus_slot *announcement;

        bool lock_wanted;       /* asked for, once for as long as jobs are at work */
        sd_bus_slot *lock_call; /* no answer yet */
        int lock_fd;

        sd_bus_message *calls[CALLS_MAX]; /* to be answered when no job is at work */
        size_t n_calls;
};

static void forget_domains(HostShutdown *s)
{
        for (size_t i = 0; i < s->n_seen; i++)
                free(s->seen[i]);

        free(s->seen);
        s->seen = NULL;
        s->n_seen = 0;
        s->late = s->blind = false;
        s->deadline = sd_event_source_disable_unref(s->deadline);
}

/* Those that have begun go on. */
static void cancel_waiting(HostShutdown *s, const char *reason)
{
        const Manager *m = s->manager;

        for (size_t i = 0; i < m->n_jobs; i++) {
                _cleanup_(failure_done) Failure why = { 0 };
                ManagedJob *j = m->jobs[i];

                if (!j->job->by_shutdown || !job_queue_has(j))
                        continue;
                job_log(j->job, LOG_NOTICE, "is given up: %s", reason);
                if (job_queue_cancel(j, &why) < 0)
                        job_log(j->job, LOG_ERR, "cannot be canceled: %s", failure_message(&why));
        }
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata)
{
        HostShutdown *s = userdata;

        s->late = true;
        cancel_waiting(s, "the shutdown has waited long enough");
        manager_changed(s->manager);
        return 0;
}

static void begin_to_wait(HostShutdown *s)
{
        int r;

        r = sd_event_add_time_relative(s->manager->event, &s->deadline, CLOCK_MONOTONIC, BEGIN_USEC, 0,
                                       on_late, s);
        if (r < 0)
                (void) log_error_errno(r,
                                       "Failed to limit for how long domains are hibernated, ignoring: %m");
}

static void set_near(HostShutdown *s, bool near)
{
        Manager *m = s->manager;

        /* What it has begun an earlier daemon may have seen to, and ended. */
        if (!near && !s->near) {
                autostart_call_off(m->autostart);
                manager_changed(m);
        }
        if (s->near == near)
                return;

        s->near = near;
        log_info("%s", near ? "The host is about to shut down: no new jobs, those at work come to rest"
                            : "The host does not shut down: jobs go on");

        if (near)
                begin_to_wait(s);
        else {
                forget_domains(s);
                cancel_waiting(s, "the host does not shut down");
                for (size_t i = 0; i < m->n_jobs; i++)
                        managed_job_go_on(m->jobs[i]);
                autostart_call_off(m->autostart);
        }

        manager_changed(m);
}

static int on_announcement(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        int near;

        if (sd_bus_message_read(message, "b", &near) >= 0)
                set_near(userdata, near);
        return 0;
}

/* The descriptor in the answer is the lock: it lasts until the last copy of it is closed. */
static int on_lock(sd_bus_message *answer, void *userdata, sd_bus_error *error)
{
        HostShutdown *s = userdata;
        int fd, r;

        s->lock_call = sd_bus_slot_unref(s->lock_call);

        /* This daemon, or its bus name, was not there when it was announced. */
        if (sd_bus_message_is_method_error(answer, LOGIND_ERROR_IN_PROGRESS)) {
                set_near(s, true);
                return 0;
        }

        if (sd_bus_message_is_method_error(answer, NULL)) {
                log_debug("logind does not wait for jobs: %s", sd_bus_message_get_error(answer)->message);
                return 0;
        }

        r = sd_bus_message_read(answer, "h", &fd);
        if (r >= 0) {
                s->lock_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
                r = s->lock_fd < 0 ? -errno : 0;
        }
        if (r < 0)
                (void) log_error_errno(r, "Failed to take logind's lock, ignoring: %m");
        return 0;
}

static void take_lock(HostShutdown *s)
{
        int r;

        if (s->lock_wanted)
                return;

        s->lock_wanted = true;
        r = sd_bus_call_method_async(s->manager->bus, &s->lock_call, LOGIND_NAME, LOGIND_PATH,
                                     LOGIND_MANAGER, "Inhibit", on_lock, s, "ssss", "shutdown",
                                     "vgpu-hibernated", "Hibernation jobs are at work", "delay");
        if (r < 0)
                (void) log_error_errno(r, "Failed to ask for logind's lock, ignoring: %m");
}

static void drop_lock(HostShutdown *s)
{
        s->lock_wanted = false;
        s->lock_call = sd_bus_slot_unref(s->lock_call);
        closep(&s->lock_fd);
        s->lock_fd = -EBADF;
}

static void answer_calls(HostShutdown *s)
{
        for (size_t i = 0; i < s->n_calls; i++) {
                int r = sd_bus_reply_method_return(s->calls[i], NULL);

                if (r < 0)
                        (void) log_error_errno(r, "Failed to reply, ignoring: %m");
                sd_bus_message_unref(s->calls[i]);
        }

        s->n_calls = 0;
}

/* Once for each domain: false when it was seen before. */
static bool see_domain(HostShutdown *s, const char *uuid)
{
        char *copy = NULL;

        for (size_t i = 0; i < s->n_seen; i++)
                if (streq(s->seen[i], uuid))
                        return false;

        /* Who cannot be remembered would be tried again and again. */
        if (free_and_strdup(&copy, uuid) < 0 || !ARRAY_GROW(s->seen, s->n_seen)) {
                free(copy);
                return false;
        }

        s->seen[s->n_seen++] = copy;
        return true;
}

static void tell_left(const char *uuid, const char *name, const Failure *why)
{
        log_struct(LOG_WARNING, VGPU_HIBERNATE_MESSAGE_NOT_HIBERNATED,
                   LOG_FIELDS({ "DOMAIN_UUID", uuid }, { "DOMAIN_NAME", name },
                              { "ERROR", failure_code_to_string(why->code) }),
                   "Domain '%s' is not hibernated, and left to libvirt-guests: %s", name,
                   failure_message(why));
}

static void hibernate(Manager *m, const DomainView *d)
{
        const JobOptions options = { .kind = JOB_HIBERNATE, .strategy = STRATEGY_AUTO, .by_shutdown = true };
        _cleanup_(failure_done) Failure why = { 0 };
        ManagedJob *j;

        if (start_job(m, d->uuid, &options, &j, &why) < 0)
                tell_left(d->uuid, d->name, &why);
}

/* One whose job has come to rest runs or does not, and is seen when there is no job any more. */
static void hibernate_domains(HostShutdown *s)
{
        _cleanup_(failure_done) Failure why = { 0 };
        Manager *m = s->manager;

        if (s->late)
                return;
        if (manager_check_world(m, &why) < 0) {
                if (!s->blind)
                        log_warning("No domain is hibernated as long as that lasts: %s",
                                    failure_message(&why));
                s->blind = true;
                return;
        }

        for (size_t i = 0; i < m->view->n_domains; i++) {
                const DomainView *d = m->view->domains + i;

                if (d->active && d->job == 0 && d->on_shutdown == ON_SHUTDOWN_HIBERNATE &&
                    see_domain(s, d->uuid))
                        hibernate(m, d);
        }
}

/* What the shutdown itself has begun is waited for also while it is in the queue. */
static bool is_at_work(const ManagedJob *j)
{
        return managed_job_is_at_work(j) || (j->job->by_shutdown && job_queue_has(j));
}

void host_shutdown_update(HostShutdown *s)
{
        const Manager *m = s->manager;
        bool at_work = false;

        if (s->near)
                hibernate_domains(s);

        for (size_t i = 0; i < m->n_jobs; i++) {
                if (s->near)
                        managed_job_rest(m->jobs[i]);
                at_work = at_work || is_at_work(m->jobs[i]);
        }

        if (at_work) {
                take_lock(s);
                return;
        }

        drop_lock(s);
        answer_calls(s);
}

bool host_shutdown_is_near(const HostShutdown *s)
{
        return s->near;
}

int host_shutdown_check(const HostShutdown *s, Failure *reterr)
{
        if (s->near)
                return failure_set(
                                reterr, FAILURE_SHUTTING_DOWN,
                                "this host is about to shut down and takes no new jobs; try again when it "
                                "is up again");

        return 0;
}

void host_shutdown_job_ended(const HostShutdown *s, const Job *j)
{
        if (s->near && j->by_shutdown && j->state != JOB_DONE)
                tell_left(j->domain_uuid, j->domain_name, &j->failure);
}

int host_shutdown_prepare(HostShutdown *s, sd_bus_message *call, sd_bus_error *error)
{
        if (s->n_calls >= CALLS_MAX)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "too many callers wait already");

        s->calls[s->n_calls++] = sd_bus_message_ref(call);
        set_near(s, true);
        manager_changed(s->manager);
        return 1; /* the reply comes later */
}

HostShutdown *host_shutdown_free(HostShutdown *s)
{
        if (!s)
                return NULL;

        drop_lock(s);
        forget_domains(s);
        for (size_t i = 0; i < s->n_calls; i++)
                sd_bus_message_unref(s->calls[i]);
        sd_bus_slot_unref(s->announcement);
        free(s);
        return NULL;
}

int host_shutdown_new(Manager *m, HostShutdown **ret)
{
        _cleanup_(host_shutdown_freep) HostShutdown *s = NULL;
        int r;

        s = malloc(sizeof(HostShutdown));
        if (!s)
                return -ENOMEM;

        *s = (HostShutdown) { .manager = m, .lock_fd = -EBADF };

        r = sd_bus_match_signal_async(m->bus, &s->announcement, LOGIND_NAME, LOGIND_PATH, LOGIND_MANAGER,
                                      "PrepareForShutdown", on_announcement, NULL, s);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(s);
        return 0;
}
