/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/job-left.h"

#include <assert.h>

static unsigned count_commits(const Job *j)
{
        const Plan *plan = plan_find(j->kind, j->strategy);
        unsigned n = 0;

        for (size_t i = 0; plan && i < plan->n_steps; i++)
                n += (plan->steps[i].flags & PLAN_COMMIT) && j->steps[i].state == STEP_DONE;

        return n;
}

JobLeft job_left(const Job *j)
{
        const unsigned commits = count_commits(j);
        const bool done = j->state == JOB_DONE;

        if (j->failure.code == FAILURE_LOST)
                return JOB_LEFT_UNKNOWN;

        switch (j->kind) {
        case JOB_HIBERNATE:
                return done || commits > 0 ? JOB_LEFT_HIBERNATED : JOB_LEFT_AS_IT_WAS;
        case JOB_RESUME:
                return done || commits > 0 ? JOB_LEFT_ON_TARGETS : JOB_LEFT_HIBERNATED;
        case JOB_MOVE:
                if (commits == 1 && !done)
                        return JOB_LEFT_HIBERNATED;
                return (done || commits > 1) && !j->back ? JOB_LEFT_ON_TARGETS : JOB_LEFT_AS_IT_WAS;
        case JOB_DISCARD:
                return done ? JOB_LEFT_UNKNOWN : JOB_LEFT_HIBERNATED;
        case JOB_APPLY:
        case _JOB_KIND_MAX:
        case _JOB_KIND_INVALID:
                break;
        }

        assert(false);
        return JOB_LEFT_UNKNOWN;
}

bool job_was_refused(const Job *j)
{
        return j->state == JOB_FAILED && (j->n_steps == 0 || j->steps[0].state != STEP_DONE);
}
