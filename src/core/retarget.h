/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Retarget: what follows when the functions that a job was given do not do. The worker undoes the stage, and ends
 * with the job in JOB_RETRYING; the daemon, the only allocator, decides here and has a worker go on.
 */

#include "core/job.h"
#include "core/pool.h"

typedef enum Retarget {
        RETARGET_OTHER, /* other functions, not tried yet */
        RETARGET_BACK,  /* the functions the domain had */
        RETARGET_END,   /* nothing is left to try */
} Retarget;

/* Does a failure of this kind in this step speak against the targets, so that others may do? */
bool retarget_blames(StepId step, FailureCode code);

/* Of a job in JOB_RETRYING. At most `attempts_max` sets of targets are tried, the last resort not counted. On
 * RETARGET_OTHER and RETARGET_BACK, ret[] has one of the functions for each swap. */
Retarget retarget_decide(const Job *j, const Function *functions, size_t n_functions, PickPolicy policy,
                         uint64_t attempts_max, const Function **ret);

/* Gives the job these targets, lays its open stage out anew and queues it. */
int retarget_apply(Job *j, Retarget how, const Function *const *to, uint64_t usec) _warn_unused_result_;
/* Nothing is left: the job's last word. */
int retarget_end(Job *j, uint64_t usec) _warn_unused_result_;
