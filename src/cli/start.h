/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/ctl.h"

/* --no-wait: prints the number of the job that was started, or the new job as it is now. */
int start_report(Ctl *c, const char *path);
