/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Assignment: one of a list of things for each of some wants, no thing twice, where not every thing fits every want. Each
 * want gets what is best for it of what is left, in their order; one that nothing is left for has those before it take
 * others, so that an assignment is found if there is any (augmenting paths: Berge 1957).
 */

#include "basic/macro.h"

/* Is thing `a` better for this want than `b`? */
typedef bool (*AssignmentBetter)(size_t want, size_t a, size_t b, const void *userdata);

/* `fits` has n_things elements for each want; ret[] the thing for each. -ENOENT: there is none, and *ret_failed the first
 * want that cannot be met together with those before it, for which ret[] is filled in. -ENOMEM. */
int assignment_find(size_t n_wants, size_t n_things, const bool *fits, AssignmentBetter better,
                    const void *userdata, size_t *ret, size_t *ret_failed) _warn_unused_result_;
