/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/retarget-job.h"

#include <inttypes.h>

#include "basic/clock.h"
#include "core/retarget.h"
#include "daemon/manager-jobs.h"
#include "daemon/start-job.h"
#include "store/journal.h"

/* With the functions that are held for its domain. */
static int retarget(const Manager *m, Job *job)
{
        const DomainView *d = view_find_domain_by_uuid(m->view, job->domain_uuid);
        const uint64_t now = clock_realtime_usec();
        _cleanup_free_ Function *functions = NULL;
        const Function *to[JOB_FUNCTIONS_MAX];
        Retarget how;
        size_t n;
        int r;

        r = view_functions_for(m->view, d, NULL, &functions, &n);
        if (r < 0)
                return r;

        how = retarget_decide(job, functions, n, pick_policy_for(m, job->swaps, job->n_swaps),
                              m->config->attempts_max, to);
        return how == RETARGET_END ? retarget_end(job, now) : retarget_apply(job, how, to, now);
}

int manager_retarget_job(Manager *m, uint64_t id, Job **ret, Failure *reterr)
{
        _cleanup_(job_freep) Job *job = NULL;
        int r;

        if ((r = manager_check_world(m, reterr)) < 0 || (r = journal_read(m->jobs_fd, id, &job, reterr)) < 0)
                return r;

        /* Before anybody else can be given one of them. */
        r = manager_quarantine_for(m, job);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot note what is bad");

        r = retarget(m, job);
        if (r == -ENOMEM)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot choose a function");
        if (r < 0)
                return failure_set(reterr, FAILURE_HOST,
                                   "job %" PRIu64 " is '%s', it wants no other functions", id,
                                   job_state_to_string(job->state));

        r = journal_write(m->jobs_fd, job, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(job);
        return 0;
}
