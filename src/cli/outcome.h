/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/ctl.h"
#include "cli/model.h"

/* "0000:01:10.0 -> 0000:02:10.0, ..." with a dash for what is missing on either side. NULL: out of memory.
 * */
char *outcome_format_functions(const FunctionPair *pairs, size_t n);

/* With the cookie of the reservation that it makes, if it is to make one. */
int outcome_print_json(Ctl *c, const JobInfo *job) _warn_unused_result_;
/* Says how a job ended: as JSON, in one line, or as an error. Returns the exit status, negative when memory
 * ran out. */
int outcome_report(Ctl *c, const JobInfo *job) _warn_unused_result_;
