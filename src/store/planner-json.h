/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A plan as JSON: vgpu-hibernatectl(1), under "Plans". It says what it was made for, so that it can be made again. */

#include <json-c/json.h>

#include "core/planner.h"

int planner_plan_to_json(const Fleet *fleet, const PlannerGoal *goals, size_t n_goals,
                         const PlannerOptions *options, const PlannerPlan *plan,
                         json_object **ret) _warn_unused_result_;
