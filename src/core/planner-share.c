/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-share.h"

#include "core/planner-leave.h"

/* One host of many has its share of these, so that a hard one does not take all. */
#define SHARE_NODES UINT64_C(200000)
#define STATES_MAX ((size_t) 1 << 26)
#define STATES_PER_LOOK 64 /* at the clock */

static void table_clear(PlannerTable *t, uint32_t n_masks)
{
        for (size_t i = 0; t->entries && i < (size_t) t->n_rows * n_masks; i++)
                planner_solution_done(&t->entries[i].solution);
        free(t->entries);
        t->entries = NULL;
        planner_host_done(&t->host);
}

void planner_share_done(PlannerShare *s)
{
        for (size_t i = 0; s->tables && i < s->fleet->n; i++) {
                table_clear(s->tables + i, s->n_masks);
                free(s->tables[i].stays);
                free(s->tables[i].remains);
        }
        free(s->evacuate_on);
        free(s->tables);
        free(s->choices);
        *s = (PlannerShare) { 0 };
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

int planner_cost_compare(const PlannerCost *a, const PlannerCost *b)
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
static int find_evacuated(PlannerShare *s, Failure *reterr)
{
        for (size_t i = 0; i < s->n_goals; i++) {
                const PlannerGoal *g = s->goals + i;
                size_t found = SIZE_MAX;

                if (g->kind != PLANNER_GOAL_EVACUATE)
                        continue;

                for (size_t h = 0; h < s->fleet->n; h++) {
                        if (g->host && !streq_ptr(s->fleet->hosts[h].host, g->host))
                                continue;
                        if (!has_pf(s->fleet->hosts + h, &g->pf))
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
                s->evacuate_on[i] = found;
        }

        return 0;
}

static bool tells_images(const Fleet *fleet)
{
        for (size_t h = 0; h < fleet->n; h++)
                for (size_t i = 0; i < fleet->hosts[h].n_domains; i++)
                        if (fleet->hosts[h].domains[i].image_bytes > 0)
                                return true;

        return false;
}

/* Where every domain may go anywhere, that which leaves a host for the sake of compact needs another in use. */
static int check_leaving(const PlannerShare *s, Failure *reterr)
{
        if (s->compact)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "'compact' is for domains that stay on their hosts; for moves across hosts say how many "
                                "physical functions are to be free: free-pf=K");
        if (!tells_images(s->fleet))
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "no domain of the inventory tells its image_bytes, so what it takes to carry one to "
                                "another host is not known");
        return 0;
}

int planner_share_init(PlannerShare *s, const Fleet *fleet, const PlannerGoal *goals, size_t n_goals,
                       const PlannerOptions *options, Failure *reterr)
{
        size_t n_fits = 0;
        int r;

        *s = (PlannerShare) {
                .fleet = fleet,
                .goals = goals,
                .n_goals = n_goals,
                .options = options,
                .budget = options->budget,
        };
        s->evacuate_on = calloc(s->n_goals + 1, sizeof(size_t));
        s->tables = calloc(s->fleet->n + 1, sizeof(PlannerTable));
        if (!s->evacuate_on || !s->tables)
                return out_of_memory(reterr);

        r = find_evacuated(s, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < s->n_goals; i++) {
                const PlannerGoal *g = s->goals + i;

                s->compact = s->compact || g->kind == PLANNER_GOAL_COMPACT;
                if (g->kind == PLANNER_GOAL_FIT && ++n_fits > PLANNER_FITS_MAX)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "a plan takes at most %u goals 'fit'", PLANNER_FITS_MAX);
                if (s->fleet->n == 1)
                        continue;

                if (g->kind == PLANNER_GOAL_FIT)
                        s->fits[s->n_fits++] = i;
                if (g->kind == PLANNER_GOAL_FREE_PF && s->free_pf)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "for several hosts a plan takes one goal 'free-pf'");
                if (g->kind == PLANNER_GOAL_FREE_PF)
                        s->free_pf = g;
        }

        if (fleet->n > 1 && options->image_rate > 0) {
                r = check_leaving(s, reterr);
                if (r < 0)
                        return r;
        }

        s->n_masks = UINT32_C(1) << s->n_fits;
        s->n_states = ((size_t) (s->free_pf ? s->free_pf->count : 0) + 1) * s->n_masks;
        if (s->n_states > STATES_MAX / (s->fleet->n + 1))
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "%zu hosts cannot be planned together for so many physical functions and requests",
                                s->fleet->n);

        s->choices = calloc(s->fleet->n * s->n_states + 1, sizeof(uint32_t));
        if (!s->choices)
                return out_of_memory(reterr);

        planner_share_reset(s);
        return 0;
}

