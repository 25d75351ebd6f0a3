/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/plan.h"

#include "basic/clock.h"
#include "cli/host-inventory.h"
#include "cli/local-families.h"
#include "store/inventory-json.h"

void plan_run_done(PlanRun *r)
{
        planner_plan_done(&r->plan);
        fleet_done(&r->fleet);
        families_done(&r->families);
}

static int read_from_daemon(PlanRun *run, Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_free_ char *text = NULL;
        int r;

        r = host_inventory_get(c, &text, &e);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot get the inventory");
        if (fleet_parse(text, strlen(text), "the daemon's inventory", &run->fleet, &why) < 0)
                return ctl_failure(c, &why, EXIT_STATUS_FAILED);
        return 0;
}

static int read_fleet(PlanRun *run, Ctl *c)
{
        _cleanup_(failure_done) Failure why = { 0 };

        if (!c->inventory)
                return read_from_daemon(run, c);
        if (c->host)
                return ctl_usage(c, "with '--inventory' no host is asked, so there is no '--host'");
        if (fleet_read_file(c->inventory, &run->fleet, &why) < 0)
                return ctl_failure(c, &why, EXIT_STATUS_USAGE);
        return 0;
}

int plan_run_read(PlanRun *run, Ctl *c)
{
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        if (c->across_hosts && !c->inventory)
                return ctl_usage(c, "'--across-hosts' is for a fleet; name its file with '--inventory'");
        if (c->across_hosts && c->image_rate == 0)
                return ctl_usage(
                                c,
                                "with '--across-hosts' say how many bytes of an image are carried to another host in a "
                                "second: '--image-rate=BYTES'");
        if (c->image_rate > 0 && !c->across_hosts)
                return ctl_usage(c, "'--image-rate' is for '--across-hosts'");

        r = read_fleet(run, c);
        if (r != 0)
                return r;

        if (local_families_load(c, &run->families, &why) < 0)
                return ctl_failure(c, &why, EXIT_STATUS_USAGE);
        fleet_find_families(&run->fleet, &run->families);
        return 0;
}

int plan_run_make(PlanRun *run, Ctl *c)
{
        uint64_t end = clock_monotonic_usec() + c->time_limit_seconds * USEC_PER_SEC;
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        run->options = (PlannerOptions) {
                .parallel = c->parallel > 0 ? (uint32_t) c->parallel : 1,
                .fixups = c->fixups,
                .image_rate = (double) c->image_rate,
                .budget = {
                        .nodes = c->time_limit_seconds > 0 ? UINT64_MAX : PLANNER_NODES_DEFAULT,
                        .time_is_up = c->time_limit_seconds > 0 ? clock_has_passed : NULL,
                        .userdata = &end,
                },
        };

        r = planner_plan(&run->fleet, c->goals, c->n_goals, &run->options, &run->plan, &why);
        run->options.budget = (PlannerBudget) { 0 };
        if (r < 0)
                return ctl_failure(c, &why, EXIT_STATUS_USAGE);
        return 0;
}
