/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner.h"

#include <assert.h>
#include <stdio.h>

#include "core/planner-reason.h"

/* One host of many has its share of these, so that a hard one does not take all. */
#define SHARE_NODES UINT64_C(200000)
#define STATES_MAX ((size_t) 1 << 26)
#define STATES_PER_LOOK 64 /* at the clock */

/*
 * The hosts of a fleet share the goals: each takes some of the physical functions of free-pf, and some of
 * the fits. For each such part ("what is asked of the host") there is an entry, and the cheapest way to
 * share is found host after host. A single host is asked for everything.
 */
typedef struct Entry {
        PlannerSolution solution;
        uint32_t emptied; /* with compact: how many physical functions have no owner */
        PlannerCost cost, bound;
} Entry;

typedef struct HostTable {
        PlannerHost host;
        bool *stays;    /* owned; by domain of the inventory: taken out for the sake of its limit */
        Entry *entries; /* owned; by pfs * n_masks + mask */
        uint32_t n_rows;
} HostTable;

/* What the hosts up to one reach together. */
typedef struct Sum {
        bool found;
        uint64_t emptied;
        PlannerCost cost;
} Sum;

typedef struct Planning {
        const Fleet *fleet;
        const PlannerGoal *goals;
        size_t n_goals;
        size_t *evacuate_on; /* owned; by goal: the host */
        const PlannerOptions *options;
        PlannerBudget budget;

        const PlannerGoal *free_pf; /* shared; NULL: none is */
        size_t fits[PLANNER_FITS_MAX];
        uint32_t n_fits, n_masks; /* shared fits, and the sets of them */
        bool compact;

        HostTable *tables; /* owned; by host */
        size_t n_states;   /* (free_pf->count + 1) * n_masks */
        uint32_t *shares;  /* owned; by host * n_states + state: which entry this host has in it */
        bool is_cut;       /* share_goals() ran out of time: there may be a better sum */
        PlannerPlan plan;
} Planning;

static void host_table_clear(HostTable *t, uint32_t n_masks)
{
        for (size_t i = 0; t->entries && i < (size_t) t->n_rows * n_masks; i++)
                planner_solution_done(&t->entries[i].solution);
        free(t->entries);
        t->entries = NULL;
        planner_host_done(&t->host);
}

static void planning_done(Planning *p)
{
        for (size_t i = 0; p->tables && i < p->fleet->n; i++) {
                host_table_clear(p->tables + i, p->n_masks);
                free(p->tables[i].stays);
        }
        free(p->evacuate_on);
        free(p->tables);
        free(p->shares);
        planner_plan_done(&p->plan);
}

static void host_plan_done(PlannerHostPlan *h)
{
        planner_waves_done(&h->waves);
        for (size_t i = 0; i < h->n_rooms; i++)
                free(h->rooms[i].functions);
        free(h->rooms);
        *h = (PlannerHostPlan) { 0 };
}

void planner_plan_done(PlannerPlan *p)
{
        for (size_t i = 0; i < p->n_hosts; i++)
                host_plan_done(p->hosts + i);
        free(p->hosts);
        free(p->reason);
        *p = (PlannerPlan) { 0 };
}

static int out_of_memory(Failure *reterr)
{
        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot make a plan");
}

static PlannerCost cost_of(uint64_t weight)
{
        return (PlannerCost) { planner_weight_usec(weight),
                               weight & ((UINT64_C(1) << PLANNER_MOVE_BITS) - 1) };
}

static int compare_costs(const PlannerCost *a, const PlannerCost *b)
{
        if (a->usec != b->usec)
                return a->usec < b->usec ? -1 : 1;
        return a->moves < b->moves ? -1 : a->moves > b->moves;
}

static bool has_pf(const Inventory *inv, const PciAddress *pf)
{
        for (size_t i = 0; i < inv->n_functions; i++)
                if (pci_address_equal(&inv->functions[i].function.physical_function, pf))
                        return true;

        return false;
}

