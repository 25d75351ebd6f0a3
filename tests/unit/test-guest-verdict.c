/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/guest-verdict.h"

#include "test.h"

#define MIB (UINT64_C(1) << 20)

/* Has 400 MiB to write. */
#define SWAP(bytes)                                                                            \
        .memory_known = true, .memory_bytes = 1000 * MIB, .memory_available_bytes = 600 * MIB, \
        .disk_swap_known = true, .disk_swap_free_bytes = (bytes)

/* Can keep 540 MiB, and what goes to swap. */
#define VRAM(bytes, swap)                                                                      \
        .memory_known = true, .memory_bytes = 1000 * MIB, .memory_available_bytes = 600 * MIB, \
        .swap_free_bytes = (swap), .vram_known = true, .vram_used_bytes = (bytes)

typedef struct Case {
        GuestFacts guest;
        GuestDeclaration declared;
        FirmwareSleep firmware;
        bool wants_fixups;
        GuestFixups fixups;
        bool efi;
        FailureCode ram, disk;                /* what blocks */
        const char *ram_words, *disk_words;   /* NULL: no finding at all */
        const char *ram_remedy, *disk_remedy; /* of that finding */
} Case;

static char wrong[] = "attribute 'resume' must be 'yes' or 'no'";

/* clang-format off */
static const Case cases[] = {
        { .guest = { 0 } }, /* nothing is known */
        { .guest = { .sleeps_to_ram = GUEST_YES, .sleeps_to_disk = GUEST_YES, .has_deep = GUEST_YES,
                     .chose_deep = GUEST_YES, .names_resume = GUEST_YES, .forbids_resume = GUEST_NO,
                     .acpi_mapped = GUEST_YES, SWAP(400 * MIB) },
          .firmware = FIRMWARE_SLEEP_REPEATED },

        /* SeaBIOS on q35: before its only time, and after it. */
        { .guest = { .acpi_mapped = GUEST_YES }, .firmware = FIRMWARE_SLEEP_ONCE,
          .ram_words = "once in each boot", .ram_remedy = "suspend-to-disk" },
        { .guest = { 0 }, .firmware = FIRMWARE_SLEEP_ONCE, .ram_words = "once in each boot", .ram_remedy = "OVMF" },
        { .guest = { .acpi_mapped = GUEST_NO }, .firmware = FIRMWARE_SLEEP_ONCE,
          .ram = FAILURE_SUSPEND_DISABLED, .ram_words = "once in this boot", .ram_remedy = "reboot the guest",
          .disk = FAILURE_SUSPEND_DISABLED, .disk_words = "once in this boot", .disk_remedy = "OVMF" },

        /* Kernel lockdown, and kernels without one or the other. */
        { .guest = { .sleeps_to_ram = GUEST_YES, .sleeps_to_disk = GUEST_NO }, .efi = true,
          .disk = FAILURE_SUSPEND_DISABLED, .disk_words = "lockdown", .disk_remedy = "suspend-to-ram" },
        { .guest = { .sleeps_to_ram = GUEST_YES, .sleeps_to_disk = GUEST_NO },
          .disk = FAILURE_SUSPEND_DISABLED, .disk_words = "does not hibernate", .disk_remedy = "suspend-to-ram" },
        { .guest = { .sleeps_to_ram = GUEST_NO, .sleeps_to_disk = GUEST_YES },
          .ram = FAILURE_SUSPEND_DISABLED, .ram_words = "cannot suspend to RAM", .ram_remedy = "suspend-to-disk" },
        { .guest = { .sleeps_to_ram = GUEST_NO, .sleeps_to_disk = GUEST_NO },
          .ram = FAILURE_SUSPEND_DISABLED, .ram_words = "cannot suspend to RAM", .ram_remedy = "a kernel that can",
          .disk = FAILURE_SUSPEND_DISABLED, .disk_words = "does not hibernate", .disk_remedy = "a kernel that does" },
        { .guest = { .sleeps_to_disk = GUEST_YES, .has_deep = GUEST_NO, .chose_deep = GUEST_NO },
          .ram = FAILURE_SUSPEND_DISABLED, .ram_words = "no ACPI S3", .ram_remedy = "suspend-to-disk" },
        { .guest = { .chose_deep = GUEST_NO }, .ram_words = "another way", .ram_remedy = "mem_sleep_default" },

        /* Where the image is found. */
        { .guest = { .names_resume = GUEST_NO },
          .disk = FAILURE_SUSPEND_DISABLED, .disk_words = "resume=", .disk_remedy = "DECLARATIONS" },
        { .guest = { .names_resume = GUEST_NO }, .efi = true, .disk_words = "resume=", .disk_remedy = "resume=DEVICE" },
        { .guest = { .names_resume = GUEST_NO }, .declared = { .resume = GUEST_YES } },
        { .guest = { .forbids_resume = GUEST_YES }, .declared = { .resume = GUEST_YES },
          .disk = FAILURE_SUSPEND_DISABLED, .disk_words = "noresume", .disk_remedy = "command line" },

        /* Swap. */
        { .guest = { SWAP(400 * MIB - 1) },
          .disk = FAILURE_NO_SPACE, .disk_words = "400 MiB to write to its swap, of which the largest on a disk has 399 MiB",
          .disk_remedy = "more swap" },
        { .guest = { SWAP(0) },
          .disk = FAILURE_NO_SPACE, .disk_words = "has 0 MiB", .disk_remedy = "more swap" },
        { .guest = { .memory_known = true, .memory_bytes = MIB } },
        { .guest = { .disk_swap_known = true } },

        /* The devices' memory: to RAM a tenth is kept, and swap is of the second kind; to disk it is written, too. */
        { .guest = { VRAM(540 * MIB, 0) } },
        { .guest = { VRAM(540 * MIB + 1, 0) },
          .ram = FAILURE_NO_SPACE, .ram_words = "541 MiB in use on its devices, and 540 MiB of memory and 0 MiB of swap",
          .ram_remedy = "more memory or swap" },
        { .guest = { VRAM(640 * MIB, 100 * MIB) } },
        { .guest = { VRAM(640 * MIB + 1, 100 * MIB) },
          .ram = FAILURE_NO_SPACE, .ram_words = "100 MiB of swap", .ram_remedy = "end what uses" },
        { .guest = { .vram_known = true, .vram_used_bytes = UINT64_MAX } },
        { .guest = { SWAP(500 * MIB), .vram_known = true, .vram_used_bytes = 101 * MIB },
          .disk = FAILURE_NO_SPACE, .disk_words = "501 MiB to write", .disk_remedy = "more swap" },

        /* Fix-ups. */
        { .wants_fixups = true, .fixups = FIXUPS_YES,
          .ram_words = "follows to other cards, since x", .disk_words = "follows to other cards, since x" },
        { .wants_fixups = true, .fixups = FIXUPS_NO,
          .ram_words = "not made to follow to other cards, since x; what holds for it is 'same-physical-node'",
          .ram_remedy = "newer driver", .disk_words = "not made", .disk_remedy = "newer driver" },
        { .wants_fixups = true, .ram_words = "not known to follow", .ram_remedy = "DECLARATIONS",
          .disk_words = "not known to follow", .disk_remedy = "read files" },

        /* A declaration that nobody understands is not taken for one that says nothing. */
        { .guest = { 0 }, .declared = { .wrong = wrong },
          .ram = FAILURE_INVALID_OPTION, .ram_words = "'resume' must", .ram_remedy = "DECLARATIONS",
          .disk = FAILURE_INVALID_OPTION, .disk_words = "'resume' must", .disk_remedy = "DECLARATIONS" },
};
/* clang-format on */

