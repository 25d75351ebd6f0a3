/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "store/families.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Family f = { 0 };
        Failure why = { 0 };
        int r;

        r = family_parse((const char *) data, size, "fuzz", "fuzz", &f, &why);
        FUZZ_CHECK((r < 0) == (why.code != FAILURE_NONE));
        FUZZ_CHECK((r < 0) == (f.n_devices == 0));
        for (size_t i = 0; i < f.n_devices; i++)
                FUZZ_CHECK(families_find(&(Families) { .list = &f, .n = 1 }, f.devices[i].vendor,
                                         f.devices[i].device) == &f);
        family_done(&f);
        failure_done(&why);
        return 0;
}
