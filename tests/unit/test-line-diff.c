/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/line-diff.h"

#include <stdio.h>

#include "test.h"

static void expect(const char *from, const char *to, const char *diff)
{
        _cleanup_free_ char *found = NULL;

        CHECK(line_diff(from, to, &found) == 0);
        if (!streq(found, diff)) {
                (void) fprintf(stderr, "expected:\n%sfound:\n%s", diff, found);
                abort();
        }
}

static void test_small(void)
{
        expect("", "", "");
        expect("a\nb\n", "a\nb\n", "");
        expect("a\nb\n", "a\nb", ""); /* the end of the last line is no matter */
        expect("", "a\n", "@@ -0,0 +1,1 @@\n+a\n");
        expect("a\n", "", "@@ -1,1 +0,0 @@\n-a\n");
        expect("a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
        expect("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
               "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n");
}

static void test_hunks(void)
{
        expect("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n9\n",
               "@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n");
        /* Six lines between are one hunk, seven are two. */
        expect("a\n1\n2\n3\n4\n5\n6\nb\n", "1\n2\n3\n4\n5\n6\n",
               "@@ -1,8 +1,6 @@\n-a\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n");
        expect("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "1\n2\n3\n4\n5\n6\n7\n",
               "@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n@@ -6,4 +5,3 @@\n 5\n 6\n 7\n-b\n");
}

/* Takes a diff back: what it says of `from` and of `to` must be these. */
static void test_random(void)
{
        unsigned seed = 1;

        for (unsigned round = 0; round < 300; round++) {
                char texts[2][64];
                _cleanup_free_ char *diff = NULL;
                size_t from = 0, to = 0, goes = 0, comes = 0;

                for (unsigned t = 0; t < 2; t++) {
                        size_t n = 0;

                        for (unsigned i = 0; i < round % 20; i++) {
                                seed = seed * 1103515245 + 12345;
                                if ((seed >> 16) % 4 == 0)
                                        continue;
                                texts[t][n++] = (char) ('a' + (seed >> 20) % 3);
                                texts[t][n++] = '\n';
                        }
                        texts[t][n] = '\0';
                }

                CHECK(line_diff(texts[0], texts[1], &diff) == 0);
                CHECK(streq(texts[0], texts[1]) == (*diff == '\0'));

                for (const char *p = diff; *p != '\0'; p = strchr(p, '\n') + 1) {
                        if (*p == '@') {
                                size_t at_from, n_from, at_to, n_to;

                                CHECK(sscanf(p, "@@ -%zu,%zu +%zu,%zu @@", &at_from, &n_from, &at_to,
                                             &n_to) == 4);
                                from = 2 * (n_from > 0 ? at_from - 1 : at_from);
                                to = 2 * (n_to > 0 ? at_to - 1 : at_to);
                                continue;
                        }
                        if (*p != '+') {
                                CHECK(texts[0][from] == p[1]);
                                from += 2;
                        }
                        if (*p != '-') {
                                CHECK(texts[1][to] == p[1]);
                                to += 2;
                        }
                        goes += *p == '-';
                        comes += *p == '+';
                }
                CHECK(strlen(texts[0]) / 2 + comes == strlen(texts[1]) / 2 + goes);
        }
}

static void test_many(void)
{
        _cleanup_free_ char *from = malloc(2 * 3000 + 1), *to = malloc(2 * 3000 + 1), *diff = NULL;

        CHECK(from && to);
        for (size_t i = 0; i < 3000; i++) {
                memcpy(from + 2 * i, i % 2 ? "a\n" : "b\n", 3);
                memcpy(to + 2 * i, i % 3 ? "c\n" : "d\n", 3);
        }

        CHECK(line_diff(from, to, &diff) == 0);
        CHECK(strncmp(diff, "@@ -1,3000 +1,3000 @@\n-b\n-a\n", 28) == 0);
}

int main(void)
{
        test_small();
        test_hunks();
        test_random();
        test_many();
        return EXIT_SUCCESS;
}
