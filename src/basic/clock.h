/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/macro.h"

/* Microseconds of CLOCK_REALTIME: for records that people read. */
uint64_t clock_realtime_usec(void);
/* Microseconds of CLOCK_MONOTONIC: for deadlines. */
uint64_t clock_monotonic_usec(void);
/* Of the uint64_t that it points to, in that clock: for who asks a function of his caller whether to end. */
bool clock_has_passed(void *usec);
/* Sleeps in a worker; resumes after signals until the time is over. */
void clock_sleep_usec(uint64_t usec);
