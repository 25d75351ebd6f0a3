/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/guest-verdict.h"

#define MIB (UINT64_C(1) << 20)

/* Rounded up. */
static unsigned long long in_mib(uint64_t bytes)
{
        return bytes / MIB + (bytes % MIB != 0);
}

static void judge_declaration(const DomainFacts *facts, Findings *l)
{
        if (!facts->declared.wrong)
                return;

        finding_set_remedy(findings_block(l, FAILURE_INVALID_OPTION, FINDING_GUEST,
                                          "what the metadata of domain '%s' declare of its guest is not "
                                          "understood: %s",
                                          facts->name, facts->declared.wrong),
                           "see DECLARATIONS in vgpu-hibernate(7)");
}

/* Suspend, hibernate and power off all need the registers: see core/firmware.h. */
static void judge_acpi(const DomainFacts *facts, Findings *l)
{
        if (facts->guest.acpi_mapped != GUEST_NO)
                return;

        finding_set_remedy(
                        findings_block(l, FAILURE_SUSPEND_DISABLED, FINDING_GUEST,
                                       "the guest of domain '%s' has suspended once in this boot, and its "
                                       "firmware, SeaBIOS on q35, left it unable to do so again or to "
                                       "hibernate",
                                       facts->name),
                        "reboot the guest, or give the domain OVMF or machine type pc, with which it can "
                        "as often as one likes");
}

static void judge_firmware(const DomainFacts *facts, Findings *l)
{
        Finding *f;

        if (facts->firmware_sleep != FIRMWARE_SLEEP_ONCE || facts->guest.acpi_mapped == GUEST_NO)
                return;

        f = findings_remark(
                        l, FINDING_GUEST,
                        "with SeaBIOS on q35 the guest of domain '%s' can suspend to RAM once in each boot; "
                        "afterwards it can neither do so again nor hibernate",
                        facts->name);
        finding_set_remedy(f, "give the domain OVMF or machine type pc, or use --strategy suspend-to-disk, "
                              "which can be repeated");
}

static void judge_mem_sleep(const DomainFacts *facts, Findings *l)
{
        const char *other = facts->guest.sleeps_to_disk == GUEST_YES ? "use --strategy suspend-to-disk, or "
                                                                     : "";
        Finding *f;

        if (facts->guest.sleeps_to_ram == GUEST_NO) {
                f = findings_block(l, FAILURE_SUSPEND_DISABLED, FINDING_GUEST,
                                   "the kernel in the guest of domain '%s' cannot suspend to RAM "
                                   "(/sys/power/state)",
                                   facts->name);
                finding_set_remedy(f, "%sgive it a kernel that can", other);
        } else if (facts->guest.has_deep == GUEST_NO) {
                f = findings_block(l, FAILURE_SUSPEND_DISABLED, FINDING_GUEST,
                                   "the guest of domain '%s' is offered no ACPI S3 (/sys/power/mem_sleep)",
                                   facts->name);
                finding_set_remedy(f, "%slet its firmware and its machine type offer S3", other);
        } else if (facts->guest.chose_deep == GUEST_NO) {
                f = findings_remark(
                                l, FINDING_GUEST,
                                "the guest of domain '%s' takes another way to sleep than ACPI S3, unless "
                                "its system chooses that (/sys/power/mem_sleep)",
                                facts->name);
                finding_set_remedy(f, "boot it with mem_sleep_default=deep");
        }
}

/* What the driver has in the device's memory it keeps in the guest's: as pages of its own, for which others go to swap. A
 * tenth stays for what else it takes to suspend. */
static void judge_vram(const DomainFacts *facts, Findings *l)
{
        const GuestFacts *g = &facts->guest;
        uint64_t room;
        Finding *f;

        if (!g->vram_known || !g->memory_known)
                return;

        room = g->memory_available_bytes / 10 * 9;
        if (g->vram_used_bytes <= room || g->vram_used_bytes - room <= g->swap_free_bytes)
                return;

        f = findings_block(
                        l, FAILURE_NO_SPACE, FINDING_GUEST,
                        "the guest of domain '%s' has %llu MiB in use on its devices, and %llu MiB of memory and "
                        "%llu MiB of swap to keep that in",
                        facts->name, in_mib(g->vram_used_bytes), (unsigned long long) (room / MIB),
                        (unsigned long long) (g->swap_free_bytes / MIB));
        finding_set_remedy(f, "give it more memory or swap, or end what uses its devices");
}

