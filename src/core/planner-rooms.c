/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-rooms.h"

#include <assert.h>

/* Functions of the room of a fit, of those that are free at the end and no other's room. */
static int find_room(const PlannerHost *h, const PlannerSolution *s, size_t fit, bool *taken,
                     PlannerRoom *ret)
{
        const PlannerProblem *p = &h->problem;
        const PlannerFit *f = p->fits + fit;

        ret->functions = calloc(f->size, sizeof(size_t));
        if (!ret->functions)
                return -ENOMEM;

        /* What no domain may use any more comes first, as in planner_pack_place(). */
        for (unsigned open = 0; open < 2; open++)
                for (size_t k = 0; k < h->inventory->n_functions && ret->n_functions < f->size; k++) {
                        size_t i = h->inventory->by_address[k];
                        uint32_t pf = h->pf_of[i];

                        if (taken[i] || h->class_of[i] != s->fit_class[fit] || p->evacuated >> pf & 1 ||
                            (s->emptied >> pf & 1) == open ||
                            (f->level == PLANNER_ONE_PF && s->fit_place[fit] != pf) ||
                            (f->level == PLANNER_ONE_GROUP && s->fit_place[fit] != p->group[pf]))
                                continue;
                        taken[i] = true;
                        ret->functions[ret->n_functions++] = i;
                }

        assert(ret->n_functions == f->size);
        return 0;
}

int planner_rooms(const PlannerHost *h, const PlannerSolution *s, const PlannerGoal *goals, size_t n_goals,
                  const PlannerGoal *all, size_t n_all, PlannerHostPlan *plan)
{
        _cleanup_free_ bool *taken = calloc(h->inventory->n_functions + 1, sizeof(bool));
        size_t fit = 0;

        plan->rooms = calloc(h->problem.n_fits + 1, sizeof(PlannerRoom));
        if (!taken || !plan->rooms)
                return -ENOMEM;
        plan->n_rooms = h->problem.n_fits;

        for (size_t i = 0; i < h->inventory->n_functions; i++)
                taken[i] = h->inventory->functions[i].function.state != FUNCTION_FREE;
        for (size_t i = 0; i < plan->waves.n_moves; i++)
                for (size_t k = 0; k < plan->waves.moves[i].n_changes; k++)
                        taken[plan->waves.moves[i].changes[k].from] = false;
        for (size_t i = 0; i < plan->waves.n_moves; i++)
                for (size_t k = 0; k < plan->waves.moves[i].n_changes; k++)
                        if (plan->waves.moves[i].host != INVENTORY_NONE)
                                taken[plan->waves.moves[i].changes[k].to] = true;

        for (int level = PLANNER_ONE_PF; level >= PLANNER_ANYWHERE; level--)
                for (fit = 0; fit < h->problem.n_fits; fit++) {
                        int r;

                        if ((int) h->problem.fits[fit].level != level)
                                continue;
                        r = find_room(h, s, fit, taken, plan->rooms + fit);
                        if (r < 0)
                                return r;
                }

        /* Which of the caller's goals that was. */
        for (size_t i = 0, n = 0; i < n_goals; i++)
                for (size_t k = 0; goals[i].kind == PLANNER_GOAL_FIT && k < n_all; k++)
                        if (all[k].kind == PLANNER_GOAL_FIT &&
                            memcmp(goals + i, all + k, sizeof(PlannerGoal)) == 0) {
                                bool again = false;

                                for (size_t l = 0; l < n; l++)
                                        again = again || plan->rooms[l].goal == k;
                                if (again)
                                        continue;
                                plan->rooms[n++].goal = k;
                                break;
                        }

        return 0;
}
