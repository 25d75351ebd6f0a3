/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The guest agent: the guest's word, never believed where QEMU can be asked. Every command has a
 * deadline. */

#include "host/agent-json.h"
#include "host/virt.h"

int guest_agent_ping(virDomainPtr d, uint64_t timeout_usec, Failure *reterr) _warn_unused_result_;
/* guest-info: does it answer, and which commands are enabled? */
int guest_agent_info(virDomainPtr d, uint64_t timeout_usec, AgentCommands *ret,
                     Failure *reterr) _warn_unused_result_;
/* Asks the guest to suspend, to `target` (VIR_NODE_SUSPEND_TARGET_MEM or _DISK). Neither success nor failure
 * says whether it will: the command has no success reply, and libvirt returns at QEMU's event, at an error
 * of the agent, or at the deadline. Only QEMU's status decides. FAILURE_NO_AGENT: it was silent;
 * FAILURE_SUSPEND_FAILED: it answered no; FAILURE_LIBVIRT: libvirtd went away before anybody answered. */
int guest_agent_suspend(virDomainPtr d, unsigned target, uint64_t timeout_usec,
                        Failure *reterr) _warn_unused_result_;

/* A piece of a file. 1: enough, the rest is not read. */
typedef int (*GuestFileRead)(const char *bytes, size_t size, void *userdata);
/* Reads the guest's file in pieces, at most `max` bytes of it in all; `deadline_usec` (CLOCK_MONOTONIC) is that of everything.
 * Returns what the last `read` returned. -ENOENT: the agent cannot open or read it, for which one reason is that it is not
 * there; -ETIMEDOUT; -EFBIG. */
int guest_agent_read(virDomainPtr d, const char *path, uint64_t max, uint64_t deadline_usec,
                     GuestFileRead read, void *userdata) _warn_unused_result_;
/* The kernel's release; the caller's. */
int guest_agent_osinfo(virDomainPtr d, uint64_t deadline_usec, char **ret_release) _warn_unused_result_;
