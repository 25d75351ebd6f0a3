/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Samples: what was measured of late, by its median: so one that hung, or whose worker died in between, says nothing about
 * the next.
 */

#include "basic/macro.h"

#define SAMPLES_MAX 16U

typedef struct Samples {
        double values[SAMPLES_MAX];
        size_t n;
} Samples;

/* Of the last ones, so: the newest first. What comes when it is full is left out. */
void samples_add(Samples *s, double value);
/* Of two in the middle the smaller; 0 of none. */
double samples_median(const Samples *s);