/* On which host is what is to be evacuated? */
static int find_evacuated(Planning *p, Failure *reterr)
{
        for (size_t i = 0; i < p->n_goals; i++) {
                const PlannerGoal *g = p->goals + i;
                size_t found = SIZE_MAX;

                if (g->kind != PLANNER_GOAL_EVACUATE)
                        continue;

                for (size_t h = 0; h < p->fleet->n; h++) {
                        if (g->host && !streq_ptr(p->fleet->hosts[h].host, g->host))
                                continue;
                        if (!has_pf(p->fleet->hosts + h, &g->pf))
                                continue;
                        if (found != SIZE_MAX)
                                return failure_set(
                                                reterr, FAILURE_INVALID_OPTION,
                                                "several hosts have a physical function %s; say which: evacuate=HOST/%s",
                                                PCI_ADDRESS_STR(&g->pf), PCI_ADDRESS_STR(&g->pf));
                        found = h;
                }

                if (found == SIZE_MAX)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "there is no physical function %s%s%s in the inventory",
                                           PCI_ADDRESS_STR(&g->pf), g->host ? " of host " : "",
                                           g->host ? g->host : "");
                p->evacuate_on[i] = found;
        }

        return 0;
}

static int prepare(Planning *p, Failure *reterr)
{
        size_t n_fits = 0;
        int r;

        p->evacuate_on = calloc(p->n_goals + 1, sizeof(size_t));
        p->tables = calloc(p->fleet->n + 1, sizeof(HostTable));
        p->plan.hosts = calloc(p->fleet->n + 1, sizeof(PlannerHostPlan));
        if (!p->evacuate_on || !p->tables || !p->plan.hosts)
                return out_of_memory(reterr);
        p->plan.n_hosts = p->fleet->n;

        r = find_evacuated(p, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < p->n_goals; i++) {
                const PlannerGoal *g = p->goals + i;

                p->compact = p->compact || g->kind == PLANNER_GOAL_COMPACT;
                if (g->kind == PLANNER_GOAL_FIT && ++n_fits > PLANNER_FITS_MAX)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "a plan takes at most %u goals 'fit'", PLANNER_FITS_MAX);
                if (p->fleet->n == 1)
                        continue;

                if (g->kind == PLANNER_GOAL_FIT)
                        p->fits[p->n_fits++] = i;
                if (g->kind == PLANNER_GOAL_FREE_PF && p->free_pf)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "for several hosts a plan takes one goal 'free-pf'");
                if (g->kind == PLANNER_GOAL_FREE_PF)
                        p->free_pf = g;
        }

        p->n_masks = UINT32_C(1) << p->n_fits;
        p->n_states = ((size_t) (p->free_pf ? p->free_pf->count : 0) + 1) * p->n_masks;
        if (p->n_states > STATES_MAX / (p->fleet->n + 1))
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "%zu hosts cannot be planned together for so many physical functions and requests",
                                p->fleet->n);

        p->shares = calloc(p->fleet->n * p->n_states + 1, sizeof(uint32_t));
        return p->shares ? 0 : out_of_memory(reterr);
}

/* What is asked of a host. Borrowed members only. */
static size_t goals_of_host(const Planning *p, size_t host, uint32_t pfs, uint32_t mask, PlannerGoal *ret)
{
        size_t n = 0;

        for (size_t i = 0; i < p->n_goals; i++) {
                bool shared = p->goals + i == p->free_pf;

                for (uint32_t k = 0; k < p->n_fits; k++)
                        shared = shared || p->fits[k] == i;
                if (!shared && (p->goals[i].kind != PLANNER_GOAL_EVACUATE || p->evacuate_on[i] == host) &&
                    (p->goals[i].kind != PLANNER_GOAL_COMPACT || p->compact))
                        ret[n++] = p->goals[i];
        }

        for (uint32_t k = 0; k < p->n_fits; k++)
                if (mask >> k & 1)
                        ret[n++] = p->goals[p->fits[k]];
        if (pfs > 0) {
                ret[n] = *p->free_pf;
                ret[n++].count = pfs;
        }

        return n;
}

