/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The commands that a function's family names: its gate and its cleaning. HostOps, see core/host-ops.h. */

#include "core/host-ops.h"

int host_function_gate(void *host, const PciAddress *a, GateQuestion question, Failure *reterr);
int host_await_gates(void *host, const PciAddress *functions, size_t n, Failure *reterr);
int host_function_clean(void *host, const PciAddress *a, Failure *reterr);
