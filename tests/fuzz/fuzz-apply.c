/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "store/apply-json.h"
#include "store/inventory-json.h"

static const char inventory[] =
                "{\"schema\":1,\"stamp\":\"s\",\"functions\":["
                "{\"address\":\"0000:01:02.0\",\"physical_function\":\"0000:01:00.0\",\"state\":\"assigned\",\"domain\":\"a\"},"
                "{\"address\":\"0000:01:02.1\",\"physical_function\":\"0000:01:00.0\",\"state\":\"assigned\",\"domain\":\"b\"},"
                "{\"address\":\"0000:01:02.2\",\"physical_function\":\"0000:01:00.0\",\"state\":\"assigned\",\"domain\":\"b\"},"
                "{\"address\":\"0000:02:02.0\",\"physical_function\":\"0000:02:00.0\",\"state\":\"assigned\",\"domain\":\"c\"},"
                "{\"address\":\"0000:02:02.1\",\"physical_function\":\"0000:02:00.0\",\"state\":\"free\"},"
                "{\"address\":\"0000:02:02.2\",\"physical_function\":\"0000:02:00.0\",\"state\":\"free\"}],"
                "\"domains\":[{\"name\":\"a\",\"functions\":[\"0000:01:02.0\"]},"
                "{\"name\":\"b\",\"functions\":[\"0000:01:02.1\",\"0000:01:02.2\"]},"
                "{\"name\":\"c\",\"functions\":[\"0000:02:02.0\"]}]}";

static JobKind kind_of(ApplyAction action)
{
        return action == APPLY_MOVE ? JOB_MOVE : action == APPLY_HIBERNATE ? JOB_HIBERNATE : JOB_RESUME;
}

/* What was checked can be carried out to its end. */
static void carry_out(Apply *a)
{
        ApplyAction action;
        size_t move = 0, n = 0;

        while ((action = apply_next(a, &move)) != APPLY_END) {
                _cleanup_(job_freep) Job *child = NULL;

                FUZZ_CHECK(action == APPLY_MOVE || action == APPLY_HIBERNATE || action == APPLY_RESUME);
                FUZZ_CHECK(++n <= 2 * a->n_moves);
                FUZZ_CHECK(job_new(n, kind_of(action), STRATEGY_AUTO, "u", "n", &child) >= 0);
                child->state = JOB_DONE;
                apply_begun(a, move, action, n);
                apply_ended(a, move, child, false, NULL);
        }

        FUZZ_CHECK(apply_count(a, APPLY_DONE) == a->n_moves);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(fleet_done) Fleet fleet = { 0 };
        _cleanup_(apply_freep) Apply *a = NULL;
        _cleanup_free_ char *stamp = NULL;
        Failure why = { 0 };
        int r;

        r = apply_parse_plan((const char *) data, size, &a, &stamp, &why);
        FUZZ_CHECK((r < 0) == (why.code != FAILURE_NONE));
        if (r >= 0) {
                FUZZ_CHECK(fleet_parse(inventory, strlen(inventory), "inventory", &fleet, NULL) >= 0);
                for (size_t i = 0; i < fleet.hosts[0].n_domains; i++)
                        FUZZ_CHECK(free_and_strdup(&fleet.hosts[0].domains[i].uuid,
                                                   fleet.hosts[0].domains[i].name) >= 0);
                r = apply_check(a, fleet.hosts, &why);
                FUZZ_CHECK((r < 0) == (why.code != FAILURE_NONE));
                if (r >= 0)
                        carry_out(a);
        }

        failure_done(&why);
        return 0;
}
