/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-problem.h"

void planner_problem_clear_goals(PlannerProblem *p)
{
        for (size_t i = 0; i < p->n_fits; i++)
                free(p->fits[i].classes);
        free(p->wants);
        free(p->fits);
        p->wants = NULL;
        p->fits = NULL;
        p->n_wants = p->n_fits = 0;
        p->evacuated = 0;
        p->compact = false;
}

void planner_problem_done(PlannerProblem *p)
{
        for (size_t i = 0; i < p->n_domains; i++)
                free(p->domains[i].parts);
        free(p->group);
        free(p->free);
        free(p->domains);
        planner_problem_clear_goals(p);
        *p = (PlannerProblem) { 0 };
}

#define NODES_PER_LOOK 256 /* at the clock */
#define STEPS_PER_NODE 1024

bool planner_budget_spend(PlannerBudget *b)
{
        if (b->out)
                return false;

        if (b->nodes == 0)
                b->out = true;
        else if (--b->nodes % NODES_PER_LOOK == 0 && b->time_is_up && b->time_is_up(b->userdata))
                b->out = true;

        return !b->out;
}

bool planner_budget_spend_steps(PlannerBudget *b, uint64_t steps)
{
        uint64_t nodes = steps / STEPS_PER_NODE;

        if (b->out || nodes == 0)
                return !b->out;

        if (nodes >= NODES_PER_LOOK && b->time_is_up && b->time_is_up(b->userdata))
                b->out = true;
        if (nodes > b->nodes)
                b->out = true;
        b->nodes -= nodes < b->nodes ? nodes : b->nodes;

        return !b->out;
}
