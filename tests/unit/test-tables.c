/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every enum that leaves the process as text comes back as what it was, and no two values share a word. */
#include "core/adoption.h"
#include "core/apply.h"
#include "core/bond.h"
#include "core/claim.h"
#include "core/enum-table.h"
#include "core/facts.h"
#include "core/failure.h"
#include "core/family.h"
#include "core/finding.h"
#include "core/function.h"
#include "core/hook-operation.h"
#include "core/job.h"
#include "core/plan.h"
#include "core/pool.h"
#include "core/reserve.h"
#include "test.h"

#define TEST_TABLE(name, max)                                                      \
        do {                                                                       \
                for (int v = 0; v < (int) (max); v++) {                            \
                        CHECK(name##_to_string(v));                                \
                        CHECK((int) name##_from_string(name##_to_string(v)) == v); \
                }                                                                  \
                CHECK(!name##_to_string(max));                                     \
                CHECK(!name##_to_string(-EINVAL));                                 \
                CHECK((int) name##_from_string("no such word") < 0);               \
                CHECK((int) name##_from_string(NULL) < 0);                         \
        } while (false)

static void test_failures(void)
{
        for (FailureCode c = FAILURE_NONE + 1; c < _FAILURE_CODE_MAX; c++) {
                CHECK(failure_code_from_string(failure_code_to_string(c)) == c);
                CHECK(failure_code_from_bus_error(failure_code_to_bus_error(c)) == c);
                CHECK(failure_code_to_exit_status(c) >= 1 && failure_code_to_exit_status(c) <= 3);
        }
        CHECK((int) failure_code_from_string("") < 0);
        CHECK((int) failure_code_from_bus_error("org.freedesktop.DBus.Error.Failed") < 0);
        CHECK(!failure_code_to_string(FAILURE_NONE));
        CHECK(failure_code_to_exit_status(_FAILURE_CODE_MAX) == FAILURE_EXIT_FAILED);
}

static void test_first_failure_wins(void)
{
        _cleanup_(failure_done) Failure f = { 0 };

        CHECK(failure_set(&f, FAILURE_NO_SPACE, "%d MiB", 7) < 0);
        CHECK(failure_set_errno(&f, FAILURE_HOST, EIO, "later") == -EIO);
        CHECK(f.code == FAILURE_NO_SPACE);
        CHECK(streq(failure_message(&f), "7 MiB"));
        CHECK(failure_set(NULL, FAILURE_HOST, "nobody asks") < 0);
}

int main(void)
{
        TEST_TABLE(on_shutdown, _ON_SHUTDOWN_MAX);
        TEST_TABLE(apply_move_state, _APPLY_MOVE_STATE_MAX);
        TEST_TABLE(apply_phase, _APPLY_PHASE_MAX);
        TEST_TABLE(bond, _BOND_MAX);
        TEST_TABLE(domain_state, _DOMAIN_STATE_MAX);
        TEST_TABLE(attribute_of, _ATTRIBUTE_OF_MAX);
        TEST_TABLE(finding_rule, _FINDING_RULE_MAX);
        TEST_TABLE(finding_scope, _FINDING_SCOPE_MAX);
        TEST_TABLE(function_state, _FUNCTION_STATE_MAX);
        TEST_TABLE(family_targets, _FAMILY_TARGETS_MAX);
        TEST_TABLE(guest_fixups, _GUEST_FIXUPS_MAX);
        TEST_TABLE(guest_probe_kind, _GUEST_PROBE_KIND_MAX);
        TEST_TABLE(hold_mode, _HOLD_MODE_MAX);
        TEST_TABLE(hook_operation, _HOOK_OPERATION_MAX);
        TEST_TABLE(job_kind, _JOB_KIND_MAX);
        TEST_TABLE(job_state, _JOB_STATE_MAX);
        TEST_TABLE(pick_policy, _PICK_POLICY_MAX);
        TEST_TABLE(reserve_group, _RESERVE_GROUP_MAX);
        TEST_TABLE(step_id, _STEP_ID_MAX);
        TEST_TABLE(step_state, _STEP_STATE_MAX);
        TEST_TABLE(strategy, _STRATEGY_MAX);
        test_failures();
        test_first_failure_wins();

        CHECK(qemu_status_from_qmp("inmigrate") == QEMU_PAUSED);
        CHECK(qemu_status_from_qmp("postmigrate") == QEMU_POSTMIGRATE);
        CHECK(qemu_status_from_qmp("guest-panicked") == QEMU_OTHER);
        CHECK(qemu_status_from_qmp("none") == QEMU_OTHER);
        return EXIT_SUCCESS;
}
