/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verbs "snapshot" and "watch": what there is on this host, as lines of JSON on stdout. */

#include <signal.h>

#include "store/config.h"

int snapshot_print(const Config *config) _warn_unused_result_;
/* Until *stop is set, or nobody reads any more. */
int snapshot_watch(const Config *config, const volatile sig_atomic_t *stop) _warn_unused_result_;
