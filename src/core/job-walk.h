/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a job is in its plan. Steps are named by their index. */

#include "core/job.h"

const PlanStep *job_plan_step(const Job *j, size_t i);
/* Does some step from `i` on commit the stage that step `i` is in? Else it is the last stage: there is only forward. */
bool job_stage_has_commit(const Job *j, size_t i);
/* Is the guest, before step `i`, neither running nor safely stored? */
bool job_is_between(const Job *j, size_t i);
/* The first one that is not done; n_steps: all are. */
size_t job_first_open_step(const Job *j);
/* The last one from `from` on that is not pending: where undoing begins. */
size_t job_last_touched_step(const Job *j, size_t from);
bool job_undo_was_begun(const Job *j);
