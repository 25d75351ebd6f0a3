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

/* 0: let libvirt go on. FAILURE_HIBERNATED, FAILURE_DOMAIN_BUSY, FAILURE_FUNCTION_BUSY: it must not. */
int hook_question_answer(Manager *m, const HookQuestion *q, Failure *reterr) _warn_unused_result_;
