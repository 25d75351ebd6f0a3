/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/suspend.h"

#include <assert.h>

#include "basic/clock.h"
#include "host/domain-xml.h"
#include "host/guest-agent.h"
#include "host/virt-status.h"

#define STATUS_INTERVAL_USEC (100 * USEC_PER_MSEC)
/* The agent said no, but a guest that was on its way already may still suspend. */
#define REFUSED_GRACE_USEC (5 * USEC_PER_SEC)
/* From QEMU's event to libvirt's state. */
#define LIBVIRT_NOTICE_USEC (5 * USEC_PER_SEC)
#define PING_INTERVAL_USEC (500 * USEC_PER_MSEC)
#define SETTLE_PING_USEC (5 * USEC_PER_SEC)

static bool is_suspended(const HostStatus *s)
{
        return !s->active || s->qemu == QEMU_SUSPENDED;
}

static bool is_suspended_everywhere(const HostStatus *s)
{
        return !s->active || (s->qemu == QEMU_SUSPENDED && s->state == DOMAIN_PMSUSPENDED);
}

static bool is_running(const HostStatus *s)
{
        return !s->active || s->qemu == QEMU_RUNNING;
}

static bool is_running_everywhere(const HostStatus *s)
{
        return !s->active || (s->qemu == QEMU_RUNNING && s->state == DOMAIN_RUNNING);
}

bool host_suspends_only_once(virDomainPtr d)
{
        _cleanup_(domain_xml_done) DomainXml x = { 0 };
        _cleanup_free_ char *xml = NULL;

        return virt_domain_xml(d, 0, &xml, NULL) >= 0 && domain_xml_parse(xml, &x, NULL) >= 0 &&
               firmware_sleep(x.machine, x.efi) == FIRMWARE_SLEEP_ONCE;
}

static int suspend_failed(virDomainPtr d, const Failure *refused, uint64_t timeout_usec, Failure *reterr)
{
        bool is_refused = refused->code != FAILURE_NONE;

        return failure_set(reterr, FAILURE_SUSPEND_FAILED,
                           "the guest of domain '%s' was asked to suspend, but still runs (waited at most "
                           "%llu s)%s%s%s",
                           virDomainGetName(d), (unsigned long long) (timeout_usec / USEC_PER_SEC),
                           is_refused ? ": " : "", is_refused ? failure_message(refused) : "",
                           host_suspends_only_once(d)
                                           ? "; SeaBIOS on machine type q35 can suspend only once per boot: "
                                             "use OVMF, or strategy suspend-to-disk"
                                           : "; the guest's kernel log may tell what kept it awake");
}

