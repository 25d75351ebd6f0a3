/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-search.h"

#include <assert.h>

#define CANDIDATES_MAX ((size_t) 1 << 17)
#define INFINITE UINT64_MAX

/* Enough to place what fits without further moves, or to see that it does not. */
#define QUICK_NODES UINT64_C(20000)

/* For each number of physical functions that compact tries. */
#define COMPACT_NODES UINT64_C(3000000)

/* One set of physical functions to leave, and a class for each fit. */
typedef struct Candidate {
        uint64_t closed;
        uint64_t weight; /* of what is on them */
        uint64_t bound;  /* that, and what those weigh more at least who have to leave the host */
        uint32_t choice; /* digits: which of a fit's classes, the first fit's lowest */
} Candidate;

typedef struct Search {
        const PlannerProblem *problem;
        PlannerBudget *budget;
        PlannerPack **packs; /* owned, each too; by class */
        uint64_t *on;        /* owned; by domain: bits of the physical functions that it is on */
        uint32_t *order;     /* owned; physical functions, those with the least on them first */
        uint64_t *share;     /* owned; by physical function: of the weight of each domain on it, its part */
        uint64_t *slack; /* owned; by class: how many functions may be left, with all who may leave gone */
        PlannerWant *wants; /* owned: those of the problem, and the one of compact */
        size_t n_wants;
        uint32_t n_choices;
        Candidate *candidates; /* owned */
        size_t n_candidates, max_candidates;
        bool is_open; /* with compact: more physical functions were neither left nor proven not to be */
        PlannerSolution *solution;
} Search;

static void search_done(Search *s)
{
        for (uint32_t c = 0; s->packs && c < s->problem->n_classes; c++)
                planner_pack_free(s->packs[c]);
        free(s->packs);
        free(s->on);
        free(s->order);
        free(s->share);
        free(s->slack);
        free(s->wants);
        free(s->candidates);
}

void planner_solution_done(PlannerSolution *s)
{
        for (size_t i = 0; s->parts && i < s->n_domains; i++)
                free(s->parts[i]);
        free(s->parts);
        free(s->n_parts);
        free(s->moved);
        *s = (PlannerSolution) { 0 };
}

static uint32_t count_bits(uint64_t bits)
{
        return (uint32_t) __builtin_popcountll(bits);
}

static uint64_t bit(uint32_t i)
{
        return UINT64_C(1) << i;
}

/* What was not looked at weighs so much at least. */
static void leave_out(Search *s, uint64_t weight)
{
        if (weight < s->solution->bound)
                s->solution->bound = weight;
}

static int add_candidate(Search *s, uint64_t closed, uint64_t weight)
{
        uint64_t bound = 0;

        for (uint32_t c = 0; c < s->problem->n_classes; c++) {
                uint64_t least;
                int r;

                r = planner_pack_least(s->packs[c], closed, s->budget, &least);
                if (r < 0)
                        return r;
                if (least == PACK_NEVER)
                        return 0;
                bound += least;
        }

        for (uint32_t choice = 0; choice < s->n_choices; choice++) {
                if (s->n_candidates == CANDIDATES_MAX) {
                        leave_out(s, bound);
                        return 0;
                }

                if (s->n_candidates == s->max_candidates) {
                        size_t max = s->max_candidates * 2 + 16;
                        Candidate *bigger = reallocarray(s->candidates, max, sizeof(Candidate));

                        if (!bigger)
                                return -ENOMEM;
                        s->candidates = bigger;
                        s->max_candidates = max;
                }
                s->candidates[s->n_candidates++] = (Candidate) { closed, weight, bound, choice };
        }

        return 0;
}

/* What those domains weigh that are on `pf` and not on what is closed already. */
static uint64_t weigh_more(const Search *s, uint64_t closed, uint32_t pf)
{
        uint64_t weight = 0;

        for (size_t i = 0; i < s->problem->n_domains; i++)
                if (s->on[i] & bit(pf) && !(s->on[i] & closed))
                        weight += s->problem->domains[i].weight;

        return weight;
}

