/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HostOps: the memory image. `host` is a RealHost. Contracts: core/host-ops.h. */

#include "core/host-ops.h"
#include "host/image-file.h"
#include "host/real-host.h"

int host_image_guard(void *host, const char *uuid, uint64_t *ret_bytes,
                     Failure *reterr) _warn_unused_result_;
int host_image_put_back(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;
int host_image_discard(void *host, const char *uuid, Failure *reterr) _warn_unused_result_;

/* The domain and the files of its image. */
int image_open(RealHost *h, const char *uuid, virDomainPtr *ret_domain, ImageFile *ret_file,
               Failure *reterr) _warn_unused_result_;
/* Does libvirt read libvirt's image of this domain as complete? The only question whose answer counts: that
 * a file exists says nothing, and a start from a damaged one deletes it and boots. An error is one of
 * libvirt, not of the image. */
int image_state(virDomainPtr d, const ImageFile *f, ImageState *ret, Failure *reterr) _warn_unused_result_;
