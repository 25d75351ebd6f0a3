/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Planner: the cheapest moves that reach goals (core/planner-goal.h) on a host or in a fleet, and the order
 * of them.
 *
 * What a plan costs is the sum of the predicted downtimes of all domains that move, each once; of plans that
 * cost the same, one with the fewest moves is chosen, and always the same one. A domain moves when any of
 * its functions changes; where it moves to is of the same kind and pool, and obeys its affinity. One that
 * costs more than its downtime limit, has functions of several kinds, or has something that is not assigned
 * to it is not moved.
 *
 * In a fleet `free-pf` counts physical functions of all hosts, `fit` is met on one host, `compact` is the sum
 * over the hosts. Domains stay on their hosts unless it is said how fast images are carried: then those that
 * tell the size of theirs may go on on another (core/planner-across.h), and are down longer by that. The lower
 * bound is that of a fleet in which there is always room for them; a plan that costs no more is optimal. When
 * there is no room for one, the plan is made again with that one on its host, and at last with all.
 *
 * The order (core/planner-waves.h) is chosen afterwards. When no order keeps the limit of one of the
 * domains, the plan is made again without moving that one; when that leads nowhere, without the one that
 * takes longest instead, and at last without compact. Then it is the best that was found, and not said
 * to be optimal unless it is no worse than without limits; nor is it said that there is none.
 */

#include "core/planner-waves.h"

/* A search without a time limit ends after this: on one processor of our days, after a minute or two. */
#define PLANNER_NODES_DEFAULT UINT64_C(50000000)

typedef struct PlannerOptions {
        uint32_t parallel;    /* saves at the same time on a host; 1 and more */
        PlannerBudget budget; /* for the whole plan */
        GuestFixups fixups;   /* of all guests; matters where no kind is told */
        double image_rate; /* bytes a second from one host of a fleet to another; 0: domains stay on their hosts */
} PlannerOptions;

/* A sum over hosts, in which a weight would overflow. */
typedef struct PlannerCost {
        uint64_t usec, moves;
} PlannerCost;

/* The room of a fit: functions that are free when all moves are done. */
typedef struct PlannerRoom {
        size_t goal;       /* index of the goals */
        size_t *functions; /* owned; of the inventory */
        size_t n_functions;
} PlannerRoom;

typedef struct PlannerHostPlan {
        PlannerWaves waves;
        PlannerRoom *rooms; /* owned */
        size_t n_rooms;
} PlannerHostPlan;

typedef struct PlannerPlan {
        bool feasible;
        bool optimal; /* proven to be the cheapest; or not feasible, and proven that nothing is */
        PlannerCost cost;
        PlannerCost bound; /* no plan costs less, but with compact those that leave fewer physical functions */
        uint32_t n_waves;
        PlannerHostPlan *hosts; /* owned; by host of the fleet */
        size_t n_hosts;
        char *reason; /* owned; why it is not feasible, else NULL */
} PlannerPlan;

void planner_plan_done(PlannerPlan *p);

/* What cannot be planned at all is FAILURE_INVALID_OPTION, what cannot be reached is a plan that is not
 * feasible. */
int planner_plan(const Fleet *fleet, const PlannerGoal *goals, size_t n_goals, const PlannerOptions *options,
                 PlannerPlan *ret, Failure *reterr) _warn_unused_result_;