size_t planner_share_goals(const PlannerShare *s, size_t host, size_t entry,
                           PlannerGoal ret[static PLANNER_GOALS_MAX])
{
        uint32_t pfs = (uint32_t) (entry / s->n_masks), mask = (uint32_t) (entry % s->n_masks);
        size_t n = 0;

        for (size_t i = 0; i < s->n_goals; i++) {
                bool shared = s->goals + i == s->free_pf;

                for (uint32_t k = 0; k < s->n_fits; k++)
                        shared = shared || s->fits[k] == i;
                if (!shared && (s->goals[i].kind != PLANNER_GOAL_EVACUATE || s->evacuate_on[i] == host) &&
                    (s->goals[i].kind != PLANNER_GOAL_COMPACT || s->compact))
                        ret[n++] = s->goals[i];
        }

        for (uint32_t k = 0; k < s->n_fits; k++)
                if (mask >> k & 1)
                        ret[n++] = s->goals[s->fits[k]];
        if (pfs > 0) {
                ret[n] = *s->free_pf;
                ret[n++].count = pfs;
        }

        return n;
}

static int solve_entry(PlannerShare *s, size_t host, size_t entry, Failure *reterr)
{
        PlannerTable *t = s->tables + host;
        PlannerEntry *e = t->entries + entry;
        PlannerGoal goals[PLANNER_GOALS_MAX];
        size_t n = planner_share_goals(s, host, entry, goals);
        PlannerBudget budget = s->budget;
        uint64_t given = s->fleet->n == 1 || budget.nodes < SHARE_NODES ? budget.nodes : SHARE_NODES;
        int r;

        r = planner_host_set_goals(&t->host, goals, n, reterr);
        if (r < 0)
                return r;

        budget.nodes = given;
        r = s->image_rate > 0 ? planner_search_leaving(&t->host.problem, &budget, &e->solution)
                              : planner_search(&t->host.problem, &budget, &e->solution);
        if (r < 0)
                return out_of_memory(reterr);
        s->budget.nodes -= given - budget.nodes;
        s->budget.out = s->budget.out || (budget.out && budget.nodes > 0);

        e->emptied = s->compact ? (uint32_t) __builtin_popcountll(e->solution.emptied) : 0;
        e->cost = cost_of(e->solution.weight);
        e->bound = cost_of(e->solution.bound);
        return 0;
}