static int solve_entry(Planning *p, size_t host, uint32_t pfs, uint32_t mask, Failure *reterr)
{
        HostTable *t = p->tables + host;
        Entry *e = t->entries + (size_t) pfs * p->n_masks + mask;
        PlannerGoal goals[PLANNER_GOALS_MAX];
        size_t n = goals_of_host(p, host, pfs, mask, goals);
        PlannerBudget budget = p->budget;
        uint64_t given = p->fleet->n == 1 || budget.nodes < SHARE_NODES ? budget.nodes : SHARE_NODES;
        int r;

        r = planner_host_set_goals(&t->host, goals, n, reterr);
        if (r < 0)
                return r;

        budget.nodes = given;
        r = planner_search(&t->host.problem, &budget, &e->solution);
        if (r < 0)
                return out_of_memory(reterr);
        p->budget.nodes -= given - budget.nodes;
        p->budget.out = p->budget.out || (budget.out && budget.nodes > 0);

        e->emptied = p->compact ? (uint32_t) __builtin_popcountll(e->solution.emptied) : 0;
        e->cost = cost_of(e->solution.weight);
        e->bound = cost_of(e->solution.bound);
        return 0;
}

static int fill_table(Planning *p, size_t host, Failure *reterr)
{
        HostTable *t = p->tables + host;
        const Inventory *inv = p->fleet->hosts + host;
        const PlannerHostOptions options = {
                .fixups = p->options->fixups,
                .index = host,
                .stays = t->stays,
        };
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        host_table_clear(t, p->n_masks);
        r = planner_host_init(&t->host, inv, &options, &why);
        if (r < 0) {
                if (p->fleet->n > 1)
                        (void) failure_set(reterr, why.code, "hosts[%zu]: %s", host, failure_message(&why));
                else
                        (void) failure_set(reterr, why.code, "%s", failure_message(&why));
                return r;
        }

        t->n_rows = 1;
        if (p->free_pf) {
                uint32_t n;

                r = planner_host_set_goals(&t->host, p->free_pf, 1, reterr);
                if (r < 0)
                        return r;
                n = (uint32_t) __builtin_popcountll(t->host.problem.wants[0].among &
                                                    ~t->host.problem.pinned);
                t->n_rows += n < p->free_pf->count ? n : p->free_pf->count;
        }

        t->entries = calloc((size_t) t->n_rows * p->n_masks, sizeof(Entry));
        if (!t->entries)
                return out_of_memory(reterr);

        for (uint32_t pfs = 0; pfs < t->n_rows; pfs++)
                for (uint32_t mask = 0; mask < p->n_masks; mask++) {
                        const PlannerSolution *fewer =
                                        pfs > 0 ? &t->entries[(size_t) (pfs - 1) * p->n_masks + mask]
                                                                        .solution
                                                : NULL;

                        /* What cannot be done with fewer cannot be done with more. */
                        if (fewer && !fewer->found && fewer->optimal) {
                                t->entries[(size_t) pfs * p->n_masks + mask].solution.optimal = true;
                                continue;
                        }
                        /* Out of time: what is asked of every host may still be nothing at all. */
                        if (p->budget.out && pfs + mask > 0)
                                continue;
                        r = solve_entry(p, host, pfs, mask, reterr);
                        if (r < 0)
                                return r;
                }

        return 0;
}

static bool is_better(const Sum *a, const Sum *b)
{
        if (!a->found || !b->found)
                return a->found;
        if (a->emptied != b->emptied)
                return a->emptied > b->emptied;
        return compare_costs(&a->cost, &b->cost) < 0;
}

