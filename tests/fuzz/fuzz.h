/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The entry point of libFuzzer, and a check that stays in every build. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition)     \
        do {                      \
                if (!(condition)) \
                        abort();  \
        } while (false)
