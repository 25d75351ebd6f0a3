/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-waves.h"

#include <assert.h>
#include <stdio.h>

#define NEVER UINT32_MAX

/* A domain that moves: how many functions it gives up and gets, by physical function. */
typedef struct Mover {
        size_t domain; /* of the problem */
        uint32_t gives[PLANNER_PFS_MAX], gets[PLANNER_PFS_MAX];
        bool leaves, done;
} Mover;

typedef struct Waves {
        const PlannerHost *host;
        uint32_t parallel;
        Mover *movers; /* owned */
        size_t n_movers;
        uint32_t *available; /* owned; by cell */
        uint32_t *free_after; /* owned; by function of the inventory: the first wave that may use it, NEVER: it is not free */
        size_t *unit; /* owned; movers that have to be in one wave */
        size_t n_unit;
        size_t *best; /* owned; scratch */
        PlannerWaves *waves;
} Waves;

static void waves_done(Waves *w)
{
        free(w->movers);
        free(w->available);
        free(w->free_after);
        free(w->unit);
        free(w->best);
}

void planner_waves_done(PlannerWaves *w)
{
        for (size_t i = 0; i < w->n_moves; i++)
                free(w->moves[i].changes);
        free(w->moves);
        *w = (PlannerWaves) { 0 };
}

static uint32_t class_of(const Waves *w, const Mover *m)
{
        return w->host->problem.domains[m->domain].class;
}

static const InventoryDomain *domain_of(const Waves *w, const Mover *m)
{
        return w->host->inventory->domains + w->host->domains[m->domain];
}

static int find_movers(Waves *w, const PlannerSolution *s)
{
        const PlannerProblem *p = &w->host->problem;

        w->movers = calloc(p->n_domains + 1, sizeof(Mover));
        if (!w->movers)
                return -ENOMEM;

        for (size_t i = 0; i < p->n_domains; i++) {
                Mover *m = w->movers + w->n_movers;
                uint32_t total = 0;

                if (!s->moved[i])
                        continue;

                m->domain = i;
                m->leaves = s->n_parts[i] == 0;
                for (size_t k = 0; k < p->domains[i].n_parts; k++)
                        m->gives[p->domains[i].parts[k].pf] = p->domains[i].parts[k].count;
                for (size_t k = 0; k < s->n_parts[i]; k++) {
                        uint32_t pf = s->parts[i][k].pf, kept = m->gives[pf];

                        kept = kept < s->parts[i][k].count ? kept : s->parts[i][k].count;
                        m->gives[pf] -= kept;
                        m->gets[pf] = s->parts[i][k].count - kept;
                        total += m->gets[pf];
                }
                w->n_movers += total > 0 || m->leaves;
        }

        return 0;
}

/* What the unit gets of a physical function beyond what is available and what the unit gives up. */
static uint32_t lack_on(const Waves *w, uint32_t class, uint32_t pf)
{
        uint32_t has = w->available[planner_cell(&w->host->problem, pf, class)], gets = 0;

        for (size_t i = 0; i < w->n_unit; i++) {
                const Mover *m = w->movers + w->unit[i];

                if (class_of(w, m) != class)
                        continue;
                has += m->gives[pf];
                gets += m->gets[pf];
        }

        return gets > has ? gets - has : 0;
}

/* Those of one class only wait for each other. Returns the physical function where the unit lacks
 * something. */
static uint32_t find_lack(const Waves *w)
{
        uint32_t class = class_of(w, w->movers + w->unit[0]);

        for (uint32_t pf = 0; pf < w->host->problem.n_pfs; pf++)
                if (lack_on(w, class, pf) > 0)
                        return pf;

        return NEVER;
}

static bool is_in_unit(const Waves *w, size_t mover)
{
        for (size_t i = 0; i < w->n_unit; i++)
                if (w->unit[i] == mover)
                        return true;

        return false;
}

/* Adds who gives up what is lacking until nothing is. There always is somebody, as all together have
 * enough. */