/* A remark: that the target needs none of it, or is refused, is judged where targets are. */
static void judge_fixups(const DomainFacts *facts, Findings *l)
{
        const char *since = facts->fixups_reason ? ", since " : "",
                   *reason = facts->fixups_reason ? facts->fixups_reason : "";
        Finding *f;

        if (!facts->fixups_family)
                return;

        if (facts->fixups == FIXUPS_YES) {
                (void) findings_remark(l, FINDING_GUEST,
                                       "the driver in the guest of domain '%s' follows to other cards%s%s",
                                       facts->name, since, reason);
                return;
        }

        f = findings_remark(
                        l, FINDING_GUEST,
                        "the driver in the guest of domain '%s' is %s to follow to other cards%s%s; what holds "
                        "for it is '%s'",
                        facts->name, facts->fixups == FIXUPS_NO ? "not made" : "not known", since, reason,
                        family_targets_to_string(facts->fixups_family->without_fixups));
        finding_set_remedy(f, facts->fixups == FIXUPS_NO
                                              ? "give the guest a newer driver"
                                              : "let its agent read files, or declare it: DECLARATIONS in "
                                                "vgpu-hibernate(7)");
}

void guest_judge_ram(const DomainFacts *facts, Findings *l)
{
        judge_declaration(facts, l);
        judge_acpi(facts, l);
        judge_firmware(facts, l);
        judge_mem_sleep(facts, l);
        judge_vram(facts, l);
        judge_fixups(facts, l);
}

static void judge_disk_sleep(const DomainFacts *facts, Findings *l)
{
        Finding *f;

        if (facts->guest.sleeps_to_disk != GUEST_NO)
                return;

        f = findings_block(l, FAILURE_SUSPEND_DISABLED, FINDING_GUEST,
                           "the kernel in the guest of domain '%s' does not hibernate (/sys/power/state)%s",
                           facts->name,
                           facts->efi ? "; kernel lockdown, which secure boot brings, forbids it" : "");
        finding_set_remedy(f, facts->guest.sleeps_to_ram == GUEST_YES ? "use --strategy suspend-to-ram"
                                                                      : "give it a kernel that does");
}

/* With EFI the place may be in a variable of the firmware (systemd 255, HibernateLocation). */
static void judge_resume(const DomainFacts *facts, Findings *l)
{
        bool blocking = !facts->efi;
        Finding *f;

        if (facts->guest.forbids_resume == GUEST_YES) {
                f = findings_block(
                                l, FAILURE_SUSPEND_DISABLED, FINDING_GUEST,
                                "the kernel in the guest of domain '%s' is told 'noresume': it would boot "
                                "anew and lose what it had in memory",
                                facts->name);
                finding_set_remedy(f, "take it off the kernel's command line");
                return;
        }

        if (facts->guest.names_resume != GUEST_NO || facts->declared.resume == GUEST_YES)
                return;

        f = findings_add(
                        l, blocking ? FAILURE_SUSPEND_DISABLED : FAILURE_NONE, FINDING_GUEST, blocking,
                        "nothing tells the kernel in the guest of domain '%s' where to find its image when it "
                        "boots (resume=, /sys/power/resume); if it does not, it loses what it had in memory",
                        facts->name);
        finding_set_remedy(f,
                           "boot it with resume=DEVICE; or, if its initramfs finds the image all the same, "
                           "say so: DECLARATIONS in vgpu-hibernate(7)");
}

/* The image holds what cannot be given up; what is clean in the page cache is dropped first. */
static void judge_swap(const DomainFacts *facts, Findings *l)
{
        const GuestFacts *g = &facts->guest;
        uint64_t needed;
        Finding *f;

        if (!g->memory_known || !g->disk_swap_known)
                return;

        needed = g->memory_bytes - g->memory_available_bytes;
        if (g->vram_known)
                needed += g->vram_used_bytes;
        if (g->disk_swap_free_bytes >= needed)
                return;

        f = findings_block(
                        l, FAILURE_NO_SPACE, FINDING_GUEST,
                        "the guest of domain '%s' has %llu MiB to write to its swap, of which the largest "
                        "on a disk has %llu MiB free",
                        facts->name, (unsigned long long) ((needed + MIB - 1) / MIB),
                        (unsigned long long) (g->disk_swap_free_bytes / MIB));
        finding_set_remedy(f, "give it more swap");
}

void guest_judge_disk(const DomainFacts *facts, Findings *l)
{
        judge_declaration(facts, l);
        judge_acpi(facts, l);
        judge_disk_sleep(facts, l);
        judge_resume(facts, l);
        judge_swap(facts, l);
        judge_fixups(facts, l);
}