/* Is there such an entry, or may there be one as far as is known? */
static bool entry_sum(const Entry *e, bool of_bounds, Sum *ret)
{
        *ret = (Sum) {
                .found = of_bounds ? e->solution.found || !e->solution.optimal : e->solution.found,
                .emptied = of_bounds ? 0 : e->emptied,
                .cost = of_bounds ? e->bound : e->cost,
        };
        return ret->found;
}

/* The best sum over the hosts, and with `shares` what each host has in it. `of_bounds`: of what costs at
 * least, instead. When time is over, the hosts that were not reached are asked for nothing. */
static int share_goals(Planning *p, bool of_bounds, uint32_t *shares, Sum *ret)
{
        _cleanup_free_ Sum *sums = calloc(p->n_states, sizeof(Sum)),
                           *next = calloc(p->n_states, sizeof(Sum));
        const PlannerBudget *budget = &p->options->budget;
        bool is_cut = false;

        if (!sums || !next)
                return -ENOMEM;

        sums[0].found = true;
        for (size_t h = 0; h < p->fleet->n; h++) {
                const HostTable *t = p->tables + h;

                memset(next, 0, p->n_states * sizeof(Sum));
                for (size_t state = 0; state < p->n_states; state++) {
                        size_t pfs = state / p->n_masks, mask = state % p->n_masks;

                        if (!sums[state].found)
                                continue;

                        if (state % STATES_PER_LOOK == 0 && !is_cut)
                                is_cut = budget->time_is_up && budget->time_is_up(budget->userdata);

                        for (size_t i = 0; i < (is_cut ? 1 : (size_t) t->n_rows * p->n_masks); i++) {
                                size_t more = i / p->n_masks, add = i % p->n_masks, to;
                                Sum sum;

                                if (mask & add || pfs + more >= p->n_states / p->n_masks ||
                                    !entry_sum(t->entries + i, of_bounds, &sum))
                                        continue;

                                to = (pfs + more) * p->n_masks + (mask | add);
                                sum.emptied += sums[state].emptied;
                                sum.cost.usec += sums[state].cost.usec;
                                sum.cost.moves += sums[state].cost.moves;
                                if (!is_better(&sum, next + to))
                                        continue;
                                next[to] = sum;
                                if (shares)
                                        shares[h * p->n_states + to] = (uint32_t) i;
                        }
                }
                memcpy(sums, next, p->n_states * sizeof(Sum));
        }

        p->is_cut = p->is_cut || is_cut;
        *ret = of_bounds && is_cut ? (Sum) { .found = true } : sums[p->n_states - 1];
        return 0;
}

/* Functions of the room of a fit, of those that are free at the end and no other's room. */
static int find_room(const PlannerHost *h, const PlannerSolution *s, size_t fit, bool *taken,
                     PlannerRoom *ret)
{
        const PlannerProblem *p = &h->problem;
        const PlannerFit *f = p->fits + fit;

        ret->functions = calloc(f->size, sizeof(size_t));
        if (!ret->functions)
                return -ENOMEM;

        /* What no domain may use any more comes first, as in planner_pack_place(). */
        for (unsigned open = 0; open < 2; open++)
                for (size_t k = 0; k < h->inventory->n_functions && ret->n_functions < f->size; k++) {
                        size_t i = h->inventory->by_address[k];
                        uint32_t pf = h->pf_of[i];

                        if (taken[i] || h->class_of[i] != s->fit_class[fit] || p->evacuated >> pf & 1 ||
                            (s->emptied >> pf & 1) == open ||
                            (f->level == PLANNER_ONE_PF && s->fit_place[fit] != pf) ||
                            (f->level == PLANNER_ONE_GROUP && s->fit_place[fit] != p->group[pf]))
                                continue;
                        taken[i] = true;
                        ret->functions[ret->n_functions++] = i;
                }

        assert(ret->n_functions == f->size);
        return 0;
}

