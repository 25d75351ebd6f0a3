/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HostOps: is a guest well after its resume? Contract: core/host-ops.h. */

#include "core/host-ops.h"

int host_wait_agent(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
