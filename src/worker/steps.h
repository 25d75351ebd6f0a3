/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Steps: what each step of a plan does and how it is undone, in terms of HostOps. No order is known here. */

#include "worker/executor.h"

/* Of STEP_CHECK, with *reterr: nothing is wrong, but it has to wait for its turn once more. */
#define STEP_PUT_OFF 1

int step_do(Executor *e, StepId id, Failure *reterr) _warn_unused_result_;
int step_undo(Executor *e, StepId id, Failure *reterr) _warn_unused_result_;
/* What a last stage that is not reached does with the functions that a hibernated domain left: release and, when the job
 * is about to end (`last`), clean. */
int step_free_sources(Executor *e, bool last, Failure *reterr) _warn_unused_result_;
