/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "store/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(config_freep) Config *c = NULL;
        Failure why = { 0 };
        int r;

        r = config_parse((const char *) data, size, "fuzz", &c, &why);
        FUZZ_CHECK((r < 0) == (why.code != FAILURE_NONE));
        FUZZ_CHECK((r < 0) == !c);
        if (c)
                (void) config_matches(c, &(Function) { .identity = { .class_code = 0x030000 } });
        failure_done(&why);
        return 0;
}