static uint64_t usable_on(const PlannerPack *k, uint64_t closed)
{
        uint64_t n = 0;

        for (size_t b = 0; b < k->n_bins; b++)
                if (closed & bit(k->pf[b]))
                        n += k->usable[b];

        return n;
}

static bool leaves_enough(const Search *s, uint64_t closed)
{
        for (uint32_t c = 0; c < s->problem->n_classes; c++)
                if (usable_on(s->packs[c], closed) > s->slack[c])
                        return false;

        return true;
}

static int compare_numbers(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

static uint64_t sum_of_least(uint64_t *list, size_t n, size_t count)
{
        uint64_t sum = 0;

        qsort(list, n, sizeof(uint64_t), compare_numbers);
        for (size_t i = 0; i < n && i < count; i++)
                sum += list[i];
        return sum;
}

/* If so many more of `rest` are closed: do those that have the fewest functions leave enough? */
static bool may_leave_enough(const Search *s, uint64_t closed, uint64_t rest, size_t missing)
{
        for (uint32_t c = 0; c < s->problem->n_classes; c++) {
                const PlannerPack *k = s->packs[c];
                uint64_t list[PLANNER_PFS_MAX], n_rest = count_bits(rest);
                size_t n = 0;

                for (size_t b = 0; b < k->n_bins; b++)
                        if (rest & bit(k->pf[b]))
                                list[n++] = k->usable[b];
                while (n < n_rest)
                        list[n++] = 0;
                if (n > 0 && usable_on(k, closed) + sum_of_least(list, n, missing) > s->slack[c])
                        return false;
        }

        return true;
}

/* No set that has these and so many more of `rest` weighs less. */
static uint64_t bound_closed(const Search *s, uint64_t closed, uint64_t weight, uint64_t rest,
                             size_t missing)
{
        uint64_t list[PLANNER_PFS_MAX], bound = 0;
        size_t n = 0;

        for (uint32_t pf = 0; pf < s->problem->n_pfs; pf++) {
                if (closed & bit(pf))
                        bound += s->share[pf];
                else if (rest & bit(pf))
                        list[n++] = s->share[pf];
        }
        bound += n > 0 ? sum_of_least(list, n, missing) : 0;

        return bound > weight ? bound : weight;
}

static int choose_closed(Search *s, uint32_t from, uint64_t closed, uint64_t weight)
{
        uint64_t rest = 0, helps = 0;
        uint32_t missing = 0;
        int r;

        for (uint32_t i = from; i < s->problem->n_pfs; i++)
                rest |= bit(s->order[i]);
        rest &= ~s->problem->pinned & ~closed;

        for (size_t i = 0; i < s->n_wants; i++) {
                uint32_t has = count_bits(closed & s->wants[i].among);

                if (has >= s->wants[i].count)
                        continue;
                if (has + count_bits(rest & s->wants[i].among) < s->wants[i].count)
                        return 0;
                helps |= s->wants[i].among;
                if (s->wants[i].count - has > missing)
                        missing = s->wants[i].count - has;
        }

        if (!may_leave_enough(s, closed, rest, missing))
                return 0;
        if (s->n_candidates == CANDIDATES_MAX || !planner_budget_spend(s->budget)) {
                leave_out(s, bound_closed(s, closed, weight, rest, missing));
                return 0;
        }

        if (helps == 0)
                return add_candidate(s, closed, weight);

        for (uint32_t i = from; i < s->problem->n_pfs; i++) {
                uint32_t pf = s->order[i];

                if (!(helps & rest & bit(pf)) || !leaves_enough(s, closed | bit(pf)))
                        continue;

                r = choose_closed(s, i + 1, closed | bit(pf), weight + weigh_more(s, closed, pf));
                if (r < 0)
                        return r;
        }

        return 0;
}

static int compare_candidate(const void *x, const void *y)
{
        const Candidate *a = x, *b = y;

        if (a->bound != b->bound)
                return a->bound < b->bound ? -1 : 1;
        if (a->closed != b->closed)
                return a->closed < b->closed ? -1 : 1;
        return a->choice < b->choice ? -1 : a->choice > b->choice;
}

static uint32_t class_of_fit(const PlannerProblem *p, size_t fit, uint32_t *choice)
{
        uint32_t n = 0, digit;

        for (uint32_t c = 0; c < p->n_classes; c++)
                n += planner_bit(p->fits[fit].classes, c);
        digit = *choice % n;
        *choice /= n;

        for (uint32_t c = 0; c < p->n_classes; c++)
                if (planner_bit(p->fits[fit].classes, c) && digit-- == 0)
                        return c;

        assert(false);
        return 0;
}

static void solution_reset(Search *s)
{
        const PlannerProblem *p = s->problem;

        for (size_t i = 0; i < p->n_domains; i++) {
                free(s->solution->parts[i]);
                s->solution->parts[i] = NULL;
                s->solution->n_parts[i] = 0;
                s->solution->moved[i] = false;
        }
}

static void note_rooms(Search *s, const PlannerPack *k)
{
        for (size_t i = 0; i < k->n_fits; i++) {
                uint32_t fit = k->fits[i], place = k->fit_at[i];

                s->solution->fit_class[fit] = k->class;
                if (s->problem->fits[fit].level == PLANNER_ONE_PF)
                        s->solution->fit_place[fit] = k->pf[place];
                else if (s->problem->fits[fit].level == PLANNER_ONE_GROUP)
                        for (size_t b = 0; b < k->n_bins; b++)
                                if (k->group[b] == place)
                                        s->solution->fit_place[fit] = s->problem->group[k->pf[b]];
        }
}

static int take_solution(Search *s, const Candidate *c, uint64_t weight, const bool *solved)
{
        PlannerSolution *solution = s->solution;
        int r;

        solution_reset(s);
        for (uint32_t class = 0; class < s->problem->n_classes; class ++) {
                if (!solved[class])
                        continue;
                r = planner_pack_place(s->packs[class], solution->parts, solution->n_parts, solution->moved);
                if (r < 0)
                        return r;
                note_rooms(s, s->packs[class]);
        }

        solution->found = true;
        solution->weight = weight;
        solution->emptied = c->closed;
        return 0;
}

enum {
        TRY_NONE,   /* nothing found; and there is nothing if *ret_open is INFINITE */
        TRY_WORSE,  /* something, but no better than what was known */
        TRY_BETTER, /* that is the solution now */
};

/* Class after class. *ret_open: what was not looked at weighs so much at least. */
static int try_candidate(Search *s, const Candidate *c, PackMode mode, PlannerBudget *budget,
                         uint64_t *ret_open)
{
        const PlannerProblem *p = s->problem;
        _cleanup_free_ bool *solved = calloc(p->n_classes + 1, sizeof(bool));
        uint32_t fit_class[PLANNER_FITS_MAX], choice = c->choice;
        uint64_t weight = c->weight, least = c->weight;
        bool open = false;
        int r;

        if (!solved)
                return -ENOMEM;
        *ret_open = INFINITE;
        for (size_t i = 0; i < p->n_fits; i++)
                fit_class[i] = class_of_fit(p, i, &choice);

        for (uint32_t class = 0; class < p->n_classes; class ++) {
                uint64_t forced = planner_pack_forced(s->packs[class], c->closed), found = 0, bound;
                uint32_t fits[PLANNER_FITS_MAX];
                PackRequest request = { .closed = c->closed, .fits = fits, .mode = mode };

                for (uint32_t i = 0; i < p->n_fits; i++)
                        if (fit_class[i] == class)
                                fits[request.n_fits++] = i;
                if (forced == 0 && request.n_fits == 0)
                        continue;

                request.below = s->solution->weight == INFINITE ? INFINITE
                                                                : s->solution->weight - (weight - forced);
                r = planner_pack_solve(s->packs[class], &request, budget, &found, &bound);
                if (r < 0)
                        return r;

                open = open || bound != INFINITE;
                if (r == 0) {
                        /* Without a solution there is none of this candidate, unless it was not looked
                         * at. */
                        if (bound != INFINITE)
                                *ret_open = least - forced + bound;
                        return TRY_NONE;
                }

                weight += found - forced;
                least += (bound < found ? bound : found) - forced;
                solved[class] = true;
        }

        if (open)
                *ret_open = least;
        if (weight >= s->solution->weight)
                return TRY_WORSE;

        r = take_solution(s, c, weight, solved);
        return r < 0 ? r : TRY_BETTER;
}

static int try_quickly(Search *s, const Candidate *c, PackMode mode, uint64_t *ret_open)
{
        PlannerBudget quick = *s->budget;
        uint64_t given = s->budget->nodes < QUICK_NODES ? s->budget->nodes : QUICK_NODES;
        int r;

        quick.nodes = given;
        r = try_candidate(s, c, mode, &quick, ret_open);
        s->budget->nodes -= given - quick.nodes;
        s->budget->out = s->budget->out || (quick.out && quick.nodes > 0);
        return r;
}

static bool has_apart(const Search *s)
{
        for (uint32_t class = 0; class < s->problem->n_classes; class ++)
                if (s->packs[class]->has_apart)
                        return true;

        return false;
}

static int try_candidates(Search *s)
{
        uint64_t open;
        int r;

        /* Mostly what is on the lightest set fits into what is free. It also keeps the search below
         * short. */
        for (size_t i = 0; i < s->n_candidates && !s->budget->out; i++) {
                if (s->candidates[i].bound >= s->solution->weight)
                        break;
                r = try_quickly(s, s->candidates + i, PACK_FORCED_ONLY, &open);
                if (r < 0)
                        return r;
                if (r == TRY_BETTER)
                        break;
        }

        for (size_t i = 0; i < s->n_candidates; i++) {
                const Candidate *c = s->candidates + i;

                if (c->bound >= s->solution->weight)
                        break;
                if (s->budget->out) {
                        leave_out(s, c->bound);
                        break;
                }

                /* That there is none, whoever moves, is proven sooner than that there is none below a
                 * weight. But who is apart may have a place only by staying. */
                r = try_quickly(s, c, PACK_ANY, &open);
                if (r < 0)
                        return r;
                if (r == TRY_NONE && open == INFINITE && !has_apart(s))
                        continue;

                r = try_candidate(s, c, PACK_LIGHTEST, s->budget, &open);
                if (r < 0)
                        return r;
                leave_out(s, open);
        }

        return 0;
}

static int search_for(Search *s)
{
        uint64_t closed = 0, weight = 0;
        int r;

        solution_reset(s);
        s->solution->found = false;
        s->solution->weight = s->solution->bound = INFINITE;
        s->n_candidates = 0;

        /* What is evacuated may already be too much. */
        if (s->problem->evacuated & s->problem->pinned || !leaves_enough(s, s->problem->evacuated))
                return 0;

        for (uint32_t pf = 0; pf < s->problem->n_pfs; pf++)
                if (s->problem->evacuated & bit(pf)) {
                        weight += weigh_more(s, closed, pf);
                        closed |= bit(pf);
                }

        r = choose_closed(s, 0, closed, weight);
        if (r < 0)
                return r;

        if (s->n_candidates > 0)
                qsort(s->candidates, s->n_candidates, sizeof(Candidate), compare_candidate);
        return try_candidates(s);
}

/* As few physical functions in use as can be, and of the ways to that the lightest: the number is lowered
 * until there is one. */
static int search_compact(Search *s)
{
        PlannerWant *most = s->wants + s->n_wants++;
        uint64_t open = INFINITE, all = s->problem->n_pfs == 64 ? UINT64_MAX : bit(s->problem->n_pfs) - 1;
        int r;

        *most = (PlannerWant) { count_bits(all & ~s->problem->pinned), all };
        for (;;) {
                PlannerBudget *whole = s->budget, part = *whole;
                uint64_t given = whole->nodes < COMPACT_NODES ? whole->nodes : COMPACT_NODES;

                /* A number that is hard to refute must not keep the lower ones from being looked at. */
                part.nodes = given;
                s->budget = &part;
                r = search_for(s);
                s->budget = whole;
                whole->nodes -= given - part.nodes;
                if (r < 0)
                        return r;
                if (s->solution->found || most->count == 0)
                        break;

                open = s->solution->bound < open ? s->solution->bound : open;
                most->count--;
        }

        s->is_open = open != INFINITE;
        leave_out(s, open);
        return 0;
}

static int search_prepare(Search *s)
{
        const PlannerProblem *p = s->problem;
        _cleanup_free_ uint64_t *weights = calloc(p->n_pfs + 1, sizeof(uint64_t));
        int r;

        s->packs = calloc(p->n_classes + 1, sizeof(PlannerPack *));
        s->on = calloc(p->n_domains + 1, sizeof(uint64_t));
        s->order = calloc(p->n_pfs + 1, sizeof(uint32_t));
        s->share = calloc(p->n_pfs + 1, sizeof(uint64_t));
        s->slack = calloc(p->n_classes + 1, sizeof(uint64_t));
        s->wants = calloc(p->n_wants + 1, sizeof(PlannerWant));
        s->solution->parts = calloc(p->n_domains + 1, sizeof(PlannerPart *));
        s->solution->n_parts = calloc(p->n_domains + 1, sizeof(size_t));
        s->solution->moved = calloc(p->n_domains + 1, sizeof(bool));
        s->solution->n_domains = p->n_domains;
        if (!weights || !s->packs || !s->on || !s->order || !s->share || !s->slack || !s->wants ||
            !s->solution->parts || !s->solution->n_parts || !s->solution->moved)
                return -ENOMEM;

        if (p->n_wants > 0)
                memcpy(s->wants, p->wants, p->n_wants * sizeof(PlannerWant));
        s->n_wants = p->n_wants;

        for (uint32_t c = 0; c < p->n_classes; c++) {
                r = planner_pack_new(p, c, &s->packs[c]);
                if (r < 0)
                        return r;
                for (size_t b = 0; b < s->packs[c]->n_bins; b++)
                        s->slack[c] += s->packs[c]->free[b];
        }
        for (size_t i = 0; i < p->n_domains; i++)
                s->slack[p->domains[i].class] += p->domains[i].may_leave ? p->domains[i].size : 0;

        for (size_t i = 0; i < p->n_domains; i++)
                for (size_t part = 0; part < p->domains[i].n_parts; part++) {
                        s->on[i] |= bit(p->domains[i].parts[part].pf);
                        weights[p->domains[i].parts[part].pf] += p->domains[i].weight;
                        s->share[p->domains[i].parts[part].pf] +=
                                        p->domains[i].weight / p->domains[i].n_parts;
                }

        for (uint32_t i = 0; i < p->n_pfs; i++) {
                uint32_t k = i;

                for (; k > 0 && weights[s->order[k - 1]] > weights[i]; k--)
                        s->order[k] = s->order[k - 1];
                s->order[k] = i;
        }

        s->n_choices = 1;
        for (size_t i = 0; i < p->n_fits; i++) {
                uint32_t n = 0;

                for (uint32_t c = 0; c < p->n_classes; c++)
                        n += planner_bit(p->fits[i].classes, c);
                s->n_choices *= n;
                if (s->n_choices > CANDIDATES_MAX)
                        s->n_choices = CANDIDATES_MAX + 1;
        }

        return 0;
}

int planner_search(const PlannerProblem *p, PlannerBudget *budget, PlannerSolution *ret)
{
        _cleanup_(planner_solution_done) PlannerSolution solution = { 0 };
        _cleanup_(search_done) Search s = {
                .problem = p,
                .budget = budget,
                .solution = &solution,
        };
        int r;

        assert(p->n_pfs <= PLANNER_PFS_MAX && p->n_domains <= PLANNER_DOMAINS_MAX &&
               p->n_fits <= PLANNER_FITS_MAX);

        r = search_prepare(&s);
        if (r >= 0)
                r = p->compact ? search_compact(&s) : search_for(&s);
        if (r < 0)
                return r;

        /* Out of budget, and nothing must be: all stay. */
        if (!solution.found && p->n_wants == 0 && p->n_fits == 0 && p->evacuated == 0) {
                solution.found = true;
                solution.weight = solution.emptied = 0;
                s.is_open = p->compact;
        }

        if (solution.bound >= solution.weight) {
                solution.bound = solution.weight;
                solution.optimal = !s.is_open;
        }

        *ret = solution;
        solution = (PlannerSolution) { 0 };
        return 0;
}
