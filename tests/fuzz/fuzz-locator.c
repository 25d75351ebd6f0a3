/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/locator.h"
#include "fuzz.h"

typedef struct Config {
        const uint8_t *data;
        size_t size;
} Config;

static int read_config(uint32_t offset, uint32_t *ret, void *userdata)
{
        const Config *c = userdata;

        if (offset < 0x100 || offset - 0x100 + sizeof(*ret) > c->size)
                return -EIO;

        memcpy(ret, c->data + offset - 0x100, sizeof(*ret));
        return 0;
}

/* The input is a path, and the extended configuration space. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *path = strndup((const char *) data, size);
        char slot[LOCATOR_SLOT_MAX];

        (void) locator_serial(read_config, &(Config) { data, size });

        if (path && locator_slot_from_path(path, slot) >= 0)
                FUZZ_CHECK(locator_slot_is_valid(slot));
        return 0;
}
