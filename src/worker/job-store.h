/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JobStore: the executor's memory on disk, and its voice: after each change of the journal the daemon is told, over
 * the notify socket, to read it again. */

#include "worker/executor.h"

typedef struct JobStore {
        int jobs_fd;   /* STATE_DIR/jobs */
        int images_fd; /* STATE_DIR/images */
        int survey_fd; /* the lock of a survey that nothing was written after */
        uint64_t progress_sent_usec;
} JobStore;

extern const ExecutorStore job_store_ops;

/* Opens the two directories below the state directory, making them if need be. */
int job_store_open(const char *state_dir, JobStore *ret, Failure *reterr) _warn_unused_result_;
/* For who only looks. */
int job_store_survey(const JobStore *s, uint64_t except, JobList *ret, Failure *reterr) _warn_unused_result_;
void job_store_done(JobStore *s);
