/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * LineDiff: how one text becomes another, for people: the hunks of a unified diff, each with three lines around what
 * differs, which patch(1) takes as well. The shortest one (Myers 1986, "An O(ND) Difference Algorithm and Its
 * Variations"), except where more than LINE_DIFF_MAX lines differ: then all of them go and come at once.
 */

#include "basic/macro.h"

#define LINE_DIFF_MAX 1000

/* "" when they are equal; the caller frees. -ENOMEM. */
int line_diff(const char *from, const char *to, char **ret) _warn_unused_result_;
