/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/apply.h"
#include "fuzz.h"
#include "store/job-json.h"
#include "store/json-util.h"

/* What is read as a job must come back from its own text as the same job. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_json_ json_object *o = NULL, *again = NULL, *last = NULL;
        _cleanup_(job_freep) Job *j = NULL, *k = NULL;

        if (json_parse((const char *) data, size, "fuzz", &o, NULL) < 0 || job_from_json(o, &j, NULL) < 0)
                return 0;

        (void) job_current_step(j);
        (void) job_is_committed(j);
        if (j->apply) {
                _cleanup_free_ char *account = apply_account(j->apply);
                size_t move;

                FUZZ_CHECK(account);
                (void) apply_next(j->apply, &move);
        }
        FUZZ_CHECK(job_to_json(j, &again) >= 0);
        FUZZ_CHECK(job_from_json(again, &k, NULL) >= 0);
        FUZZ_CHECK(job_to_json(k, &last) >= 0);
        FUZZ_CHECK(json_object_equal(again, last));
        return 0;
}
