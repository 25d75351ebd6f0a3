/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/config.h"

/* Prints, as one line of JSON, the plan for an inventory that comes from stdin; or a member "failure" that says why there
 * can be none. `words`: how many saves at once, seconds to search for, the guests' fix-ups, goals. -EINVAL: they are not
 * that. Logs. */
int make_plan_print(const Config *config, char *const *words) _warn_unused_result_;