static void grow_unit(Waves *w, size_t first)
{
        uint32_t pf;

        w->unit[0] = first;
        w->n_unit = 1;
        while ((pf = find_lack(w)) != NEVER) {
                size_t giver = SIZE_MAX;

                for (size_t i = 0; i < w->n_movers; i++) {
                        const Mover *m = w->movers + i;

                        if (m->done || m->gives[pf] == 0 ||
                            class_of(w, m) != class_of(w, w->movers + first) || is_in_unit(w, i))
                                continue;
                        if (giver == SIZE_MAX || m->gives[pf] > w->movers[giver].gives[pf])
                                giver = i;
                }

                assert(giver != SIZE_MAX);
                w->unit[w->n_unit++] = giver;
        }

        /* It may have become enough without one that came early. */
        for (size_t i = w->n_unit; i > 0 && w->n_unit > 1; i--) {
                size_t out = w->unit[i - 1];

                memmove(w->unit + i - 1, w->unit + i, (w->n_unit - i) * sizeof(size_t));
                w->n_unit--;
                if (find_lack(w) == NEVER)
                        continue;
                memmove(w->unit + i, w->unit + i - 1, (w->n_unit - i + 1) * sizeof(size_t));
                w->unit[i - 1] = out;
                w->n_unit++;
        }
}

static int compare_numbers(const void *a, const void *b)
{
        size_t x = *(const size_t *) a, y = *(const size_t *) b;

        return x < y ? -1 : x > y;
}

/* The next domains that can move: one alone if there is one, else the fewest that can together. */
static bool find_unit(Waves *w)
{
        size_t n_best = 0;

        for (size_t i = 0; i < w->n_movers && n_best != 1; i++) {
                if (w->movers[i].done)
                        continue;
                w->unit[0] = i;
                w->n_unit = 1;
                if (find_lack(w) == NEVER) {
                        w->best[0] = i;
                        n_best = 1;
                }
        }

        for (size_t i = 0; i < w->n_movers && n_best != 1; i++) {
                if (w->movers[i].done)
                        continue;
                grow_unit(w, i);
                if (n_best != 0 && w->n_unit >= n_best)
                        continue;
                n_best = w->n_unit;
                memcpy(w->best, w->unit, n_best * sizeof(size_t));
                if (n_best == 2)
                        break; /* fewer cannot be */
        }

        w->n_unit = n_best;
        memcpy(w->unit, w->best, n_best * sizeof(size_t));
        qsort(w->unit, n_best, sizeof(size_t), compare_numbers);
        return n_best > 0;
}

/* A function of that place that is free for the wave the soonest, then by address: by_address gives that
 * order. */
static size_t take_function(Waves *w, uint32_t pf, uint32_t class)
{
        const Inventory *inv = w->host->inventory;
        size_t best = INVENTORY_NONE;

        for (size_t k = 0; k < inv->n_functions; k++) {
                size_t i = inv->by_address[k];

                if (w->host->pf_of[i] == pf && w->host->class_of[i] == class && w->free_after[i] != NEVER &&
                    (best == INVENTORY_NONE || w->free_after[i] < w->free_after[best]))
                        best = i;
        }

        assert(best != INVENTORY_NONE);
        return best;
}

static int add_move(Waves *w, const Mover *m)
{
        const PlannerHost *h = w->host;
        const InventoryDomain *d = domain_of(w, m);
        PlannerMove *move = w->waves->moves + w->waves->n_moves;
        uint32_t gives[PLANNER_PFS_MAX];

        *move = (PlannerMove) {
                .domain = h->domains[m->domain],
                .host = m->leaves ? INVENTORY_NONE : h->options.index,
                .cost_seconds = m->leaves ? planner_leave_seconds(h, d) : d->cost_seconds,
        };
        move->changes = calloc(d->n_functions + 1, sizeof(PlannerChange));
        if (!move->changes)
                return -ENOMEM;
        w->waves->n_moves++;

        /* Of those on one physical function the last go. */
        memcpy(gives, m->gives, sizeof(gives));
        for (size_t i = d->n_functions; i > 0; i--) {
                size_t f = d->functions[i - 1];

                if (gives[h->pf_of[f]] > 0) {
                        gives[h->pf_of[f]]--;
                        move->changes[move->n_changes++] = (PlannerChange) { f, INVENTORY_NONE };
                }
        }
        for (size_t i = 0; i < move->n_changes / 2; i++) {
                PlannerChange other = move->changes[i];

                move->changes[i] = move->changes[move->n_changes - 1 - i];
                move->changes[move->n_changes - 1 - i] = other;
        }

        return 0;
}

