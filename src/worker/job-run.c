/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/job-run.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "basic/fileio.h"
#include "basic/log.h"
#include "host/real-host.h"
#include "store/job-log.h"
#include "store/journal.h"
#include "vgpu-hibernate.h"
#include "worker/executor.h"
#include "worker/host-settings.h"
#include "worker/job-store.h"

#define PROC_STAT_BYTES_MAX 4096U

/* Field 22 of /proc/PID/stat, in clock ticks after boot (proc_pid_stat(5)): with the process id it names this process
 * and no later one. The second field is the command's name in parentheses and may itself contain any character, so
 * the count begins behind the last ')'. */
static int read_own_start_ticks(uint64_t *ret)
{
        _cleanup_free_ char *stat = NULL;
        const char *p;
        int r;

        r = read_file_at(AT_FDCWD, "/proc/self/stat", PROC_STAT_BYTES_MAX, &stat, NULL);
        if (r < 0)
                return r;

        p = strrchr(stat, ')');
        for (unsigned field = 2; p && field < 22; field++)
                p = strchr(p + 1, ' ');

        return p && sscanf(p, "%" SCNu64, ret) == 1 ? 0 : -EBADMSG;
}

static int claim(Job *j, Failure *reterr)
{
        int r;

        r = read_own_start_ticks(&j->worker_start_ticks);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read /proc/self/stat");

        j->worker_pid = (uint32_t) getpid();
        return 0;
}

static void log_outcome(const Executor *e, int r)
{
        const Job *j = e->job;

        if (r == -ERESTART)
                job_log(j, LOG_WARNING, "wants other functions: %s", failure_message(&j->failure));
        else if (r == -EAGAIN && j->state == JOB_QUEUED)
                job_log(j, LOG_INFO, "waits: %s", failure_message(&e->stuck));
        else if (r == -EAGAIN) /* the daemon says when it tries again, and that is the event */
                job_log(j, LOG_ERR, "cannot go on now: %s", failure_message(&e->stuck));
        else if (job_state_is_final(j->state))
                job_log_end(j);
        else
                job_log(j, LOG_ERR, "%s: %s", job_state_to_string(j->state), failure_message(&j->failure));
}

/* One that only stood still is tried again, which is not worth a word each time. */
static void log_recovery(const Job *j)
{
        const JobStep *s = job_current_step(j);

        if (!j->stuck)
                job_log_struct(j, LOG_NOTICE, VGPU_HIBERNATE_MESSAGE_JOB_RECOVERING, NULL,
                               "recovery begins, its worker died %s%s",
                               s ? "in step " : "before its first step", s ? step_id_to_string(s->id) : "");
}

static int execute(Executor *e, bool recover)
{
        int r;

        if (recover)
                log_recovery(e->job);

        r = recover ? executor_recover(e) : executor_run(e);
        log_outcome(e, r);
        failure_done(&e->stuck);

        if (r == -EAGAIN || r == -ERESTART)
                return JOB_RUN_UNFINISHED;
        return r < 0 ? JOB_RUN_FAILED : JOB_RUN_DONE;
}

int job_run(const Config *config, const char *state_dir, uint64_t id, bool recover,
            const JobSignals *signals)
{
        _cleanup_(job_store_done)
                        JobStore store = { .jobs_fd = -EBADF, .images_fd = -EBADF, .survey_fd = -EBADF };
        _cleanup_(real_host_freep) RealHost *host = NULL;
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_close_ int lock_fd = -EBADF;
        _cleanup_(job_freep) Job *job = NULL;
        RealHostSettings settings = host_settings(config, &signals->cancel);

        settings.held = &signals->hold;

        if (job_store_open(state_dir, &store, &why) < 0) {
                log_error("%s", failure_message(&why));
                return JOB_RUN_UNFINISHED;
        }

        /* The lock comes before the journal is read: what is read is then nobody else's work in progress. */
        lock_fd = journal_lock(store.jobs_fd, id);
        if (lock_fd < 0) {
                (void) log_error_errno(lock_fd, "Cannot take the lock of job %" PRIu64 ": %m", id);
                return JOB_RUN_UNFINISHED;
        }

        if (journal_read(store.jobs_fd, id, &job, &why) < 0 || real_host_new(&settings, &host, &why) < 0 ||
            claim(job, &why) < 0) {
                log_error("Cannot work on job %" PRIu64 ": %s", id, failure_message(&why));
                return JOB_RUN_UNFINISHED;
        }

        if (job_state_is_final(job->state)) {
                job_log(job, LOG_INFO, "has ended already: %s", job_state_to_string(job->state));
                return job->state == JOB_DONE ? JOB_RUN_DONE : JOB_RUN_FAILED;
        }

        return execute(&(Executor) { .job = job,
                                     .ops = &real_host_ops,
                                     .host = host,
                                     .store_ops = &job_store_ops,
                                     .store = &store,
                                     .canceled = &signals->cancel,
                                     .held = &signals->hold,
                                     .image_reserve_bytes = config->image_reserve_bytes },
                       recover);
}
