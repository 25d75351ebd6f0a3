/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/inspect.h"

#include <assert.h>

#include "basic/clock.h"
#include "host/domain-families.h"
#include "host/guest-probe.h"
#include "host/image.h"
#include "host/vfio.h"
#include "host/virt-status.h"

/* QEMU's version with a VFIO driver that lets go of a suspended guest: commit 0cb51c183a91 of QEMU 9.0. */
#define QEMU_CPR_VERSION 9000000U

static int read_xml(virDomainPtr d, bool active, DomainFacts *facts, Failure *reterr)
{
        _cleanup_(domain_xml_done) DomainXml x = { 0 };
        _cleanup_free_ char *xml = NULL;
        int r;

        r = virt_domain_xml(d, active ? 0 : VIR_DOMAIN_XML_INACTIVE, &xml, reterr);
        if (r < 0)
                return r;

        r = domain_xml_parse(xml, &x, reterr);
        if (r < 0)
                return r;

        r = domain_xml_take_devices(xml, &facts->devices, reterr);
        if (r < 0)
                return r;

        facts->name = TAKE_PTR(x.name);
        facts->uuid = TAKE_PTR(x.uuid);
        facts->memory_bytes = x.memory_bytes;
        facts->functions = TAKE_PTR(x.functions);
        facts->n_functions = x.n_functions;
        facts->pm_mem_enabled = x.pm_mem_enabled;
        facts->pm_disk_enabled = x.pm_disk_enabled;
        facts->has_agent_channel = x.has_agent_channel;
        facts->has_migration_mode = x.has_migration_mode;
        facts->declared = x.declared;
        x.declared = (GuestDeclaration) { 0 };
        facts->efi = x.efi;
        facts->firmware_sleep = firmware_sleep(x.machine, x.efi);
        return 0;
}

/* Of a domain that runs: others have nothing that could be saved. What cannot be asked counts as not to be saved, and is
 * no reason to know nothing of the domain. */
static int read_device_state(RealHost *h, virDomainPtr d, DomainFacts *facts, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_free_ char *reply = NULL;

        for (size_t i = 0; i < facts->n_functions && !facts->has_plain; i++) {
                if (vfio_is_plain(h->pci_fd, &facts->functions[i], &facts->has_plain, NULL) < 0)
                        facts->has_plain = true;
                facts->plain = facts->functions[i];
        }

        if ((virt_qmp(d, QMP_QUERY_MIGRATE, &reply, &why) < 0 ||
             qmp_parse_migration_blockers(reply, &facts->migration_blockers, &why) < 0) &&
            free_and_strdup(&facts->migration_blockers, failure_message(&why)) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot ask QEMU");
        return 0;
}

static int read_qemu_version(virDomainPtr d, DomainFacts *facts, Failure *reterr)
{
        unsigned long version; /* libvirt's type; major * 1000000 + minor * 1000 + micro */

        if (virConnectGetVersion(virDomainGetConnect(d), &version) < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot read the version of QEMU");

        facts->qemu_version = (uint32_t) version;
        facts->qemu_cpr_reboot = facts->qemu_version >= QEMU_CPR_VERSION;
        return 0;
}

/* Of several families that want fix-ups the one that has least of them counts. `g` NULL: the guest cannot be asked. */
static void ask_fixups(const GuestReader *g, const Family *family, DomainFacts *facts)
{
        _cleanup_free_ char *why = NULL;
        GuestFixups probed = FIXUPS_UNKNOWN, fixups;

        if (!family->needs_fixups)
                return;

        if (g && facts->declared.fixups != GUEST_NO)
                probed = guest_probe_fixups(g, &family->guest, &why);
        fixups = guest_fixups_settle(probed, facts->declared.fixups);

        if (facts->fixups_family &&
            (fixups == FIXUPS_YES || fixups == facts->fixups || facts->fixups == FIXUPS_NO))
                return;

        facts->fixups_family = family;
        facts->fixups = fixups;
        free(facts->fixups_reason);
        facts->fixups_reason = fixups == probed ? TAKE_PTR(why) : strdup("its operator declares so");
}

static void list_strategies(const RealHost *h, DomainFacts *facts)
{
        DomainFamily families[DOMAIN_XML_FUNCTIONS_MAX];
        size_t n = domain_families(h, facts->functions, facts->n_functions, families);

        for (size_t i = 0; i < n; i++)
                strategy_list_narrow(&facts->strategies, &families[i].family->strategies);
}

static void ask_families(const RealHost *h, const GuestReader *g, DomainFacts *facts)
{
        DomainFamily families[DOMAIN_XML_FUNCTIONS_MAX];
        size_t n = domain_families(h, facts->functions, facts->n_functions, families), n_sums = 0;
        bool known = true;

        /* The small files first: what proves a driver may have megabytes. */
        for (size_t i = 0; i < n; i++) {
                const char *vram_used = families[i].family->guest.vram_used;

                if (!g || !vram_used)
                        continue;
                known = known && guest_probe_vram(g, vram_used, &facts->guest);
                n_sums++;
        }
        facts->guest.vram_known = known && n_sums > 0;

        for (size_t i = 0; i < n; i++)
                ask_fixups(g, families[i].family, facts);
}

/* One deadline for all of it: who waits for an explanation does not wait for each file of the guest. */
static void ask(RealHost *h, virDomainPtr d, DomainFacts *facts)
{
        GuestReader g = {
                .domain = d,
                .deadline_usec = clock_monotonic_usec() + h->settings.agent_timeout_usec,
        };
        _cleanup_(failure_done) Failure silent = { 0 };

        if (!facts->has_agent_channel || facts->qemu != QEMU_RUNNING ||
            guest_agent_info(d, h->settings.agent_timeout_usec, &g.commands, &silent) < 0) {
                ask_families(h, NULL, facts);
                return;
        }

        facts->agent_answers = true;
        facts->agent_suspend_ram = g.commands.suspend_ram;
        facts->agent_suspend_disk = g.commands.suspend_disk;
        guest_probe(&g, &facts->guest);
        ask_families(h, &g, facts);
}

int host_inspect(void *host, const char *uuid, bool ask_guest, DomainFacts *ret, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_(image_file_done) ImageFile f = { .dir_fd = -EBADF };
        HostStatus s;
        int persistent, r;

        assert(ret);

        r = host_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;

        r = image_open(h, uuid, &d, &f, reterr);
        if (r < 0)
                return r;

        facts.state = s.state;
        facts.qemu = s.qemu;

        persistent = virDomainIsPersistent(d);
        if (persistent < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot read whether domain '%s' is persistent",
                                    virDomainGetName(d));
        facts.persistent = persistent == 1;

        r = read_xml(d, s.active, &facts, reterr);
        if (r < 0)
                return r;

        r = read_qemu_version(d, &facts, reterr);
        if (r < 0)
                return r;

        if ((r = image_state(d, &f, &facts.image, reterr)) < 0 ||
            (r = image_file_size(&f, &facts.image_bytes, reterr)) < 0)
                return r;

        r = image_file_space(h->settings.image_dir, &facts.image_space_bytes, reterr);
        if (r < 0)
                return r;
        facts.image_dir_read_only = image_file_is_read_only(h->settings.image_dir);

        list_strategies(h, &facts);
        if (ask_guest && s.active) {
                r = read_device_state(h, d, &facts, reterr);
                if (r < 0)
                        return r;
                ask(h, d, &facts);
        }

        *ret = facts;
        facts = (DomainFacts) { 0 };
        return 0;
}
