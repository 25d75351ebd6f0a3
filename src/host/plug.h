/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HostOps: a guest loses and gets its functions while it runs. `host` is a RealHost. Contracts: core/host-ops.h. */

#include "core/host-ops.h"

int host_unplug(void *host, const char *uuid, const PciAddress *functions, size_t n,
                Failure *reterr) _warn_unused_result_;
int host_plug(void *host, const char *uuid, const char *devices, const PciAddress *functions, size_t n,
              bool back, Failure *reterr) _warn_unused_result_;
