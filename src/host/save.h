/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HostOps: the memory of a guest goes to libvirt's managed save image. Contract:
 * core/host-ops.h. */

#include "core/host-ops.h"

int host_settle_save(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_save(void *host, const char *uuid, bool running, HostProgress progress, void *userdata,
              Failure *reterr) _warn_unused_result_;
