/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/assignment.h"

#define NOBODY SIZE_MAX

typedef struct Assignment {
        size_t n_wants, n_things;
        const bool *fits;
        AssignmentBetter better;
        const void *userdata;
        size_t *thing;  /* the caller's: of each want so far */
        size_t *holder; /* owned; of each thing: which want has it, or NOBODY */
        bool *seen;     /* owned; of each thing: it was tried on this path */
} Assignment;

static void assignment_done(Assignment *a)
{
        free(a->holder);
        free(a->seen);
}

static bool fits(const Assignment *a, size_t want, size_t thing)
{
        return a->fits[want * a->n_things + thing];
}

static void give(Assignment *a, size_t want, size_t thing)
{
        a->thing[want] = thing;
        a->holder[thing] = want;
}

/* The best that nobody has; NOBODY: there is none. */
static size_t best_left(const Assignment *a, size_t want)
{
        size_t best = NOBODY;

        for (size_t i = 0; i < a->n_things; i++)
                if (fits(a, want, i) && a->holder[i] == NOBODY &&
                    (best == NOBODY || a->better(want, i, best, a->userdata)))
                        best = i;

        return best;
}

/* As deep as there are wants at most: each step takes a thing from another one. */
static bool find_path(Assignment *a, size_t want)
{
        size_t left = best_left(a, want);

        if (left != NOBODY) {
                give(a, want, left);
                return true;
        }

        for (size_t i = 0; i < a->n_things; i++) {
                if (!fits(a, want, i) || a->seen[i])
                        continue;

                a->seen[i] = true;
                if (find_path(a, a->holder[i])) {
                        give(a, want, i);
                        return true;
                }
        }

        return false;
}

int assignment_find(size_t n_wants, size_t n_things, const bool *fits_of, AssignmentBetter better,
                    const void *userdata, size_t *ret, size_t *ret_failed)
{
        _cleanup_(assignment_done) Assignment a = {
                .n_wants = n_wants,
                .n_things = n_things,
                .fits = fits_of,
                .better = better,
                .userdata = userdata,
                .thing = ret,
                .holder = calloc(n_things + 1, sizeof(size_t)),
                .seen = calloc(n_things + 1, sizeof(bool)),
        };

        if (!a.holder || !a.seen)
                return -ENOMEM;

        for (size_t i = 0; i < n_things; i++)
                a.holder[i] = NOBODY;

        for (size_t i = 0; i < n_wants; i++) {
                memset(a.seen, 0, n_things * sizeof(bool));
                if (!find_path(&a, i)) {
                        *ret_failed = i;
                        return -ENOENT;
                }
        }

        return 0;
}
