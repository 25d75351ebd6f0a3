/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Bond: what the functions of one domain have in common, and their replacements must have in common again, because its
 * guest relies on it: that they reach each other's memory over the links of one hive; else that they are of one
 * card; else that they are near the same memory of the host.
 */

#include "core/function.h"

typedef enum Bond {
        BOND_NONE,
        BOND_HIVE, /* Function.group, or the attribute "hive" */
        BOND_CARD, /* one physical function */
        BOND_NODE, /* one NUMA node */
        _BOND_MAX,
        _BOND_INVALID = -EINVAL,
} Bond;

/* "hive", "card", "NUMA node" */
const char *bond_to_string(Bond b);
Bond bond_from_string(const char *s);

/* The strongest that all of them share. None of a single function, and none when one of them is NULL: it is not known
 * then. */
Bond bond_of(const Function *const *functions, size_t n);
bool bond_holds(Bond b, const Function *x, const Function *y);
