/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The guest agent: the guest's word, never believed where QEMU can be asked. Every command has a
 * deadline. */

#include "host/virt.h"

int guest_agent_ping(virDomainPtr d, uint64_t timeout_usec, Failure *reterr) _warn_unused_result_;
/* guest-info: does it answer, and which suspend commands are enabled? */
int guest_agent_info(virDomainPtr d, uint64_t timeout_usec, bool *ret_suspend_ram, bool *ret_suspend_disk,
                     Failure *reterr) _warn_unused_result_;
/* Asks the guest to suspend, to `target` (VIR_NODE_SUSPEND_TARGET_MEM or _DISK). Neither success nor failure
 * says whether it will: the command has no success reply, and libvirt returns at QEMU's event, at an error
 * of the agent, or at the deadline. Only QEMU's status decides. FAILURE_NO_AGENT: it was silent;
 * FAILURE_SUSPEND_FAILED: it answered no; FAILURE_LIBVIRT: libvirtd went away before anybody answered. */
int guest_agent_suspend(virDomainPtr d, unsigned target, uint64_t timeout_usec,
                        Failure *reterr) _warn_unused_result_;
