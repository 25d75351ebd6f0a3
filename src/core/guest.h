/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * GuestFacts: what the system in a guest says of itself, as far as its agent lets anybody read it. All zero is "nothing
 * is known": no agent, none of its business, another system than Linux. What is not known never speaks against a job.
 */

#include "basic/macro.h"

typedef enum GuestAnswer {
        GUEST_UNKNOWN,
        GUEST_YES,
        GUEST_NO,
} GuestAnswer;

typedef struct GuestFacts {
        /* /sys/power/state. Kernel lockdown, which secure boot brings, takes "disk" out of it: Linux 6.12
         * kernel/power/hibernate.c, hibernation_available(). */
        GuestAnswer sleeps_to_ram, sleeps_to_disk;
        /* /sys/power/mem_sleep: is ACPI S3 among the ways to sleep to RAM, and is it the one that is taken? */
        GuestAnswer has_deep, chose_deep;

        bool memory_known; /* /proc/meminfo */
        uint64_t memory_bytes, memory_available_bytes, swap_free_bytes;
        /* /proc/swaps: what is free of the largest one that a hibernation image can be in, which is one and none in
         * compressed memory. */
        bool disk_swap_known;
        uint64_t disk_swap_free_bytes;
        /* /proc/cmdline and /sys/power/resume: is the kernel told where to look for its image at the next boot, and told not to
         * look for one? */
        GuestAnswer names_resume, forbids_resume;

        bool vram_known; /* what the devices of all its functions' families have in use */
        uint64_t vram_used_bytes;

        /* Are the ACPI power management registers of q35's chipset where they were at boot? Without them the guest
         * cannot enter any sleep: core/firmware.h. */
        GuestAnswer acpi_mapped;
} GuestFacts;

/* What the operator says of a guest, in the metadata of its domain's XML: vgpu-hibernate(7). It counts where the guest
 * cannot be asked. */
typedef struct GuestDeclaration {
        GuestAnswer fixups; /* its drivers follow to other cards */
        GuestAnswer resume; /* its kernel finds its image, although neither command line nor sysfs say where */
        GuestAnswer hibernate_asleep; /* when it sleeps, whoever suspended it, its domain is to be hibernated */
        char *wrong;                  /* owned; what of it is not understood, NULL: nothing */
} GuestDeclaration;
