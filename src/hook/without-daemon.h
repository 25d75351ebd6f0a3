/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the hook decides when no daemon answers: from the state directory, the configuration and sysfs. All is only read. */

#include "hook/hook-call.h"
#include "hook/hook.h"

/* Has the domain a record of a hibernation, one that cannot be read included? -ENOENT: there is no state directory. */
int without_daemon_is_hibernated(const HookPaths *paths, const char *uuid) _warn_unused_result_;
/* 0: go on, else refused: `why` is why nobody answers. */
int without_daemon_judge(const HookPaths *paths, const HookCall *c, const char *why,
                         Failure *reterr) _warn_unused_result_;
