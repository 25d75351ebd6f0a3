/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job-queue.h"

#include <assert.h>
#include <inttypes.h>

#include "basic/clock.h"
#include "daemon/manager-jobs.h"
#include "store/job-log.h"
#include "store/journal.h"

/* What is committed goes on with other functions at once; and libvirt, which starts a domain by itself, does not wait
 * either. */
bool job_queue_has(const ManagedJob *j)
{
        return j->job->state == JOB_QUEUED && !j->job->apply && !job_is_committed(j->job) &&
               !j->job->by_libvirt && !managed_job_is_at_work(j) && !j->given_up;
}

uint32_t job_queue_position(const ManagedJob *j)
{
        const Manager *m = j->manager;
        uint32_t before = 0;

        if (!job_queue_has(j))
                return 0;

        for (size_t i = 0; i < m->n_jobs && m->jobs[i]->job->id < j->job->id; i++)
                before += job_queue_has(m->jobs[i]);

        return before + 1;
}

/* One that cannot go on for now waits for libvirt or for a guest, perhaps for days. */
static bool takes_place(const ManagedJob *j)
{
        return j->worker || (j->retry && !j->job->stuck);
}

/* The others move up. */
static void tell_positions(Manager *m)
{
        for (size_t i = 0; i < m->n_jobs; i++)
                m->jobs[i]->changed = m->jobs[i]->changed || job_queue_has(m->jobs[i]);

        manager_changed(m);
}

/* While the host is about to shut down only what that itself has begun. */
static bool may_begin(const ManagedJob *j)
{
        return j->job->by_shutdown || !host_shutdown_is_near(j->manager->shutdown);
}

void job_queue_advance(Manager *m)
{
        uint64_t taken = 0;
        bool moved = false;

        if (manager_check_world(m, NULL) < 0)
                return;

        for (size_t i = 0; i < m->n_jobs; i++)
                taken += takes_place(m->jobs[i]);

        for (size_t i = 0; i < m->n_jobs && taken < m->jobs_max; i++)
                if (job_queue_has(m->jobs[i]) && !m->jobs[i]->put_off && may_begin(m->jobs[i])) {
                        managed_job_run(m->jobs[i]);
                        moved = true;
                        taken++;
                }

        if (moved)
                tell_positions(m);
}

static int end_as_canceled(ManagedJob *j, Failure *reterr)
{
        _cleanup_(job_freep) Job *job = NULL;
        Manager *m = j->manager;
        int r;

        r = journal_read(m->jobs_fd, j->job->id, &job, reterr);
        if (r < 0)
                return r;
        if (job_set_state(job, JOB_CANCELED) < 0)
                return failure_set(reterr, FAILURE_TOO_LATE, "job %" PRIu64 " has just ended", job->id);

        (void) failure_set(&job->failure, FAILURE_CANCELED, "canceled on request");
        failure_append(&job->failure, job_outcome_of_undo(job));
        job->ended_usec = clock_realtime_usec();

        r = journal_write(m->jobs_fd, job, reterr);
        if (r < 0)
                return r;

        job_log_end(job);
        managed_job_set_record(j, TAKE_PTR(job));
        return 0;
}

int job_queue_cancel(ManagedJob *j, Failure *reterr)
{
        _cleanup_close_ int lock_fd = -EBADF;
        int r;

        assert(job_queue_has(j));

        /* Who writes the journal has the lock. That somebody else does is a worker that an earlier daemon started in its
         * last moment. */
        lock_fd = journal_lock(j->manager->jobs_fd, j->job->id);
        if (lock_fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, lock_fd,
                                         "failed to take the lock of job %" PRIu64 "; try again",
                                         j->job->id);

        r = end_as_canceled(j, reterr);
        if (r < 0)
                return r;

        managed_job_supervise(j);
        tell_positions(j->manager);
        return 0;
}
