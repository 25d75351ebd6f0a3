/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/verdict.h"

#include <inttypes.h>

#define MIB (UINT64_C(1) << 20)

/* QEMU 9.0 commit 0cb51c183a91 "vfio: allow cpr-reboot migration if suspended". */
#define QEMU_VERSION_CPR_REBOOT 9000000U

/* Beside the memory: header, domain XML with libvirt's 64 KiB of growth room, device state; and what the file system
 * takes for itself. */
#define IMAGE_OVERHEAD_BYTES (64 * MIB)

uint64_t verdict_image_bytes(const DomainFacts *facts)
{
        return facts->memory_bytes + facts->memory_bytes / 64 + IMAGE_OVERHEAD_BYTES;
}

static int check_running(const DomainFacts *facts, Failure *reterr)
{
        if (facts->state == DOMAIN_SHUTOFF || facts->state == DOMAIN_CRASHED)
                return failure_set(reterr, FAILURE_NOT_RUNNING, "domain '%s' is not running; start it first",
                                   facts->name);
        if (facts->state != DOMAIN_RUNNING || facts->qemu != QEMU_RUNNING)
                return failure_set(
                                reterr, FAILURE_NOT_RUNNING,
                                "domain '%s' is %s (QEMU: %s), its guest cannot suspend itself; bring it to "
                                "'running' first (virsh resume, or virsh dompmwakeup for a suspended guest)",
                                facts->name, domain_state_to_string(facts->state),
                                qemu_status_to_string(facts->qemu));
        if (!facts->persistent)
                return failure_set(
                                reterr, FAILURE_NOT_PERSISTENT,
                                "domain '%s' is transient, it would vanish when saved; define it with virsh define",
                                facts->name);
        if (facts->n_functions == 0)
                return failure_set(reterr, FAILURE_NO_FUNCTION,
                                   "domain '%s' has no PCI function attached; use plain virsh managedsave",
                                   facts->name);
        /* A partial one is the waste of a save that failed: the next save replaces it. */
        if (facts->image == IMAGE_VALID)
                return failure_set(
                                reterr, FAILURE_IMAGE_DAMAGED,
                                "domain '%s' runs although an older managed save image of it exists; remove that "
                                "with virsh managedsave-remove once you are sure that it is stale",
                                facts->name);
        return 0;
}

/* What the domain's XML and its QEMU say, without asking the guest. */
static int check_ram(const DomainFacts *facts, Failure *reterr)
{
        if (facts->qemu_version < QEMU_VERSION_CPR_REBOOT || !facts->qemu_cpr_reboot)
                return failure_set(
                                reterr, FAILURE_QEMU_TOO_OLD,
                                "the QEMU of domain '%s' (%u.%u.%u) cannot save a suspended guest with a VFIO "
                                "function: that needs migration mode cpr-reboot of QEMU 9.0 or later; restart the "
                                "domain on a newer QEMU, or use --strategy suspend-to-disk",
                                facts->name, facts->qemu_version / 1000000,
                                facts->qemu_version / 1000 % 1000, facts->qemu_version % 1000);
        if (!facts->pm_mem_enabled)
                return failure_set(
                                reterr, FAILURE_SUSPEND_DISABLED,
                                "domain '%s' may not suspend to RAM; set <pm><suspend-to-mem enabled='yes'/></pm> "
                                "in its XML and restart it",
                                facts->name);
        return 0;
}

static int check_disk(const DomainFacts *facts, Failure *reterr)
{
        if (!facts->pm_disk_enabled)
                return failure_set(
                                reterr, FAILURE_SUSPEND_DISABLED,
                                "domain '%s' may not suspend to disk; set <pm><suspend-to-disk enabled='yes'/></pm> "
                                "in its XML and restart it",
                                facts->name);
        return 0;
}

static int check_agent(const DomainFacts *facts, const char *command, bool offered, Failure *reterr)
{
        if (!facts->has_agent_channel)
                return failure_set(
                                reterr, FAILURE_NO_AGENT,
                                "domain '%s' has no guest agent channel; add <channel type='unix'><target "
                                "type='virtio' name='org.qemu.guest_agent.0'/></channel> to it",
                                facts->name);
        if (!facts->agent_answers)
                return failure_set(
                                reterr, FAILURE_NO_AGENT,
                                "the guest agent of domain '%s' does not answer; start qemu-guest-agent in the "
                                "guest",
                                facts->name);
        if (!offered)
                return failure_set(
                                reterr, FAILURE_NO_AGENT,
                                "the guest agent of domain '%s' does not offer %s; allow it in the guest's agent "
                                "configuration",
                                facts->name, command);
        return 0;
}

