/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake/random-inventory.h"

#include <math.h>
#include <stdio.h>

#define CHECK_MEMORY(p)          \
        do {                     \
                if (!(p))        \
                        abort(); \
        } while (false)

/* Knuth's MMIX generator. */
uint32_t chance_below(Chance *c, uint32_t n)
{
        c->state = c->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t) (c->state >> 33) % n;
}

bool chance_percent(Chance *c, uint32_t percent)
{
        return chance_below(c, 100) < percent;
}

static char *format_name(const char *word, uint32_t n)
{
        char *text;

        if (asprintf(&text, "%s%u", word, n) < 0)
                abort();
        return text;
}

static void add_functions(Chance *c, const InventoryShape *shape, Inventory *inv)
{
        for (uint32_t pf = 0; pf < shape->n_pfs; pf++) {
                uint32_t kind = chance_below(c, shape->n_kinds),
                         group = chance_below(c, shape->n_groups + 1);
                uint32_t n = shape->n_functions_of_pf - chance_below(c, shape->n_functions_of_pf / 2 + 1);

                for (uint32_t i = 0; i < n; i++) {
                        InventoryFunction *f = inv->functions + inv->n_functions++;

                        f->domain = INVENTORY_NONE;
                        f->function.physical_function = (PciAddress) { .bus = (uint8_t) (pf + 1) };
                        f->function.address = (PciAddress) { .bus = (uint8_t) (pf + 1),
                                                             .slot = (uint8_t) (2 + i / 8),
                                                             .function = (uint8_t) (i % 8) };
                        f->function.numa_node = f->function.iommu_group = -1;
                        f->function.pool = format_name("pool",
                                                       chance_percent(c, shape->odd_percent / 2) ? 1 : 0);
                        f->function.kind = format_name("kind", kind);
                        if (group < shape->n_groups)
                                f->function.group = format_name("group", group);
                        f->function.state = FUNCTION_FREE;
                        if (chance_percent(c, shape->odd_percent / 2))
                                f->function.state = chance_percent(c, 60)   ? FUNCTION_QUARANTINED
                                                    : chance_percent(c, 50) ? FUNCTION_HELD
                                                                            : FUNCTION_LEASED;
                }
        }
}

static bool may_have(const Inventory *inv, size_t i, size_t like, InventoryAffinity affinity)
{
        const Function *f = &inv->functions[i].function, *first = &inv->functions[like].function;

        if (f->state != FUNCTION_FREE || !streq(f->pool, first->pool) || !streq(f->kind, first->kind))
                return false;
        if (affinity == AFFINITY_NONE)
                return true;
        if (affinity == AFFINITY_GROUP && f->group && first->group)
                return streq(f->group, first->group);
        return pci_address_equal(&f->physical_function, &first->physical_function);
}

static void add_domain(Chance *c, const InventoryShape *shape, Inventory *inv)
{
        static const InventoryAffinity affinities[] = { AFFINITY_NONE, AFFINITY_NONE,
                                                        AFFINITY_PHYSICAL_FUNCTION, AFFINITY_GROUP };
        InventoryDomain *d = inv->domains + inv->n_domains;
        InventoryAffinity affinity = affinities[chance_below(c, ELEMENTSOF(affinities))],
                          placed = chance_percent(c, shape->odd_percent) ? AFFINITY_NONE : affinity;
        uint32_t n = chance_percent(c, 40) ? 1 : 1 + chance_below(c, shape->domain_max);
        size_t first = chance_below(c, (uint32_t) inv->n_functions), found = 0;
        size_t *functions = calloc(n, sizeof(size_t));

        CHECK_MEMORY(functions);
        if (placed == AFFINITY_NONE && chance_percent(c, 50))
                placed = AFFINITY_PHYSICAL_FUNCTION; /* mostly they are together anyway */
        for (size_t k = 0; k < inv->n_functions && found < n; k++) {
                size_t i = (first + k) % inv->n_functions;

                if (may_have(inv, i, found > 0 ? functions[0] : i, placed))
                        functions[found++] = i;
        }
        if (found < n) {
                free(functions);
                return;
        }

        *d = (InventoryDomain) {
                .name = format_name("vm", (uint32_t) inv->n_domains),
                .functions = functions,
                .n_functions = n,
                .movable = !chance_percent(c, shape->odd_percent / 2),
                .affinity = affinity,
                .cost_seconds = 0.5 * chance_below(c, 100),
                .max_downtime_seconds =
                                chance_percent(c, shape->odd_percent) ? 10 + chance_below(c, 100) : INFINITY,
                .image_bytes = shape->images && !chance_percent(c, shape->odd_percent)
                                               ? 1 + chance_below(c, 40)
                                               : 0,
        };
        for (size_t i = 0; i < n; i++) {
                InventoryFunction *f = inv->functions + functions[i];

                f->domain = inv->n_domains;
                f->function.state = FUNCTION_ASSIGNED;
                f->function.domain = strdup(d->name);
                CHECK_MEMORY(f->function.domain);
        }
        inv->n_domains++;
}