/* The functions of a unit: what others of it give up comes last. Returns the first wave that it can be
 * in. */
static int assign_functions(Waves *w, size_t first_move, uint32_t *ret_wave)
{
        const PlannerHost *h = w->host;
        PlannerWaves *waves = w->waves;
        uint32_t wave = 0, in_unit = NEVER - 1;

        for (size_t i = 0; i < w->n_unit; i++) {
                int r = add_move(w, w->movers + w->unit[i]);

                if (r < 0)
                        return r;
        }

        for (size_t i = first_move; i < waves->n_moves; i++)
                for (size_t k = 0; k < waves->moves[i].n_changes; k++)
                        w->free_after[waves->moves[i].changes[k].from] = in_unit;

        for (size_t i = 0; i < w->n_unit; i++) {
                const Mover *m = w->movers + w->unit[i];
                size_t k = 0;

                for (uint32_t pf = 0; pf < h->problem.n_pfs; pf++)
                        for (uint32_t n = 0; n < m->gets[pf]; n++) {
                                size_t f = take_function(w, pf, class_of(w, m));

                                if (w->free_after[f] != in_unit && w->free_after[f] > wave)
                                        wave = w->free_after[f];
                                w->free_after[f] = NEVER;
                                waves->moves[first_move + i].changes[k++].to = f;
                        }
                assert(m->leaves || k == waves->moves[first_move + i].n_changes);
        }

        *ret_wave = wave;
        return 0;
}

static int compare_costs(const void *a, const void *b)
{
        double x = *(const double *) a, y = *(const double *) b;

        return x > y ? -1 : x < y;
}

/* Of all moves in a wave and the unit, which begins at `first_move`: how long the wave takes, and the
 * least limit. */
static void measure_wave(const Waves *w, uint32_t wave, size_t first_move, double *costs, size_t *ret_n,
                         double *ret_seconds, size_t *ret_strictest)
{
        const PlannerWaves *waves = w->waves;
        const InventoryDomain *domains = w->host->inventory->domains;
        size_t n = 0, strictest = SIZE_MAX;

        for (size_t i = 0; i < waves->n_moves; i++) {
                size_t d = waves->moves[i].domain;

                if (i < first_move && waves->moves[i].wave != wave)
                        continue;
                costs[n++] = waves->moves[i].cost_seconds;
                if (strictest == SIZE_MAX ||
                    domains[d].max_downtime_seconds < domains[strictest].max_downtime_seconds)
                        strictest = d;
        }

        qsort(costs, n, sizeof(double), compare_costs);
        *ret_seconds = 0;
        for (size_t i = 0; i < n; i += w->parallel)
                *ret_seconds += costs[i];
        *ret_n = n;
        *ret_strictest = strictest;
}

static size_t find_longest(const Waves *w, size_t first_move, size_t other)
{
        const PlannerMove *moves = w->waves->moves, *longest = NULL;

        for (size_t i = first_move; i < w->waves->n_moves; i++)
                if (moves[i].domain != other && (!longest || moves[i].cost_seconds > longest->cost_seconds))
                        longest = moves + i;

        return longest ? longest->domain : other;
}

static char *say_why(const Waves *w, size_t first_move, double seconds, size_t strictest)
{
        const InventoryDomain *domains = w->host->inventory->domains, *d = domains + strictest;
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;

        for (size_t i = first_move; i < w->waves->n_moves; i++)
                (void) fprintf(f, "%s%s",
                               i == first_move             ? ""
                               : i + 1 < w->waves->n_moves ? ", "
                                                           : " and ",
                               domains[w->waves->moves[i].domain].name);
        (void) fprintf(f,
                       " have to change places, which keeps %s down for %.1f s with %u saved at once; it may be for %.1f s",
                       d->name, seconds, w->parallel, d->max_downtime_seconds);

        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }

        return text;
}