static int find_rooms(Planning *p, size_t host, const PlannerGoal *goals, size_t n_goals,
                      const PlannerSolution *s)
{
        const PlannerHost *h = &p->tables[host].host;
        PlannerHostPlan *plan = p->plan.hosts + host;
        _cleanup_free_ bool *taken = calloc(h->inventory->n_functions + 1, sizeof(bool));
        size_t fit = 0;

        plan->rooms = calloc(h->problem.n_fits + 1, sizeof(PlannerRoom));
        if (!taken || !plan->rooms)
                return -ENOMEM;
        plan->n_rooms = h->problem.n_fits;

        for (size_t i = 0; i < h->inventory->n_functions; i++)
                taken[i] = h->inventory->functions[i].function.state != FUNCTION_FREE;
        for (size_t i = 0; i < plan->waves.n_moves; i++)
                for (size_t k = 0; k < plan->waves.moves[i].n_changes; k++)
                        taken[plan->waves.moves[i].changes[k].from] = false;
        for (size_t i = 0; i < plan->waves.n_moves; i++)
                for (size_t k = 0; k < plan->waves.moves[i].n_changes; k++)
                        taken[plan->waves.moves[i].changes[k].to] = true;

        for (int level = PLANNER_ONE_PF; level >= PLANNER_ANYWHERE; level--)
                for (fit = 0; fit < h->problem.n_fits; fit++) {
                        int r;

                        if ((int) h->problem.fits[fit].level != level)
                                continue;
                        r = find_room(h, s, fit, taken, plan->rooms + fit);
                        if (r < 0)
                                return r;
                }

        /* Which of the caller's goals that was. */
        for (size_t i = 0, n = 0; i < n_goals; i++)
                for (size_t k = 0; goals[i].kind == PLANNER_GOAL_FIT && k < p->n_goals; k++)
                        if (p->goals[k].kind == PLANNER_GOAL_FIT &&
                            memcmp(goals + i, p->goals + k, sizeof(PlannerGoal)) == 0) {
                                bool again = false;

                                for (size_t l = 0; l < n; l++)
                                        again = again || plan->rooms[l].goal == k;
                                if (again)
                                        continue;
                                plan->rooms[n++].goal = k;
                                break;
                        }

        return 0;
}

/* The moves of one host, in their order. 0: there is none that all limits allow, and a domain less to
 * move now; 1: there is. */
static int order_host(Planning *p, size_t host, size_t entry, bool pin_longest, char **why, Failure *reterr)
{
        HostTable *t = p->tables + host;
        PlannerGoal goals[PLANNER_GOALS_MAX];
        size_t n = goals_of_host(p, host, (uint32_t) (entry / p->n_masks), (uint32_t) (entry % p->n_masks),
                                 goals);
        _cleanup_free_ char *because = NULL;
        PlannerConflict conflict;
        int r;

        host_plan_done(p->plan.hosts + host);
        r = planner_host_set_goals(&t->host, goals, n, reterr);
        if (r < 0)
                return r;

        r = planner_waves(&t->host, &t->entries[entry].solution, p->options->parallel,
                          &p->plan.hosts[host].waves, &conflict, &because);
        if (r > 0)
                r = find_rooms(p, host, goals, n, &t->entries[entry].solution) < 0 ? -ENOMEM : 1;
        if (r < 0)
                return out_of_memory(reterr);
        if (r > 0)
                return 1;

        if (!t->stays)
                t->stays = calloc(p->fleet->hosts[host].n_domains + 1, sizeof(bool));
        if (!t->stays)
                return out_of_memory(reterr);
        t->stays[pin_longest ? conflict.longest : conflict.strictest] = true;
        if (!*why)
                *why = TAKE_PTR(because);
        return 0;
}

static char *say_host(const Planning *p, size_t host, char *what)
{
        _cleanup_free_ char *reason = what;
        char *text;

        if (!reason || p->fleet->n == 1 || !p->fleet->hosts[host].host)
                return TAKE_PTR(reason);
        return asprintf(&text, "host %s: %s", p->fleet->hosts[host].host, reason) < 0 ? NULL : text;
}

