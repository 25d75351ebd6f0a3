/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/ctl.h"

/* What becomes of the functions, as --hold and --until say it: `hold` and `hold_until` for an open a{sv}. */
int hold_append_options(sd_bus_message *m, const Ctl *c) _warn_unused_result_;
