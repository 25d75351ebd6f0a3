/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/throughput.h"

void throughput_add(Throughput *t, uint64_t bytes, uint64_t usec)
{
        if (bytes > 0 && usec > 0)
                samples_add(&t->rates, (double) bytes * (double) USEC_PER_SEC / (double) usec);
}

static const JobStep *find_done_step(const Job *j, StepId id)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].id == id)
                        return j->steps[i].state == STEP_DONE ? j->steps + i : NULL;

        return NULL;
}

void throughput_add_job(Throughput *t, const Job *j, StepId first, StepId last)
{
        const JobStep *begin = find_done_step(j, first), *end = find_done_step(j, last);

        /* The clock is the wall's: it may have been set in between. */
        if (begin && end && begin->started_usec > 0 && end->ended_usec > begin->started_usec)
                throughput_add(t, j->bytes_total, end->ended_usec - begin->started_usec);
}

double throughput_rate(const Throughput *t)
{
        return samples_median(&t->rates);
}
