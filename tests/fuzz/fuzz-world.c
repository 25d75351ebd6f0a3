/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "store/json-util.h"
#include "store/world-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_json_ json_object *o = NULL, *again = NULL;
        _cleanup_(world_freep) World *w = NULL, *v = NULL;

        if (json_parse((const char *) data, size, "fuzz", &o, NULL) < 0 || world_from_json(o, &w, NULL) < 0)
                return 0;

        FUZZ_CHECK(world_to_json(w, &again) >= 0);
        FUZZ_CHECK(world_from_json(again, &v, NULL) >= 0);
        FUZZ_CHECK(v->n_functions == w->n_functions && v->n_domains == w->n_domains);
        for (size_t i = 0; i < v->n_domains; i++)
                FUZZ_CHECK(adoption_equal(&v->domains[i].adoption, &w->domains[i].adoption));
        return 0;
}
