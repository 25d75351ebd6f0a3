/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: bus-latency CALLS
 *
 * How long the daemon on the system bus takes to answer for a property: p50 and p99, as JSON. For the lab, where what
 * the daemon depends on is stopped meanwhile.
 */

#include <stdio.h>
#include <stdlib.h>

#include "call-times.h"
#include "tests/unit/test.h"
#include "vgpu-hibernate.h"

int main(int argc, char *argv[])
{
        static const Call property = { VGPU_HIBERNATE_BUS_NAME,
                                       VGPU_HIBERNATE_ROOT_PATH,
                                       "org.freedesktop.DBus.Properties",
                                       "Get",
                                       { VGPU_HIBERNATE_MANAGER_INTERFACE, "Degraded" },
                                       false,
                                       false };
        int n = argc == 2 ? atoi(argv[1]) : 0;
        _cleanup_free_ uint64_t *usec = NULL;
        sd_bus *bus;

        if (n < 100) {
                (void) fprintf(stderr, "usage: bus-latency CALLS, at least 100\n");
                return 2;
        }

        CHECK(sd_bus_open_system(&bus) >= 0);
        usec = call_times(bus, &property, (size_t) n);
        (void) printf("{\"calls\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n", n, (double) usec[n / 2] / 1e3,
                      (double) usec[(size_t) n * 99 / 100] / 1e3);
        sd_bus_unref(bus);
        return EXIT_SUCCESS;
}
