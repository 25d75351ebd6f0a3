/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/forecast.h"

#include "test.h"

#define BEGIN_USEC (UINT64_C(1700000000) * USEC_PER_SEC)

static Job *new_job(JobKind kind, Strategy strategy)
{
        Job *j;

        CHECK(job_new(1, kind, strategy, "u", "vm1", &j) >= 0);
        CHECK(job_set_strategy(j, strategy) >= 0);
        CHECK(job_set_state(j, JOB_RUNNING) >= 0);
        return j;
}

/* Its steps follow each other, and step i takes (i + 1) times `usec`. */
static void finish_steps(Job *j, size_t n, uint64_t usec)
{
        uint64_t at = BEGIN_USEC;

        for (size_t i = 0; i < n; i++) {
                j->steps[i].state = STEP_DONE;
                j->steps[i].started_usec = at;
                at += (i + 1) * usec;
                j->steps[i].ended_usec = at;
        }
}

static uint64_t sum_of_steps(size_t from, size_t to, uint64_t usec)
{
        uint64_t sum = 0;

        for (size_t i = from; i < to; i++)
                sum += (i + 1) * usec;

        return sum;
}

static void test_end(void)
{
        _cleanup_(job_freep) Job *past = new_job(JOB_MOVE, STRATEGY_SUSPEND_TO_RAM);
        _cleanup_(job_freep) Job *j = new_job(JOB_MOVE, STRATEGY_SUSPEND_TO_RAM);
        const uint64_t usec = 3 * USEC_PER_SEC;
        Forecast f = { 0 };
        JobStep *save;
        size_t n;

        CHECK(forecast_end(&f, j, 0) == 0); /* nothing is known */
        finish_steps(past, past->n_steps - 1, usec);
        forecast_add_job(&f, past);
        finish_steps(j, 2, USEC_PER_SEC);
        CHECK(forecast_end(&f, j, 0) == 0); /* the last step is not */
        finish_steps(past, past->n_steps, usec);
        forecast_add_job(&f, past);

        /* Between two steps, in one, and when it is the save that knows its own end. */
        n = j->n_steps;
        CHECK(forecast_end(&f, j, 0) == j->steps[1].ended_usec + sum_of_steps(2, n, usec));
        j->steps[2].state = STEP_STARTED;
        j->steps[2].started_usec = j->steps[1].ended_usec + 5;
        CHECK(forecast_end(&f, j, 0) == j->steps[2].started_usec + sum_of_steps(2, n, usec));
        CHECK(forecast_end(&f, j, 77) == forecast_end(&f, j, 0)); /* it is not the save */

        save = job_find_step(j, STEP_SAVE);
        finish_steps(j, (size_t) (save - j->steps), USEC_PER_SEC);
        save->state = STEP_STARTED;
        save->started_usec = BEGIN_USEC + 100 * USEC_PER_SEC;
        CHECK(forecast_end(&f, j, BEGIN_USEC + 900 * USEC_PER_SEC) ==
              BEGIN_USEC + 900 * USEC_PER_SEC + sum_of_steps((size_t) (save - j->steps) + 1, n, usec));

        finish_steps(j, n, USEC_PER_SEC);
        CHECK(forecast_end(&f, j, 0) == j->steps[n - 1].ended_usec);

        /* Back, or nowhere. */
        j->steps[3].state = STEP_FAILED;
        CHECK(forecast_end(&f, j, 0) == 0);
        finish_steps(j, 3, USEC_PER_SEC);
        j->steps[3].state = STEP_PENDING;
        j->state = JOB_UNDOING;
        CHECK(forecast_end(&f, j, 0) == 0);
        j->state = JOB_QUEUED;
        CHECK(forecast_end(&f, j, 0) == 0);
}

static void test_median(void)
{
        _cleanup_(job_freep) Job *past = new_job(JOB_RESUME, STRATEGY_SUSPEND_TO_DISK);
        _cleanup_(job_freep) Job *j = new_job(JOB_RESUME, STRATEGY_SUSPEND_TO_DISK);
        Forecast f = { 0 };

        finish_steps(j, 1, USEC_PER_SEC);
        finish_steps(past, past->n_steps, 2 * USEC_PER_SEC);
        forecast_add_job(&f, past);
        finish_steps(past, past->n_steps, 3600 * USEC_PER_SEC);
        forecast_add_job(&f, past);
        CHECK(forecast_end(&f, j, 0) ==
              j->steps[0].ended_usec + sum_of_steps(1, j->n_steps, 2 * USEC_PER_SEC));
        finish_steps(past, past->n_steps, 4 * USEC_PER_SEC);
        forecast_add_job(&f, past);
        CHECK(forecast_end(&f, j, 0) ==
              j->steps[0].ended_usec + sum_of_steps(1, j->n_steps, 4 * USEC_PER_SEC));

        /* A clock that was set, and a step that was undone, say nothing. */
        past->steps[0].started_usec = past->steps[0].ended_usec + 1;
        past->steps[1].state = STEP_UNDONE;
        forecast_add_job(&f, past);
        CHECK(f.steps[past->steps[0].id].n == 3 && f.steps[past->steps[1].id].n == 3);

        finish_steps(past, past->n_steps, USEC_PER_SEC);
        for (size_t i = 0; i < 2 * SAMPLES_MAX; i++)
                forecast_add_job(&f, past);
        CHECK(f.steps[past->steps[0].id].n == SAMPLES_MAX);

        /* A plan with other steps. */
        job_free(j);
        j = new_job(JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM);
        finish_steps(j, 1, USEC_PER_SEC);
        CHECK(forecast_end(&f, j, 0) == 0);
        /* A plan that is not known. */
        job_free(j);
        CHECK(job_new(1, JOB_MOVE, STRATEGY_AUTO, "u", "vm1", &j) >= 0);
        CHECK(job_set_state(j, JOB_RUNNING) >= 0);
        finish_steps(j, j->n_steps, USEC_PER_SEC);
        CHECK(forecast_end(&f, j, 0) == 0);
}

int main(void)
{
        test_end();
        test_median();
        return EXIT_SUCCESS;
}
