/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * HookOperation: what libvirt's qemu hook is called for, as far as it concerns us (libvirt src/util/virhook.c; there
 * are more operations, and each has a "begin" and an "end"). For one start libvirt calls in this order:
 *
 *   restore begin   only where the domain has an image; what the hook prints takes the place of the image's XML
 *   prepare begin   before anything is claimed for the domain; a failure ends the start, and an image is kept
 *   release end     after the domain has stopped; also after a start that failed beyond "prepare begin"
 */

#include "basic/macro.h"

typedef enum HookOperation {
        HOOK_RESTORE,
        HOOK_PREPARE,
        HOOK_RELEASE,
        _HOOK_OPERATION_MAX,
        _HOOK_OPERATION_INVALID = -EINVAL,
} HookOperation;

const char *hook_operation_to_string(HookOperation o);
HookOperation hook_operation_from_string(const char *s);
