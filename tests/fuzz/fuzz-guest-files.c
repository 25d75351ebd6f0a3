/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "host/guest-files.h"

static int search(const uint8_t *data, size_t size, size_t piece)
{
        static const char *const names[] = { "amdgpu_bo_fb_aper_addr", "f" };
        SymbolSearch s = { .names = names, .n = ELEMENTSOF(names) };
        int r = 0;

        for (size_t i = 0; i < size && r == 0; i += piece)
                r = symbol_search_feed(&s, (const char *) data + i, size - i < piece ? size - i : piece);
        FUZZ_CHECK((r > 0) == (s.found != NULL));

        symbol_search_done(&s);
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup((const char *) data, size);
        GuestFacts f = { 0 };

        FUZZ_CHECK(text);
        guest_read_power_state(text, &f);
        guest_read_mem_sleep(text, &f);
        guest_read_meminfo(text, &f);
        guest_read_swaps(text, &f);
        guest_read_cmdline(text, &f);
        guest_read_power_resume(text, &f);
        guest_read_lpc_config((const char *) data, size, &f);
        FUZZ_CHECK(!f.memory_known || f.memory_available_bytes <= f.memory_bytes);
        FUZZ_CHECK(f.chose_deep != GUEST_YES || f.has_deep == GUEST_YES);

        /* Where it is cut is of no matter. */
        if (size > 0)
                FUZZ_CHECK(search(data, size, size) == search(data, size, 1) &&
                           search(data, size, size) == search(data, size, 7));
        return 0;
}
