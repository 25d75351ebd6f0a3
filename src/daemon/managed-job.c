/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/managed-job.h"

#include <assert.h>
#include <inttypes.h>

#include "basic/clock.h"
#include "basic/log.h"
#include "core/forecast.h"
#include "daemon/apply-job.h"
#include "daemon/job-queue.h"
#include "daemon/manager-jobs.h"
#include "daemon/manager.h"
#include "daemon/retarget-job.h"
#include "store/job-log.h"
#include "store/journal.h"
#include "vgpu-hibernate.h"

/* Before the n-th recovery. The first waits too little to be noticed, the last long enough for libvirtd to
 * be back. */
static const uint64_t recovery_delay_usec[JOB_RECOVERIES_MAX] = { 0, 1 * USEC_PER_SEC, 5 * USEC_PER_SEC };

/* Between workers that cannot go on now: doubled each time, up to the second. */
#define LATER_MIN_USEC (2 * USEC_PER_SEC)
#define LATER_MAX_USEC (60 * USEC_PER_SEC)

/* A rate is taken over at least this long, or it jumps. */
#define RATE_SAMPLE_USEC (1 * USEC_PER_SEC)

/* No guest is kept away for longer by a save, so that a rate of some bytes per second tells nothing of its end. */
#define SAVE_SECONDS_MAX (7U * 24 * 3600)

ManagedJob *managed_job_free(ManagedJob *j)
{
        if (!j)
                return NULL;

        sd_event_source_disable_unref(j->retry);
        sd_event_source_disable_unref(j->put_off);
        worker_process_free(j->worker);
        planning_free(j->planning);
        job_shown_free(j->shown);
        failure_done(&j->death);
        job_free(j->job);
        free(j);
        return NULL;
}

