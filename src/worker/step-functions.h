/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What steps do to a job's functions: sources, which the domain has or had, and targets. All return 0, or negative with
 * *reterr, unless they say otherwise. A function that proves bad is noted in the job's quarantines, which is no failure.
 */

#include "core/facts.h"
#include "worker/executor.h"

/* Are the functions of the world still those that the daemon saw when it made the job? */
int functions_check(Executor *e, const DomainFacts *facts, Failure *reterr) _warn_unused_result_;
/* Is each target still at its address? */
int functions_check_targets(Executor *e, Failure *reterr) _warn_unused_result_;
int functions_check_gates(Executor *e, Failure *reterr) _warn_unused_result_;
/* A guest that sleeps, or was unplugged, has let go of its functions only when their gates say so. */
int functions_await_gates(Executor *e, Failure *reterr) _warn_unused_result_;

int functions_bind(Executor *e, Failure *reterr) _warn_unused_result_;
/* Time has passed since the check, or these are other targets: their gates are asked again. Those that the domain had let
 * go of it. -EAGAIN: what the family of one says cannot be read now. */
int functions_rebind(Executor *e, Failure *reterr) _warn_unused_result_;
int functions_unbind(Executor *e, Failure *reterr) _warn_unused_result_;

/* Finds the functions that the domain had, wherever they are now, and binds them. 1: not all are where they were; `moves`,
 * one for each swap of the job, tells from where to where. */
int functions_regain(Executor *e, FunctionSwap moves[static JOB_FUNCTIONS_MAX],
                     Failure *reterr) _warn_unused_result_;

/* QEMU had these targets, or tried to. One that is bad is found here, before others get it. */
int functions_look_at_targets(Executor *e, Failure *reterr) _warn_unused_result_;

/* Of the sources that the domain does not keep: reset them and wait for their gates; have them cleaned. */
int functions_release(Executor *e, Failure *reterr) _warn_unused_result_;
int functions_clean(Executor *e, Failure *reterr) _warn_unused_result_;
