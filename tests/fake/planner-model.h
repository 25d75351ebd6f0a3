/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The planner's question as a mixed integer program, written from the inventory and from what goals are said
 * to mean (core/planner-goal.h, core/planner.h), and from nothing else of the planner. In the form that
 * glpsol --lp reads.
 */

#include <stdio.h>

#include "core/inventory.h"
#include "core/planner-goal.h"

#define MODEL_UNIT 0.5 /* seconds: costs are multiples */
#define MODEL_MOVES 64 /* more domains than these move in no model */

typedef enum ModelAim {
        MODEL_CHEAPEST, /* cost in units times MODEL_MOVES, and the moves */
        MODEL_EMPTIEST, /* physical functions with an owner */
} ModelAim;

/* in_use: so many physical functions may have an owner at most, UINT32_MAX: any number. */
void model_write(FILE *file, const Inventory *inv, const PlannerGoal *goals, size_t n_goals, ModelAim aim,
                 uint32_t in_use);
