/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <wchar.h>

/* The longest form that one character is escaped to: "\U0010ffff". */
#define ESCAPE_MAX 10

int text_decode_utf8(const char *s, uint32_t *ret)
{
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *u = (const unsigned char *) s;
        uint32_t c;
        int n;

        if (u[0] < 0x80) {
                *ret = u[0];
                return 1;
        }

        if (u[0] >= 0xc2 && u[0] <= 0xdf)
                n = 2;
        else if (u[0] >= 0xe0 && u[0] <= 0xef)
                n = 3;
        else if (u[0] >= 0xf0 && u[0] <= 0xf4)
                n = 4;
        else
                return -EINVAL;

        c = u[0] & (0x7fu >> n);
        for (int i = 1; i < n; i++) {
                if ((u[i] & 0xc0) != 0x80) /* the terminating NUL ends it here too */
                        return -EINVAL;
                c = c << 6 | (u[i] & 0x3f);
        }

        if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return -EINVAL;

        *ret = c;
        return n;
}

bool text_is_utf8(const char *s)
{
        uint32_t c;

        while (*s) {
                int n = text_decode_utf8(s, &c);
                if (n < 0)
                        return false;
                s += n;
        }

        return true;
}

/* Whatever moves the cursor, changes the direction of writing, or cannot be seen. */
static bool character_is_unsafe(uint32_t c)
{
        static const struct {
                uint32_t first, last;
        } unsafe[] = {
                { 0x00, 0x1f },       /* C0 */
                { 0x7f, 0x9f },       /* DEL, C1 */
                { 0xad, 0xad },       /* soft hyphen */
                { 0x61c, 0x61c },     /* Arabic letter mark */
                { 0x115f, 0x1160 },   /* Hangul fillers */
                { 0x180e, 0x180e },   /* Mongolian vowel separator */
                { 0x200b, 0x200f },   /* zero width, direction marks */
                { 0x2028, 0x202e },   /* line separators, direction embedding and override */
                { 0x2060, 0x206f },   /* invisible operators, direction isolates */
                { 0xfeff, 0xfeff },   /* byte order mark */
                { 0xfff9, 0xfffb },   /* interlinear annotation */
                { 0xe0000, 0xe0fff }, /* tags */
        };

        for (size_t i = 0; i < ELEMENTSOF(unsafe); i++)
                if (c >= unsafe[i].first && c <= unsafe[i].last)
                        return true;

        return false;
}

char *text_escape(const char *s, bool utf8)
{
        size_t size = strlen(s) * ESCAPE_MAX + 1;
        char *escaped = malloc(size), *p = escaped;

        if (!escaped)
                return NULL;

        while (*s) {
                uint32_t c;
                int n = text_decode_utf8(s, &c);
                size_t left = size - (size_t) (p - escaped);

                if (n < 0) {
                        p += snprintf(p, left, "\\x%02x", (unsigned char) *s);
                        s++;
                        continue;
                }

                if (!character_is_unsafe(c) && (c < 0x80 || (utf8 && wcwidth((wchar_t) c) >= 0))) {
                        memcpy(p, s, (size_t) n);
                        p += n;
                } else if (c < 0x80)
                        p += snprintf(p, left, "\\x%02x", (unsigned) c);
                else if (c < 0x10000)
                        p += snprintf(p, left, "\\u%04x", (unsigned) c);
                else
                        p += snprintf(p, left, "\\U%08x", (unsigned) c);

                s += n;
        }

        *p = '\0';
        return escaped;
}

static size_t character_width(uint32_t c)
{
        int w = c < 0x80 ? 1 : wcwidth((wchar_t) c);

        return w < 0 ? 0 : (size_t) w;
}

size_t text_width(const char *s)
{
        size_t width = 0;

        while (*s) {
                uint32_t c;
                int n = text_decode_utf8(s, &c);

                width += n < 0 ? 1 : character_width(c);
                s += n < 0 ? 1 : n;
        }

        return width;
}

char *text_ellipsize(const char *s, size_t columns, bool utf8)
{
        const char *ellipsis = utf8 ? "\xe2\x80\xa6" : "..."; /* U+2026 */
        size_t dots = utf8 ? 1 : 3, width = 0;
        const char *end = s;
        char *cut;

        if (text_width(s) <= columns)
                return strdup(s);

        if (columns < dots)
                return strndup("...", columns);

        while (*end) {
                uint32_t c;
                int n = text_decode_utf8(end, &c);
                size_t w = n < 0 ? 1 : character_width(c);

                if (width + w > columns - dots)
                        break;
                width += w;
                end += n < 0 ? 1 : n;
        }

        if (asprintf(&cut, "%.*s%s", (int) (end - s), s, ellipsis) < 0)
                return NULL;
        return cut;
}

