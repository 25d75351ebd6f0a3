/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Starting a job. What can be refused is refused here, from memory, before anything is touched: the caller
 * gets one clear error and no job. What only the host or the guest can tell, the worker asks as the job's
 * first step.
 */

#include "daemon/job-options.h"
#include "daemon/manager.h"

/* `domain`: name or UUID, as it came from the wire. */
int start_job(Manager *m, JobKind kind, const char *domain, const JobOptions *options, ManagedJob **ret,
              Failure *reterr) _warn_unused_result_;
/* FAILURE_UNKNOWN_DOMAIN. */
int find_domain(Manager *m, const char *domain, const DomainView **ret,
                Failure *reterr) _warn_unused_result_;
/* How targets for these are chosen. */
PickPolicy pick_policy_for(const Manager *m, const FunctionSwap *swaps, size_t n);
