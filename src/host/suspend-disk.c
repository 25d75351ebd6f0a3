/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/suspend.h"

#include <assert.h>
#include <stdatomic.h>

#include "basic/clock.h"
#include "host/guest-agent.h"
#include "host/virt-status.h"

/*
 * Guest S4. A domain that hibernated to its own disk and one that was shut down look alike afterwards; only
 * QEMU's event on the way tells them apart. So:
 *  1. listen, before anything is asked, on the connection that stays open;
 *  2. ask the agent, which blocks until the event, a refusal or the deadline;
 *  3. wait until the domain is inactive, and then for the event of its end: events come in order, so that
 *     the one that matters has come by then if it ever will.
 */

#define STATUS_INTERVAL_USEC (200 * USEC_PER_MSEC)
/* The agent said no, but the guest may be on its way. */
#define REFUSED_GRACE_USEC (30 * USEC_PER_SEC)
#define LAST_EVENT_USEC (5 * USEC_PER_SEC)
#define LAST_EVENT_INTERVAL_USEC (20 * USEC_PER_MSEC)

/* Written by callbacks in the loop's thread. libvirt may still be inside one when it is deregistered,
 * therefore each registration holds a reference, given back by libvirt when it is done with it. */
typedef struct Listener {
        atomic_uint n_refs;
        atomic_bool hibernated;
        atomic_bool ended;
} Listener;

static void listener_unref(void *userdata)
{
        Listener *l = userdata;

        if (atomic_fetch_sub(&l->n_refs, 1) == 1)
                free(l);
}

static void listener_unrefp(Listener **l)
{
        if (*l)
                listener_unref(*l);
}

static int on_lifecycle(_unused_ virConnectPtr c, _unused_ virDomainPtr d, int event, int detail,
                        void *userdata)
{
        Listener *l = userdata;

        if (event == VIR_DOMAIN_EVENT_PMSUSPENDED && detail == VIR_DOMAIN_EVENT_PMSUSPENDED_DISK)
                atomic_store(&l->hibernated, true);
        else if (event == VIR_DOMAIN_EVENT_STOPPED)
                atomic_store(&l->ended, true);
        return 0;
}

static void on_pmsuspend_disk(_unused_ virConnectPtr c, _unused_ virDomainPtr d, _unused_ int reason,
                              void *userdata)
{
        atomic_store(&((Listener *) userdata)->hibernated, true);
}

static int listen_for(virConnectPtr c, virDomainPtr d, int event,
                      virConnectDomainEventGenericCallback callback, Listener *l, int *ret_id,
                      Failure *reterr)
{
        int id;

        (void) atomic_fetch_add(&l->n_refs, 1);
        id = virConnectDomainEventRegisterAny(c, d, event, callback, l, listener_unref);
        if (id < 0) {
                listener_unref(l);
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot listen for events of domain '%s'",
                                    virDomainGetName(d));
        }

        *ret_id = id;
        return 0;
}

static void stop_listening(virConnectPtr c, int id)
{
        /* Fails on a connection that broke; libvirt frees its callbacks with it. */
        if (id >= 0 && virConnectDomainEventDeregisterAny(c, id) < 0)
                virResetLastError();
}

static bool is_inactive(const HostStatus *s)
{
        return !s->active;
}

static int request_and_wait(RealHost *h, const char *uuid, virDomainPtr d, Listener *l, Failure *reterr)
{
        uint64_t timeout_usec = h->settings.suspend_to_disk_timeout_usec, deadline_usec;
        _cleanup_(failure_done) Failure refused = { 0 };
        HostStatus s;
        int r;

        deadline_usec = clock_monotonic_usec() + timeout_usec;
        if (guest_agent_suspend(d, VIR_NODE_SUSPEND_TARGET_DISK, timeout_usec, &refused) < 0) {
                uint64_t grace_usec = clock_monotonic_usec() + REFUSED_GRACE_USEC;

                /* An agent that answers no runs in a guest that runs. One that is silent may be frozen in a guest that
                 * hibernates already: asked by a worker that died. */
                if (refused.code != FAILURE_NO_AGENT && grace_usec < deadline_usec &&
                    !atomic_load(&l->hibernated))
                        deadline_usec = grace_usec;
        }

        r = host_wait_status(h, uuid, is_inactive, STATUS_INTERVAL_USEC, deadline_usec, &s, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return failure_set(reterr, FAILURE_SUSPEND_FAILED,
                                   "the guest of domain '%s' did not hibernate to its disk: %s",
                                   virDomainGetName(d),
                                   refused.code != FAILURE_NONE ? failure_message(&refused)
                                                                : "it still runs at the deadline");

        deadline_usec = clock_monotonic_usec() + LAST_EVENT_USEC;
        while (!atomic_load(&l->hibernated) && !atomic_load(&l->ended) &&
               clock_monotonic_usec() < deadline_usec)
                clock_sleep_usec(LAST_EVENT_INTERVAL_USEC);

        if (atomic_load(&l->hibernated))
                return 0;
        if (!atomic_load(&l->ended))
                return failure_set(reterr, FAILURE_LIBVIRT,
                                   "domain '%s' shut off while libvirtd was away: whether its guest "
                                   "hibernated or was shut down cannot be known",
                                   virDomainGetName(d));
        return failure_set(reterr, FAILURE_LOST,
                           "the guest of domain '%s' shut down without hibernating; its disks are intact (a "
                           "guest whose /sys/power/disk is not 'platform' cannot be told from that)",
                           virDomainGetName(d));
}

int host_suspend_to_disk(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(listener_unrefp) Listener *l = NULL;
        int lifecycle_id = -1, pmsuspend_id = -1, r;
        virConnectPtr c;
        HostStatus s;

        r = host_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;
        if (s.qemu != QEMU_RUNNING)
                return failure_set(reterr, FAILURE_NOT_RUNNING,
                                   "domain %s cannot hibernate, QEMU's status is '%s'", uuid,
                                   qemu_status_to_string(s.qemu));

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        l = malloc(sizeof(*l));
        if (!l)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "event listener");
        atomic_init(&l->n_refs, 1);
        atomic_init(&l->hibernated, false);
        atomic_init(&l->ended, false);

        /* Holds the very connection: h may open another meanwhile. */
        c = virDomainGetConnect(d);
        r = listen_for(c, d, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), l,
                       &lifecycle_id, reterr);
        if (r >= 0)
                r = listen_for(c, d, VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK,
                               VIR_DOMAIN_EVENT_CALLBACK(on_pmsuspend_disk), l, &pmsuspend_id, reterr);
        if (r >= 0)
                r = request_and_wait(h, uuid, d, l, reterr);

        stop_listening(c, pmsuspend_id);
        stop_listening(c, lifecycle_id);
        return r;
}
