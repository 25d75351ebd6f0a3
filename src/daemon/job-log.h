/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/job.h"

/* "Job 17 (move of domain 'vm1'): ..." with the job's fields, so that the journal can be asked for
 * JOB_ID=17. */
void job_log(const Job *j, int level, const char *format, ...) _printf_(3, 4);
