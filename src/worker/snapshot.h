/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verbs "snapshot" and "watch": what there is on this host, as lines of JSON on stdout. */

#include "store/config.h"

int snapshot_print(const Config *config) _warn_unused_result_;
/* Until SIGTERM, or until nobody reads any more. */
int snapshot_watch(const Config *config) _warn_unused_result_;
