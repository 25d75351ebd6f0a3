/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* PlannerReason: why goals cannot be reached, for people. */

#include "core/planner-host.h"

/* `goals` are those that were set on h->problem. NULL: out of memory. */
char *planner_reason(PlannerHost *h, const PlannerGoal *goals, size_t n_goals) _warn_unused_result_;
