/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Attributes: what ids and BARs of a function do not show, by name: "partition", "framebuffer_mib" or any other word. Which
 * of them mean something says the device's family (core/family.h). Values are text; a number is its decimal digits.
 *
 * A value type, so that a journal keeps with a function what its guest knew of it. Two that say the same are equal
 * bytes.
 */

#include "basic/macro.h"

#define ATTRIBUTES_BYTES_MAX 510U

/* Two with a meaning of their own. */
#define ATTRIBUTE_PHYSICAL_NODE \
        "physical_node"       /* a card's place among its peers, as a guest's driver keeps it */
#define ATTRIBUTE_HIVE "hive" /* the cards that are linked to each other */

typedef struct Attributes {
        uint16_t bytes;                  /* used of the text */
        char text[ATTRIBUTES_BYTES_MAX]; /* "name" NUL "value" NUL, by name; zeros behind */
} Attributes;

/* NULL: it is not told. The text lives as long as the attributes stay as they are. */
const char *attributes_get(const Attributes *a, const char *name);
/* Replaces what it was. -EINVAL: the name is not 1 or more letters, digits and '_', or the value is empty or has control
 * characters; -E2BIG: there is no more room. */
int attributes_set(Attributes *a, const char *name, const char *value) _warn_unused_result_;
/* The first from *offset on, which begins at 0 and goes on behind it. False: there is none. */
bool attributes_next(const Attributes *a, size_t *offset, const char **ret_name, const char **ret_value);