int host_suspend_to_ram(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        uint64_t timeout_usec = h->settings.suspend_timeout_usec, deadline_usec;
        _cleanup_(failure_done) Failure refused = { 0 };
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        HostStatus s;
        int r;

        r = host_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;

        if (s.active && is_suspended_everywhere(&s))
                return 0;

        /* Suspended, but libvirt believes that it runs, as after a failed save: the next save would "stop"
         * this QEMU and on failure "cont" it, which can abort it. A fresh suspend makes libvirt see. */
        if (s.qemu == QEMU_SUSPENDED) {
                r = host_wake(h, uuid, reterr);
                if (r < 0)
                        return r;
        } else if (s.qemu != QEMU_RUNNING)
                return failure_set(reterr, FAILURE_NOT_RUNNING,
                                   "domain %s cannot suspend, QEMU's status is '%s'", uuid,
                                   qemu_status_to_string(s.qemu));

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        deadline_usec = clock_monotonic_usec() + timeout_usec;
        if (guest_agent_suspend(d, VIR_NODE_SUSPEND_TARGET_MEM, timeout_usec, &refused) < 0) {
                uint64_t grace_usec = clock_monotonic_usec() + REFUSED_GRACE_USEC;

                if (grace_usec < deadline_usec)
                        deadline_usec = grace_usec;
        }

        r = host_wait_status(h, uuid, is_suspended, STATUS_INTERVAL_USEC, deadline_usec, &s, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return suspend_failed(d, &refused, timeout_usec, reterr);

        r = host_wait_status(h, uuid, is_suspended_everywhere, STATUS_INTERVAL_USEC,
                             clock_monotonic_usec() + LIBVIRT_NOTICE_USEC, &s, reterr);
        if (r < 0)
                return r;
        if (!s.active)
                return failure_set(reterr, FAILURE_SUSPEND_FAILED, "domain '%s' shut off while it suspended",
                                   virDomainGetName(d));
        if (r == 0)
                return failure_set(reterr, FAILURE_SUSPEND_FAILED,
                                   "domain '%s' suspended, but did not stay so or libvirt did not notice: "
                                   "QEMU's status is '%s', libvirt's '%s'",
                                   virDomainGetName(d), qemu_status_to_string(s.qemu),
                                   domain_state_to_string(s.state));
        return 0;
}

/* The agent works on one request after the other, so its answer says that what was asked before is behind it. A guest's
 * systemd only begins then, so a while more. An agent that stays silent may be one that suspends right now; one that is
 * silent for longer than any suspend takes has none to come. */
int host_settle_suspend(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        uint64_t deadline_usec = clock_monotonic_usec() + h->settings.suspend_timeout_usec,
                 wait_usec = PING_INTERVAL_USEC;
        bool behind = false;

        for (;;) {
                _cleanup_(virDomainFreep) virDomainPtr d = NULL;
                HostStatus s;
                int r;

                r = host_wait_status(h, uuid, is_suspended, STATUS_INTERVAL_USEC,
                                     clock_monotonic_usec() + wait_usec, &s, reterr);
                if (r < 0)
                        return r;
                if (r > 0 || behind || clock_monotonic_usec() >= deadline_usec)
                        return 0;

                behind = real_host_domain(h, uuid, &d, NULL) >= 0 &&
                         guest_agent_ping(d, SETTLE_PING_USEC, NULL) >= 0;
                if (behind)
                        wait_usec = REFUSED_GRACE_USEC;
        }
}

int host_wake(void *host, const char *uuid, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(failure_done) Failure refused = { 0 };
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        HostStatus s;
        int r;

        r = host_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;
        if (!s.active)
                return failure_set(reterr, FAILURE_NOT_RUNNING, "domain %s is not running", uuid);

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        if (s.qemu != QEMU_RUNNING) {
                if (s.qemu != QEMU_SUSPENDED)
                        return failure_set(reterr, FAILURE_WAKE_FAILED,
                                           "domain '%s' cannot be woken, QEMU's status is '%s'",
                                           virDomainGetName(d), qemu_status_to_string(s.qemu));

                /* QEMU's status decides below: the call may fail because the guest woke up by itself. */
                if (virDomainPMWakeup(d, 0) < 0)
                        (void) virt_failure(&refused, FAILURE_WAKE_FAILED, "wake-up refused");

                r = host_wait_status(h, uuid, is_running, STATUS_INTERVAL_USEC,
                                     clock_monotonic_usec() + h->settings.wake_timeout_usec, &s, reterr);
                if (r < 0)
                        return r;
                if (r == 0 || !s.active)
                        return failure_set(reterr, FAILURE_WAKE_FAILED,
                                           "domain '%s' did not wake, QEMU's status is '%s'%s%s",
                                           virDomainGetName(d), qemu_status_to_string(s.qemu),
                                           refused.code != FAILURE_NONE ? ": " : "",
                                           refused.code != FAILURE_NONE ? failure_message(&refused) : "");
        }

        return 0;
}

int host_set_cpr_mode(void *host, const char *uuid, bool cpr, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        int r;

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        /* The mode dies with its QEMU. */
        if (!cpr && virDomainIsActive(d) == 0)
                return 0;

        return virt_qmp(d, cpr ? QMP_SET_MODE_CPR_REBOOT : QMP_SET_MODE_NORMAL, NULL, reterr);
}

/* libvirtd was restarted while the guest was suspended: it read "suspended" as paused, unless it knew before, and QEMU, which
 * runs since, sends no event that would tell it better; "virsh resume" changes nothing, and every agent command is
 * refused. QEMU's own stop and cont send both events. Only ever on a running QEMU, or to bring to its end what a worker
 * that died between the two has begun; and not in host_wake(): there such a death would leave a guest that has run and
 * is paused, which before the commit of a resume looks like one that has not. */
int host_mend(void *host, const char *uuid, bool again, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        HostStatus s;
        int r;

        r = host_wait_status(h, uuid, is_running_everywhere, STATUS_INTERVAL_USEC,
                             clock_monotonic_usec() + LIBVIRT_NOTICE_USEC, &s, reterr);
        if (r != 0)
                return r;

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        if (s.qemu == QEMU_RUNNING && s.state == DOMAIN_PAUSED) {
                r = virt_qmp(d, QMP_STOP, NULL, reterr);
                if (r < 0)
                        return r;
        } else if (s.qemu != QEMU_PAUSED || s.prelaunch || s.incoming || !again)
                return 0;

        return virt_qmp(d, QMP_CONT, NULL, reterr);
}
