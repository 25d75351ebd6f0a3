/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/forecast.h"

void forecast_add_job(Forecast *f, const Job *j)
{
        for (size_t i = 0; i < j->n_steps; i++) {
                const JobStep *s = j->steps + i;

                /* The clock is the wall's: it may have been set in between. */
                if (s->state == STEP_DONE && s->started_usec > 0 && s->ended_usec >= s->started_usec)
                        samples_add(f->steps + s->id, (double) (s->ended_usec - s->started_usec));
        }
}

bool forecast_step(const Forecast *f, StepId id, uint64_t *ret)
{
        if (f->steps[id].n == 0)
                return false;

        *ret = (uint64_t) samples_median(f->steps + id);
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
                else if (s->state == STEP_STARTED && forecast_step(f, s->id, &usec))
                        end = s->started_usec + usec;
                else if (s->state == STEP_PENDING && end > 0 && forecast_step(f, s->id, &usec))
                        end += usec;
                else
                        return 0;
        }

        return end;
}
