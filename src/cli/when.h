/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Points in time as people write them. */

#include "basic/macro.h"

/* "2025-03-01", "2025-03-01 10:26" and with ":03" after it, local time; "@1740821163", seconds since 1970; "+90s",
 * "+30min", "+2h" and "+7d", from now on. Microseconds since 1970. -EINVAL: nothing of these, or no such day. */
int when_parse(const char *text, uint64_t now_usec, uint64_t *ret) _warn_unused_result_;
