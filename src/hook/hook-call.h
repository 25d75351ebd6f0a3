/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HookCall: what libvirt says when it calls its hook. */

#include "core/hook-operation.h"
#include "host/domain-xml.h"

typedef struct HookCall {
        const char *name;
        HookOperation operation;
        DomainXml domain; /* its uuid and its functions; empty when the XML could not be read */
} HookCall;

void hook_call_done(HookCall *c);

/* 1: about an operation that concerns us. */
int hook_call_init(const char *name, const char *operation, const char *suboperation, HookCall *ret);
/* What the XML tells: negative with *reterr when it cannot be read or is that of another domain. */
int hook_call_parse_xml(HookCall *c, const char *xml, size_t size, Failure *reterr) _warn_unused_result_;
