/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/guest-probe.h"

#include <inttypes.h>
#include <stdio.h>

#include "host/guest-files.h"

/* q35's, at its fixed place (QEMU 10.0 include/hw/southbridge/ich9.h, ICH9_LPC_DEV). */
#define LPC_CONFIG_PATH "/sys/bus/pci/devices/0000:00:1f.0/config"

void guest_probe(const GuestReader *g, GuestFacts *ret)
{
        static const struct {
                const char *path;
                void (*read)(const char *text, GuestFacts *f);
        } files[] = {
                { "/sys/power/state", guest_read_power_state },
                { "/sys/power/mem_sleep", guest_read_mem_sleep },
                { "/sys/power/resume", guest_read_power_resume },
                { "/proc/meminfo", guest_read_meminfo },
                { "/proc/swaps", guest_read_swaps },
                { "/proc/cmdline", guest_read_cmdline },
        };
        _cleanup_free_ char *config = NULL;
        size_t size;

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_free_ char *text = NULL;

                if (guest_reader_text(g, files[i].path, &text, NULL) >= 0)
                        files[i].read(text, ret);
        }

        if (guest_reader_text(g, LPC_CONFIG_PATH, &config, &size) >= 0)
                guest_read_lpc_config(config, size, ret);
}

typedef struct Sum {
        uint64_t bytes;
        bool any;
} Sum;

static int add_bytes(const char *text, void *userdata)
{
        Sum *sum = userdata;
        uint64_t bytes;

        if (sscanf(text, "%" SCNu64, &bytes) != 1 || bytes > UINT64_MAX - sum->bytes)
                return -EBADMSG;

        sum->bytes += bytes;
        sum->any = true;
        return 0;
}

bool guest_probe_vram(const GuestReader *g, const char *pattern, GuestFacts *f)
{
        Sum sum = { .bytes = f->vram_used_bytes };

        if (guest_reader_each(g, pattern, add_bytes, &sum) < 0 || !sum.any)
                return false;

        f->vram_used_bytes = sum.bytes;
        return true;
}
