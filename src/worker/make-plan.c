/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/make-plan.h"

#include <inttypes.h>
#include <stdio.h>

#include "basic/clock.h"
#include "basic/log.h"
#include "store/failure-json.h"
#include "store/inventory-json.h"
#include "store/json-util.h"
#include "store/planner-json.h"

typedef struct PlanRequest {
        Fleet fleet;
        PlannerGoal goals[PLANNER_GOALS_MAX];
        size_t n_goals;
        PlannerOptions options;
        uint64_t end_usec;
} PlanRequest;

static void plan_request_done(PlanRequest *q)
{
        for (size_t i = 0; i < q->n_goals; i++)
                planner_goal_done(q->goals + i);
        fleet_done(&q->fleet);
}

static int read_goals(PlanRequest *q, char *const *words, Failure *reterr)
{
        for (; *words; words++) {
                if (q->n_goals >= PLANNER_GOALS_MAX)
                        return failure_set(reterr, FAILURE_INVALID_OPTION, "there are more than %u goals",
                                           PLANNER_GOALS_MAX);
                if (planner_goal_parse(*words, q->goals + q->n_goals, reterr) < 0)
                        return -EREMOTEIO;
                q->n_goals++;
        }

        return 0;
}

static int make_plan(const Config *config, PlanRequest *q, char *const *goals, json_object **ret,
                     Failure *reterr)
{
        PlannerPlan plan = { 0 };
        int r;

        if (read_goals(q, goals, reterr) < 0 || fleet_read_file("/dev/stdin", &q->fleet, reterr) < 0)
                return -EREMOTEIO;

        fleet_find_families(&q->fleet, &config->families);
        if (planner_plan(&q->fleet, q->goals, q->n_goals, &q->options, &plan, reterr) < 0)
                return -EREMOTEIO;

        r = planner_plan_to_json(&q->fleet, q->goals, q->n_goals, &q->options, &plan, ret);
        planner_plan_done(&plan);
        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "cannot tell the plan") : 0;
}

static int print(json_object *o)
{
        const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
                                                                             JSON_C_TO_STRING_NOSLASHESCAPE);

        if (!text)
                return -ENOMEM;

        return printf("%s\n", text) < 0 || fflush(stdout) == EOF ? -EPIPE : 0;
}

int make_plan_print(const Config *config, char *const *words)
{
        _cleanup_(plan_request_done) PlanRequest q = { 0 };
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_json_ json_object *o = NULL;
        uint64_t seconds;
        int r;

        if (!words[0] || !words[1] || !words[2] || sscanf(words[0], "%" SCNu32, &q.options.parallel) != 1 ||
            sscanf(words[1], "%" SCNu64, &seconds) != 1 || q.options.parallel == 0)
                return -EINVAL;

        q.options.fixups = guest_fixups_from_string(words[2]);
        if ((int) q.options.fixups < 0)
                return -EINVAL;

        q.end_usec = clock_monotonic_usec() + seconds * USEC_PER_SEC;
        q.options.budget = (PlannerBudget) {
                .nodes = UINT64_MAX,
                .time_is_up = clock_has_passed,
                .userdata = &q.end_usec,
        };

        if (make_plan(config, &q, words + 3, &o, &why) < 0) {
                o = json_object_new_object();
                r = o ? failure_to_json(&why, o) : -ENOMEM;
                if (r < 0)
                        return log_error_errno(r, "Cannot tell why there is no plan: %m");
        }

        r = print(o);
        return r < 0 ? log_error_errno(r, "Cannot print the plan: %m") : 0;
}
