/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/guest-files.h"

#include <inttypes.h>
#include <stdio.h>

static const char blanks[] = " \t\n";

static GuestAnswer answer(bool yes)
{
        return yes ? GUEST_YES : GUEST_NO;
}

/* The next word and its length, 0 at the end; *p moves behind it. */
static const char *next_word(const char **p, size_t *ret_size)
{
        const char *word = *p + strspn(*p, blanks);

        *ret_size = strcspn(word, blanks);
        *p = word + *ret_size;
        return word;
}

static bool word_is(const char *word, size_t size, const char *s)
{
        return size == strlen(s) && memcmp(word, s, size) == 0;
}

static bool has_word(const char *text, const char *s)
{
        for (const char *p = text;;) {
                size_t size;
                const char *word = next_word(&p, &size);

                if (size == 0)
                        return false;
                if (word_is(word, size, s))
                        return true;
        }
}

static bool is_empty(const char *text)
{
        return text[strspn(text, blanks)] == '\0';
}

/* A kernel that cannot sleep at all has an empty file. */
void guest_read_power_state(const char *text, GuestFacts *f)
{
        f->sleeps_to_ram = answer(has_word(text, "mem"));
        f->sleeps_to_disk = answer(has_word(text, "disk"));
}

void guest_read_mem_sleep(const char *text, GuestFacts *f)
{
        if (is_empty(text))
                return;

        f->chose_deep = answer(has_word(text, "[deep]"));
        f->has_deep = answer(f->chose_deep == GUEST_YES || has_word(text, "deep"));
}

static const char *next_line(const char *line)
{
        const char *end = strchr(line, '\n');

        return end ? end + 1 : NULL;
}

static bool scale_kib(uint64_t *value)
{
        if (*value > UINT64_MAX >> 10)
                return false;

        *value <<= 10;
        return true;
}

void guest_read_meminfo(const char *text, GuestFacts *f)
{
        uint64_t total = 0, available = 0, swap = 0;
        bool has_total = false, has_available = false;

        for (const char *line = text; line; line = next_line(line)) {
                has_total = has_total || sscanf(line, "MemTotal: %" SCNu64 " kB", &total) == 1;
                has_available = has_available ||
                                sscanf(line, "MemAvailable: %" SCNu64 " kB", &available) == 1;
                (void) sscanf(line, "SwapFree: %" SCNu64 " kB", &swap); /* a kernel without swap has none */
        }

        if (!has_total || !has_available || available > total || !scale_kib(&total) ||
            !scale_kib(&available) || !scale_kib(&swap))
                return;

        f->memory_known = true;
        f->memory_bytes = total;
        f->memory_available_bytes = available;
        f->swap_free_bytes = swap;
}

void guest_read_swaps(const char *text, GuestFacts *f)
{
        static const char zram[] = "/dev/zram";
        uint64_t largest = 0;

        if (strncmp(text, "Filename", strlen("Filename")) != 0)
                return;

        for (const char *line = next_line(text); line && *line != '\0'; line = next_line(line)) {
                uint64_t size, used;

                if (sscanf(line, "%*s %*s %" SCNu64 " %" SCNu64, &size, &used) != 2 || used > size)
                        return;

                size -= used;
                if (!scale_kib(&size))
                        return;
                if (strncmp(line, zram, strlen(zram)) != 0 && size > largest)
                        largest = size;
        }

        f->disk_swap_known = true;
        f->disk_swap_free_bytes = largest;
}

void guest_read_cmdline(const char *text, GuestFacts *f)
{
        static const char resume[] = "resume=";
        bool named = false;

        if (is_empty(text))
                return;

        for (const char *p = text;;) {
                size_t size;
                const char *word = next_word(&p, &size);

                if (size == 0)
                        break;
                if (size > strlen(resume) && memcmp(word, resume, strlen(resume)) == 0)
                        named = true;
        }

        f->forbids_resume = answer(has_word(text, "noresume"));
        if (named || f->names_resume == GUEST_UNKNOWN)
                f->names_resume = answer(named);
}

/* "MAJOR:MINOR", of nothing "0:0". Set by the kernel from resume=, or by an initramfs. */
void guest_read_power_resume(const char *text, GuestFacts *f)
{
        unsigned major, minor;
        bool named;

        if (sscanf(text, "%u:%u", &major, &minor) != 2)
                return;

        named = major != 0 || minor != 0;
        if (named || f->names_resume == GUEST_UNKNOWN)
                f->names_resume = answer(named);
}

/* Intel ICH9 datasheet (316972) section 13.1: PMBASE, bits 15:7 the address, and ACPI_CNTL, bit 7 ACPI_EN. QEMU 10.0
 * hw/isa/lpc_ich9.c: without that bit the registers are nowhere. */
void guest_read_lpc_config(const char *bytes, size_t size, GuestFacts *f)
{
        static const unsigned char ich9[] = { 0x86, 0x80, 0x18, 0x29 }; /* vendor 8086, device 2918 */
        const unsigned char *c = (const unsigned char *) bytes;

        if (size < GUEST_LPC_CONFIG_BYTES || memcmp(c, ich9, sizeof(ich9)) != 0)
                return;

        f->acpi_mapped = answer((c[0x44] & 0x80) != 0 && ((c[0x40] & 0x80) != 0 || c[0x41] != 0));
}

/* Address, type, name of at most 512 bytes, module (Linux 6.12 include/linux/kallsyms.h, KSYM_NAME_LEN). */
#define SYMBOL_LINE_BYTES_MAX 1024U

void symbol_search_done(SymbolSearch *s)
{
        free(s->rest);
        *s = (SymbolSearch) { 0 };
}

static void search_line(SymbolSearch *s, const char *line)
{
        const char *p = line, *name;
        size_t size;

        (void) next_word(&p, &size);
        (void) next_word(&p, &size);
        name = next_word(&p, &size);
        if (size == 0)
                return;

        s->any_line = true;
        for (size_t i = 0; i < s->n; i++)
                if (word_is(name, size, s->names[i]))
                        s->found = s->names[i];
}

int symbol_search_feed(SymbolSearch *s, const char *bytes, size_t size)
{
        if (!s->rest) {
                s->rest = malloc(SYMBOL_LINE_BYTES_MAX + 1);
                if (!s->rest)
                        return -ENOMEM;
        }

        while (size > 0 && !s->found) {
                const char *end = memchr(bytes, '\n', size);
                size_t n = end ? (size_t) (end - bytes) : size;

                if (n > SYMBOL_LINE_BYTES_MAX - s->rest_size)
                        return -EBADMSG;

                memcpy(s->rest + s->rest_size, bytes, n);
                s->rest_size += n;
                if (!end)
                        break;

                s->rest[s->rest_size] = '\0';
                search_line(s, s->rest);
                s->rest_size = 0;
                bytes += n + 1;
                size -= n + 1;
        }

        return s->found ? 1 : 0;
}
