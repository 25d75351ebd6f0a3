/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>

#include "basic/log.h"
#include "daemon/apply-job.h"
#include "daemon/changes.h"
#include "daemon/claims.h"
#include "daemon/job-queue.h"
#include "daemon/manager-jobs.h"
#include "daemon/manager-store.h"
#include "daemon/suspects.h"
#include "store/journal.h"

/* Before the bus is read: what a client asks next is answered from the new view. */
#define UPDATE_PRIORITY SD_EVENT_PRIORITY_IMPORTANT

int manager_check_world(const Manager *m, Failure *reterr)
{
        if (!m->world || m->watch_error || !m->world->libvirt_ok)
                return failure_set(reterr, FAILURE_LIBVIRT,
                                   "%s; see 'systemctl status vgpu-hibernated libvirtd', then try again",
                                   m->degraded ? m->degraded : "the state of this host is not known yet");

        return 0;
}

/* And none after it found otherwise. */
static bool found_damage(const Manager *m, const ManagedJob *j)
{
        const char *uuid = j->job->domain_uuid;

        if (job_image(j->job) != JOB_IMAGE_DAMAGED)
                return false;

        for (size_t i = m->n_jobs; i > 0; i--) {
                const Job *other = m->jobs[i - 1]->job;

                if (streq(other->domain_uuid, uuid) && job_image(other) != JOB_IMAGE_UNKNOWN)
                        return other == j->job;
        }

        return false;
}

static int manager_new_view(Manager *m, View **ret)
{
        _cleanup_free_ ViewJob *jobs = calloc(m->n_jobs + 1, sizeof(ViewJob));
        _cleanup_free_ const char **damaged = calloc(m->n_jobs + 1, sizeof(char *));
        ViewInput in = {
                .config = m->config,
                .families = &m->config->families,
                .world = m->world,
                .domains_unknown = !m->domains_known,
                .ledger = &m->ledger,
                .boot = m->boot,
                .records = m->records,
                .n_records = m->n_records,
                .jobs = jobs,
                .damaged = damaged,
                .outcomes = m->outcomes,
                .n_outcomes = m->n_outcomes,
        };

        if (!jobs || !damaged)
                return -ENOMEM;

        for (size_t i = 0; i < m->n_jobs; i++) {
                if (managed_job_is_open(m->jobs[i]))
                        jobs[in.n_jobs++] = (ViewJob) { m->jobs[i]->job, m->jobs[i]->given_up };
                if (found_damage(m, m->jobs[i]))
                        damaged[in.n_damaged++] = m->jobs[i]->job->domain_uuid;
        }

        return view_new(&in, ret);
}

/* NULL: not degraded. */
static int manager_new_degraded(const Manager *m, char **ret)
{
        char *reason = NULL;
        int r = 0;

        if (m->watch_error)
                r = asprintf(&reason,
                             "what is shown may be old: the watch worker %s and is being started again",
                             m->watch_error);
        else if (!m->world)
                r = asprintf(&reason,
                             "the state of this host is not known yet: the watch worker is starting");
        else if (!m->world->libvirt_ok)
                r = asprintf(&reason, "libvirt does not answer: %s",
                             m->world->libvirt_error ? m->world->libvirt_error : "no reason given");
        if (r < 0)
                return -ENOMEM;

        *ret = reason;
        return 0;
}

static void manager_tell_systemd(Manager *m)
{
        size_t hibernated = 0, open = manager_count_open_jobs(m);
        char *status;

        for (size_t i = 0; i < m->view->n_domains; i++)
                hibernated += m->view->domains[i].hibernated;

        if (asprintf(&status, "STATUS=%zu open jobs, %zu hibernated domains, %zu functions%s%s", open,
                     hibernated, m->view->n_functions, m->degraded ? "; " : "",
                     m->degraded ? m->degraded : "") < 0)
                return;

        if (!streq_ptr(status, m->status))
                (void) sd_notify(false, status); /* there may be no systemd */
        free(m->status);
        m->status = status;
}

static void manager_update(Manager *m)
{
        char *degraded;
        View *view;
        int r;

        (void) sd_event_source_set_enabled(m->update, SD_EVENT_OFF);

        r = manager_new_view(m, &view);
        if (r < 0) {
                /* Better old than none. */
                (void) log_error_errno(r, "Failed to compute the state of this host, keeping the last: %m");
                return;
        }

        if (manager_new_degraded(m, &degraded) >= 0)
                changes_set_degraded(m, degraded);

        if (m->started)
                job_queue_advance(m);

        /* First where things are, then that the job is done: who waits for JobRemoved has heard the rest. */
        changes_set_view(m, view);
        if (m->started)
                apply_jobs_advance(m);
        changes_of_reservations(m);
        changes_of_jobs(m);
        manager_forget_old_jobs(m);
        if (m->started) {
                suspects_probe(m);
                returns_update(m->returns);
                sleepers_hibernate(m);
                host_shutdown_update(m->shutdown);
                autostart_update(m->autostart);
                manager_tell_systemd(m);
        }
}

