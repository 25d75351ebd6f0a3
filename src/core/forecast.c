/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/forecast.h"

void forecast_add_job(Forecast *f, const Job *j)
{
        for (size_t i = 0; i < j->n_steps; i++) {
                const JobStep *s = j->steps + i;

                /* The clock is the wall's: it may have been set in between. */
                if (s->state != STEP_DONE || s->started_usec == 0 || s->ended_usec < s->started_usec ||
                    f->steps[s->id].n == FORECAST_SAMPLES_MAX)
                        continue;

                f->steps[s->id].usec[f->steps[s->id].n++] = s->ended_usec - s->started_usec;
        }
}

static int compare(const void *a, const void *b)
{
        const uint64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static bool step_time(const Forecast *f, StepId id, uint64_t *ret)
{
        uint64_t sorted[FORECAST_SAMPLES_MAX];
        size_t n = f->steps[id].n;

        if (n == 0)
                return false;

        memcpy(sorted, f->steps[id].usec, n * sizeof(uint64_t));
        qsort(sorted, n, sizeof(uint64_t), compare);
        *ret = sorted[(n - 1) / 2]; /* of two the shorter: the other may have waited for something */
        return true;
}

uint64_t forecast_end(const Forecast *f, const Job *j, uint64_t save_end_usec)
{
        uint64_t end = 0, usec;

        /* With STRATEGY_AUTO the plan is not known yet. */
        if (j->state != JOB_RUNNING || j->strategy == STRATEGY_AUTO)
                return 0;

        for (size_t i = 0; i < j->n_steps; i++) {
                const JobStep *s = j->steps + i;

                if (s->state == STEP_DONE)
                        end = s->ended_usec;
                else if (s->state == STEP_STARTED && s->id == STEP_SAVE && save_end_usec > 0)
                        end = save_end_usec;
                else if (s->state == STEP_STARTED && step_time(f, s->id, &usec))
                        end = s->started_usec + usec;
                else if (s->state == STEP_PENDING && end > 0 && step_time(f, s->id, &usec))
                        end += usec;
                else
                        return 0;
        }

        return end;
}
