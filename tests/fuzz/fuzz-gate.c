/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "host/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char tool[] = "tool", path[] = "/0/schedule/vf_state", word[] = "AVAILABLE";
        const FamilyGate g = {
                .command = { .words = (char *[]) { tool, NULL } },
                .path = path,
                .accepts = (char *[]) { word, NULL },
        };
        _cleanup_free_ char *text = strndup((const char *) data, size), *answer = NULL;
        Failure why = { 0 };
        int r;

        if (!text)
                return 0;

        r = gate_read_answer(&g, text, strlen(text), &answer, &why);
        FUZZ_CHECK((r < 0) == (why.code != FAILURE_NONE));
        FUZZ_CHECK((r < 0) == !answer);
        FUZZ_CHECK(r != 1 || streq(answer, word));
        for (const char *c = answer; c && *c; c++)
                FUZZ_CHECK(*c >= ' ' && *c <= '~');
        failure_done(&why);
        return 0;
}
