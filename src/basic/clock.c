/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "basic/clock.h"

#include <time.h>

static uint64_t now_usec(clockid_t clock)
{
        struct timespec ts;

        /* Fails only for a clock that does not exist; these two always do on Linux. */
        (void) clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / NSEC_PER_USEC;
}

uint64_t clock_realtime_usec(void)
{
        return now_usec(CLOCK_REALTIME);
}

uint64_t clock_monotonic_usec(void)
{
        return now_usec(CLOCK_MONOTONIC);
}

bool clock_has_passed(void *usec)
{
        return clock_monotonic_usec() >= *(const uint64_t *) usec;
}

void clock_sleep_usec(uint64_t usec)
{
        struct timespec ts = {
                .tv_sec = (time_t) (usec / USEC_PER_SEC),
                .tv_nsec = (long) (usec % USEC_PER_SEC * NSEC_PER_USEC),
        };

        while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
                ;
}
