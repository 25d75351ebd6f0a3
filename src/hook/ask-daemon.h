/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one question over D-Bus. A daemon that does not run is not started for it. */

#include "hook/hook-call.h"

/* 0: go on; *ret_n > 0: with *ret as its functions instead, to be freed. -EREMOTEIO with *reterr: the daemon refuses, and says why. Any other error, with *reterr: there is no answer by
 * `deadline_usec` (CLOCK_MONOTONIC), or none that this program understands. */
int ask_daemon(const HookCall *c, bool user_bus, uint64_t deadline_usec, PciAddress **ret, size_t *ret_n,
               Failure *reterr) _warn_unused_result_;
