/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/guest-probe.h"

#include "host/guest-files.h"

/* /proc/meminfo has 2 KiB, /proc/cmdline at most 4 (x86's COMMAND_LINE_SIZE is 2). */
#define GUEST_FILE_BYTES_MAX (16U << 10)

/* q35's, at its fixed place (QEMU 10.0 include/hw/southbridge/ich9.h, ICH9_LPC_DEV). */
#define LPC_CONFIG_PATH "/sys/bus/pci/devices/0000:00:1f.0/config"

typedef struct Text {
        char *bytes; /* owned; with a NUL behind them */
        size_t size;
} Text;

static int add_piece(const char *bytes, size_t size, void *userdata)
{
        Text *t = userdata;
        char *bigger = realloc(t->bytes, t->size + size + 1);

        if (!bigger)
                return -ENOMEM;

        memcpy(bigger + t->size, bytes, size);
        t->bytes = bigger;
        t->size += size;
        t->bytes[t->size] = '\0';
        return 0;
}

static int read_text(virDomainPtr d, const char *path, uint64_t deadline_usec, char **ret, size_t *ret_size)
{
        Text t = { 0 };
        int r;

        r = guest_agent_read(d, path, GUEST_FILE_BYTES_MAX, deadline_usec, add_piece, &t);
        if (r < 0) {
                free(t.bytes);
                return r;
        }

        *ret = t.bytes;
        *ret_size = t.size;
        return 0;
}

void guest_probe(virDomainPtr d, const AgentCommands *commands, uint64_t deadline_usec, GuestFacts *ret)
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

        if (!commands->read_files)
                return;

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_free_ char *text = NULL;

                if (read_text(d, files[i].path, deadline_usec, &text, &size) >= 0)
                        files[i].read(text, ret);
        }

        if (read_text(d, LPC_CONFIG_PATH, deadline_usec, &config, &size) >= 0)
                guest_read_lpc_config(config, size, ret);
}
