/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "fuzz.h"
#include "store/inventory-json.h"
#include "store/json-util.h"

/* What was read is consistent, as core/inventory.h promises, and reads back as what it was. */
static void check(const Inventory *inv)
{
        _cleanup_json_ json_object *o = NULL, *o_again = NULL;
        _cleanup_(fleet_done) Fleet again = { 0 };
        const char *text;

        for (size_t i = 0; i < inv->n_functions; i++) {
                FUZZ_CHECK(inventory_find(inv, &inv->functions[i].function.address) == i);
                FUZZ_CHECK(inv->functions[i].domain == INVENTORY_NONE ||
                           inv->functions[i].domain < inv->n_domains);
        }

        for (size_t i = 0; i < inv->n_domains; i++) {
                const InventoryDomain *d = inv->domains + i;

                FUZZ_CHECK(isfinite(d->cost_seconds) && d->cost_seconds >= 0 &&
                           d->max_downtime_seconds >= 0);
                for (size_t k = 0; k < d->n_functions; k++)
                        FUZZ_CHECK(inv->functions[d->functions[k]].domain == i);
        }

        FUZZ_CHECK(inventory_to_json(inv, &o) >= 0);
        text = json_object_to_json_string(o);
        FUZZ_CHECK(fleet_parse(text, strlen(text), "again", &again, NULL) >= 0 && again.n == 1);
        FUZZ_CHECK(inventory_to_json(again.hosts, &o_again) >= 0);
        FUZZ_CHECK(streq(json_object_to_json_string(o_again), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(fleet_done) Fleet f = { 0 };
        Failure why = { 0 };
        int r;

        r = fleet_parse((const char *) data, size, "fuzz", &f, &why);
        FUZZ_CHECK((r < 0) == (why.code != FAILURE_NONE));
        for (size_t i = 0; i < f.n; i++)
                check(f.hosts + i);

        failure_done(&why);
        return 0;
}
