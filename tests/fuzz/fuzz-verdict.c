/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "store/json-util.h"
#include "store/verdict-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_json_ json_object *o = NULL, *again = NULL;
        _cleanup_(verdict_done) Verdict v = { 0 }, w = { 0 };

        if (json_parse((const char *) data, size, "fuzz", &o, NULL) < 0 ||
            verdict_from_json(o, &v, NULL) < 0)
                return 0;

        FUZZ_CHECK(verdict_to_json(&v, &again) >= 0);
        FUZZ_CHECK(verdict_from_json(again, &w, NULL) >= 0);
        FUZZ_CHECK(w.findings.n == v.findings.n && w.strategy == v.strategy && w.sized == v.sized);
        FUZZ_CHECK(findings_are_blocking(&w.findings) == findings_are_blocking(&v.findings));
        return 0;
}