static int fill_table(PlannerShare *s, size_t host, Failure *reterr)
{
        PlannerTable *t = s->tables + host;
        const Inventory *inv = s->fleet->hosts + host;
        const PlannerHostOptions options = {
                .fixups = s->options->fixups,
                .image_rate = s->image_rate,
                .index = host,
                .stays = t->stays,
                .remains = t->remains,
        };
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        table_clear(t, s->n_masks);
        t->is_stale = false;
        r = planner_host_init(&t->host, inv, &options, &why);
        if (r < 0) {
                if (s->fleet->n > 1)
                        (void) failure_set(reterr, why.code, "hosts[%zu]: %s", host, failure_message(&why));
                else
                        (void) failure_set(reterr, why.code, "%s", failure_message(&why));
                return r;
        }

        t->n_rows = 1;
        if (s->free_pf) {
                uint32_t n;

                r = planner_host_set_goals(&t->host, s->free_pf, 1, reterr);
                if (r < 0)
                        return r;
                n = (uint32_t) __builtin_popcountll(t->host.problem.wants[0].among &
                                                    ~t->host.problem.pinned);
                t->n_rows += n < s->free_pf->count ? n : s->free_pf->count;
        }

        t->entries = calloc((size_t) t->n_rows * s->n_masks, sizeof(PlannerEntry));
        if (!t->entries)
                return out_of_memory(reterr);

        for (size_t i = 0; i < (size_t) t->n_rows * s->n_masks; i++) {
                const PlannerSolution *fewer = i >= s->n_masks ? &t->entries[i - s->n_masks].solution : NULL;

                /* What cannot be done with fewer cannot be done with more. */
                if (fewer && !fewer->found && fewer->optimal) {
                        t->entries[i].solution.optimal = true;
                        continue;
                }
                /* Out of time: what is asked of every host may still be nothing at all. */
                if (s->budget.out && i > 0)
                        continue;
                r = solve_entry(s, host, i, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

bool planner_sum_is_better(const PlannerSum *a, const PlannerSum *b)
{
        if (!a->found || !b->found)
                return a->found;
        if (a->emptied != b->emptied)
                return a->emptied > b->emptied;
        return planner_cost_compare(&a->cost, &b->cost) < 0;
}

/* Is there such an entry, or may there be one as far as is known? */
static bool entry_sum(const PlannerEntry *e, bool of_bounds, PlannerSum *ret)
{
        *ret = (PlannerSum) {
                .found = of_bounds ? e->solution.found || !e->solution.optimal : e->solution.found,
                .emptied = of_bounds ? 0 : e->emptied,
                .cost = of_bounds ? e->bound : e->cost,
        };
        return ret->found;
}

/* `of_bounds`: of what costs at least, instead, and without choices. When time is over, the hosts that were not reached
 * are asked for nothing. */
static int share_goals(PlannerShare *s, bool of_bounds, PlannerSum *ret)
{
        _cleanup_free_ PlannerSum *sums = calloc(s->n_states, sizeof(PlannerSum)),
                                  *next = calloc(s->n_states, sizeof(PlannerSum));
        const PlannerBudget *budget = &s->options->budget;
        bool is_cut = false;

        if (!sums || !next)
                return -ENOMEM;

        sums[0].found = true;
        for (size_t h = 0; h < s->fleet->n; h++) {
                const PlannerTable *t = s->tables + h;

                memset(next, 0, s->n_states * sizeof(PlannerSum));
                for (size_t state = 0; state < s->n_states; state++) {
                        size_t pfs = state / s->n_masks, mask = state % s->n_masks;

                        if (!sums[state].found)
                                continue;

                        if (state % STATES_PER_LOOK == 0 && !is_cut)
                                is_cut = budget->time_is_up && budget->time_is_up(budget->userdata);

                        for (size_t i = 0; i < (is_cut ? 1 : (size_t) t->n_rows * s->n_masks); i++) {
                                size_t more = i / s->n_masks, add = i % s->n_masks, to;
                                PlannerSum sum;

                                if (mask & add || pfs + more >= s->n_states / s->n_masks ||
                                    !entry_sum(t->entries + i, of_bounds, &sum))
                                        continue;

                                to = (pfs + more) * s->n_masks + (mask | add);
                                sum.emptied += sums[state].emptied;
                                sum.cost.usec += sums[state].cost.usec;
                                sum.cost.moves += sums[state].cost.moves;
                                if (!planner_sum_is_better(&sum, next + to))
                                        continue;
                                next[to] = sum;
                                if (!of_bounds)
                                        s->choices[h * s->n_states + to] = (uint32_t) i;
                        }
                }
                memcpy(sums, next, s->n_states * sizeof(PlannerSum));
        }

        s->is_cut = s->is_cut || is_cut;
        *ret = of_bounds && is_cut ? (PlannerSum) { .found = true } : sums[s->n_states - 1];
        return 0;
}

int planner_share_find(PlannerShare *s, PlannerSum *ret, size_t *entries)
{
        size_t state = s->n_states - 1;
        int r;

        r = share_goals(s, false, ret);
        if (r < 0 || !ret->found || !entries)
                return r;

        /* Neither number of a state borrows from the other when an entry is taken off. */
        for (size_t h = s->fleet->n; h > 0; h--) {
                entries[h - 1] = s->choices[(h - 1) * s->n_states + state];
                state -= entries[h - 1];
        }
        return 0;
}

int planner_share_find_bound(PlannerShare *s, PlannerSum *ret)
{
        return share_goals(s, true, ret);
}

bool planner_share_is_impossible(const PlannerShare *s, size_t host, size_t entry)
{
        const PlannerSolution *solution = &s->tables[host].entries[entry].solution;

        return !solution->found && solution->optimal;
}

bool planner_share_is_proven(const PlannerShare *s)
{
        for (size_t h = 0; h < s->fleet->n; h++)
                for (size_t i = 0; i < (size_t) s->tables[h].n_rows * s->n_masks; i++)
                        if (s->is_cut || !s->tables[h].entries[i].solution.optimal)
                                return false;

        return true;
}

int planner_share_refill(PlannerShare *s, Failure *reterr)
{
        int n = 0;

        for (size_t h = 0; h < s->fleet->n; h++) {
                int r;

                if (!s->tables[h].is_stale)
                        continue;
                r = fill_table(s, h, reterr);
                if (r < 0)
                        return r;
                n++;
        }

        return n;
}

void planner_share_end_leaving(PlannerShare *s)
{
        s->image_rate = 0;
        for (size_t h = 0; h < s->fleet->n; h++)
                s->tables[h].is_stale = true;
}

void planner_share_reset(PlannerShare *s)
{
        planner_share_end_leaving(s);
        s->image_rate = s->fleet->n > 1 ? s->options->image_rate : 0;
        for (size_t h = 0; h < s->fleet->n; h++) {
                free(TAKE_PTR(s->tables[h].stays));
                free(TAKE_PTR(s->tables[h].remains));
        }
}
