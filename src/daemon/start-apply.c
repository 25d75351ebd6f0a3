/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/start-apply.h"

#include <inttypes.h>

#include "basic/clock.h"
#include "daemon/apply-child.h"
#include "daemon/inventory.h"
#include "daemon/manager-jobs.h"
#include "daemon/manager-store.h"
#include "daemon/start-job.h"
#include "store/job-log.h"
#include "store/journal.h"
#include "vgpu-hibernate.h"

int start_apply_check_stamp(const Manager *m, const char *stamp, Inventory *ret, Failure *reterr)
{
        int r;

        r = inventory_of(m, ret);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot check the plan");
        if (!streq(ret->stamp, stamp))
                return failure_set(
                                reterr, FAILURE_PLAN_STALE,
                                "the plan was made for stamp %.64s, and this host has %s by now: something "
                                "has changed; plan anew",
                                stamp, ret->stamp);

        return 0;
}

static int check_verdicts(Manager *m, const Apply *plan, Strategy strategy, Failure *reterr)
{
        for (size_t i = 0; i < plan->n_moves; i++)
                if (!plan->replans && apply_child_rehearse(m, plan->moves + i, strategy, reterr) < 0)
                        return -EREMOTEIO;

        return 0;
}

/* Two that move the same would refuse each other's moves in the middle. */
static int check_others(const Manager *m, const Apply *plan, Failure *reterr)
{
        for (size_t i = 0; i < m->n_jobs; i++) {
                const Job *other = m->jobs[i]->job;

                if (!other->apply || job_state_is_final(other->state))
                        continue;
                for (size_t k = 0; k < other->apply->n_moves; k++)
                        for (size_t n = 0; n < plan->n_moves; n++)
                                if (!apply_move_state_is_final(other->apply->moves[k].state) &&
                                    streq(other->apply->moves[k].uuid, plan->moves[n].uuid))
                                        return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                                           "domain '%s' is about to move in job %" PRIu64
                                                           "; wait for its end or cancel it",
                                                           plan->moves[n].name, other->id);
        }

        return 0;
}

static int check_plan(Manager *m, Apply *plan, const char *stamp, Strategy strategy, Failure *reterr)
{
        _cleanup_(inventory_done) Inventory inv = { 0 };

        if (host_shutdown_check(m->shutdown, reterr) < 0 || manager_check_world(m, reterr) < 0 ||
            start_apply_check_stamp(m, stamp, &inv, reterr) < 0 || apply_check(plan, &inv, reterr) < 0)
                return -EREMOTEIO;
        if (manager_count_open_jobs(m) >= JOBS_OPEN_MAX)
                return failure_set(reterr, FAILURE_HOST,
                                   "%u jobs are open, no more are taken; wait for one to end",
                                   JOBS_OPEN_MAX);
        if (check_others(m, plan, reterr) < 0)
                return -EREMOTEIO;

        return check_verdicts(m, plan, strategy, reterr);
}

static int write_parent(Manager *m, Apply *plan, Strategy strategy, Job **ret, Failure *reterr)
{
        _cleanup_(apply_freep) Apply *owned = plan;
        _cleanup_(job_freep) Job *job = NULL;
        uint64_t id;
        int r;

        r = free_and_strdup(&plan->boot, m->boot);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to create a job");
        r = manager_take_job_id(m, &id, reterr);
        if (r < 0)
                return r;
        r = job_new(id, JOB_APPLY, strategy, "", "", &job);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to create a job");

        job->apply = TAKE_PTR(owned);
        job->created_usec = clock_realtime_usec();
        r = journal_write(m->jobs_fd, job, reterr);
        if (r < 0) {
                forget_job_request(m, id);
                return r;
        }

        *ret = TAKE_PTR(job);
        return 0;
}

int start_apply(Manager *m, Apply *plan, const char *stamp, Strategy strategy, ManagedJob **ret,
                Failure *reterr)
{
        _cleanup_(apply_freep) Apply *owned = plan;
        Job *job = NULL;
        uint64_t id;
        int r;

        if (check_plan(m, plan, stamp, strategy, reterr) < 0 ||
            write_parent(m, TAKE_PTR(owned), strategy, &job, reterr) < 0)
                return -EREMOTEIO;

        id = job->id;
        job_log_struct(job, LOG_INFO, VGPU_HIBERNATE_MESSAGE_JOB_ACCEPTED, NULL, "accepted, %zu %s",
                       job->apply->n_moves, job->apply->n_moves == 1 ? "move" : "moves");
        r = manager_add_job(m, job, ret);
        if (r < 0) {
                forget_job_request(m, id);
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to create a job");
        }

        return 0;
}
