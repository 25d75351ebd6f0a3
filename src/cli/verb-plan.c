/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* plan: the cheapest moves that reach the goals. */

#include <stdio.h>

#include "cli/plan.h"
#include "cli/table.h"
#include "cli/text.h"
#include "store/planner-json.h"

static const TableColumn columns[] = {
        { "WAVE", true, false },  { "DOMAIN", false, true }, { "DOWN", true, false },
        { "FROM", false, false }, { "TO", false, false },
};

/* HOST/NAME in a fleet. */
static void add_name(Table *t, const Fleet *fleet, size_t host, const char *name)
{
        const char *of = fleet->n > 1 ? fleet->hosts[host].host : NULL;

        table_add_format(t, TINT_NONE, "%s%s%s", of ? of : "", of ? "/" : "", name);
}

static void add_move(Table *t, const Fleet *fleet, size_t host, const PlannerMove *m)
{
        const Inventory *inv = fleet->hosts + host, *other = fleet->hosts + m->host;

        for (size_t i = 0; i < m->n_changes; i++) {
                const char *to = PCI_ADDRESS_STR(&other->functions[m->changes[i].to].function.address);

                table_add_format(t, TINT_NONE, "%u", m->wave + 1);
                add_name(t, fleet, host, inv->domains[m->domain].name);
                table_add(t, TINT_NONE, TEXT_DURATION(planner_cost_usec(m->cost_seconds)));
                table_add(t, TINT_NONE,
                          PCI_ADDRESS_STR(&inv->functions[m->changes[i].from].function.address));
                if (m->host == host)
                        table_add(t, TINT_NONE, to);
                else
                        add_name(t, fleet, m->host, to);
        }
}

static int print_moves(const Ctl *c, const Fleet *fleet, const PlannerPlan *plan)
{
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns), &t);
        if (r < 0)
                return r;

        for (uint32_t wave = 0; wave < plan->n_waves; wave++)
                for (size_t h = 0; h < plan->n_hosts; h++)
                        for (size_t i = 0; i < plan->hosts[h].waves.n_moves; i++)
                                if (plan->hosts[h].waves.moves[i].wave == wave)
                                        add_move(t, fleet, h, plan->hosts[h].waves.moves + i);

        return table_print(t, stdout, !c->no_legend);
}

static int print_plan(const Ctl *c, const Fleet *fleet, const PlannerPlan *plan)
{
        int r;

        if (!plan->feasible) {
                ctl_print(c, "%s: %s", plan->optimal ? "Not possible" : "No plan found", plan->reason);
                return 0;
        }

        if (plan->cost.moves == 0) {
                ctl_print(c,
                          plan->optimal ? "Nothing has to move"
                                        : "Nothing moves: no better was found, and it is not proven that there is none");
                return 0;
        }

        r = print_moves(c, fleet, plan);
        if (r < 0)
                return r;

        if (plan->optimal)
                ctl_print(c, "%llu %s in %u %s, down for %s in all: nothing does with less",
                          (unsigned long long) plan->cost.moves, plan->cost.moves == 1 ? "move" : "moves",
                          plan->n_waves, plan->n_waves == 1 ? "wave" : "waves",
                          TEXT_DURATION(plan->cost.usec));
        else
                ctl_print(c,
                          "%llu %s in %u %s, down for %s in all: the best found, and nothing does with less than %s",
                          (unsigned long long) plan->cost.moves, plan->cost.moves == 1 ? "move" : "moves",
                          plan->n_waves, plan->n_waves == 1 ? "wave" : "waves",
                          TEXT_DURATION(plan->cost.usec), TEXT_DURATION(plan->bound.usec));
        return 0;
}

int verb_plan(Ctl *c)
{
        _cleanup_(plan_run_done) PlanRun run = { 0 };
        json_object *o;
        int r;

        r = plan_run_read(&run, c);
        if (r == 0)
                r = plan_run_make(&run, c);
        if (r != 0)
                return r;

        if (c->json) {
                r = planner_plan_to_json(&run.fleet, c->goals, c->n_goals, &run.options, &run.plan, &o);
                if (r >= 0)
                        r = ctl_print_json(c, o);
        } else if (!c->quiet)
                r = print_plan(c, &run.fleet, &run.plan);
        if (r < 0)
                return r;

        return run.plan.feasible ? EXIT_STATUS_OK : EXIT_STATUS_REFUSED;
}
