/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/job-walk.h"

#include <assert.h>

const PlanStep *job_plan_step(const Job *j, size_t i)
{
        const Plan *plan = plan_find(j->kind, j->strategy);

        assert(plan && i < plan->n_steps);
        return plan->steps + i;
}

bool job_stage_has_commit(const Job *j, size_t i)
{
        unsigned stage = job_plan_step(j, i)->stage;

        for (size_t k = i; k < j->n_steps && job_plan_step(j, k)->stage == stage; k++)
                if (job_plan_step(j, k)->flags & PLAN_COMMIT)
                        return true;

        /* Only the check of an undecided job is planned so far: all of it can still be undone. */
        return j->strategy == STRATEGY_AUTO;
}

bool job_is_between(const Job *j, size_t i)
{
        for (size_t k = i; k-- > 0 && job_plan_step(j, k)->stage == job_plan_step(j, i)->stage;)
                if (job_plan_step(j, k)->flags & PLAN_TOUCHES)
                        return true;

        return false;
}

size_t job_first_open_step(const Job *j)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].state != STEP_DONE)
                        return i;

        return j->n_steps;
}

size_t job_last_touched_step(const Job *j, size_t from)
{
        size_t last = from;

        for (size_t i = from; i < j->n_steps; i++)
                if (j->steps[i].state != STEP_PENDING)
                        last = i;

        return last;
}

bool job_undo_was_begun(const Job *j)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].state == STEP_UNDOING || j->steps[i].state == STEP_UNDONE)
                        return true;

        return false;
}
