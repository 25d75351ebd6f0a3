/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HostOps: what the world says about one domain. Contract: core/host-ops.h. */

#include "core/host-ops.h"

int host_inspect(void *host, const char *uuid, bool ask_guest, DomainFacts *ret,
                 Failure *reterr) _warn_unused_result_;
