/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Throughput: how fast this host wrote and read images of late, out of the journals of its jobs. The median, so that
 * one job on a busy disk, or one whose worker died in between, says nothing about the next.
 */

#include "core/job.h"

#define THROUGHPUT_SAMPLES_MAX 16U

typedef struct Throughput {
        double rates[THROUGHPUT_SAMPLES_MAX]; /* bytes per second */
        size_t n;
} Throughput;

/* Of the last samples, so: the newest first. What comes when it is full is left out. */
void throughput_add(Throughput *t, uint64_t bytes, uint64_t usec);
/* The time from the begin of `first` to the end of `last`, where both are done and the job knows its image's size. */
void throughput_add_job(Throughput *t, const Job *j, StepId first, StepId last);
/* Bytes per second; 0: not known. */
double throughput_rate(const Throughput *t);
