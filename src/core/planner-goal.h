/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PlannerGoal: what a plan is to reach, as it is written on a command line:
 *
 *     free-pf=K[,pool=POOL]                               at least K physical functions (with functions of that pool)
 *                                                         have no owner
 *     evacuate=[HOST/]PF                                  this one has no owner, and nothing finds room on it
 *     fit=N[,on=pf|group|any][,kind=KIND][,pool=POOL]     N functions of one kind and pool are free: on one physical
 *                                                         function, in one group, or anywhere (unless said)
 *     compact                                             as few physical functions have owners as can be
 *
 * An owner of a physical function is whoever has one of its functions: any that is leased, held, assigned,
 * of unknown state, or quarantined while a domain still has it. A function that is free, or quarantined and
 * nobody's, is no owner's.
 *
 * Goals are judged when all moves are done, each by itself, with two exceptions: rooms of several `fit` are
 * apart from each other, and room is never counted on a physical function that is evacuated. It may be on
 * one that counts as free. `compact` comes before the cost: of all plans with the fewest physical functions
 * in use, the cheapest.
 */

#include "core/failure.h"
#include "core/pci-address.h"
#include "core/planner-problem.h"

typedef enum PlannerGoalKind {
        PLANNER_GOAL_FREE_PF,
        PLANNER_GOAL_EVACUATE,
        PLANNER_GOAL_FIT,
        PLANNER_GOAL_COMPACT,
        _PLANNER_GOAL_KIND_MAX,
        _PLANNER_GOAL_KIND_INVALID = -EINVAL,
} PlannerGoalKind;

const char *planner_goal_kind_to_string(PlannerGoalKind k);
PlannerGoalKind planner_goal_kind_from_string(const char *s);

/* "any", "group", "pf" */
const char *planner_level_to_string(PlannerLevel l);
PlannerLevel planner_level_from_string(const char *s);

#define PLANNER_GOALS_MAX 16U
#define PLANNER_COUNT_MAX 1000000U

typedef struct PlannerGoal {
        char *text; /* owned; as it was written */
        PlannerGoalKind kind;
        uint32_t count;  /* physical functions, or functions */
        PlannerLevel on; /* of a fit */
        char *pool;      /* owned, NULL: any */
        char *of_kind;   /* owned, NULL: any, but one */
        char *host;      /* owned, NULL: not said */
        PciAddress pf;   /* to evacuate */
} PlannerGoal;

void planner_goal_done(PlannerGoal *g);

/* FAILURE_INVALID_OPTION says what is wrong with the text. */
int planner_goal_parse(const char *text, PlannerGoal *ret, Failure *reterr) _warn_unused_result_;
