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
 *  1. listen, before anything is asked, on the connection that stays open, and on its successor should it break;
 *  2. ask the agent, which blocks until the event, a refusal or the deadline;
 *  3. wait until the domain is inactive, and then for the event of its end: events come in order, so that
 *     the one that matters has come by then if it ever will.
 */

#define STATUS_INTERVAL_USEC (200 * USEC_PER_MSEC)
/* A guest whose agent answers that long after the request is not on its way: it would be frozen by then. */
#define REFUSED_GRACE_USEC (30 * USEC_PER_SEC)
#define PING_INTERVAL_USEC (2 * USEC_PER_SEC)
#define PING_TIMEOUT_USEC (5 * USEC_PER_SEC)
#define LAST_EVENT_USEC (5 * USEC_PER_SEC)
#define LAST_EVENT_INTERVAL_USEC (20 * USEC_PER_MSEC)

/* Written by callbacks in the loop's thread. libvirt may still be inside one when it is deregistered,
 * therefore each registration holds a reference, given back by libvirt when it is done with it. */
typedef struct Listener {
        atomic_uint n_refs;
        atomic_bool hibernated;
        atomic_bool ended;
} Listener;

/* Where it listens. A connection that broke tells no more, so there may be another one meanwhile. */
typedef struct Listening {
        Listener *listener;       /* referenced */
        virConnectPtr connection; /* referenced; NULL: nowhere yet */
        int lifecycle_id, pmsuspend_id;
} Listening;

static void listener_unref(void *userdata)
{
        Listener *l = userdata;

        if (atomic_fetch_sub(&l->n_refs, 1) == 1)
                free(l);
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

static void forget_callback(virConnectPtr c, int id)
{
        /* Fails on a connection that broke; libvirt frees its callbacks with it. */
        if (id >= 0 && virConnectDomainEventDeregisterAny(c, id) < 0)
                virResetLastError();
}

static void listening_stop(Listening *l)
{
        if (!l->connection)
                return;

        forget_callback(l->connection, l->pmsuspend_id);
        forget_callback(l->connection, l->lifecycle_id);
        (void) virConnectClose(l->connection); /* gives the reference back */
        l->connection = NULL;
}

static void listening_done(Listening *l)
{
        listening_stop(l);
        if (l->listener)
                listener_unref(l->listener);
}

/* On the connection that the domain is of. */
static int listening_on(Listening *l, virDomainPtr d, Failure *reterr)
{
        virConnectPtr c = virDomainGetConnect(d);
        int r;

        if (l->connection == c)
                return 0;

        listening_stop(l);
        if (virConnectRef(c) < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot listen for events");
        l->connection = c;
        l->lifecycle_id = l->pmsuspend_id = -1;

        r = listen_for(c, d, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle),
                       l->listener, &l->lifecycle_id, reterr);
        if (r >= 0)
                r = listen_for(c, d, VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK,
                               VIR_DOMAIN_EVENT_CALLBACK(on_pmsuspend_disk), l->listener, &l->pmsuspend_id,
                               reterr);
        if (r < 0)
                listening_stop(l);
        return r;
}

static bool is_inactive(const HostStatus *s)
{
        return !s->active;
}

/* Until the domain is inactive: 1; 0 when its guest runs on: at the deadline, or as soon as the agent has answered twice, a
 * while apart. That is asked when nobody can say whether the request was taken; libvirtd may be away meanwhile. */
static int wait_in_doubt(RealHost *h, const char *uuid, Listening *l, uint64_t deadline_usec,
                         HostStatus *ret, Failure *reterr)
{
        uint64_t answered_usec = 0;

        for (;;) {
                _cleanup_(virDomainFreep) virDomainPtr d = NULL;
                _cleanup_(failure_done) Failure away = { 0 };
                uint64_t now = clock_monotonic_usec(), until = now + PING_INTERVAL_USEC < deadline_usec
                                                                               ? now + PING_INTERVAL_USEC
                                                                               : deadline_usec;
                bool answers;
                int r;

                if (real_host_domain(h, uuid, &d, NULL) >= 0)
                        (void) listening_on(l, d, NULL); /* tried again the next time */

                r = host_wait_status(h, uuid, is_inactive, STATUS_INTERVAL_USEC, until, ret, &away);
                if (r > 0)
                        return r;
                if (r < 0 &&
                    (away.code == FAILURE_UNKNOWN_DOMAIN || clock_monotonic_usec() >= deadline_usec))
                        return failure_set(reterr, away.code, "%s", failure_message(&away));

                answers = r == 0 && d && guest_agent_ping(d, PING_TIMEOUT_USEC, NULL) >= 0;
                if (!answers)
                        answered_usec = 0;
                else if (answered_usec == 0)
                        answered_usec = clock_monotonic_usec();
                else if (clock_monotonic_usec() - answered_usec >= REFUSED_GRACE_USEC)
                        return 0;
                if (clock_monotonic_usec() >= deadline_usec)
                        return 0;
        }
}

static int request_and_wait(RealHost *h, const char *uuid, virDomainPtr d, Listening *l, Failure *reterr)
{
        uint64_t timeout_usec = h->settings.suspend_to_disk_timeout_usec, deadline_usec;
        _cleanup_(failure_done) Failure refused = { 0 };
        const Listener *heard = l->listener;
        HostStatus s;
        int r;

        deadline_usec = clock_monotonic_usec() + timeout_usec;
        /* An agent that answers no runs in a guest that runs, and a libvirtd that went away told of neither. One that is
         * silent may be frozen in a guest that hibernates already: asked by a worker that died. */
        if (guest_agent_suspend(d, VIR_NODE_SUSPEND_TARGET_DISK, timeout_usec, &refused) < 0 &&
            refused.code != FAILURE_NO_AGENT && !atomic_load(&heard->hibernated))
                r = wait_in_doubt(h, uuid, l, deadline_usec, &s, reterr);
        else
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
        while (!atomic_load(&heard->hibernated) && !atomic_load(&heard->ended) &&
               clock_monotonic_usec() < deadline_usec)
                clock_sleep_usec(LAST_EVENT_INTERVAL_USEC);

        if (atomic_load(&heard->hibernated))
                return 0;
        if (!atomic_load(&heard->ended) || refused.code == FAILURE_LIBVIRT)
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
        _cleanup_(listening_done) Listening l = { 0 };
        HostStatus s;
        int r;

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

        l.listener = malloc(sizeof(Listener));
        if (!l.listener)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "event listener");
        atomic_init(&l.listener->n_refs, 1);
        atomic_init(&l.listener->hibernated, false);
        atomic_init(&l.listener->ended, false);

        r = listening_on(&l, d, reterr);
        return r < 0 ? r : request_and_wait(h, uuid, d, &l, reterr);
}
