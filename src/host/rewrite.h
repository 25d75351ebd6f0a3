/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HostOps: which functions the image and the definition of a domain name. Contracts: core/host-ops.h. */

#include "core/host-ops.h"

int host_image_set_functions(void *host, const char *uuid, const FunctionSwap *swaps, size_t n, bool back,
                             Failure *reterr) _warn_unused_result_;
int host_definition_set_functions(void *host, const char *uuid, const FunctionSwap *swaps, size_t n,
                                  bool back, Failure *reterr) _warn_unused_result_;
