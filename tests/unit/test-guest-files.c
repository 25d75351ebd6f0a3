/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/guest-files.h"

#include "test.h"

#define KIB UINT64_C(1024)

static void test_sleep(void)
{
        static const struct {
                const char *state;
                GuestAnswer ram, disk;
        } states[] = {
                { "freeze mem disk\n", GUEST_YES, GUEST_YES },
                { "freeze mem\n", GUEST_YES, GUEST_NO }, /* locked down */
                { "freeze\n", GUEST_NO, GUEST_NO },
                { "memory disks\n", GUEST_NO, GUEST_NO },
                { "", GUEST_NO, GUEST_NO },
        };
        static const struct {
                const char *mem_sleep;
                GuestAnswer has, chose;
        } ways[] = {
                { "s2idle [deep]\n", GUEST_YES, GUEST_YES },
                { "[s2idle] deep\n", GUEST_YES, GUEST_NO },
                { "[s2idle]\n", GUEST_NO, GUEST_NO },
                { "[s2idle] shallow deep", GUEST_YES, GUEST_NO },
                { "\n", GUEST_UNKNOWN, GUEST_UNKNOWN },
        };

        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                GuestFacts f = { 0 };

                guest_read_power_state(states[i].state, &f);
                CHECK(f.sleeps_to_ram == states[i].ram && f.sleeps_to_disk == states[i].disk);
        }
        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                GuestFacts f = { 0 };

                guest_read_mem_sleep(ways[i].mem_sleep, &f);
                CHECK(f.has_deep == ways[i].has && f.chose_deep == ways[i].chose);
        }
}

static void test_memory(void)
{
        static const char *const bad[] = {
                "",
                "MemTotal: 1 kB\n",
                "MemTotal: 1 kB\nMemAvailable: 2 kB\n",
                "MemTotal: many kB\nMemAvailable: 2 kB\n",
                "MemTotal: 99999999999999999999999 kB\nMemAvailable: 2 kB\n",
                "MemTotal: 18446744073709551615 kB\nMemAvailable: 2 kB\n",
        };
        GuestFacts f = { 0 };

        guest_read_meminfo(
                        "MemTotal:         217588 kB\nMemFree:          175472 kB\n"
                        "MemAvailable:     172364 kB\nSwapTotal:        524284 kB\nSwapFree:         524280 kB\n",
                        &f);
        CHECK(f.memory_known && f.memory_bytes == 217588 * KIB && f.memory_available_bytes == 172364 * KIB &&
              f.swap_free_bytes == 524280 * KIB);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                f = (GuestFacts) { 0 };
                guest_read_meminfo(bad[i], &f);
                CHECK(!f.memory_known);
        }
}

