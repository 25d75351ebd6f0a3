/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/retarget-job.h"

#include <inttypes.h>

#include "basic/clock.h"
#include "core/retarget.h"
#include "daemon/manager-jobs.h"
#include "daemon/start-job.h"
#include "store/journal.h"

/* With the functions that are held for its domain. */
static int decide(const Manager *m, const Job *job, PciAddress *to, Retarget *ret)
{
        const DomainView *d = view_find_domain_by_uuid(m->view, job->domain_uuid);
        _cleanup_free_ Function *functions = NULL;
        size_t n;
        int r;

        r = view_functions_for(m->view, d, NULL, &functions, &n);
        if (r < 0)
                return r;

        *ret = retarget_decide(job, functions, n, pick_policy_for(m, job->swaps, job->n_swaps),
                               m->config->attempts_max, to);
        return 0;
}

int manager_retarget_job(Manager *m, uint64_t id, Job **ret, Failure *reterr)
{
        _cleanup_(job_freep) Job *job = NULL;
        PciAddress to[JOB_FUNCTIONS_MAX];
        Retarget how;
        int r;

        if ((r = manager_check_world(m, reterr)) < 0 || (r = journal_read(m->jobs_fd, id, &job, reterr)) < 0)
                return r;

        /* Before anybody else can be given one of them. */
        r = manager_quarantine_for(m, job);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot note what is bad");

        r = decide(m, job, to, &how);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot choose a function");

        r = how == RETARGET_END ? retarget_end(job, clock_realtime_usec())
                                : retarget_apply(job, how, to, clock_realtime_usec());
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
