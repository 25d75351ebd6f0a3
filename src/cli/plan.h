/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What plan and map share: the inventory that was named or that the daemon tells, and the plan for the
 * goals that were given. */

#include "cli/ctl.h"
#include "core/planner.h"

typedef struct PlanRun {
        Families families;
        Fleet fleet;
        PlannerOptions options;
        PlannerPlan plan;
} PlanRun;

void plan_run_done(PlanRun *r);

/* 0, or the exit status of an error that was reported. */
int plan_run_read(PlanRun *run, Ctl *c) _warn_unused_result_;
int plan_run_make(PlanRun *run, Ctl *c) _warn_unused_result_;
