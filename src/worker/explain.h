/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The verb "explain": what the first step of such a job would find, as one line of JSON on stdout
 * (store/verdict-json.h). Touches nothing; what cannot be found out is a finding, too.
 */

#include "core/verdict.h"
#include "store/config.h"

/* One line on stdout: what the daemon reads of a worker that was asked something. */
int verdict_print(const Verdict *v) _warn_unused_result_;
/* Of a resume the strategy is what the domain's record says, whatever is asked. */
int explain_print(const Config *config, const char *state_dir, const char *uuid, JobKind kind,
                  Strategy strategy) _warn_unused_result_;
