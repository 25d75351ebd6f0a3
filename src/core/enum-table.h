/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names of an enum's values from one table: X_to_string() and X_from_string(), checked for completeness. */

#include <assert.h>

#include "basic/macro.h"

#define DEFINE_ENUM_TABLE(name, type, max)                                          \
        static_assert(ELEMENTSOF(name##_table) == (max), "a value without a name"); \
        const char *name##_to_string(type value)                                    \
        {                                                                           \
                if ((int) value < 0 || (size_t) value >= ELEMENTSOF(name##_table))  \
                        return NULL;                                                \
                return name##_table[value];                                         \
        }                                                                           \
        type name##_from_string(const char *s)                                      \
        {                                                                           \
                for (size_t i = 0; i < ELEMENTSOF(name##_table); i++)               \
                        if (streq_ptr(name##_table[i], s))                          \
                                return (type) i;                                    \
                return (type) (-EINVAL);                                            \
        }                                                                           \
        typedef int name##_table_defined_
