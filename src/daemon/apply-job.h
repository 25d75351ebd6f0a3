/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A job of kind JOB_APPLY: the plan that it carries out is core/apply.h's, its moves are jobs of their own. It has no worker:
 * the daemon asks what is next whenever something has changed, does it, and writes the journal; it alone does. A child's
 * journal is written before the parent's that names it, and found again by its own word should the daemon end in
 * between. Nothing is begun while the parent's journal cannot be written.
 *
 * It goes on in a daemon that was started anew. When the host was, it ends: what was hibernated is brought back, and the
 * account says what is done and what is not.
 */

#include "core/apply.h"
#include "daemon/manager.h"

/* All of them: what is next. With a new view, and the records of jobs that ended. */
void apply_jobs_advance(Manager *m);
bool apply_job_is_cancelable(const ManagedJob *j);
int apply_job_cancel(ManagedJob *j, Failure *reterr) _warn_unused_result_;
/* 0..1: moves done of all. */
double apply_job_progress(const ManagedJob *j);
