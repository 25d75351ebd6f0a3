/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JobQueue: which jobs begin, and when. At most Manager.jobs_max run at once; those above wait, and begin in the order
 * of their numbers.
 *
 * One that was put off, since there is no room for its image yet, keeps its place and lets the others by.
 *
 * Nothing is stored for it: a job waits when its journal says "queued", nothing of it is committed, and no worker has it
 * or is about to. So the queue is the same after a restart. All that a worker has begun comes first and is not counted
 * before it goes on, be it a recovery or another try on other functions: there a guest's memory may be at stake, here
 * nothing has been touched. It does count against those that wait, except while it cannot go on and leaves the disk
 * alone.
 *
 * The queue also rests while the host is not known well enough or is about to shut down, but for the jobs that this makes
 * necessary: a job that began now would fail for a reason that has nothing to do with it.
 */

#include "daemon/managed-job.h"

bool job_queue_has(const ManagedJob *j);
/* From 1; 0: it does not wait. */
uint32_t job_queue_position(const ManagedJob *j);
/* Begins as many as there are places for. */
void job_queue_advance(Manager *m);
/* Ends a job that waits, by the daemon itself: there is no worker to ask. */
int job_queue_cancel(ManagedJob *j, Failure *reterr) _warn_unused_result_;