void random_inventory(Chance *c, const InventoryShape *shape, const char *host, Inventory *ret)
{
        size_t busy = 0, again;

        *ret = (Inventory) { .host = strdup(host) };
        ret->functions = calloc((size_t) shape->n_pfs * shape->n_functions_of_pf + 1,
                                sizeof(InventoryFunction));
        ret->domains = calloc(shape->n_domains + 1, sizeof(InventoryDomain));
        CHECK_MEMORY(ret->host && ret->functions && ret->domains);

        add_functions(c, shape, ret);
        for (uint32_t i = 0; i < shape->n_domains * 2 && ret->n_domains < shape->n_domains; i++) {
                size_t before = ret->n_domains;

                if (busy * 100 >= ret->n_functions * shape->busy_percent)
                        break;
                add_domain(c, shape, ret);
                if (ret->n_domains > before)
                        busy += ret->domains[before].n_functions;
        }
        if (inventory_index(ret, &again) < 0 || again != INVENTORY_NONE)
                abort();
}

size_t random_goals(Chance *c, const InventoryShape *shape, PlannerGoal ret[static 3])
{
        static const PlannerGoalKind kinds[] = { PLANNER_GOAL_FREE_PF,  PLANNER_GOAL_FREE_PF,
                                                 PLANNER_GOAL_EVACUATE, PLANNER_GOAL_FIT,
                                                 PLANNER_GOAL_FIT,      PLANNER_GOAL_COMPACT };
        size_t n = chance_percent(c, 60) ? 1 : 1 + chance_below(c, 3);

        for (size_t i = 0; i < n; i++) {
                PlannerGoal *g = ret + i;

                *g = (PlannerGoal) { .kind = kinds[chance_below(c, ELEMENTSOF(kinds))] };
                switch (g->kind) {
                case PLANNER_GOAL_FREE_PF:
                        g->count = 1 + chance_below(c, (shape->n_pfs + 1) / 2);
                        if (chance_percent(c, shape->odd_percent))
                                g->pool = format_name("pool", 0);
                        break;
                case PLANNER_GOAL_EVACUATE:
                        g->pf = (PciAddress) { .bus = (uint8_t) (1 + chance_below(c, shape->n_pfs)) };
                        break;
                case PLANNER_GOAL_FIT:
                        g->count = 1 + chance_below(c, shape->n_functions_of_pf);
                        g->on = (PlannerLevel) chance_below(c, _PLANNER_LEVEL_MAX);
                        if (chance_percent(c, shape->odd_percent))
                                g->of_kind = format_name("kind", chance_below(c, shape->n_kinds));
                        break;
                case PLANNER_GOAL_COMPACT:
                case _PLANNER_GOAL_KIND_MAX:
                case _PLANNER_GOAL_KIND_INVALID:
                        break;
                }
        }

        return n;
}

/* A domain of a fleet. */
typedef struct Owner {
        size_t host, domain; /* INVENTORY_NONE: nobody */
} Owner;

#define NOBODY ((Owner) { INVENTORY_NONE, INVENTORY_NONE })

/* The world while a plan is carried out. */
typedef struct World {
        const Fleet *fleet;
        const PlannerGoal *goals;
        size_t n_goals;
        const PlannerPlan *plan;
        const PlannerOptions *options;
        Owner **owner; /* owned, each too; by host and function */
} World;