static int place_unit(Waves *w, PlannerConflict *ret_conflict, char **ret_why)
{
        PlannerWaves *waves = w->waves;
        _cleanup_free_ double *costs = calloc(w->n_movers + 1, sizeof(double));
        size_t first_move = waves->n_moves, n, strictest;
        uint32_t wave;
        double seconds;
        int r;

        if (!costs)
                return -ENOMEM;

        r = assign_functions(w, first_move, &wave);
        if (r < 0)
                return r;

        for (;; wave++) {
                measure_wave(w, wave, first_move, costs, &n, &seconds, &strictest);
                if (n <= w->n_unit ||
                    (n <= w->parallel &&
                     seconds <= w->host->inventory->domains[strictest].max_downtime_seconds))
                        break;
        }

        /* It is alone in its wave now, or fits. */
        if (seconds > w->host->inventory->domains[strictest].max_downtime_seconds) {
                *ret_conflict = (PlannerConflict) { strictest, find_longest(w, first_move, strictest) };
                *ret_why = say_why(w, first_move, seconds, strictest);
                return *ret_why ? 0 : -ENOMEM;
        }

        for (size_t i = first_move; i < waves->n_moves; i++) {
                waves->moves[i].wave = wave;
                for (size_t k = 0; k < waves->moves[i].n_changes; k++) {
                        size_t from = waves->moves[i].changes[k].from;

                        if (w->free_after[from] != NEVER)
                                w->free_after[from] = wave + 1;
                }
        }
        if (wave >= waves->n)
                waves->n = wave + 1;

        for (size_t i = 0; i < w->n_unit; i++) {
                Mover *m = w->movers + w->unit[i];

                m->done = true;
                for (uint32_t pf = 0; pf < w->host->problem.n_pfs; pf++) {
                        uint32_t *available =
                                        w->available + planner_cell(&w->host->problem, pf, class_of(w, m));

                        *available = *available + m->gives[pf] - m->gets[pf];
                }
        }

        return 1;
}

static int compare_moves(const void *a, const void *b)
{
        const PlannerMove *x = a, *y = b;

        if (x->wave != y->wave)
                return x->wave < y->wave ? -1 : 1;
        return x->domain < y->domain ? -1 : x->domain > y->domain;
}

int planner_waves(const PlannerHost *h, const PlannerSolution *s, uint32_t parallel, PlannerWaves *ret,
                  PlannerConflict *ret_conflict, char **ret_why)
{
        const PlannerProblem *p = &h->problem;
        size_t n_cells = (size_t) p->n_pfs * p->n_classes;
        _cleanup_(planner_waves_done) PlannerWaves waves = { 0 };
        _cleanup_(waves_done) Waves w = { .host = h, .parallel = parallel, .waves = &waves };
        int r;

        assert(parallel > 0);

        r = find_movers(&w, s);
        if (r < 0)
                return r;

        waves.moves = calloc(w.n_movers + 1, sizeof(PlannerMove));
        w.available = calloc(n_cells + 1, sizeof(uint32_t));
        w.free_after = calloc(h->inventory->n_functions + 1, sizeof(uint32_t));
        w.unit = calloc(w.n_movers + 1, sizeof(size_t));
        w.best = calloc(w.n_movers + 1, sizeof(size_t));
        if (!waves.moves || !w.available || !w.free_after || !w.unit || !w.best)
                return -ENOMEM;

        if (n_cells > 0)
                memcpy(w.available, p->free, n_cells * sizeof(uint32_t));
        for (size_t i = 0; i < h->inventory->n_functions; i++)
                w.free_after[i] =
                                h->class_of[i] != UINT32_MAX && h->inventory->functions[i].function.state ==
                                                                                FUNCTION_FREE
                                                ? 0
                                                : NEVER;

        while (find_unit(&w)) {
                r = place_unit(&w, ret_conflict, ret_why);
                if (r <= 0)
                        return r;
        }

        qsort(waves.moves, waves.n_moves, sizeof(PlannerMove), compare_moves);
        *ret = waves;
        waves = (PlannerWaves) { 0 };
        return 1;
}
