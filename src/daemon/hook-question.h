/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What libvirt's hook asks. libvirt waits for the answer, with the domain locked: it comes from memory and from the
 * journal of the domain's own job, never from libvirt, and waits for no job.
 */

#include "core/hook-operation.h"
#include "daemon/manager.h"

typedef struct HookQuestion {
        HookOperation operation;
        const char *uuid;
        const char *name;
        PciAddress *functions; /* owned: host addresses of its PCI devices in the order of its XML */
        size_t n_functions;
} HookQuestion;

/* 0: let libvirt go on; *ret_n > 0: with *ret as its functions, in the order of those it has, to be freed.
 * FAILURE_HIBERNATED, FAILURE_DOMAIN_BUSY, FAILURE_FUNCTION_BUSY: it must not. What speaks
 * against a resume speaks against a restore of a hibernated domain, and is said at "prepare" again. */
int hook_question_answer(Manager *m, const HookQuestion *q, PciAddress **ret, size_t *ret_n,
                         Failure *reterr) _warn_unused_result_;
