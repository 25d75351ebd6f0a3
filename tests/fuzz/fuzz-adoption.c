/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "store/adoption-json.h"
#include "store/json-util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(adoption_change_done) AdoptionChange c = { 0 }, d = { 0 };
        _cleanup_json_ json_object *o = NULL, *again = NULL;

        if (json_parse((const char *) data, size, "fuzz", &o, NULL) < 0 ||
            adoption_change_from_json(o, &c, NULL) < 0)
                return 0;

        FUZZ_CHECK(adoption_change_to_json(&c, NULL, &again) >= 0);
        FUZZ_CHECK(adoption_change_from_json(again, &d, NULL) >= 0);
        FUZZ_CHECK(streq(c.diff, d.diff) && c.autostart_before == d.autostart_before &&
                   c.autostart_after == d.autostart_after);
        return 0;
}
