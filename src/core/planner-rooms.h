/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* PlannerRooms: which functions are the room of each fit, once it is known who moves where. */

#include "core/planner.h"

/* Of a host with its waves: `goals` are those that were set on it, `all` those that the caller of the planner gave. */
int planner_rooms(const PlannerHost *h, const PlannerSolution *s, const PlannerGoal *goals, size_t n_goals,
                  const PlannerGoal *all, size_t n_all, PlannerHostPlan *plan) _warn_unused_result_;