char *text_join(char **strings)
{
        char *text = strdup("");

        for (char **s = strings; text && s && *s; s++) {
                _cleanup_free_ char *before = text;

                if (asprintf(&text, "%s%s%s", before, *before ? "," : "", *s) < 0)
                        text = NULL;
        }

        return text;
}

char *text_format_bytes(uint64_t bytes, char buf[static TEXT_NUMBER_MAX])
{
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
        uint64_t unit = 1, whole, tenths;
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(units) && bytes / unit >= 1024) {
                unit *= 1024;
                i++;
        }

        whole = bytes / unit;
        tenths = unit > 1 ? (bytes % unit / 16) * 10 / (unit / 16) : 0; /* no overflow with EiB */

        if (i == 0 || tenths == 0 || whole >= 100)
                (void) snprintf(buf, TEXT_NUMBER_MAX, "%" PRIu64 " %s", whole, units[i]);
        else
                (void) snprintf(buf, TEXT_NUMBER_MAX, "%" PRIu64 ".%" PRIu64 " %s", whole, tenths, units[i]);
        return buf;
}

char *text_format_duration(uint64_t usec, char buf[static TEXT_NUMBER_MAX])
{
        uint64_t seconds = usec / USEC_PER_SEC, tenths = usec % USEC_PER_SEC / (100 * USEC_PER_MSEC);

        if (seconds < 60)
                (void) snprintf(buf, TEXT_NUMBER_MAX, "%" PRIu64 ".%" PRIu64 "s", seconds, tenths);
        else if (seconds < 60 * 60)
                (void) snprintf(buf, TEXT_NUMBER_MAX, "%" PRIu64 "min %" PRIu64 "s", seconds / 60,
                                seconds % 60);
        else if (seconds < 24 * 60 * 60)
                (void) snprintf(buf, TEXT_NUMBER_MAX, "%" PRIu64 "h %" PRIu64 "min", seconds / 3600,
                                seconds % 3600 / 60);
        else
                (void) snprintf(buf, TEXT_NUMBER_MAX, "%" PRIu64 "d %" PRIu64 "h", seconds / 86400,
                                seconds % 86400 / 3600);
        return buf;
}

char *text_format_time(uint64_t usec, char buf[static TEXT_NUMBER_MAX])
{
        time_t t = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        /* A year of five digits and more is nobody's job. */
        if (usec == 0 || !localtime_r(&t, &tm) || tm.tm_year > 8099 ||
            strftime(buf, TEXT_NUMBER_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0)
                (void) snprintf(buf, TEXT_NUMBER_MAX, "-");
        return buf;
}

#define NEAREST_LENGTH_MAX 40

/* Edits that make b of a: insertions, deletions, replacements and swaps of neighbours. */
static size_t distance(const char *a, const char *b)
{
        size_t d[NEAREST_LENGTH_MAX + 1][NEAREST_LENGTH_MAX + 1];
        size_t na = strlen(a), nb = strlen(b);

        assert(na <= NEAREST_LENGTH_MAX && nb <= NEAREST_LENGTH_MAX);

        for (size_t i = 0; i <= na; i++)
                for (size_t j = 0; j <= nb; j++) {
                        size_t best;

                        if (i == 0 || j == 0) {
                                d[i][j] = i + j;
                                continue;
                        }

                        best = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                        if (d[i - 1][j] + 1 < best)
                                best = d[i - 1][j] + 1;
                        if (d[i][j - 1] + 1 < best)
                                best = d[i][j - 1] + 1;
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                            d[i - 2][j - 2] + 1 < best)
                                best = d[i - 2][j - 2] + 1;
                        d[i][j] = best;
                }

        return d[na][nb];
}

const char *text_nearest(const char *typed, const char *(*next)(size_t i))
{
        size_t length = strlen(typed), best = (length + 2) / 3 + 1;
        const char *nearest = NULL, *candidate;

        if (length == 0 || length > NEAREST_LENGTH_MAX)
                return NULL;

        for (size_t i = 0; (candidate = next(i)); i++) {
                size_t n;

                if (strlen(candidate) > NEAREST_LENGTH_MAX)
                        continue;

                /* The beginning of a word counts as nearly right. */
                n = strncmp(typed, candidate, length) == 0 ? 1 : distance(typed, candidate);
                if (n < best) {
                        best = n;
                        nearest = candidate;
                }
        }

        return nearest;
}
