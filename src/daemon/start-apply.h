/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Starting a job that carries out a plan, see apply-job.h. What can be refused is refused here, before anything is begun. */

#include "core/apply.h"
#include "core/inventory.h"
#include "daemon/manager.h"

/* Checks that the plan is for this host as it is, and that every move could begin as far as that is known; makes the job,
 * durably. Takes the plan. FAILURE_PLAN_STALE: `stamp` is another one's. */
int start_apply(Manager *m, Apply *plan, const char *stamp, Strategy strategy, ManagedJob **ret,
                Failure *reterr) _warn_unused_result_;
/* Is this the stamp of the inventory of this moment, which is returned? FAILURE_PLAN_STALE. */
int start_apply_check_stamp(const Manager *m, const char *stamp, Inventory *ret,
                            Failure *reterr) _warn_unused_result_;
