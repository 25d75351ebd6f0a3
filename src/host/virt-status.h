/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a domain is doing, from both mouths. QEMU's is the truth while it lives: libvirt says "running" of a
 * guest that is suspended after a failed save and after a restore.
 */

#include "host/qmp.h"
#include "host/real-host.h"

typedef struct HostStatus {
        bool active;
        DomainState state; /* libvirt */
        QemuStatus qemu;   /* QEMU_NONE when inactive */
        bool prelaunch;    /* QEMU has neither run nor been restored */
        bool incoming;     /* QEMU is being restored */
} HostStatus;

/* Sends one of the whitelisted commands. *ret_reply (NULL allowed) is a reply without an error. */
int virt_qmp(virDomainPtr d, QmpCommand command, char **ret_reply, Failure *reterr) _warn_unused_result_;

int host_status(RealHost *h, const char *uuid, HostStatus *ret, Failure *reterr) _warn_unused_result_;

typedef bool (*HostStatusReached)(const HostStatus *s);
/* Asks every `interval_usec` until `reached` says so (1) or the deadline has passed (0); *ret is the last
 * status. libvirtd may be away in between: only when nothing was heard of it by the deadline is that the
 * error. */
int host_wait_status(RealHost *h, const char *uuid, HostStatusReached reached, uint64_t interval_usec,
                     uint64_t deadline_usec, HostStatus *ret, Failure *reterr) _warn_unused_result_;
