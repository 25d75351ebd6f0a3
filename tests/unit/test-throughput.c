/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/throughput.h"

#include "test.h"

#define MIB (UINT64_C(1) << 20)

static bool is_about(double a, double b)
{
        return a > b * 0.999 && a < b * 1.001;
}

static void test_median(void)
{
        Throughput t = { 0 };

        CHECK(throughput_rate(&t) <= 0);
        throughput_add(&t, 0, USEC_PER_SEC);
        throughput_add(&t, MIB, 0);
        CHECK(throughput_rate(&t) <= 0); /* those say nothing */

        throughput_add(&t, 100 * MIB, USEC_PER_SEC);
        CHECK(is_about(throughput_rate(&t), 100.0 * MIB));
        throughput_add(&t, 100 * MIB, 2 * USEC_PER_SEC);
        CHECK(is_about(throughput_rate(&t), 50.0 * MIB)); /* the slower of two */
        throughput_add(&t, 1, 3600 * USEC_PER_SEC);       /* one that hung changes little */
        CHECK(is_about(throughput_rate(&t), 50.0 * MIB));

        for (size_t i = 0; i < 2 * SAMPLES_MAX; i++)
                throughput_add(&t, MIB, USEC_PER_SEC);
        CHECK(t.rates.n == SAMPLES_MAX);
        CHECK(is_about(throughput_rate(&t), MIB));
}

static void test_jobs(void)
{
        _cleanup_(job_freep) Job *j = NULL;
        Throughput save = { 0 }, resume = { 0 };

        CHECK(job_new(1, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, "u", "vm1", &j) >= 0);
        j->bytes_total = 300 * MIB;
        *job_find_step(j, STEP_SAVE) = (JobStep) { STEP_SAVE, STEP_DONE, 1000000, 2000000 };
        throughput_add_job(&save, j, STEP_SAVE, STEP_SYNC);
        CHECK(save.rates.n == 0); /* not yet on disk */
        *job_find_step(j, STEP_SYNC) = (JobStep) { STEP_SYNC, STEP_DONE, 2000000, 4000000 };
        throughput_add_job(&save, j, STEP_SAVE, STEP_SYNC);
        CHECK(save.rates.n == 1 && is_about(throughput_rate(&save), 100.0 * MIB));

        *job_find_step(j, STEP_RESTORE) = (JobStep) { STEP_RESTORE, STEP_DONE, 5000000, 6000000 };
        *job_find_step(j, STEP_WAKE) = (JobStep) { STEP_WAKE, STEP_UNDONE, 6000000, 7000000 };
        throughput_add_job(&resume, j, STEP_RESTORE, STEP_WAKE);
        CHECK(resume.rates.n == 0);
        *job_find_step(j, STEP_WAKE) = (JobStep) { STEP_WAKE, STEP_DONE, 6000000, 4000000 };
        throughput_add_job(&resume, j, STEP_RESTORE, STEP_WAKE);
        CHECK(resume.rates.n == 0); /* the clock was set */

        /* A plan without these steps. */
        CHECK(job_set_strategy(j, STRATEGY_SUSPEND_TO_DISK) >= 0);
        throughput_add_job(&resume, j, STEP_RESTORE, STEP_WAKE);
        CHECK(resume.rates.n == 0);
}

int main(void)
{
        test_median();
        test_jobs();
        return EXIT_SUCCESS;
}
