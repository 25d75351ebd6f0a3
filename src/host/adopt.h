/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An adoption in libvirt: the domain's persistent XML (domain-xml.h), and autostart, which is no part of that. What is
 * written first is what says what was before: whoever dies in between, the next request goes on from there.
 */

#include "core/adoption.h"
#include "host/real-host.h"

/* FAILURE_NOT_PERSISTENT, FAILURE_NO_FUNCTION: it has none of the pool. FAILURE_HIBERNATED: there is a memory image, which
 * has an XML of its own. One that is as wanted already is success. */
int host_adopt(RealHost *h, const char *uuid, const AdoptionRequest *request, AdoptionChange *ret,
               Failure *reterr) _warn_unused_result_;