static void world_init(World *w)
{
        w->owner = calloc(w->fleet->n + 1, sizeof(Owner *));
        CHECK_MEMORY(w->owner);
        for (size_t h = 0; h < w->fleet->n; h++) {
                const Inventory *inv = w->fleet->hosts + h;

                w->owner[h] = calloc(inv->n_functions + 1, sizeof(Owner));
                CHECK_MEMORY(w->owner[h]);
                for (size_t i = 0; i < inv->n_functions; i++)
                        w->owner[h][i] = inv->functions[i].domain != INVENTORY_NONE
                                                         ? (Owner) { h, inv->functions[i].domain }
                                                         : NOBODY;
        }
}

static void world_done(World *w)
{
        for (size_t h = 0; h < w->fleet->n; h++)
                free(w->owner[h]);
        free(w->owner);
}

static bool is_of(const World *w, size_t host, size_t function, size_t of_host, size_t of_domain)
{
        const Owner *o = &w->owner[host][function];

        return o->host == of_host && o->domain == of_domain;
}

static bool is_alike(const Function *a, const Function *b)
{
        return streq_ptr(a->pool, b->pool) && streq_ptr(a->kind, b->kind);
}

static const InventoryDomain *domain_of(const World *w, size_t host, const PlannerMove *m)
{
        return w->fleet->hosts[host].domains + m->domain;
}

static const char *judge_move(const World *w, size_t host, const PlannerMove *m)
{
        const InventoryDomain *d = domain_of(w, host, m);
        double cost = d->cost_seconds;

        if (m->n_changes == 0 || !d->movable)
                return "a domain moves that may not, or to where it is";
        if (m->host != host) {
                if (m->host >= w->fleet->n || w->options->image_rate <= 0 || d->image_bytes == 0)
                        return "a domain leaves its host that may not";
                if (m->n_changes != d->n_functions)
                        return "a domain leaves its host in part";
                cost += (double) d->image_bytes / w->options->image_rate;
        }
        if (fabs(cost - m->cost_seconds) > 1e-9)
                return "the cost of a move is not that of the move";

        return NULL;
}

/* All of a host are hibernated: what they change is nobody's. */
static const char *hibernate_wave(World *w, size_t host, uint32_t wave, double *ret_seconds)
{
        const PlannerWaves *waves = &w->plan->hosts[host].waves;
        double costs[1024], seconds = 0;
        size_t n = 0;

        for (size_t i = 0; i < waves->n_moves; i++) {
                const PlannerMove *m = waves->moves + i;
                const char *wrong;
                size_t k = n;

                if (m->wave != wave)
                        continue;
                wrong = n == ELEMENTSOF(costs) ? "a wave is too large" : judge_move(w, host, m);
                if (wrong)
                        return wrong;

                for (size_t c = 0; c < m->n_changes; c++) {
                        if (!is_of(w, host, m->changes[c].from, host, m->domain))
                                return "a domain gives up what it does not have";
                        w->owner[host][m->changes[c].from] = NOBODY;
                }
                for (; k > 0 && costs[k - 1] < m->cost_seconds; k--)
                        costs[k] = costs[k - 1];
                costs[k] = m->cost_seconds;
                n++;
        }
        if (n == 0)
                return "a wave is empty";

        for (size_t i = 0; i < n; i += w->options->parallel)
                seconds += costs[i];
        *ret_seconds = seconds;
        return NULL;
}

static const char *resume_wave(World *w, size_t host, uint32_t wave, double seconds)
{
        const PlannerWaves *waves = &w->plan->hosts[host].waves;

        for (size_t i = 0; i < waves->n_moves; i++) {
                const PlannerMove *m = waves->moves + i;

                if (m->wave != wave)
                        continue;
                if (seconds > domain_of(w, host, m)->max_downtime_seconds)
                        return "a domain is down for too long";
                for (size_t c = 0; c < m->n_changes; c++) {
                        const InventoryFunction *from = w->fleet->hosts[host].functions + m->changes[c].from,
                                                *to = w->fleet->hosts[m->host].functions + m->changes[c].to;

                        if (w->owner[m->host][m->changes[c].to].domain != INVENTORY_NONE)
                                return "a function has two owners";
                        if (to->function.state != FUNCTION_FREE && to->function.state != FUNCTION_ASSIGNED)
                                return "a function is used that takes no part";
                        if (m->host != host && to->function.state != FUNCTION_FREE)
                                return "a domain of another host waits for somebody";
                        if (!is_alike(&from->function, &to->function))
                                return "a function of another kind stands in";
                        w->owner[m->host][m->changes[c].to] = (Owner) { host, m->domain };
                }
        }

        return NULL;
}

