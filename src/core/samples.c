/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/samples.h"

void samples_add(Samples *s, double value)
{
        if (s->n < SAMPLES_MAX)
                s->values[s->n++] = value;
}

static int compare(const void *a, const void *b)
{
        const double *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

double samples_median(const Samples *s)
{
        Samples sorted = *s;

        if (s->n == 0)
                return 0;

        qsort(sorted.values, sorted.n, sizeof(double), compare);
        return sorted.values[(sorted.n - 1) / 2];
}