static int on_update(sd_event_source *s, void *userdata)
{
        manager_update(userdata);
        return 0;
}

void manager_changed(Manager *m)
{
        (void) sd_event_source_set_enabled(m->update, SD_EVENT_ONESHOT);
}

bool manager_view_is_current(const Manager *m)
{
        int enabled;

        return sd_event_source_get_enabled(m->update, &enabled) >= 0 && enabled == SD_EVENT_OFF;
}

static void on_notify(const NotifyMessage *message, void *userdata)
{
        Manager *m = userdata;
        ManagedJob *j = manager_find_job(m, message->job);

        if (j)
                managed_job_notify(j, message);
        else
                log_debug("Notification about job %" PRIu64 ", which is not ours, ignoring", message->job);
}

/* Once, or each time that a daemon is started. */
static void report_undefined(const Manager *m, const World *before, const World *now)
{
        for (size_t i = 0; now->libvirt_ok && i < m->n_records; i++) {
                const ImageRecord *record = m->records[i];

                if (world_find_domain(now, record->domain_uuid) ||
                    manager_has_open_job(m, record->domain_uuid) ||
                    (before && before->libvirt_ok && !world_find_domain(before, record->domain_uuid)))
                        continue;

                log_warning("Domain '%s' is hibernated, and libvirt does not have it any more; define it again, or "
                            "give its memory up with 'vgpu-hibernatectl discard %s'",
                            record->domain_name, record->domain_uuid);
        }
}

static void on_snapshot(World *w, void *userdata)
{
        Manager *m = userdata;

        report_undefined(m, m->world, w);

        /* Without libvirt its domains are unknown, not gone: the last known ones stay. */
        if (!w->libvirt_ok && m->world) {
                WorldDomain *domains = w->domains;
                size_t n = w->n_domains;

                w->domains = m->world->domains;
                w->n_domains = m->world->n_domains;
                m->world->domains = domains;
                m->world->n_domains = n;
        }

        m->domains_known = m->domains_known || w->libvirt_ok;
        world_free(m->world);
        m->world = w;
        free(m->watch_error);
        m->watch_error = NULL;

        if (m->started) {
                manager_learn_locators(m);
                suspects_note(m);
        }
        manager_drop_outcomes(m);
        manager_changed(m);

        if (m->world_known) {
                void (*world_known)(Manager *) = m->world_known;

                m->world_known = NULL;
                world_known(m);
        }
}

static void on_watch_died(const char *why, void *userdata)
{
        Manager *m = userdata;

        if (free_and_strdup(&m->watch_error, why) < 0)
                (void) log_error_errno(ENOMEM, "The watch worker %s", why);
        manager_changed(m);
}

void manager_worker_argv(const Manager *m, const char *const *words,
                         const char *ret[static WORKER_WORDS_MAX])
{
        const ManagerPaths *p = &m->paths;
        size_t n = 0;

        ret[n++] = p->worker;
        ret[n++] = "--config";
        ret[n++] = p->config;
        ret[n++] = "--state-dir";
        ret[n++] = p->state_dir;
        for (size_t i = 0; p->families_dirs[i]; i++) {
                ret[n++] = "--families-dir";
                ret[n++] = p->families_dirs[i];
        }
        for (size_t i = 0; words[i]; i++) {
                assert(n < WORKER_WORDS_MAX - 1);
                ret[n++] = words[i];
        }
        ret[n] = NULL;
}

int manager_spawn_worker(Manager *m, const char *verb, uint64_t id, WorkerExitHandler handler,
                         void *userdata, WorkerProcess **ret)
{
        char number[sizeof("18446744073709551615")];
        const char *argv[WORKER_WORDS_MAX];

        (void) snprintf(number, sizeof(number), "%" PRIu64, id);
        manager_worker_argv(m, (const char *const[]) { verb, number, NULL }, argv);
        return worker_process_spawn(m->event, argv, m->notify_path, -EBADF, -EBADF, handler, userdata, ret);
}

int manager_watch(Manager *m)
{
        static const WatchHandlers handlers = { .snapshot = on_snapshot, .died = on_watch_died };
        const char *argv[WORKER_WORDS_MAX];
        int r;

        manager_worker_argv(m, (const char *const[]) { "watch", NULL }, argv);
        r = watch_child_new(m->event, argv, m->notify_path, &handlers, m, &m->watch);
        if (r < 0)
                return log_error_errno(r, "Failed to prepare the watch worker: %m");

        watch_child_start(m->watch);
        return 0;
}

