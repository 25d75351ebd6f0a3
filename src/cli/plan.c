/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/plan.h"

#include "basic/clock.h"
#include "store/inventory-json.h"

/* Without a time limit the search ends after this: on one processor of our days, after a minute or two. */
#define NODES_DEFAULT UINT64_C(50000000)

void plan_run_done(PlanRun *r)
{
        planner_plan_done(&r->plan);
        fleet_done(&r->fleet);
}

int plan_run_read(PlanRun *run, Ctl *c)
{
        _cleanup_(failure_done) Failure why = { 0 };

        if (c->host)
                return ctl_usage(c, "'%s' asks no host, so there is no '--host'", c->verb->name);
        if (fleet_read_file(c->inventory, &run->fleet, &why) < 0)
                return ctl_failure(c, &why, EXIT_STATUS_USAGE);
        return 0;
}

static bool time_is_up(void *userdata)
{
        return clock_monotonic_usec() >= *(const uint64_t *) userdata;
}

int plan_run_make(PlanRun *run, Ctl *c)
{
        uint64_t end = clock_monotonic_usec() + c->time_limit_seconds * USEC_PER_SEC;
        const PlannerOptions how = {
                .parallel = c->parallel > 0 ? (uint32_t) c->parallel : 1,
                .budget = {
                        .nodes = c->time_limit_seconds > 0 ? UINT64_MAX : NODES_DEFAULT,
                        .time_is_up = c->time_limit_seconds > 0 ? time_is_up : NULL,
                        .userdata = &end,
                },
        };
        _cleanup_(failure_done) Failure why = { 0 };

        if (planner_plan(&run->fleet, c->goals, c->n_goals, &how, &run->plan, &why) < 0)
                return ctl_failure(c, &why, EXIT_STATUS_USAGE);
        return 0;
}
