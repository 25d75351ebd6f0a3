/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/firmware.h"

#include "test.h"

int main(void)
{
        static const struct {
                const char *machine;
                bool efi;
                FirmwareSleep sleep;
        } table[] = {
                { "pc-q35-10.0", false, FIRMWARE_SLEEP_ONCE },
                { "q35", false, FIRMWARE_SLEEP_ONCE },
                { "pc-q35-10.0", true, FIRMWARE_SLEEP_REPEATED },
                { "pc-i440fx-10.0", false, FIRMWARE_SLEEP_REPEATED },
                { "pc-i440fx-10.0", true, FIRMWARE_SLEEP_REPEATED },
                { "microvm", false, FIRMWARE_SLEEP_UNKNOWN },
                { "virt-10.0", true, FIRMWARE_SLEEP_UNKNOWN },
                { "", false, FIRMWARE_SLEEP_UNKNOWN },
                { NULL, false, FIRMWARE_SLEEP_UNKNOWN },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                CHECK(firmware_sleep(table[i].machine, table[i].efi) == table[i].sleep);
        return EXIT_SUCCESS;
}
