/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/line-diff.h"

#include <stdio.h>

#define CONTEXT 3U

typedef struct Line {
        const char *text;
        size_t size;  /* without its end */
        bool differs; /* goes, or comes */
} Line;

typedef struct Lines {
        Line *list;
        size_t n;
} Lines;

static void lines_done(Lines *l)
{
        free(l->list);
}

static int lines_of(const char *text, Lines *ret)
{
        size_t n = 1;

        for (const char *p = text; (p = strchr(p, '\n')); p++)
                n++;

        *ret = (Lines) { .list = calloc(n, sizeof(Line)) };
        if (!ret->list)
                return -ENOMEM;

        while (*text != '\0') {
                size_t size = strcspn(text, "\n");

                ret->list[ret->n++] = (Line) { .text = text, .size = size };
                text += size + (text[size] == '\n');
        }

        return 0;
}

static bool line_equal(const Line *a, const Line *b)
{
        return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

static void mark_all(Line *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                list[i].differs = true;
}

/* reach[D][k + D]: how far into `a` a path with less than D differences comes on diagonal k. */
typedef struct Search {
        const Line *a, *b;
        long n_a, n_b;
        long *reach[LINE_DIFF_MAX + 1]; /* owned */
} Search;

static void search_done(Search *s)
{
        for (size_t i = 0; i < ELEMENTSOF(s->reach); i++)
                free(s->reach[i]);
}

/* Does the best path to this diagonal come from the one above, by a line of `b`? */
static bool comes_from_above(const long *before, long d, long k)
{
        return k == -d || (k != d && before[k - 1] < before[k + 1]);
}

/* One more difference. 1: it is the last one. */
static int search_step(Search *s, long d)
{
        const long *before = s->reach[d] + d;
        long *after = calloc(2 * (size_t) d + 3, sizeof(long));

        if (!after)
                return -ENOMEM;
        s->reach[d + 1] = after;
        after += d + 1;

        for (long k = -d; k <= d; k += 2) {
                long x = d == 0 ? 0 : comes_from_above(before, d, k) ? before[k + 1] : before[k - 1] + 1;

                while (x < s->n_a && x - k < s->n_b && line_equal(s->a + x, s->b + (x - k)))
                        x++;
                after[k] = x;
                if (x >= s->n_a && x - k >= s->n_b)
                        return 1;
        }

        return 0;
}

/* From the end back along the path. */
static void search_mark(const Search *s, long d, Line *a, Line *b)
{
        long x = s->n_a, y = s->n_b;

        for (; d > 0; d--) {
                const long *before = s->reach[d] + d;
                long k = x - y;

                if (comes_from_above(before, d, k)) {
                        x = before[k + 1];
                        y = x - k - 1;
                        b[y].differs = true;
                } else {
                        x = before[k - 1];
                        y = x - k + 1;
                        a[x].differs = true;
                }
        }
}

static int mark_differences(Line *a, size_t n_a, Line *b, size_t n_b)
{
        _cleanup_(search_done) Search s = { .a = a, .b = b, .n_a = (long) n_a, .n_b = (long) n_b };

        s.reach[0] = calloc(1, sizeof(long));
        if (!s.reach[0])
                return -ENOMEM;

        for (long d = 0; d < LINE_DIFF_MAX; d++) {
                int r = search_step(&s, d);

                if (r < 0)
                        return r;
                if (r > 0) {
                        search_mark(&s, d, a, b);
                        return 0;
                }
        }

        mark_all(a, n_a);
        mark_all(b, n_b);
        return 0;
}

/* The end of the hunk that begins with these: where so many lines are equal that the next one would not touch it. */
static void find_hunk_end(const Lines *a, const Lines *b, size_t *i, size_t *k)
{
        size_t equal = 0;

        while (equal <= 2 * CONTEXT && (*i < a->n || *k < b->n)) {
                bool goes = *i < a->n && a->list[*i].differs, comes = *k < b->n && b->list[*k].differs;

                equal = goes || comes ? 0 : equal + 1;
                *i += goes || !comes;
                *k += comes || !goes;
        }

        if (equal > CONTEXT) {
                *i -= equal - CONTEXT;
                *k -= equal - CONTEXT;
        }
}

static void print_line(FILE *out, char sign, const Line *l)
{
        (void) fprintf(out, "%c%.*s\n", sign, (int) l->size, l->text);
}

static void print_hunk(FILE *out, const Lines *a, size_t i, size_t end_a, const Lines *b, size_t k,
                       size_t end_b)
{
        /* Of an empty range the line before it is named. */
        (void) fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", i + (end_a > i), end_a - i, k + (end_b > k),
                       end_b - k);

        while (i < end_a || k < end_b)
                if (i < end_a && a->list[i].differs)
                        print_line(out, '-', a->list + i++);
                else if (k < end_b && b->list[k].differs)
                        print_line(out, '+', b->list + k++);
                else {
                        print_line(out, ' ', a->list + i++);
                        k++;
                }
}

static void print_hunks(FILE *out, const Lines *a, const Lines *b)
{
        size_t i = 0, k = 0;

        while (i < a->n || k < b->n) {
                size_t before = 0, end_a, end_b;

                /* Equal lines are as many on both sides. */
                while (i < a->n && k < b->n && !a->list[i].differs && !b->list[k].differs) {
                        i++;
                        k++;
                        before++;
                }
                if (i >= a->n && k >= b->n)
                        return;

                before = before < CONTEXT ? before : CONTEXT;
                end_a = i;
                end_b = k;
                find_hunk_end(a, b, &end_a, &end_b);
                print_hunk(out, a, i - before, end_a, b, k - before, end_b);
                i = end_a;
                k = end_b;
        }
}

int line_diff(const char *from, const char *to, char **ret)
{
        _cleanup_(lines_done) Lines a = { 0 }, b = { 0 };
        size_t same = 0, end = 0, size;
        char *text = NULL;
        FILE *out;
        int r;

        if (lines_of(from, &a) < 0 || lines_of(to, &b) < 0)
                return -ENOMEM;

        while (same < a.n && same < b.n && line_equal(a.list + same, b.list + same))
                same++;
        while (end < a.n - same && end < b.n - same &&
               line_equal(a.list + a.n - 1 - end, b.list + b.n - 1 - end))
                end++;

        r = mark_differences(a.list + same, a.n - same - end, b.list + same, b.n - same - end);
        if (r < 0)
                return r;

        out = open_memstream(&text, &size);
        if (!out)
                return -ENOMEM;
        print_hunks(out, &a, &b);
        if (fclose(out) != 0) {
                free(text);
                return -ENOMEM;
        }

        *ret = text;
        return 0;
}
