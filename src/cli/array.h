/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/macro.h"

/* `array` points to the pointer to *n elements of this size; returns a zeroed one after them, NULL when
 * there are `max` already or memory ran out. Grows in powers of two. */
static inline void *array_add(void *array, size_t *n, size_t size, size_t max)
{
        void *elements;
        char *added;

        if (*n >= max)
                return NULL;

        memcpy(&elements, array, sizeof(elements)); /* a pointer to whatever type */
        if ((*n & (*n - 1)) == 0) {
                elements = reallocarray(elements, *n ? *n * 2 : 1, size);
                if (!elements)
                        return NULL;
                memcpy(array, &elements, sizeof(elements));
        }

        added = (char *) elements + *n * size;
        memset(added, 0, size);
        (*n)++;
        return added;
}
