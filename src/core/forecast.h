/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Forecast: when a job will have ended, by how long the steps of earlier jobs took. */

#include "core/job.h"
#include "core/samples.h"

typedef struct Forecast {
        Samples steps[_STEP_ID_MAX]; /* microseconds */
} Forecast;

/* What its done steps took, whatever became of the job. Of each step the first samples, so: the newest job first. */
void forecast_add_job(Forecast *f, const Job *j);
/* CLOCK_REALTIME, in the past when the job is late; 0 when that cannot be known: it does not go forward, or nobody
 * knows how long one of the steps ahead of it takes. `save_end_usec` is when a save under way will have ended by its own
 * rate, 0: not known. */
uint64_t forecast_end(const Forecast *f, const Job *j, uint64_t save_end_usec);
/* How long a step takes; false: nobody knows. */
bool forecast_step(const Forecast *f, StepId id, uint64_t *ret);
