/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plans of inventories by chance: each can be carried out and reaches its goals, and the same question
 * has the same answer. */

#include <math.h>

#include "core/planner.h"

#include "fake/random-inventory.h"
#include "test.h"

#define NODES UINT64_C(2000000)

static bool is_same(const PlannerPlan *a, const PlannerPlan *b)
{
        if (a->feasible != b->feasible || a->optimal != b->optimal || a->cost.usec != b->cost.usec ||
            a->n_waves != b->n_waves || !streq_ptr(a->reason, b->reason) || a->n_hosts != b->n_hosts)
                return false;

        for (size_t h = 0; h < a->n_hosts; h++) {
                const PlannerWaves *x = &a->hosts[h].waves, *y = &b->hosts[h].waves;

                if (x->n_moves != y->n_moves)
                        return false;
                for (size_t i = 0; i < x->n_moves; i++) {
                        const PlannerMove *m = x->moves + i, *n = y->moves + i;

                        if (m->domain != n->domain || m->wave != n->wave || m->host != n->host ||
                            m->n_changes != n->n_changes ||
                            memcmp(m->changes, n->changes, m->n_changes * sizeof(PlannerChange)) != 0)
                                return false;
                }
        }

        return true;
}

typedef struct Tally {
        uint32_t feasible, left, proven, cheaper, made_possible;
} Tally;

/* What is the same but that domains stay on their hosts costs no less. */
static void compare_within(const Fleet *fleet, const PlannerGoal *goals, size_t n_goals,
                           PlannerOptions options, const PlannerPlan *plan, Tally *tally)
{
        _cleanup_(planner_plan_done) PlannerPlan within = { 0 };

        options.image_rate = 0;
        CHECK(planner_plan(fleet, goals, n_goals, &options, &within, NULL) >= 0);
        CHECK(plan->feasible || !within.feasible);
        if (plan->feasible && within.feasible) {
                CHECK(plan->cost.usec <= within.cost.usec && plan->bound.usec <= within.bound.usec);
                tally->cheaper += plan->cost.usec < within.cost.usec;
        }

        tally->made_possible += plan->feasible && !within.feasible;
        tally->proven += plan->optimal;
        for (size_t h = 0; plan->feasible && h < plan->n_hosts; h++)
                for (size_t i = 0; i < plan->hosts[h].waves.n_moves; i++)
                        tally->left += plan->hosts[h].waves.moves[i].host != h;
}

static void test_random(uint64_t seed, size_t n_hosts, bool across, Tally *tally)
{
        Chance c = { seed };
        const InventoryShape shape = {
                .n_pfs = 1 + chance_below(&c, 6),
                .n_functions_of_pf = 1 + chance_below(&c, 8),
                .n_domains = 1 + chance_below(&c, 12),
                .n_kinds = 1 + (uint32_t) chance_percent(&c, 20),
                .n_groups = 1 + chance_below(&c, 3),
                .domain_max = 1 + chance_below(&c, 4),
                .busy_percent = 30 + chance_below(&c, 70),
                .odd_percent = chance_percent(&c, 50) ? 0 : 20,
                .images = across,
        };
        const PlannerOptions options = {
                .parallel = 1 + chance_below(&c, 3),
                .image_rate = across ? 2 : 0,
                .budget.nodes = NODES,
        };
        _cleanup_(fleet_done) Fleet fleet = { calloc(n_hosts, sizeof(Inventory)), n_hosts };
        _cleanup_(planner_plan_done) PlannerPlan plan = { 0 }, again = { 0 };
        _cleanup_(failure_done) Failure why = { 0 };
        PlannerGoal goals[3];
        size_t n_goals = random_goals(&c, &shape, goals), n_free_pf = 0;
        bool refused = false, images = false;
        int r;

        CHECK(fleet.hosts);
        for (size_t h = 0; h < n_hosts; h++)
                random_inventory(&c, &shape, (const char *[]) { "a", "b", "c" }[h], fleet.hosts + h);
        for (size_t i = 0; i < n_goals; i++) {
                n_free_pf += goals[i].kind == PLANNER_GOAL_FREE_PF;
                refused = refused || (across && goals[i].kind == PLANNER_GOAL_COMPACT);
                if (goals[i].kind == PLANNER_GOAL_EVACUATE && n_hosts > 1)
                        CHECK((goals[i].host = strdup("b")));
        }

        r = planner_plan(&fleet, goals, n_goals, &options, &plan, &why);
        for (size_t h = 0; h < n_hosts; h++)
                for (size_t i = 0; i < fleet.hosts[h].n_domains; i++)
                        images = images || fleet.hosts[h].domains[i].image_bytes > 0;
        if (refused || (across && !images) || (n_hosts > 1 && n_free_pf > 1))
                CHECK(r < 0 && why.code == FAILURE_INVALID_OPTION);
        else {
                const char *wrong;

                CHECK(r >= 0);
                CHECK(plan.feasible == !plan.reason);
                wrong = plan.feasible ? judge_plan(&fleet, goals, n_goals, &plan, &options) : NULL;
                if (wrong) {
                        (void) fprintf(stderr, "inventory %llu: %s\n", (unsigned long long) seed, wrong);
                        abort();
                }
                CHECK(planner_plan(&fleet, goals, n_goals, &options, &again, NULL) >= 0 &&
                      is_same(&plan, &again));
                tally->feasible += plan.feasible;
                if (across)
                        compare_within(&fleet, goals, n_goals, options, &plan, tally);
        }

        for (size_t i = 0; i < n_goals; i++)
                planner_goal_done(goals + i);
}

