/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: bare-move DOMAIN FROM TO
 *
 * The libvirt calls of a move and nothing else: no check, no journal, no fsync, no way back, no daemon. What they cost
 * is what a move cannot be cheaper than; bench/move compares with it. Prints "STEP SECONDS" lines.
 */
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <stdio.h>

#include "basic/clock.h"
#include "host/domain-xml.h"

#define STATUS_INTERVAL_USEC (100 * USEC_PER_MSEC) /* as in host/suspend.c */
#define PING_INTERVAL_USEC (500 * USEC_PER_MSEC)
#define STATUS_TIMEOUT_USEC (120 * USEC_PER_SEC)
#define AGENT_TIMEOUT_SECONDS 60

static uint64_t begun_usec;

static void step(const char *name)
{
        uint64_t now = clock_monotonic_usec();

        (void) printf("%s %.3f\n", name, (double) (now - begun_usec) / (double) USEC_PER_SEC);
        begun_usec = now;
}

static int failed(const char *what)
{
        (void) fprintf(stderr, "bare-move: %s\n", what);
        return EXIT_FAILURE;
}

static int wait_status(virDomainPtr d, const char *status)
{
        uint64_t deadline = clock_monotonic_usec() + STATUS_TIMEOUT_USEC;

        while (clock_monotonic_usec() < deadline) {
                _cleanup_free_ char *reply = NULL;

                if (virDomainQemuMonitorCommand(d, "{\"execute\":\"query-status\"}", &reply, 0) < 0)
                        return -EIO;
                if (strstr(reply, status))
                        return 0;
                clock_sleep_usec(STATUS_INTERVAL_USEC);
        }

        return -ETIMEDOUT;
}

static int suspend(virDomainPtr d)
{
        if (virDomainAgentSetResponseTimeout(d, AGENT_TIMEOUT_SECONDS, 0) < 0 ||
            virDomainPMSuspendForDuration(d, VIR_NODE_SUSPEND_TARGET_MEM, 0, 0) < 0)
                return -EIO;

        return wait_status(d, "\"suspended\"");
}

static int save(virDomainPtr d)
{
        _cleanup_free_ char *reply = NULL;
        static const char set_mode[] =
                        "{\"execute\":\"migrate-set-parameters\",\"arguments\":{\"mode\":\"cpr-reboot\"}}";

        if (virDomainQemuMonitorCommand(d, set_mode, &reply, 0) < 0)
                return -EIO;

        return virDomainManagedSave(d, 0);
}

static int rewrite(virDomainPtr d, const FunctionSwap *swap)
{
        _cleanup_free_ char *xml = virDomainManagedSaveGetXMLDesc(d, VIR_DOMAIN_SAVE_IMAGE_XML_SECURE),
                            *edited = NULL;

        if (!xml || domain_xml_set_functions(xml, swap, 1, false, &edited, NULL) <= 0)
                return -EIO;

        return virDomainManagedSaveDefineXML(d, edited, 0);
}

static int redefine(virConnectPtr c, virDomainPtr d, const FunctionSwap *swap)
{
        _cleanup_free_ char *xml = virDomainGetXMLDesc(d, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE),
                            *edited = NULL;
        virDomainPtr defined;

        if (!xml || domain_xml_set_functions(xml, swap, 1, false, &edited, NULL) <= 0)
                return -EIO;

        defined = virDomainDefineXML(c, edited);
        if (!defined)
                return -EIO;

        return virDomainFree(defined);
}

static int wake(virDomainPtr d)
{
        if (virDomainPMWakeup(d, 0) < 0)
                return -EIO;

        return wait_status(d, "\"running\"");
}

static int wait_agent(virDomainPtr d)
{
        for (;;) {
                char *reply = virDomainQemuAgentCommand(d, "{\"execute\":\"guest-ping\"}",
                                                        AGENT_TIMEOUT_SECONDS, 0);

                if (reply) {
                        free(reply);
                        return 0;
                }
                if (virDomainIsActive(d) != 1)
                        return -EIO;
                clock_sleep_usec(PING_INTERVAL_USEC);
        }
}

static int move(virConnectPtr c, virDomainPtr d, const FunctionSwap *swap)
{
        begun_usec = clock_monotonic_usec();

        if (suspend(d) < 0)
                return failed("the guest did not suspend");
        step("suspend");
        if (save(d) < 0)
                return failed("not saved");
        step("save");
        if (rewrite(d, swap) < 0)
                return failed("the image's XML was not rewritten");
        step("rewrite");
        if (virDomainCreate(d) < 0 || virDomainResume(d) < 0)
                return failed("not restored");
        step("restore");
        if (wake(d) < 0)
                return failed("not woken");
        step("wake");
        if (redefine(c, d, swap) < 0)
                return failed("not redefined");
        step("redefine");
        if (wait_agent(d) < 0)
                return failed("the agent does not answer");
        step("health");
        return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
        FunctionSwap swap = { .has_from = true, .has_to = true };
        virConnectPtr c;
        virDomainPtr d;
        int status;

        if (argc != 4 || pci_address_parse(argv[2], &swap.from) < 0 ||
            pci_address_parse(argv[3], &swap.to) < 0)
                return failed("usage: bare-move DOMAIN FROM TO");

        c = virConnectOpen("qemu:///system");
        if (!c)
                return failed("no connection to libvirt");

        d = virDomainLookupByName(c, argv[1]);
        status = d ? move(c, d, &swap) : failed("no such domain");

        if (d)
                (void) virDomainFree(d);
        (void) virConnectClose(c);
        return status;
}
