/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "call-times.h"

#include "basic/clock.h"
#include "tests/unit/test.h"

#define CALL_TIMEOUT_USEC (30 * USEC_PER_SEC)

static uint64_t time_call(sd_bus *bus, const Call *c)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        uint64_t begun;
        int r;

        CHECK(sd_bus_message_new_method_call(bus, &call, c->service, c->path, c->interface, c->method) >= 0);
        for (size_t i = 0; i < ELEMENTSOF(c->arguments) && c->arguments[i]; i++)
                CHECK(sd_bus_message_append(call, "s", c->arguments[i]) >= 0);
        if (c->with_flag)
                CHECK(sd_bus_message_append(call, "b", false) >= 0);

        begun = clock_monotonic_usec();
        r = sd_bus_call(bus, call, CALL_TIMEOUT_USEC, NULL, &reply);
        CHECK(c->fails ? r < 0 && r != -ETIMEDOUT : r >= 0);
        return clock_monotonic_usec() - begun;
}

static int compare_usec(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

/* Sorted. */
uint64_t *call_times(sd_bus *bus, const Call *c, size_t n)
{
        uint64_t *usec = calloc(n, sizeof(*usec));

        CHECK(usec);
        for (size_t i = 0; i < n; i++)
                usec[i] = time_call(bus, c);
        qsort(usec, n, sizeof(*usec), compare_usec);
        return usec;
}
