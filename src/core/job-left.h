/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* In which state a job that ended has left its domain. */

#include "core/job.h"

typedef enum JobLeft {
        JOB_LEFT_AS_IT_WAS,  /* it runs, on what it had */
        JOB_LEFT_HIBERNATED, /* its memory is in an image */
        JOB_LEFT_ON_TARGETS, /* it runs, on what it was to get */
        JOB_LEFT_UNKNOWN,    /* its memory is gone */
} JobLeft;

JobLeft job_left(const Job *j);
/* Did it fail at its verdict, before anything was touched? */
bool job_was_refused(const Job *j);
