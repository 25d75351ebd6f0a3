/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/when.h"

#include <time.h>

/* A century: sums of such do not overflow, and nobody means more. */
#define SECONDS_MAX UINT64_C(3155760000)

/* Digits at the beginning; *ret_rest: what stands after them. */
static int parse_digits(const char *text, uint64_t *ret, const char **ret_rest)
{
        uint64_t value = 0;
        const char *p = text;

        for (; *p >= '0' && *p <= '9'; p++) {
                value = value * 10 + (uint64_t) (*p - '0');
                if (value > SECONDS_MAX * 2)
                        return -EINVAL;
        }
        if (p == text)
                return -EINVAL;

        *ret = value;
        *ret_rest = p;
        return 0;
}

static int parse_distance(const char *text, uint64_t now_usec, uint64_t *ret)
{
        static const struct {
                const char *name;
                uint64_t seconds;
        } units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 } };
        const char *unit;
        uint64_t n;

        if (parse_digits(text, &n, &unit) < 0)
                return -EINVAL;

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (streq(unit, units[i].name) && n <= SECONDS_MAX / units[i].seconds) {
                        *ret = now_usec + n * units[i].seconds * USEC_PER_SEC;
                        return 0;
                }

        return -EINVAL;
}

static int parse_seconds(const char *text, uint64_t *ret)
{
        const char *rest;
        uint64_t n;

        if (parse_digits(text, &n, &rest) < 0 || *rest)
                return -EINVAL;

        *ret = n * USEC_PER_SEC;
        return 0;
}

static int parse_date(const char *text, uint64_t *ret)
{
        static const char *const formats[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S" };

        for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
                struct tm tm = { .tm_isdst = -1 }, day;
                const char *rest = strptime(text, formats[i], &tm);
                time_t t;

                if (!rest || *rest)
                        continue;

                /* mktime() makes the 3rd of March of a 31st of February. */
                day = tm;
                t = mktime(&tm);
                if (t < 0 || tm.tm_mday != day.tm_mday || tm.tm_mon != day.tm_mon)
                        return -EINVAL;

                *ret = (uint64_t) t * USEC_PER_SEC;
                return 0;
        }

        return -EINVAL;
}

int when_parse(const char *text, uint64_t now_usec, uint64_t *ret)
{
        if (*text == '+')
                return parse_distance(text + 1, now_usec, ret);
        if (*text == '@')
                return parse_seconds(text + 1, ret);

        return parse_date(text, ret);
}
