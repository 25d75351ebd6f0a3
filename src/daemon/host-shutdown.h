/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * HostShutdown: what the host's going down means for jobs, and for the domains that are to be hibernated then. Both who can tell of it wait for us:
 *
 *   logind   announces it to who holds an inhibitor lock, and then waits for a while, with the host still whole. We
 *            hold one while jobs are at work.
 *   systemd  may come without logind (ctrl-alt-del, "systemctl start reboot.target"), or when logind waited long
 *            enough. The first thing that it stops is vgpu-hibernate-shutdown.service, which calls PrepareForShutdown()
 *            and waits for the answer, and with it wait libvirt-guests, the domains and libvirt.
 *
 * From then on no new job is taken, and workers are asked to come to rest: to end at the next point where the job may
 * be left for the recovery after the boot. Adopted domains that run, also those that such a job left running, are
 * hibernated by jobs of our own (Job.by_shutdown), which are waited for instead; what cannot be hibernated is left to
 * libvirt-guests, as is what has not begun in time. Who came to rest is followed by no other worker, who died is, for the guest
 * may be in its hands. When none is at work any more the lock is let go and the call is answered. If the host does not
 * go down after all, jobs go on, and what was hibernated for it is resumed (autostart.h).
 *
 * A host that sleeps is no concern of ours: QEMU, libvirt and workers freeze and thaw together, and deadlines, being
 * monotonic, do not run meanwhile.
 */

#include <systemd/sd-bus.h>

#include "core/job.h"

typedef struct Manager Manager;
typedef struct HostShutdown HostShutdown;

int host_shutdown_new(Manager *m, HostShutdown **ret) _warn_unused_result_;
HostShutdown *host_shutdown_free(HostShutdown *s);
DEFINE_CLEANUP_FUNC(HostShutdown *, host_shutdown_free);

bool host_shutdown_is_near(const HostShutdown *s);
/* 0 when jobs may be begun, else FAILURE_SHUTTING_DOWN. */
int host_shutdown_check(const HostShutdown *s, Failure *reterr) _warn_unused_result_;
/* After anything changed with jobs or their workers. */
void host_shutdown_update(HostShutdown *s);
/* One that was to hibernate a domain may have failed to. */
void host_shutdown_job_ended(const HostShutdown *s, const Job *j);
/* Answers the call when no job is at work. Returns what a method handler returns. */
int host_shutdown_prepare(HostShutdown *s, sd_bus_message *call, sd_bus_error *error);
