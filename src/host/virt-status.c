/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/virt-status.h"

#include <assert.h>
#include <libvirt/libvirt-qemu.h>

#include "basic/clock.h"

int virt_qmp(virDomainPtr d, QmpCommand command, char **ret_reply, Failure *reterr)
{
        _cleanup_free_ char *reply = NULL;
        int r;

        assert(d);

        if (virDomainQemuMonitorCommand(d, qmp_command_text(command), &reply, 0) < 0 || !reply)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot ask QEMU of domain '%s'",
                                    virDomainGetName(d));

        r = qmp_check_reply(reply, reterr);
        if (r < 0)
                return r;

        if (ret_reply)
                *ret_reply = TAKE_PTR(reply);
        return 0;
}

int host_status(RealHost *h, const char *uuid, HostStatus *ret, Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(failure_done) Failure refused = { 0 };
        _cleanup_free_ char *reply = NULL;
        HostStatus s = { 0 };
        int active, state, r;

        assert(h);
        assert(ret);

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        active = virDomainIsActive(d);
        if (active == 1 && virt_qmp(d, QMP_QUERY_STATUS, &reply, &refused) < 0) {
                /* It may have ended just now; that is no error. */
                active = virDomainIsActive(d);
                if (active == 1)
                        return failure_set(reterr, refused.code, "%s", failure_message(&refused));
        }
        if (active < 0 || virDomainGetState(d, &state, NULL, 0) < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot read the state of domain '%s'",
                                    virDomainGetName(d));

        s.active = active == 1;
        s.state = virt_domain_state(state);
        s.qemu = QEMU_NONE;
        if (s.active) {
                QmpStatus q;

                r = qmp_parse_status(reply, &q, reterr);
                if (r < 0)
                        return r;

                s.qemu = q.status;
                s.prelaunch = q.prelaunch;
                s.incoming = q.incoming;
        }

        *ret = s;
        return 0;
}

int host_wait_status(RealHost *h, const char *uuid, HostStatusReached reached, uint64_t interval_usec,
                     uint64_t deadline_usec, HostStatus *ret, Failure *reterr)
{
        assert(reached);
        assert(ret);

        for (;;) {
                _cleanup_(failure_done) Failure away = { 0 };
                HostStatus s;
                int r;

                r = host_status(h, uuid, &s, &away);
                if (r >= 0) {
                        *ret = s;
                        if (reached(&s))
                                return 1;
                }

                if (clock_monotonic_usec() >= deadline_usec ||
                    (r < 0 && away.code == FAILURE_UNKNOWN_DOMAIN))
                        return r < 0 ? failure_set(reterr, away.code, "%s", failure_message(&away)) : 0;

                clock_sleep_usec(interval_usec);
        }
}
