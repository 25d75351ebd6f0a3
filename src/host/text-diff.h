/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How one text becomes another, for people: the hunks of a unified diff, by diff(1). */

#include "core/failure.h"

/* "" when they are equal; the caller frees. */
int text_diff(const char *from, const char *to, char **ret, Failure *reterr) _warn_unused_result_;
