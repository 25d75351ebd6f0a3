/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The gate of a family, asked: core/family.h. */

#include "core/family.h"

/* What its command printed, read: 1 when that is a string which the gate accepts, 0 when it is another one. `ret_answer`
 * (owned) is that string, fit for people. Negative: it is not understood. */
int gate_read_answer(const FamilyGate *g, const char *text, size_t size, char **ret_answer,
                     Failure *reterr) _warn_unused_result_;
