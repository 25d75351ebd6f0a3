/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/firmware.h"

/* Three cycles each, with QEMU 10.0: SeaBIOS 1.16.3 (on q35 also 1.17.0), OVMF 2025.02, on q35 also its builds for secure
 * boot, with and without keys. */
static const struct {
        const char *machine; /* how its name begins */
        bool efi;
        FirmwareSleep sleep;
} table[] = {
        { "pc-q35", false, FIRMWARE_SLEEP_ONCE },        { "q35", false, FIRMWARE_SLEEP_ONCE },
        { "pc-q35", true, FIRMWARE_SLEEP_REPEATED },     { "q35", true, FIRMWARE_SLEEP_REPEATED },
        { "pc-i440fx", false, FIRMWARE_SLEEP_REPEATED }, { "pc-i440fx", true, FIRMWARE_SLEEP_REPEATED },
};

FirmwareSleep firmware_sleep(const char *machine, bool efi)
{
        for (size_t i = 0; machine && i < ELEMENTSOF(table); i++)
                if (table[i].efi == efi && strncmp(machine, table[i].machine, strlen(table[i].machine)) == 0)
                        return table[i].sleep;

        return FIRMWARE_SLEEP_UNKNOWN;
}
