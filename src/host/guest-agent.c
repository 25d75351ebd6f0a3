/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/guest-agent.h"

#include <assert.h>
#include <libvirt/libvirt-qemu.h>

#include "host/qmp.h"

/* libvirt counts in seconds. Rounded up: 0 would mean "do not wait". */
static int timeout_seconds(uint64_t usec)
{
        uint64_t seconds = usec / USEC_PER_SEC + (usec % USEC_PER_SEC != 0);

        if (seconds == 0)
                return 1;
        return seconds > INT32_MAX ? INT32_MAX : (int) seconds;
}

static int agent_command(virDomainPtr d, const char *command, uint64_t timeout_usec, char **ret,
                         Failure *reterr)
{
        char *reply;

        reply = virDomainQemuAgentCommand(d, command, timeout_seconds(timeout_usec), 0);
        if (!reply)
                return virt_failure(reterr, FAILURE_NO_AGENT,
                                    "the guest agent of domain '%s' does not answer", virDomainGetName(d));

        *ret = reply;
        return 0;
}

int guest_agent_ping(virDomainPtr d, uint64_t timeout_usec, Failure *reterr)
{
        _cleanup_free_ char *reply = NULL;
        int r;

        assert(d);

        r = agent_command(d, GUEST_AGENT_PING, timeout_usec, &reply, reterr);
        if (r < 0)
                return r;

        return qmp_check_reply(reply, reterr);
}

int guest_agent_info(virDomainPtr d, uint64_t timeout_usec, bool *ret_suspend_ram, bool *ret_suspend_disk,
                     Failure *reterr)
{
        _cleanup_free_ char *reply = NULL;
        int r;

        assert(d);

        r = agent_command(d, GUEST_AGENT_INFO, timeout_usec, &reply, reterr);
        if (r < 0)
                return r;

        return guest_agent_parse_info(reply, ret_suspend_ram, ret_suspend_disk, reterr);
}

int guest_agent_suspend(virDomainPtr d, unsigned target, uint64_t timeout_usec, Failure *reterr)
{
        int r = 0;

        assert(d);

        /* Without this the call may block for ever: virDomainPMSuspendForDuration() has no timeout of its
         * own. */
        if (virDomainAgentSetResponseTimeout(d, timeout_seconds(timeout_usec), 0) < 0)
                return virt_failure(reterr, FAILURE_NO_AGENT, "cannot limit the guest agent of domain '%s'",
                                    virDomainGetName(d));

        if (virDomainPMSuspendForDuration(d, target, 0, 0) < 0) {
                bool silent = virGetLastErrorCode() == VIR_ERR_AGENT_UNRESPONSIVE;
                virErrorPtr why = virSaveLastError();
                bool away = virConnectIsAlive(virDomainGetConnect(d)) != 1; /* resets the error */

                r = virt_failure_from(reterr,
                                      silent ? FAILURE_NO_AGENT
                                      : away ? FAILURE_LIBVIRT
                                             : FAILURE_SUSPEND_FAILED,
                                      why, "the guest agent of domain '%s'", virDomainGetName(d));
                virFreeError(why);
        }

        /* The timeout belongs to the domain, not to this call. libvirt cannot be asked what it was: its
         * default. A domain that is gone needs none. */
        if (virDomainAgentSetResponseTimeout(d, VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK, 0) < 0)
                virResetLastError();

        return r;
}
