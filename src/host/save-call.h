/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* SaveCall: one virDomainManagedSave(), which blocks until all memory is written, in a thread of its own, so
 * that the job's main thread can watch it, report progress and cancel it. Both use one connection, as libvirt allows. */

#include "host/virt.h"

typedef struct SaveCall SaveCall;

/* Takes a reference of its own. */
int save_call_start(virDomainPtr d, SaveCall **ret, Failure *reterr) _warn_unused_result_;
/* Waits; true when the call has returned. A signal ends the wait early. */
bool save_call_wait(SaveCall *c, uint64_t timeout_usec);
/* After it has returned: 0, or negative with libvirt's error. */
int save_call_result(SaveCall *c, Failure *reterr) _warn_unused_result_;
/* A call that has not returned is left behind with its thread. */
SaveCall *save_call_unref(SaveCall *c);
DEFINE_CLEANUP_FUNC(SaveCall *, save_call_unref);
