/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Throughput: how fast this host wrote and read images of late, out of the journals of its jobs. */

#include "core/job.h"
#include "core/samples.h"

typedef struct Throughput {
        Samples rates; /* bytes per second */
} Throughput;

void throughput_add(Throughput *t, uint64_t bytes, uint64_t usec);
/* The time from the begin of `first` to the end of `last`, where both are done and the job knows its image's size. */
void throughput_add_job(Throughput *t, const Job *j, StepId first, StepId last);
/* Bytes per second; 0: not known. Of two in the middle the slower: rather a little late than too early. */
double throughput_rate(const Throughput *t);
