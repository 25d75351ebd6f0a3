/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/assignment.h"

#include "test.h"

#define THINGS_MAX 8

static bool lower(size_t want, size_t a, size_t b, const void *userdata)
{
        return a < b;
}

/* `fits`: a word for each want, like "x.x", and NULL at the end; expected: a digit for each, or NULL, then `failed`. */
static void expect(const char *const *fits_of, const char *expected, size_t failed)
{
        size_t n_wants = 0, n_things = fits_of[0] ? strlen(fits_of[0]) : 0, got[THINGS_MAX], got_failed = 99;
        bool fits[THINGS_MAX * THINGS_MAX] = { 0 };
        int r;

        for (; fits_of[n_wants]; n_wants++)
                for (size_t i = 0; i < n_things; i++)
                        fits[n_wants * n_things + i] = fits_of[n_wants][i] == 'x';

        r = assignment_find(n_wants, n_things, fits, lower, NULL, got, &got_failed);
        CHECK(r == (expected ? 0 : -ENOENT));
        CHECK(expected || got_failed == failed);
        for (size_t i = 0; expected && i < n_wants; i++)
                CHECK(got[i] == (size_t) (expected[i] - '0'));
}

#define FITS(...)                 \
        (const char *const[])     \
        {                         \
                __VA_ARGS__, NULL \
        }

static void test_table(void)
{
        expect((const char *const[]) { NULL }, "", 0);
        expect(FITS("xxx"), "0", 0);
        expect(FITS("xxx", "xxx"), "01", 0);
        expect(FITS("..x", "xxx"), "20", 0);
        /* What is best for the first is all there is for the second. */
        expect(FITS("xx.", "x.."), "10", 0);
        /* A chain: each hands its own on. */
        expect(FITS("xx..", "xx..", ".xx.", "x..."), NULL, 3);
        expect(FITS("xx..", "xxx.", ".xxx", "x..."), "1230", 0);
        expect(FITS("x.", "x."), NULL, 1);
        expect(FITS("..", "xx"), NULL, 0);
        expect(FITS("xx", "xx", "xx"), NULL, 2);
}

static bool exists(const bool *fits, size_t n_wants, size_t n_things, size_t want, unsigned taken)
{
        if (want == n_wants)
                return true;
        for (size_t i = 0; i < n_things; i++)
                if (fits[want * n_things + i] && !(taken & 1U << i) &&
                    exists(fits, n_wants, n_things, want + 1, taken | 1U << i))
                        return true;

        return false;
}

/* All ways in which four things may fit three wants: an assignment is found if there is any. */
static void test_complete(void)
{
        for (unsigned bits = 0; bits < 1U << 12; bits++) {
                size_t got[3], failed;
                bool fits[12];
                int r;

                for (size_t i = 0; i < 12; i++)
                        fits[i] = bits & 1U << i;
                r = assignment_find(3, 4, fits, lower, NULL, got, &failed);
                CHECK((r >= 0) == exists(fits, 3, 4, 0, 0));
                for (size_t i = 0; r >= 0 && i < 3; i++)
                        for (size_t k = 0; k < 3; k++)
                                CHECK(fits[i * 4 + got[i]] && (k == i || got[k] != got[i]));
        }
}

int main(void)
{
        test_table();
        test_complete();
        return EXIT_SUCCESS;
}
