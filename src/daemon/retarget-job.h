/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the allocator does with a job in JOB_RETRYING: the decision of core/retarget.h, made durable. */

#include "daemon/manager.h"

/* *ret: the job as its journal has it now, queued again or at its end. The one time that the daemon writes a journal
 * that was a worker's: none lives. On failure it is as it was, to be tried later. */
int manager_retarget_job(Manager *m, uint64_t id, Job **ret, Failure *reterr) _warn_unused_result_;
