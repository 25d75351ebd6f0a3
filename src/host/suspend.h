/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HostOps: the guest sleeps and wakes. `host` is a RealHost. Contracts: core/host-ops.h. */

#include "core/host-ops.h"
#include "host/virt.h"

int host_suspend_to_ram(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_settle_suspend(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_suspend_to_disk(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_wake(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_set_cpr_mode(void *host, const char *uuid, bool cpr, Failure *reterr) _warn_unused_result_;
int host_mend(void *host, const char *uuid, bool again, Failure *reterr) _warn_unused_result_;

/* Whether a wake-up leaves this domain's guest unable to suspend, and to be unplugged, until it boots: core/firmware.h.
 * False when that cannot be known. */
bool host_suspends_only_once(virDomainPtr d);
