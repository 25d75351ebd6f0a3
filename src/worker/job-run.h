/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verbs "run ID" and "recover ID": one job, from its journal to its end. */

#include <signal.h>

#include "store/config.h"

/* Exit statuses of the worker for a job. */
typedef enum JobRunExit {
        JOB_RUN_DONE = 0,
        JOB_RUN_FAILED = 1,      /* the journal says why */
        JOB_RUN_UNFINISHED = 75, /* EX_TEMPFAIL of sysexits.h: recover again, later */
} JobRunExit;

/* What signals have asked for, see executor.h. */
typedef struct JobSignals {
        volatile sig_atomic_t cancel, hold;
} JobSignals;

/* Returns a JobRunExit; everything it has to say is in the journal and the log. */
int job_run(const Config *config, const char *state_dir, uint64_t id, bool recover,
            const JobSignals *signals) _warn_unused_result_;