static bool is_impossible(const Entry *e)
{
        return !e->solution.found && e->solution.optimal;
}

static char *find_reason(Planning *p)
{
        PlannerGoal goals[PLANNER_GOALS_MAX];
        uint64_t most = 0;
        char *text;

        if (p->fleet->n == 0)
                return strdup("the inventory has no hosts");

        for (size_t h = 0; h < p->fleet->n; h++)
                if (is_impossible(p->tables[h].entries))
                        return say_host(p, h,
                                        planner_reason(&p->tables[h].host, goals,
                                                       goals_of_host(p, h, 0, 0, goals)));

        for (uint32_t fit = 0; fit < p->n_fits; fit++) {
                size_t h = 0;

                while (h < p->fleet->n && is_impossible(p->tables[h].entries + (UINT32_C(1) << fit)))
                        h++;
                if (h < p->fleet->n)
                        continue;
                text = say_host(p, 0,
                                planner_reason(&p->tables[0].host, goals,
                                               goals_of_host(p, 0, 0, UINT32_C(1) << fit, goals)));
                if (text && p->fleet->n > 1) {
                        _cleanup_free_ char *first = text;

                        if (asprintf(&text, "no host has room for %u functions; %s",
                                     p->goals[p->fits[fit]].count, first) < 0)
                                text = NULL;
                }
                return text;
        }

        for (size_t h = 0; p->free_pf && h < p->fleet->n; h++)
                for (uint32_t row = 0; row < p->tables[h].n_rows; row++)
                        most += row > 0 && !is_impossible(p->tables[h].entries + (size_t) row * p->n_masks);
        if (p->free_pf && most < p->free_pf->count)
                return asprintf(&text,
                                "only %llu physical functions of %zu hosts can be left without an owner, and %u are asked for",
                                (unsigned long long) most, p->fleet->n, p->free_pf->count) < 0
                                       ? NULL
                                       : text;

        return strdup("each goal can be reached alone, but not all together");
}

static int give_reason(Planning *p, char *why, Failure *reterr)
{
        if (why && asprintf(&p->plan.reason,
                            "%s; no other way was found, and it is not proven that there is none", why) < 0)
                p->plan.reason = NULL;
        else if (!why && !p->plan.optimal)
                p->plan.reason = strdup(
                                "no plan was found before the limit, and it is not proven that there is none");
        else if (!why)
                p->plan.reason = find_reason(p);

        for (size_t h = 0; h < p->fleet->n; h++)
                host_plan_done(p->plan.hosts + h);
        return p->plan.reason ? 0 : out_of_memory(reterr);
}

/* Is all known of what each host could do? Then the best sum over them is the best there is. */
static bool is_proven(const Planning *p)
{
        for (size_t h = 0; h < p->fleet->n; h++)
                for (size_t i = 0; i < (size_t) p->tables[h].n_rows * p->n_masks; i++)
                        if (p->is_cut || !p->tables[h].entries[i].solution.optimal)
                                return false;

        return true;
}

/* `best` was proven to be the best that could be, if `proven`; all that could be costs `bound` at least. Neither knew
 * of limits that only an order shows. With compact, what costs less may only leave fewer physical functions. */
static void judge_sum(Planning *p, const Sum *sum, const Sum *best, const Sum *bound, bool proven)
{
        p->plan.cost = sum->cost;

        if (proven)
                p->plan.optimal = !is_better(best, sum);
        else
                p->plan.optimal = !p->compact && compare_costs(&bound->cost, &sum->cost) >= 0;

        if (p->plan.optimal || compare_costs(&bound->cost, &sum->cost) >= 0)
                p->plan.bound = sum->cost;
        else
                p->plan.bound = bound->cost;
        if (p->compact && is_better(best, sum))
                p->plan.bound = (PlannerCost) { 0 };
}