static void expect(void (*judge)(const DomainFacts *facts, Findings *findings), const Case *c,
                   FailureCode code, const char *words, const char *remedy)
{
        static const Family family = { .needs_fixups = true, .without_fixups = TARGETS_SAME_PHYSICAL_NODE };
        static char name[] = "vm1", reason[] = "x";
        const DomainFacts facts = {
                .name = name,
                .guest = c->guest,
                .declared = c->declared,
                .firmware_sleep = c->firmware,
                .efi = c->efi,
                .fixups_family = c->wants_fixups ? &family : NULL,
                .fixups = c->fixups,
                .fixups_reason = reason,
        };
        _cleanup_(findings_done) Findings l = { 0 };

        judge(&facts, &l);
        CHECK(l.n == (words ? 1 : 0) && !l.incomplete);
        if (!words)
                return;

        if (!strstr(l.list[0].message, words))
                (void) fprintf(stderr, "case %td: %s\n", c - cases, l.list[0].message);
        CHECK(l.list[0].code == code && l.list[0].blocking == (code != FAILURE_NONE));
        CHECK(l.list[0].scope == FINDING_GUEST && strstr(l.list[0].message, "'vm1'"));
        CHECK(strstr(l.list[0].message, words) && !l.list[0].remedy == !remedy);
        CHECK(!remedy || strstr(l.list[0].remedy, remedy));
}

int main(void)
{
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Case *c = cases + i;

                expect(guest_judge_ram, c, c->ram, c->ram_words, c->ram_remedy);
                expect(guest_judge_disk, c, c->disk, c->disk_words, c->disk_remedy);
        }

        return EXIT_SUCCESS;
}
