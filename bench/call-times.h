/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How long calls of one kind take, by one client that waits for each answer. */

#include <systemd/sd-bus.h>

#include "basic/macro.h"

typedef struct Call {
        const char *service, *path, *interface, *method;
        const char *arguments[2];
        bool with_flag; /* false is the last argument */
        bool fails;
} Call;

/* Of n calls, sorted; the caller's. Ends the process when a call ends otherwise than it should. */
uint64_t *call_times(sd_bus *bus, const Call *c, size_t n);
