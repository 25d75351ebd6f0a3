/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * RealHost: HostOps over libvirt, QEMU's monitor, the guest agent and sysfs. One per worker process, used by
 * its main thread. The deeds are in files of their own (suspend.c, save.c, ...); this one has what they
 * share: the settings, and a connection that is opened at first use and again after libvirtd was away.
 *
 * Threads: libvirt's event loop runs in one, and a blocking save in another (save.c). No callback of HostOps
 * is called from either.
 */

#include <signal.h>

#include "core/family.h"
#include "core/host-ops.h"
#include "host/pci-scan.h"
#include "host/virt.h"

typedef struct RealHostSettings {
        const char *libvirt_uri;
        const char *image_dir; /* where libvirt writes managed saves */
        const char *sysfs_pci; /* "/sys/bus/pci" */
        FunctionWanted wanted; /* which functions are pooled; NULL: all virtual functions */
        void *wanted_userdata;
        const Families *families;
        bool families_unread;                  /* and so must not be taken for all that there are */
        uint64_t agent_timeout_usec;           /* one guest agent command */
        uint64_t suspend_timeout_usec;         /* guest S3, until QEMU says suspended */
        uint64_t suspend_to_disk_timeout_usec; /* guest S4, until shut off */
        uint64_t unplug_timeout_usec;          /* until the guest has let go of its functions */
        uint64_t wake_timeout_usec;            /* until QEMU says running */
        uint64_t health_timeout_usec;          /* until the agent answers after a resume */
        const volatile sig_atomic_t *canceled; /* set by a signal handler; NULL: cannot be canceled */
        const volatile sig_atomic_t *held;     /* the same: the host is about to shut down */
} RealHostSettings;

typedef struct RealHost {
        RealHostSettings settings; /* what it points at belongs to the caller and outlives this */
        VirtLoop *loop;
        virConnectPtr connection; /* NULL before first use */
        int pci_fd;
} RealHost;

int real_host_new(const RealHostSettings *settings, RealHost **ret, Failure *reterr) _warn_unused_result_;
RealHost *real_host_free(RealHost *h);
DEFINE_CLEANUP_FUNC(RealHost *, real_host_free);

/* userdata: RealHost* */
extern const HostOps real_host_ops;

bool real_host_canceled(const RealHost *h);
bool real_host_held(const RealHost *h);
/* The connection stays the host's. */
int real_host_connect(RealHost *h, virConnectPtr *ret, Failure *reterr) _warn_unused_result_;
/* 1: an active domain has it, whoever gave it: assignments are live host state. */
int real_host_function_in_use(RealHost *h, const PciAddress *a, Failure *reterr) _warn_unused_result_;
/* The domain, looked up on a connection that lives. */
int real_host_domain(RealHost *h, const char *uuid, virDomainPtr *ret, Failure *reterr) _warn_unused_result_;