int manager_start(Manager *m)
{
        int r;

        if (m->started)
                return 0;

        /* Before the workers that are to send to it. */
        r = notify_socket_new(m->event, m->notify_path, on_notify, m, &m->notify);
        if (r < 0)
                return log_error_errno(r, "Failed to listen on '%s': %m", m->notify_path);

        r = host_shutdown_new(m, &m->shutdown);
        if (r < 0)
                return log_error_errno(r, "Failed to prepare for the host's shutdown: %m");

        r = autostart_new(m, &m->autostart);
        if (r < 0)
                return log_error_errno(r, "Failed to prepare for bringing domains back: %m");

        manager_learn_locators(m);
        suspects_note(m);
        manager_supervise_jobs(m);

        m->started = true;
        (void) sd_notify(false, "READY=1"); /* there may be no systemd */
        log_info("Ready: %zu jobs on record, %zu open, %zu hibernated domains", m->n_jobs,
                 manager_count_open_jobs(m), m->n_records);
        manager_changed(m);
        return 0;
}

Manager *manager_free(Manager *m)
{
        if (!m)
                return NULL;

        watch_child_free(m->watch);
        notify_socket_free(m->notify);
        polkit_free(m->polkit);
        explainer_free(m->explainer);
        prober_free(m->prober);
        plan_bus_free(m->plan_bus);
        returns_free(m->returns);
        adopter_free(m->adopter);
        bus_limits_free(m->bus_limits);
        host_shutdown_free(m->shutdown);
        autostart_free(m->autostart);
        manager_store_done(m);
        sleepers_done(&m->sleepers);
        view_free(m->view);
        world_free(m->world);
        free(m->watch_error);
        free(m->degraded);
        free(m->status);
        free(m->notify_path);
        sd_event_source_disable_unref(m->name_timer);
        sd_event_source_disable_unref(m->update);
        sd_event_source_disable_unref(m->believe);
        sd_event_source_disable_unref(m->claims_end);
        sd_bus_flush_close_unref(m->bus);
        sd_event_unref(m->event);
        free(m);
        return NULL;
}

static int on_believed_long_enough(sd_event_source *s, uint64_t usec, void *userdata)
{
        manager_drop_outcomes(userdata);
        manager_changed(userdata);
        return 0;
}

static int on_claims_end(sd_event_source *s, uint64_t usec, void *userdata)
{
        manager_drop_ended_claims(userdata);
        return 0;
}

static int manager_add_sources(Manager *m)
{
        int r;

        r = sd_event_add_defer(m->event, &m->update, on_update, m);
        if (r >= 0)
                r = sd_event_source_set_priority(m->update, UPDATE_PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->update, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(m->event, &m->believe, CLOCK_MONOTONIC, 0, 0, on_believed_long_enough,
                                      m);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->believe, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(m->event, &m->claims_end, CLOCK_REALTIME, 0, 0, on_claims_end, m);
        if (r >= 0)
                r = sd_event_source_set_priority(m->claims_end, UPDATE_PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->claims_end, SD_EVENT_OFF);
        return r < 0 ? log_error_errno(r, "Failed to prepare event sources: %m") : 0;
}

int manager_new(sd_event *event, const ManagerPaths *paths, Manager **ret)
{
        _cleanup_(manager_freep) Manager *m = NULL;
        sd_id128_t boot;
        int r;

        m = malloc(sizeof(Manager));
        if (!m)
                return log_error_errno(ENOMEM, "Failed to start: %m");

        *m = (Manager) {
                .event = sd_event_ref(event),
                .paths = *paths,
                .state_fd = -EBADF,
                .jobs_fd = -EBADF,
                .images_fd = -EBADF,
        };

        r = manager_add_sources(m);
        if (r < 0)
                return r;

        r = sd_id128_get_boot(&boot);
        if (r < 0)
                return log_error_errno(r, "Failed to read the id of this boot: %m");
        (void) sd_id128_to_string(boot, m->boot);

        r = manager_store_load(m);
        if (r < 0)
                return r;

        manager_drop_idle_holds(m);
        manager_drop_ended_claims(m);

        r = polkit_new(&m->polkit);
        if (r >= 0)
                r = explainer_new(m, &m->explainer);
        if (r >= 0)
                r = prober_new(m, &m->prober);
        if (r >= 0)
                r = plan_bus_new(m, &m->plan_bus);
        if (r >= 0)
                r = returns_new(m, &m->returns);
        if (r >= 0)
                r = adopter_new(m, &m->adopter);
        if (r < 0)
                return log_error_errno(r, "Failed to start: %m");

        r = manager_new_view(m, &m->view);
        if (r < 0)
                return log_error_errno(r, "Failed to compute the state of this host: %m");

        *ret = TAKE_PTR(m);
        return 0;
}
