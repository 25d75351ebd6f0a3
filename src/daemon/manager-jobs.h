/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The manager's jobs, from their creation until they are forgotten.
 *
 * DIR/jobs/ID.lock is made by the job's worker. The daemon removes it when it has drawn the conclusions from
 * the job's end (quarantine). So a journal that says "ended" beside a lock file is one whose end no daemon
 * has seen yet.
 */

#include "daemon/manager.h"

/* NULL when there is none. */
ManagedJob *manager_find_job(const Manager *m, uint64_t id);
/* The one that its domain has, NULL: none. */
ManagedJob *manager_find_open_job(const Manager *m, const char *domain_uuid);
size_t manager_count_open_jobs(const Manager *m);
bool manager_has_open_job(const Manager *m, const char *domain_uuid);

/* Takes the job, whose number is higher than all others'. */
int manager_append_job(Manager *m, ManagedJob *j) _warn_unused_result_;
/* Takes the new job, whose journal is written, and tells the bus. */
int manager_add_job(Manager *m, Job *job, ManagedJob **ret) _warn_unused_result_;
/* After start: adopts the workers of jobs that had begun, or starts new ones. */
void manager_supervise_jobs(Manager *m);
/* Quarantines what the job found bad, durably; asked again it is the same. Logs. */
int manager_quarantine_for(Manager *m, const Job *j) _warn_unused_result_;
/* The journal says that it ended: what follows for functions and records. */
void manager_job_ended(Manager *m, ManagedJob *j);
/* Ended jobs above the configured number, oldest first, with their files. */
void manager_forget_old_jobs(Manager *m);

/* From now on this alone is believed of the domain (NULL: nothing), until the world says the same. Takes it. */
void manager_believe(Manager *m, const char *domain_uuid, Outcome *o);
/* Those that the world agrees with, or that are too old. */
void manager_drop_outcomes(Manager *m);
