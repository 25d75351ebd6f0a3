/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The moves that run and recover have in common: forward from a step, and back. Each returns as executor_run() does.
 * In executor.c, but for one that has a file of its own.
 */

#include "basic/clock.h"
#include "worker/executor.h"

/* A line of the job's story. It becomes durable with the next write of the journal. */
#define TELL(e, ...) job_tell((e)->job, clock_realtime_usec(), __VA_ARGS__)

int walk_write_job(Executor *e, Failure *reterr);
/* Forward, beginning with step `i`; what is done is passed by. */
int walk_from(Executor *e, size_t i) _warn_unused_result_;
/* Step `i` cannot go on (the job's failure says why): back, or forward after all. */
int walk_turn_back(Executor *e, size_t i) _warn_unused_result_;
/* Undoes what was done or begun of the stage of step `from`, last first. */
int walk_undo_stage(Executor *e, size_t from) _warn_unused_result_;
/* The guest was told to hibernate to its own disk, and nobody saw whether it did. With `again` a guest that runs is asked
 * again. */
int walk_settle_suspend_disk(Executor *e, size_t i, bool again) _warn_unused_result_;
/* The job's last word. */
int walk_finish(Executor *e, JobState state) _warn_unused_result_;
/* Why an unfinished job stands still is for people to see; returns r. */
int walk_note_stuck(Executor *e, int r);