#define SWAPS_HEAD "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static void test_swaps(void)
{
        static const struct {
                const char *text;
                bool known;
                uint64_t kib;
        } table[] = {
                { SWAPS_HEAD, true, 0 },
                { SWAPS_HEAD "/dev/vda                partition\t524284\t\t284\t\t-2\n", true, 524000 },
                { SWAPS_HEAD "/dev/vda partition 100 0 -2\n/swap\\040file file 300 50 -3\n", true, 250 },
                { SWAPS_HEAD "/dev/zram0 partition 9999999 0 100\n", true, 0 },
                { SWAPS_HEAD "/dev/vda partition 100 200 -2\n", false, 0 },
                { SWAPS_HEAD "/dev/vda partition\n", false, 0 },
                { SWAPS_HEAD "/dev/vda partition 18446744073709551615 0 0\n", false, 0 },
                { "", false, 0 },
                { "/dev/vda partition 100 0 -2\n", false, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                GuestFacts f = { 0 };

                guest_read_swaps(table[i].text, &f);
                CHECK(f.disk_swap_known == table[i].known && f.disk_swap_free_bytes == table[i].kib * KIB);
        }
}

static void test_resume(void)
{
        static const struct {
                const char *cmdline, *resume;
                GuestAnswer names, forbids;
        } table[] = {
                { "root=/dev/vda1 resume=UUID=1-2 quiet\n", "0:0\n", GUEST_YES, GUEST_NO },
                { "quiet\n", "253:0\n", GUEST_YES, GUEST_NO },
                { "quiet\n", "0:0\n", GUEST_NO, GUEST_NO },
                { "quiet resume= xresume=/dev/vda2\n", "0:0\n", GUEST_NO, GUEST_NO },
                { "resume=/dev/vda2 noresume\n", "0:0\n", GUEST_YES, GUEST_YES },
                { "", "", GUEST_UNKNOWN, GUEST_UNKNOWN },
                { "", "0:0", GUEST_NO, GUEST_UNKNOWN },
                { "quiet", "", GUEST_NO, GUEST_NO },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                for (unsigned order = 0; order < 2; order++) {
                        GuestFacts f = { 0 };

                        if (order == 1)
                                guest_read_cmdline(table[i].cmdline, &f);
                        guest_read_power_resume(table[i].resume, &f);
                        if (order == 0)
                                guest_read_cmdline(table[i].cmdline, &f);
                        CHECK(f.names_resume == table[i].names && f.forbids_resume == table[i].forbids);
                }
}

/* Bytes of a guest's config space, as they were before and after a wake-up by SeaBIOS 1.16.3 on q35. */
static void test_lpc(void)
{
        static const struct {
                unsigned char pmbase[2], acpi_cntl;
                GuestAnswer mapped;
        } table[] = {
                { { 0x01, 0x06 }, 0x80, GUEST_YES }, { { 0x01, 0x00 }, 0x00, GUEST_NO },
                { { 0x01, 0x06 }, 0x00, GUEST_NO },  { { 0x01, 0x00 }, 0x80, GUEST_NO },
                { { 0x81, 0x00 }, 0x80, GUEST_YES },
        };
        GuestFacts f = { 0 };
        char bytes[256] = "\x86\x80\x18\x29";

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                memcpy(bytes + 0x40, table[i].pmbase, sizeof(table[i].pmbase));
                bytes[0x44] = (char) table[i].acpi_cntl;
                guest_read_lpc_config(bytes, sizeof(bytes), &f);
                CHECK(f.acpi_mapped == table[i].mapped);
        }

        /* Another chipset, and what only root may read. */
        f = (GuestFacts) { 0 };
        guest_read_lpc_config(bytes, 64, &f);
        bytes[2] = 0x17;
        guest_read_lpc_config(bytes, sizeof(bytes), &f);
        CHECK(f.acpi_mapped == GUEST_UNKNOWN);
}

static void test_symbols(void)
{
        static const char *const names[] = { "amdgpu_gmc_is_pdb0_enabled", "amdgpu_bo_fb_aper_addr" };
        const struct {
                const char *text;
                const char *found;
        } table[] = {
                { "ffffffff81000000 T _text\nffffffffc0a01230 T amdgpu_bo_fb_aper_addr\t[amdgpu]\n",
                  "amdgpu_bo_fb_aper_addr" },
                { "0000000000000000 T amdgpu_gmc_is_pdb0_enabled\t[amdgpu]\n",
                  "amdgpu_gmc_is_pdb0_enabled" },
                { "0 t amdgpu_bo_fb_aper_address\t[amdgpu]\n0 t xamdgpu_bo_fb_aper_addr\n", NULL },
                { "amdgpu_bo_fb_aper_addr\namdgpu_bo_fb_aper_addr t x\n", NULL },
                { "", NULL },
        };
        char long_line[2000];

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                for (size_t piece = 1; piece < 200; piece++) {
                        SymbolSearch s = { .names = names, .n = ELEMENTSOF(names) };
                        size_t size = strlen(table[i].text);
                        int r = 0;

                        for (size_t k = 0; k < size && r == 0; k += piece)
                                r = symbol_search_feed(&s, table[i].text + k,
                                                       size - k < piece ? size - k : piece);
                        CHECK(r == (table[i].found != NULL));
                        CHECK(streq_ptr(s.found, table[i].found));
                        symbol_search_done(&s);
                }

        SymbolSearch s = { .names = names, .n = ELEMENTSOF(names) };

        memset(long_line, 'x', sizeof(long_line));
        CHECK(symbol_search_feed(&s, long_line, sizeof(long_line)) == -EBADMSG);
        CHECK(!s.any_line);
        symbol_search_done(&s);
}

int main(void)
{
        test_sleep();
        test_memory();
        test_swaps();
        test_resume();
        test_lpc();
        test_symbols();
        return EXIT_SUCCESS;
}