int managed_job_new(Manager *m, Job *job, ManagedJob **ret)
{
        _cleanup_(job_freep) Job *owned = job;
        _cleanup_(managed_job_freep) ManagedJob *j = NULL;
        int r;

        j = malloc(sizeof(ManagedJob));
        if (!j)
                return -ENOMEM;

        *j = (ManagedJob) {
                .manager = m,
                .job = TAKE_PTR(owned),
        };
        j->bytes = j->job->bytes;
        j->bytes_total = j->job->bytes_total;

        if (!job_state_is_final(j->job->state)) {
                r = job_shown_new(j, &j->shown);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(j);
        return 0;
}

bool managed_job_is_at_work(const ManagedJob *j)
{
        return j->worker || j->retry;
}

bool managed_job_is_open(const ManagedJob *j)
{
        return !job_state_is_final(j->job->state);
}

JobState managed_job_state(const ManagedJob *j)
{
        if (j->given_up)
                return JOB_FAILED;
        return j->recovering ? JOB_RECOVERING : j->job->state;
}

const Failure *managed_job_failure(const ManagedJob *j)
{
        return j->given_up ? &j->death : &j->job->failure;
}

bool managed_job_is_cancelable(const ManagedJob *j)
{
        if (j->job->apply)
                return apply_job_is_cancelable(j);
        if (job_queue_has(j))
                return true;
        return j->worker && (j->job->state == JOB_QUEUED || j->job->state == JOB_RUNNING) &&
               j->job->kind != JOB_DISCARD && !job_is_committed(j->job);
}

double managed_job_progress(const ManagedJob *j)
{
        double done = 0;

        if (j->job->apply)
                return apply_job_progress(j);
        if (j->job->state == JOB_DONE)
                return 1;
        if (j->job->strategy == STRATEGY_AUTO) /* the plan is not known yet */
                return 0;

        for (size_t i = 0; i < j->job->n_steps; i++) {
                const JobStep *s = j->job->steps + i;

                if (s->state == STEP_DONE)
                        done += 1;
                else if (s->state == STEP_STARTED && s->id == STEP_SAVE && j->bytes < j->bytes_total)
                        done += (double) j->bytes / (double) j->bytes_total;
        }

        return done / (double) j->job->n_steps;
}

static uint64_t forecast_by(const ManagedJob *j, const char *domain_uuid)
{
        const Manager *m = j->manager;
        Forecast f = { 0 };

        for (size_t i = m->n_jobs; i > 0; i--) {
                const Job *past = m->jobs[i - 1]->job;

                if (past != j->job && (!domain_uuid || streq(past->domain_uuid, domain_uuid)))
                        forecast_add_job(&f, past);
        }

        return forecast_end(&f, j->job, j->save_end_usec);
}

uint64_t managed_job_forecast_end(const ManagedJob *j)
{
        uint64_t end;

        if (managed_job_state(j) != JOB_RUNNING || job_queue_has(j) || j->job->apply)
                return 0;

        end = forecast_by(j, j->job->domain_uuid);
        return end > 0 ? end : forecast_by(j, NULL);
}

uint64_t managed_job_expected_end(const ManagedJob *j)
{
        return j->shown ? job_shown_expected_end(j->shown) : 0;
}

static void managed_job_changed(ManagedJob *j)
{
        j->changed = true;
        manager_changed(j->manager);
}

static bool job_is_saving(Job *j)
{
        const JobStep *save = job_find_step(j, STEP_SAVE);

        return save && save->state == STEP_STARTED;
}

void managed_job_set_record(ManagedJob *j, Job *job)
{
        if (j->job->state != job->state) /* people hear it of the worker */
                job_log(job, LOG_DEBUG, "%s -> %s", job_state_to_string(j->job->state),
                        job_state_to_string(job->state));

        job_free(j->job);
        j->job = job;
        j->recovering = false;

        if (job->bytes > j->bytes || job_state_is_final(job->state)) {
                j->bytes = job->bytes;
                j->bytes_total = job->bytes_total;
        }

        if (!job_is_saving(job))
                j->rate = j->sample_usec = j->sample_bytes = j->save_end_usec = 0;

        managed_job_changed(j);
}

/* An end counts only when the worker is gone: until then it may still act on the host. */
static void managed_job_reload(ManagedJob *j, bool worker_gone)
{
        _cleanup_(job_freep) Job *job = NULL;
        Failure f = { 0 };
        int r;

        r = journal_read(j->manager->jobs_fd, j->job->id, &job, &f);
        if (r < 0)
                job_log(j->job, LOG_ERR, "failed to read its journal, going by what it was: %s",
                        failure_message(&f));
        else if (job->id != j->job->id || !streq(job->domain_uuid, j->job->domain_uuid))
                job_log(j->job, LOG_ERR, "its journal is that of another job, ignoring it");
        else if (worker_gone || !job_state_is_final(job->state))
                managed_job_set_record(j, TAKE_PTR(job));

        failure_done(&f);
}

void managed_job_refresh(ManagedJob *j)
{
        managed_job_reload(j, false);
}

static void managed_job_try_later(ManagedJob *j);
static void managed_job_put_off(ManagedJob *j);
static void managed_job_recover_after(ManagedJob *j, uint64_t usec);

static void on_worker_exit(WorkerProcess *p, const siginfo_t *how, void *userdata)
{
        bool later = how && how->si_code == CLD_EXITED && how->si_status == JOB_WORKER_EXIT_LATER;
        char text[WORKER_EXIT_STRING_MAX];
        ManagedJob *j = userdata;

        j->worker = worker_process_free(j->worker);
        j->asked_to_rest = false;
        managed_job_reload(j, true);

        if (j->job->state == JOB_RETRYING) {
                managed_job_recover_after(j, 0);
                return;
        }
        /* Of an adopted one only the journal tells. */
        later = later || (!how && j->job->stuck);

        if (job_queue_has(j) && j->job->stuck && later) {
                managed_job_put_off(j);
                return;
        }

        if (managed_job_is_open(j) && later) {
                managed_job_try_later(j);
                return;
        }

        if (managed_job_is_open(j))
                job_log_struct(j->job, LOG_WARNING, VGPU_HIBERNATE_MESSAGE_WORKER_DIED, NULL,
                               "its worker %s before the job's end", worker_exit_format(how, text));
        managed_job_supervise(j);
}

static void managed_job_spawn(ManagedJob *j, const char *verb)
{
        int r;

        r = manager_spawn_worker(j->manager, verb, j->job->id, on_worker_exit, j, &j->worker);
        if (r < 0) {
                job_log(j->job, LOG_ERR, "failed to start a worker: %s", strerror(-r));
                managed_job_supervise(j);
                return;
        }

        managed_job_changed(j);
}

void managed_job_run(ManagedJob *j)
{
        managed_job_spawn(j, "run");
}

static void managed_job_retarget(ManagedJob *j)
{
        _cleanup_(failure_done) Failure f = { 0 };
        Job *job;

        if (manager_retarget_job(j->manager, j->job->id, &job, &f) < 0) {
                job_log(j->job, LOG_ERR, "cannot choose other functions: %s", failure_message(&f));
                managed_job_try_later(j);
                return;
        }

        managed_job_set_record(j, job);
        if (managed_job_is_open(j)) {
                job_log_struct(j->job, LOG_WARNING, VGPU_HIBERNATE_MESSAGE_OTHER_FUNCTIONS, NULL,
                               "goes on with other functions, those before did not do");
                managed_job_run(j);
        } else {
                job_log_end(j->job);
                managed_job_supervise(j);
        }
}

static int on_retry(sd_event_source *s, uint64_t usec, void *userdata)
{
        ManagedJob *j = userdata;

        j->retry = sd_event_source_disable_unref(j->retry);
        if (j->job->state == JOB_RETRYING)
                managed_job_retarget(j);
        else
                managed_job_spawn(j, "recover");
        return 0;
}

static void managed_job_give_up(ManagedJob *j)
{
        j->given_up = true;
        j->removal_pending = true;
        (void) failure_set(&j->death, FAILURE_WORKER_DIED,
                           "the worker of job %" PRIu64
                           " of domain '%s' ended early, and so did %u that were to "
                           "recover it; see 'journalctl -u vgpu-hibernated', then "
                           "'systemctl restart vgpu-hibernated' to try again",
                           j->job->id, j->job->domain_name, JOB_RECOVERIES_MAX);
        job_log_struct(j->job, LOG_ERR, VGPU_HIBERNATE_MESSAGE_JOB_GIVEN_UP, JOB_LOG_ERROR(j->death.code),
                       "given up: %s", failure_message(&j->death));
        managed_job_changed(j);
}

static void managed_job_recover_after(ManagedJob *j, uint64_t usec)
{
        int r;

        r = sd_event_add_time_relative(j->manager->event, &j->retry, CLOCK_MONOTONIC, usec, 0, on_retry, j);
        if (r < 0) {
                (void) log_error_errno(r, "Failed to wait for the recovery of job %" PRIu64 ": %m",
                                       j->job->id);
                managed_job_give_up(j);
        } else
                managed_job_changed(j);
}

/* The worker that the journal names may live. Not only after a restart: a recovery that ended because
 * another process holds the job's lock finds that process here. */
static bool managed_job_adopt(ManagedJob *j)
{
        int r;

        r = worker_process_adopt(j->manager->event, j->job->worker_pid, j->job->worker_start_ticks,
                                 on_worker_exit, j, &j->worker);
        if (r < 0) {
                if (r != -ESRCH)
                        job_log(j->job, LOG_ERR, "failed to look for its worker, ignoring: %s",
                                strerror(-r));
                return false;
        }

        job_log(j->job, LOG_INFO, "goes on in worker %" PRIu32, j->job->worker_pid);
        managed_job_changed(j);
        return true;
}

static uint64_t longer(uint64_t usec)
{
        return usec == 0 ? LATER_MIN_USEC : usec < LATER_MAX_USEC / 2 ? usec * 2 : LATER_MAX_USEC;
}

static int on_put_off_end(sd_event_source *s, uint64_t usec, void *userdata)
{
        ManagedJob *j = userdata;

        j->put_off = sd_event_source_disable_unref(j->put_off);
        manager_changed(j->manager); /* with which the queue goes on */
        return 0;
}

void managed_job_take_up(ManagedJob *j)
{
        j->put_off = sd_event_source_disable_unref(j->put_off);
        j->later_usec = 0;
}

static void managed_job_put_off(ManagedJob *j)
{
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        /* The request came when the worker had nothing to cancel any more. */
        if (j->asked_to_cancel) {
                j->asked_to_cancel = false;
                if (job_queue_cancel(j, &why) >= 0)
                        return;
                job_log(j->job, LOG_ERR, "cannot be canceled: %s", failure_message(&why));
        }

        j->later_usec = longer(j->later_usec);
        r = sd_event_add_time_relative(j->manager->event, &j->put_off, CLOCK_MONOTONIC, j->later_usec, 0,
                                       on_put_off_end, j);
        if (r < 0)
                job_log(j->job, LOG_ERR, "failed to wait, begins at once: %s", strerror(-r));
        managed_job_changed(j);
}

static void managed_job_try_later(ManagedJob *j)
{
        if (managed_job_adopt(j))
                return;

        j->recoveries = 0;
        if (host_shutdown_is_near(j->manager->shutdown) && !j->job->by_shutdown) {
                job_log(j->job, LOG_NOTICE, "rests, and goes on when the host is up again");
                managed_job_changed(j);
                return;
        }

        j->later_usec = longer(j->later_usec);
        job_log_struct(j->job, LOG_WARNING, VGPU_HIBERNATE_MESSAGE_JOB_STUCK, NULL,
                       "cannot go on now, trying again in %" PRIu64 " s", j->later_usec / USEC_PER_SEC);
        managed_job_recover_after(j, j->later_usec);
}

void managed_job_supervise(ManagedJob *j)
{
        assert(!j->worker && !j->retry);

        if (!managed_job_is_open(j)) {
                manager_job_ended(j->manager, j);
                managed_job_changed(j);
        } else if (j->job->apply) /* by apply_jobs_advance() */
                return;
        else if (managed_job_adopt(j))
                return;
        else if (j->job->state == JOB_RETRYING)
                managed_job_recover_after(j, 0);
        else if (j->recoveries < JOB_RECOVERIES_MAX) {
                j->recovering = true;
                managed_job_recover_after(j, recovery_delay_usec[j->recoveries++]);
        } else
                managed_job_give_up(j);
}

/* 0: later than anybody waits for. */
static uint64_t save_end(uint64_t bytes_left, uint64_t rate)
{
        uint64_t seconds = bytes_left / rate;

        return seconds > SAVE_SECONDS_MAX ? 0 : clock_realtime_usec() + seconds * USEC_PER_SEC;
}

static void managed_job_set_bytes(ManagedJob *j, uint64_t bytes, uint64_t bytes_total)
{
        uint64_t now = 0;

        (void) sd_event_now(j->manager->event, CLOCK_MONOTONIC, &now); /* fails only after a fork */

        if (j->sample_usec == 0 || bytes < j->sample_bytes) {
                j->sample_usec = now;
                j->sample_bytes = bytes;
        } else if (now - j->sample_usec >= RATE_SAMPLE_USEC) {
                double seconds = (double) (now - j->sample_usec) / (double) USEC_PER_SEC;

                j->rate = (uint64_t) ((double) (bytes - j->sample_bytes) / seconds);
                j->sample_usec = now;
                j->sample_bytes = bytes;
        }

        j->bytes = bytes;
        j->bytes_total = bytes_total;
        j->save_end_usec = j->rate > 0 && bytes < bytes_total ? save_end(bytes_total - bytes, j->rate) : 0;
        managed_job_changed(j);
}

void managed_job_notify(ManagedJob *j, const NotifyMessage *message)
{
        bool waited = job_queue_has(j);

        if (!managed_job_is_open(j) || j->given_up || j->job->apply) /* sent before the end, read after it */
                return;

        if (message->has_bytes)
                managed_job_set_bytes(j, message->bytes, message->bytes_total);
        else
                managed_job_reload(j, false);

        /* One that an earlier daemon started in its last moment: its name comes only now. */
        if (j->worker || !managed_job_is_open(j) || job_queue_has(j))
                return;
        if (managed_job_adopt(j))
                j->retry = sd_event_source_disable_unref(j->retry);
        else if (waited)
                managed_job_supervise(j);
}

int managed_job_cancel(ManagedJob *j, Failure *reterr)
{
        int r;

        if (j->job->apply)
                return apply_job_cancel(j, reterr);
        if (job_queue_has(j))
                return job_queue_cancel(j, reterr);

        if (!managed_job_is_cancelable(j))
                return failure_set(reterr, FAILURE_TOO_LATE,
                                   "job %" PRIu64 " is %s%s: it cannot be canceled any more; %s", j->job->id,
                                   job_state_to_string(managed_job_state(j)),
                                   job_is_committed(j->job) ? " and past its commit point" : "",
                                   managed_job_is_open(j) && !j->given_up ? "wait for its end"
                                                                          : "it has ended");

        r = worker_process_signal(j->worker, SIGTERM);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r,
                                         "failed to signal the worker of job %" PRIu64, j->job->id);

        j->asked_to_cancel = true;
        job_log(j->job, LOG_INFO, "asked to cancel");
        return 0;
}

void managed_job_rest(ManagedJob *j)
{
        int r;

        if (j->job->by_shutdown) /* it is to come to its end, for that the shutdown waits */
                return;

        /* A worker that died has left the guest who knows where: its successor is waited for. */
        if (!j->worker && j->recoveries == 0)
                j->retry = sd_event_source_disable_unref(j->retry);

        if (!j->worker || j->asked_to_rest)
                return;

        j->asked_to_rest = true;
        r = worker_process_signal(j->worker, SIGUSR1);
        if (r < 0)
                job_log(j->job, LOG_ERR, "failed to signal its worker: %s", strerror(-r));
}

void managed_job_go_on(ManagedJob *j)
{
        if (managed_job_is_open(j) && !managed_job_is_at_work(j) && !j->given_up && !job_queue_has(j) &&
            !j->job->apply)
                managed_job_recover_after(j, 0);
}
