/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Journal: one durable JSON file per job, DIR/jobs/ID.json, that holds the whole Job. The daemon writes it once,
 * with state "queued", before it answers the caller; from then on only the job's worker writes it (before and
 * after each step), until it ends. A daemon only reads it, but for a job in JOB_RETRYING, which has no worker: so there
 * is never more than one writer.
 */

#include "core/job.h"

#define JOBS_DIR "jobs"

/* `dir_fd` is the jobs directory. */
int journal_write(int dir_fd, const Job *j, Failure *reterr) _warn_unused_result_;
int journal_read(int dir_fd, uint64_t id, Job **ret, Failure *reterr) _warn_unused_result_;
int journal_remove(int dir_fd, uint64_t id) _warn_unused_result_;
/* All jobs, by id. A file that cannot be read is renamed to NAME.broken, counted in *ret_broken, and the rest goes
 * on. The caller frees the jobs and the array. */
int journal_list(int dir_fd, Job ***ret, size_t *ret_n, size_t *ret_broken,
                 Failure *reterr) _warn_unused_result_;
/* 1: *ret is the open job of this domain. Only reads: a file that cannot be read is passed over. */
int journal_find_open(int dir_fd, const char *domain_uuid, Job **ret, Failure *reterr) _warn_unused_result_;
/* The other jobs of this host as one of them needs to know them: those that a worker has begun and the `ended_max`
 * newest. What cannot be read is left out: the daemon sees to it. */
int journal_survey(int dir_fd, uint64_t except, size_t ended_max, JobList *ret,
                   Failure *reterr) _warn_unused_result_;
/* From before a survey until what follows from it is written: no two jobs are to take the same room for theirs. Held
 * for as long as the returned descriptor is open; waits for others up to `timeout_usec`, then -EBUSY. */
int journal_lock_all(int dir_fd, uint64_t timeout_usec) _warn_unused_result_;
/* Takes the job's lock file, DIR/jobs/ID.lock, for as long as the returned descriptor is open. -EBUSY: another
 * process executes this job. */
int journal_lock(int dir_fd, uint64_t id) _warn_unused_result_;
/* 1: a process executes this job now. Only reads. */
int journal_is_locked(int dir_fd, uint64_t id) _warn_unused_result_;