static int fill_tables(Planning *p, Failure *reterr)
{
        for (size_t h = 0; h < p->fleet->n; h++) {
                int r = fill_table(p, h, reterr);

                if (r < 0)
                        return r;
        }

        return 0;
}

/* The best sum of the tables that has an order. Each time there is none, a domain less moves. */
static int find_order(Planning *p, bool pin_longest, char **why, Sum *ret, Failure *reterr)
{
        bool again = true;
        int r;

        while (again) {
                size_t state = p->n_states - 1;

                again = false;
                if (share_goals(p, false, p->shares, ret) < 0)
                        return out_of_memory(reterr);
                if (!ret->found)
                        break;

                for (size_t h = p->fleet->n; h > 0; h--) {
                        size_t entry = p->shares[(h - 1) * p->n_states + state];

                        state -= entry; /* neither of its parts borrows: see share_goals() */
                        r = order_host(p, h - 1, entry, pin_longest, why, reterr);
                        if (r == 0) {
                                again = true;
                                r = fill_table(p, h - 1, reterr);
                        }
                        if (r < 0)
                                return r;
                }
        }

        return 0;
}

/* Who is not moved for the sake of a limit is a guess, after which there may be no way. So there are others; and fewer
 * moves, without compact, are the last. */
static int find_any_order(Planning *p, char **why, Sum *ret, Failure *reterr)
{
        const bool compact = p->compact;
        int r = 0;

        for (unsigned guess = 0; guess < (compact ? 4 : 2); guess++) {
                if (guess > 0) {
                        p->compact = compact && guess < 2;
                        for (size_t h = 0; h < p->fleet->n; h++)
                                if (p->tables[h].stays)
                                        memset(p->tables[h].stays, 0, p->fleet->hosts[h].n_domains);
                        r = fill_tables(p, reterr);
                }
                if (r >= 0)
                        r = find_order(p, guess % 2 == 1, why, ret, reterr);
                if (r < 0 || ret->found)
                        break;
        }

        p->compact = compact;
        return r;
}

static int make_plan(Planning *p, Failure *reterr)
{
        _cleanup_free_ char *why = NULL;
        Sum sum, best, bound;
        bool proven;
        int r;

        r = fill_tables(p, reterr);
        if (r < 0)
                return r;

        if (share_goals(p, false, NULL, &best) < 0 || share_goals(p, true, NULL, &bound) < 0)
                return out_of_memory(reterr);
        proven = is_proven(p);

        sum = best;
        if (best.found) {
                r = find_any_order(p, &why, &sum, reterr);
                if (r < 0)
                        return r;
        }

        p->plan.feasible = sum.found;
        if (!sum.found) {
                p->plan.optimal = !bound.found;
                return give_reason(p, why, reterr);
        }

        judge_sum(p, &sum, &best, &bound, proven);
        for (size_t h = 0; h < p->fleet->n; h++)
                if (p->plan.hosts[h].waves.n > p->plan.n_waves)
                        p->plan.n_waves = p->plan.hosts[h].waves.n;

        return 0;
}

int planner_plan(const Fleet *fleet, const PlannerGoal *goals, size_t n_goals, const PlannerOptions *options,
                 PlannerPlan *ret, Failure *reterr)
{
        _cleanup_(planning_done) Planning p = {
                .fleet = fleet,
                .goals = goals,
                .n_goals = n_goals,
                .options = options,
                .budget = options->budget,
        };
        int r;

        assert(options->parallel > 0);

        if (n_goals == 0 || n_goals > PLANNER_GOALS_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "a plan needs 1 to %u goals",
                                   PLANNER_GOALS_MAX);

        r = prepare(&p, reterr);
        if (r >= 0)
                r = make_plan(&p, reterr);
        if (r < 0)
                return r;

        *ret = p.plan;
        p.plan = (PlannerPlan) { 0 };
        return 0;
}