static int check_space(const DomainFacts *facts, Failure *reterr)
{
        uint64_t needed = verdict_image_bytes(facts);

        if (facts->image_space_bytes < needed)
                return failure_set(
                                reterr, FAILURE_NO_SPACE,
                                "the image of domain '%s' may need %llu MiB, the disk that holds managed saves has "
                                "%llu MiB free; make room there",
                                facts->name, (unsigned long long) ((needed + MIB - 1) / MIB),
                                (unsigned long long) (facts->image_space_bytes / MIB));
        return 0;
}

int verdict_hibernate(const DomainFacts *facts, Strategy asked, Strategy *ret_strategy, Failure *reterr)
{
        Strategy strategy = asked;
        int r;

        r = check_running(facts, reterr);
        if (r < 0)
                return r;

        /* Which of the two can work is decided by the XML alone; everything else that is missing has a remedy and
         * is therefore an error, not a silent change of strategy. */
        if (asked == STRATEGY_AUTO)
                strategy = facts->pm_mem_enabled || !facts->pm_disk_enabled ? STRATEGY_SUSPEND_TO_RAM
                                                                            : STRATEGY_SUSPEND_TO_DISK;

        if (strategy == STRATEGY_SUSPEND_TO_RAM) {
                if ((r = check_ram(facts, reterr)) < 0 || (r = check_space(facts, reterr)) < 0 ||
                    (r = check_agent(facts, "guest-suspend-ram", facts->agent_suspend_ram, reterr)) < 0)
                        return r;
        } else {
                if ((r = check_disk(facts, reterr)) < 0 ||
                    (r = check_agent(facts, "guest-suspend-disk", facts->agent_suspend_disk, reterr)) < 0)
                        return r;
        }

        *ret_strategy = strategy;
        return 0;
}

int verdict_resume(const DomainFacts *facts, Strategy strategy, uint64_t image_bytes, Failure *reterr)
{
        if (facts->state != DOMAIN_SHUTOFF && facts->state != DOMAIN_CRASHED)
                return failure_set(reterr, FAILURE_NOT_HIBERNATED,
                                   "domain '%s' is already active (%s); somebody started it outside of "
                                   "vgpu-hibernate",
                                   facts->name, domain_state_to_string(facts->state));

        if (strategy == STRATEGY_SUSPEND_TO_DISK) {
                if (facts->image != IMAGE_NONE)
                        return failure_set(
                                        reterr, FAILURE_IMAGE_DAMAGED,
                                        "domain '%s' hibernated to its own disk, yet a managed save image of it "
                                        "exists; remove that with virsh managedsave-remove once you are sure that "
                                        "it is stale",
                                        facts->name);
                return 0;
        }

        switch (facts->image) {
        case IMAGE_VALID:
                /* libvirt reads no further than the header: of an image that was cut off it would say nothing. */
                if (image_bytes == 0 || facts->image_bytes == image_bytes)
                        return 0;
                return failure_set(
                                reterr, FAILURE_IMAGE_DAMAGED,
                                "the managed save image of domain '%s' has %" PRIu64
                                " bytes, it had %" PRIu64
                                " when it was made; restore the file from a backup, do not start the domain",
                                facts->name, facts->image_bytes, image_bytes);
        case IMAGE_NONE:
                return failure_set(
                                reterr, FAILURE_IMAGE_DAMAGED,
                                "the managed save image of domain '%s' is gone; its memory cannot be resumed, "
                                "virsh start boots it anew",
                                facts->name);
        case IMAGE_DAMAGED:
        case _IMAGE_STATE_MAX:
        case _IMAGE_STATE_INVALID:
                break;
        }

        return failure_set(
                        reterr, FAILURE_IMAGE_DAMAGED,
                        "the managed save image of domain '%s' is incomplete or damaged; do not start the domain "
                        "(libvirt would delete the image and boot it anew) before you made a copy of it",
                        facts->name);
}