/* Hosts do not wait for each other, but the same wave of all at the same time is one of the orders that there may be. */
static const char *judge_wave(World *w, uint32_t wave)
{
        _cleanup_free_ double *seconds = calloc(w->fleet->n + 1, sizeof(double));
        const char *wrong = NULL;

        CHECK_MEMORY(seconds);
        for (size_t h = 0; h < w->fleet->n && !wrong; h++)
                if (wave < w->plan->hosts[h].waves.n)
                        wrong = hibernate_wave(w, h, wave, seconds + h);
        for (size_t h = 0; h < w->fleet->n && !wrong; h++)
                if (wave < w->plan->hosts[h].waves.n)
                        wrong = resume_wave(w, h, wave, seconds[h]);

        return wrong;
}

static bool has_owner(const World *w, size_t host, size_t i)
{
        const Function *f = &w->fleet->hosts[host].functions[i].function;

        if (f->state == FUNCTION_FREE || f->state == FUNCTION_ASSIGNED)
                return w->owner[host][i].domain != INVENTORY_NONE;
        return f->state != FUNCTION_QUARANTINED || f->domain;
}

static bool is_pf_free(const World *w, size_t host, const PciAddress *pf)
{
        const Inventory *inv = w->fleet->hosts + host;

        for (size_t i = 0; i < inv->n_functions; i++)
                if (pci_address_equal(&inv->functions[i].function.physical_function, pf) &&
                    has_owner(w, host, i))
                        return false;

        return true;
}

/* Each physical function once: that of its first function; of a pool, if one has it. */
static uint32_t count_free_pfs(const World *w, size_t host, const char *pool)
{
        const Inventory *inv = w->fleet->hosts + host;
        uint32_t count = 0;

        for (size_t i = 0; i < inv->n_functions; i++) {
                const Function *f = &inv->functions[i].function;
                bool first = !pool || streq_ptr(f->pool, pool);

                for (size_t k = 0; k < i && first; k++) {
                        const Function *g = &inv->functions[k].function;

                        first = !(pci_address_equal(&g->physical_function, &f->physical_function) &&
                                  (!pool || streq_ptr(g->pool, pool)));
                }
                count += first && is_pf_free(w, host, &f->physical_function);
        }

        return count;
}

/* Of a fleet a goal names the host. */
static bool is_evacuated(const World *w, size_t goal, size_t host, const PciAddress *pf)
{
        const PlannerGoal *g = w->goals + goal;

        return g->kind == PLANNER_GOAL_EVACUATE && pci_address_equal(&g->pf, pf) &&
               (w->fleet->n == 1 || streq_ptr(g->host, w->fleet->hosts[host].host));
}

static bool are_together(const Function *a, const Function *b, PlannerLevel level)
{
        if (level == PLANNER_ANYWHERE || pci_address_equal(&a->physical_function, &b->physical_function))
                return true;
        return level == PLANNER_ONE_GROUP && a->group && streq_ptr(a->group, b->group);
}

/* Takes the room, so that no other has it. */
static const char *judge_room(World *w, size_t host, const PlannerRoom *room)
{
        const PlannerGoal *g = w->goals + room->goal;
        const Inventory *inv = w->fleet->hosts + host;
        const Function *first = &inv->functions[room->functions[0]].function;

        if (g->kind != PLANNER_GOAL_FIT || room->n_functions != g->count)
                return "a room is not what was asked for";

        for (size_t i = 0; i < room->n_functions; i++) {
                const Function *f = &inv->functions[room->functions[i]].function;

                if (w->owner[host][room->functions[i]].domain != INVENTORY_NONE ||
                    (f->state != FUNCTION_FREE && f->state != FUNCTION_ASSIGNED))
                        return "a room is not free";
                if (!is_alike(f, first) || (g->of_kind && !streq(f->kind, g->of_kind)) ||
                    (g->pool && !streq(f->pool, g->pool)) || !are_together(f, first, g->on))
                        return "a room does not belong together";
                for (size_t k = 0; k < w->n_goals; k++)
                        if (is_evacuated(w, k, host, &f->physical_function))
                                return "a room is on what is evacuated";
                w->owner[host][room->functions[i]] = (Owner) { host, 0 };
        }

        return NULL;
}

