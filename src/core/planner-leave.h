/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PlannerLeave: the search of core/planner-search.h, where domains may leave the host.
 *
 * Each of them may cost another sum, and then no two are alike any more, which is what keeps the search short. So it is
 * asked first as if leaving cost all of a class the same, the least: that bounds what there is, and mostly the solution
 * costs no more, since nobody leaves, or those who are the cheapest. Else it is asked as it is; and where that is not
 * proven, also as if nobody might leave, so that the plan is never worse than one within the host.
 */

#include "core/planner-search.h"

/* Each question gets all nodes of the budget, which has what they left in all, or none. The problem is as before
 * afterwards. */
int planner_search_leaving(PlannerProblem *p, PlannerBudget *budget,
                           PlannerSolution *ret) _warn_unused_result_;
