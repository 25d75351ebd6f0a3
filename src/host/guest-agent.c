/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/guest-agent.h"

#include <assert.h>
#include <libvirt/libvirt-qemu.h>

#include "basic/clock.h"
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

        r = agent_command(d, AGENT_PING, timeout_usec, &reply, reterr);
        if (r < 0)
                return r;

        return qmp_check_reply(reply, reterr);
}

int guest_agent_info(virDomainPtr d, uint64_t timeout_usec, AgentCommands *ret, Failure *reterr)
{
        _cleanup_free_ char *reply = NULL;
        int r;

        assert(d);

        r = agent_command(d, AGENT_INFO, timeout_usec, &reply, reterr);
        if (r < 0)
                return r;

        return agent_parse_info(reply, ret, reterr);
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

/* Takes the request. */
static int ask(virDomainPtr d, char *request, uint64_t deadline_usec, char **ret_reply)
{
        _cleanup_free_ char *text = request;
        uint64_t now_usec = clock_monotonic_usec();

        if (!text)
                return -ENOMEM;
        if (now_usec >= deadline_usec)
                return -ETIMEDOUT;

        if (agent_command(d, text, deadline_usec - now_usec, ret_reply, NULL) >= 0)
                return 0;

        return clock_monotonic_usec() >= deadline_usec ? -ETIMEDOUT : -ENOENT;
}

static int read_pieces(virDomainPtr d, int64_t handle, uint64_t max, uint64_t deadline_usec,
                       GuestFileRead read, void *userdata)
{
        for (bool eof = false; !eof;) {
                _cleanup_free_ char *reply = NULL, *bytes = NULL;
                /* One more than there may be, to see that there is more. */
                unsigned wanted = max < AGENT_READ_BYTES_MAX ? (unsigned) max + 1 : AGENT_READ_BYTES_MAX;
                size_t size;
                int r;

                r = ask(d, agent_request_read(handle, wanted), deadline_usec, &reply);
                if (r < 0)
                        return r;

                if (agent_parse_read(reply, &bytes, &size, &eof, NULL) < 0)
                        return -ENOENT;
                if (size > max)
                        return -EFBIG;
                max -= size;

                r = read(bytes, size, userdata);
                if (r != 0)
                        return r;
        }

        return 0;
}

int guest_agent_read(virDomainPtr d, const char *path, uint64_t max, uint64_t deadline_usec,
                     GuestFileRead read, void *userdata)
{
        _cleanup_free_ char *opened = NULL, *closed = NULL;
        int64_t handle;
        int r;

        assert(d);
        assert(path);

        r = ask(d, agent_request_open(path), deadline_usec, &opened);
        if (r < 0)
                return r;
        if (agent_parse_open(opened, &handle, NULL) < 0)
                return -ENOENT;

        r = read_pieces(d, handle, max, deadline_usec, read, userdata);

        /* Of an agent that is silent by now it stays open: nobody is there to close it. */
        (void) ask(d, agent_request_close(handle), deadline_usec, &closed);
        return r;
}

int guest_agent_osinfo(virDomainPtr d, uint64_t deadline_usec, char **ret_release)
{
        _cleanup_free_ char *reply = NULL;
        int r;

        assert(d);

        r = ask(d, strdup(AGENT_OSINFO), deadline_usec, &reply);
        if (r < 0)
                return r;

        return agent_parse_osinfo(reply, ret_release, NULL) < 0 ? -ENOENT : 0;
}
