/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Firmware: how often a guest comes out of ACPI S3 in one boot, which its machine type and its firmware decide. A table
 * of what ran, and no configuration: it is QEMU that ships both, and whether a guest is past its last time is read from
 * the guest itself (GuestFacts.acpi_mapped), so that a firmware that was mended is not refused.
 *
 * SeaBIOS on q35 leaves the chipset's ACPI registers unmapped on its way out of S3: pci_resume() of
 * SeaBIOS 1.16.3 and 1.17.0 sets up i440fx's PIIX4 alone. The guest goes on, and from then on its writes to these
 * registers go nowhere: it can neither suspend nor hibernate, power off or let go of a device, until it is booted anew.
 */

#include "basic/macro.h"

typedef enum FirmwareSleep {
        FIRMWARE_SLEEP_UNKNOWN, /* not tried */
        FIRMWARE_SLEEP_ONCE,
        FIRMWARE_SLEEP_REPEATED,
} FirmwareSleep;

/* `machine` as libvirt writes it, "pc-q35-10.0"; NULL allowed. `efi`: OVMF, else SeaBIOS. */
FirmwareSleep firmware_sleep(const char *machine, bool efi);