static PlannerLevel level_of(const InventoryDomain *d)
{
        return d->affinity == AFFINITY_NONE    ? PLANNER_ANYWHERE
               : d->affinity == AFFINITY_GROUP ? PLANNER_ONE_GROUP
                                               : PLANNER_ONE_PF;
}

/* Where are those of a host that have moved? */
static const char *judge_domains(const World *w, size_t host)
{
        const PlannerWaves *waves = &w->plan->hosts[host].waves;

        for (size_t i = 0; i < waves->n_moves; i++) {
                const PlannerMove *m = waves->moves + i;
                const InventoryDomain *d = domain_of(w, host, m);
                const Inventory *other = w->fleet->hosts + m->host;
                const Function *first = NULL;
                size_t n = 0;

                for (size_t k = 0; k < other->n_functions; k++) {
                        const Function *f = &other->functions[k].function;

                        if (!is_of(w, m->host, k, host, m->domain))
                                continue;
                        first = n++ == 0 ? f : first;
                        if (!are_together(f, first, level_of(d)))
                                return "a domain is not together";
                }
                if (n != d->n_functions)
                        return "a domain has not as many functions as it had";
                for (size_t k = 0; k < i; k++)
                        if (waves->moves[k].domain == m->domain)
                                return "a domain moves twice";
        }

        return NULL;
}

static const char *judge_goals(World *w)
{
        uint32_t n_rooms = 0, n_fits = 0;

        for (size_t i = 0; i < w->n_goals; i++) {
                const PlannerGoal *g = w->goals + i;
                uint32_t free_pfs = 0;

                n_fits += g->kind == PLANNER_GOAL_FIT;
                for (size_t h = 0; h < w->fleet->n; h++) {
                        if (is_evacuated(w, i, h, &g->pf) && !is_pf_free(w, h, &g->pf))
                                return "what was to be evacuated has an owner";
                        if (g->kind == PLANNER_GOAL_FREE_PF)
                                free_pfs += count_free_pfs(w, h, g->pool);
                }
                if (g->kind == PLANNER_GOAL_FREE_PF && free_pfs < g->count)
                        return "too few physical functions are without an owner";
        }

        for (size_t h = 0; h < w->fleet->n; h++)
                for (size_t i = 0; i < w->plan->hosts[h].n_rooms; i++, n_rooms++) {
                        const char *wrong = judge_room(w, h, w->plan->hosts[h].rooms + i);

                        if (wrong)
                                return wrong;
                }

        return n_rooms == n_fits ? NULL : "a request has no room";
}

static const char *judge_cost(const World *w)
{
        const PlannerPlan *plan = w->plan;
        double cost = 0;
        size_t moves = 0;

        for (size_t h = 0; h < w->fleet->n; h++)
                for (size_t i = 0; i < plan->hosts[h].waves.n_moves; i++, moves++)
                        cost += plan->hosts[h].waves.moves[i].cost_seconds;

        if (fabs(cost - (double) plan->cost.usec / (double) USEC_PER_SEC) > 1e-6 ||
            moves != plan->cost.moves)
                return "the cost is not that of the moves";
        if (plan->bound.usec > plan->cost.usec || (plan->optimal && plan->bound.usec != plan->cost.usec))
                return "the bound is not one";

        return NULL;
}

const char *judge_plan(const Fleet *fleet, const PlannerGoal *goals, size_t n_goals, const PlannerPlan *plan,
                       const PlannerOptions *options)
{
        World w = {
                .fleet = fleet,
                .goals = goals,
                .n_goals = n_goals,
                .plan = plan,
                .options = options,
        };
        const char *wrong = NULL;

        world_init(&w);
        for (uint32_t wave = 0; wave < plan->n_waves && !wrong; wave++)
                wrong = judge_wave(&w, wave);
        for (size_t h = 0; h < fleet->n && !wrong; h++)
                wrong = judge_domains(&w, h);
        if (!wrong)
                wrong = judge_goals(&w);
        if (!wrong)
                wrong = judge_cost(&w);
        world_done(&w);

        return wrong;
}
