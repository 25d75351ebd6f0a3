/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JobShown: the properties of a job as its last signal said them, so that the next one names what
 * differs. */

#include "core/job.h"
#include "daemon/property-change.h"

#define JOB_PROPERTIES_MAX 32U

typedef struct JobShown JobShown;
typedef struct ManagedJob ManagedJob;

int job_shown_new(const ManagedJob *j, JobShown **ret) _warn_unused_result_;
JobShown *job_shown_free(JobShown *s);
DEFINE_CLEANUP_FUNC(JobShown *, job_shown_free);

/* CLOCK_REALTIME; 0: not known. Kept, since to know it takes a look at every job on record. */
uint64_t job_shown_expected_end(const JobShown *s);
/* Of each property that can change whether it did, from a to b. Returns how many there are. */
size_t job_shown_compare(const JobShown *a, const JobShown *b,
                         PropertyChange ret[static JOB_PROPERTIES_MAX]);

/* From 1; 0 before the first. */
unsigned job_step_number(const Job *j);
