/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HostOps: a QEMU comes up from an image or from nothing, or goes away unused. Contracts:
 * core/host-ops.h. */

#include "core/host-ops.h"

int host_restore(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_follow_restore(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_cont(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_start(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_destroy_unwoken(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