/* So many functions, on so many physical functions, each of a kind and of a domain of its own, which
 * costs so much. */
static void expect_refused(uint32_t n, uint32_t n_pfs, uint32_t n_kinds, double cost,
                           const char *group_of_last, const char *message)
{
        const PlannerOptions options = { .parallel = 1, .budget.nodes = NODES };
        const PlannerGoal goal = { .kind = PLANNER_GOAL_COMPACT };
        _cleanup_(fleet_done) Fleet fleet = { calloc(1, sizeof(Inventory)), 1 };
        _cleanup_(planner_plan_done) PlannerPlan plan = { 0 };
        _cleanup_(failure_done) Failure why = { 0 };
        Inventory *inv = fleet.hosts;
        size_t again;

        CHECK(inv);
        inv->functions = calloc(n, sizeof(InventoryFunction));
        inv->domains = calloc(n, sizeof(InventoryDomain));
        CHECK(inv->functions && inv->domains);
        for (; inv->n_functions < n; inv->n_functions++) {
                size_t i = inv->n_functions;
                Function *f = &inv->functions[i].function;
                InventoryDomain *d = inv->domains + inv->n_domains++;

                f->physical_function.domain = (uint32_t) (i % n_pfs);
                f->address = (PciAddress) { .domain = (uint32_t) (i % n_pfs),
                                            .bus = 1 + (uint8_t) (i / n_pfs / 256) };
                f->address.slot = (uint8_t) (i / n_pfs / 8 % 32);
                f->address.function = (uint8_t) (i / n_pfs % 8);
                f->state = FUNCTION_ASSIGNED;
                CHECK(asprintf(&f->kind, "k%zu", i % n_kinds) >= 0);
                CHECK(asprintf(&d->name, "d%zu", i) >= 0);
                inv->functions[i].domain = i;
                *d = (InventoryDomain) { .name = d->name,
                                         .functions = calloc(1, sizeof(size_t)),
                                         .n_functions = 1,
                                         .movable = true,
                                         .cost_seconds = cost,
                                         .max_downtime_seconds = INFINITY };
                CHECK(d->functions);
                d->functions[0] = i;
        }
        if (group_of_last)
                CHECK((inv->functions[n - 1].function.group = strdup(group_of_last)));
        CHECK(inventory_index(inv, &again) >= 0 && again == INVENTORY_NONE);

        if (!message) {
                CHECK(planner_plan(&fleet, &goal, 1, &options, &plan, &why) >= 0);
                return;
        }
        CHECK(planner_plan(&fleet, &goal, 1, &options, &plan, &why) < 0 &&
              why.code == FAILURE_INVALID_OPTION);
        CHECK(strstr(failure_message(&why), message));
}

static void test_limits(void)
{
        expect_refused(64, 64, 1, 1, NULL, NULL);
        expect_refused(65, 65, 1, 1, NULL, "65 physical functions");
        expect_refused(256, 1, 256, 1, NULL, NULL);
        expect_refused(257, 1, 257, 1, NULL, "257 kinds and pools");
        expect_refused(4095, 64, 1, 1e6, NULL, NULL);
        expect_refused(4096, 64, 1, 1, NULL, "4096 domains");
        expect_refused(2, 1, 1, 1e6 + 1, NULL, "domains[0].cost_seconds");
        expect_refused(2, 1, 1, 1, "other", "in several groups");
}

int main(int argc, char *argv[])
{
        uint32_t n = argc > 1 ? (uint32_t) atoi(argv[1]) : 2000;
        Tally within = { 0 }, across = { 0 };

        test_limits();
        for (uint32_t i = 0; i < n; i++) {
                test_random(i, 1 + (i % 4 == 3) * 2, false, &within);
                test_random(i, 3, true, &across);
        }

        CHECK(within.feasible > n / 4 && within.feasible < n);
        /* Leaving a host is mostly possible where it is wanted, and then proven to be the best. */
        CHECK(across.feasible > n / 4 && across.feasible < n && across.proven > n / 2);
        CHECK(across.left > n / 10 && across.cheaper > n / 100 && across.made_possible > n / 100);
        return EXIT_SUCCESS;
}
