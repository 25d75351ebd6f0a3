/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A goal, a line's end, and an inventory: whatever comes of them can be carried out, and does not take
 * long; whether domains stay on their hosts or not. */

#include "core/planner.h"
#include "fake/random-inventory.h"
#include "fuzz.h"
#include "store/inventory-json.h"

#define NODES UINT64_C(20000)

static void plan(const Fleet *fleet, const PlannerGoal *goal, double image_rate)
{
        const PlannerOptions options = { .parallel = 2, .image_rate = image_rate, .budget.nodes = NODES };
        _cleanup_(planner_plan_done) PlannerPlan plan = { 0 };
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        r = planner_plan(fleet, goal, 1, &options, &plan, &why);
        FUZZ_CHECK((r < 0) == (why.code != FAILURE_NONE));
        if (r >= 0) {
                FUZZ_CHECK(plan.feasible == !plan.reason);
                FUZZ_CHECK(!plan.feasible || !judge_plan(fleet, goal, 1, &plan, &options));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
        _cleanup_(planner_goal_done) PlannerGoal goal = { 0 };
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_(fleet_done) Fleet fleet = { 0 };
        _cleanup_free_ char *text = NULL;
        int r;

        if (!end)
                return 0;
        text = strndup((const char *) data, (size_t) (end - data));
        FUZZ_CHECK(text);

        r = planner_goal_parse(text, &goal, &why);
        if (r >= 0)
                r = fleet_parse((const char *) end + 1, size - (size_t) (end + 1 - data), "fuzz", &fleet,
                                &why);
        FUZZ_CHECK((r < 0) == (why.code != FAILURE_NONE));
        if (r < 0)
                return 0;

        plan(&fleet, &goal, 0);
        plan(&fleet, &goal, 1 << 20);
        return 0;
}
