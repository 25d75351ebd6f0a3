/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* CHECK: assert() that stays in every build and says where and what. */

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                               \
        do {                                                                                           \
                if (!(condition)) {                                                                    \
                        (void) fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                                       \
                }                                                                                      \
        } while (false)
