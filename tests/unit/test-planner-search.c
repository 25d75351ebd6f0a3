/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The search against all there is: every way to place every domain of small problems, thousands of them. */

#include "core/planner-leave.h"

#include "test.h"

#define PFS_MAX 4
#define CLASSES_MAX 2
#define DOMAINS_MAX 5
#define SIZE_MAX_ 4

static uint64_t seed;

/* Knuth, MMIX: the same numbers everywhere. */
static uint32_t random_below(uint32_t n)
{
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t) (seed >> 33) % n;
}

static bool chance(uint32_t percent)
{
        return random_below(100) < percent;
}

static void add_domain(PlannerProblem *p, bool leaving, uint32_t (*room)[CLASSES_MAX])
{
        PlannerDomain *d = p->domains + p->n_domains;
        uint32_t class = random_below(p->n_classes), size = 1 + random_below(SIZE_MAX_);
        PlannerLevel level = (PlannerLevel) random_below(_PLANNER_LEVEL_MAX);
        bool is_apart = chance(15); /* it may be, but nothing is placed so */
        bool spread = (level != PLANNER_ONE_PF || is_apart) && chance(50);
        PlannerPart *parts = calloc(PFS_MAX, sizeof(PlannerPart));
        uint32_t first = random_below(p->n_pfs), missing = size;

        CHECK(parts);
        *d = (PlannerDomain) { .class = class, .size = size, .level = level, .parts = parts };
        d->weight = planner_weight(random_below(6));
        d->may_leave = leaving && chance(70);
        d->leave = planner_weight_more(random_below(6));

        for (uint32_t i = 0; i < p->n_pfs && missing > 0; i++) {
                uint32_t pf = (first + i) % p->n_pfs, n;

                if (level == PLANNER_ONE_GROUP && !is_apart && p->group[pf] != p->group[first])
                        continue;
                n = room[pf][class] < missing ? room[pf][class] : missing;
                if (!spread && n < missing)
                        continue;
                if (n == 0)
                        continue;
                parts[d->n_parts++] = (PlannerPart) { pf, n };
                missing -= n;
        }

        if (missing > 0) {
                free(parts);
                return;
        }

        /* By physical function, as documented. */
        for (size_t i = 0; i < d->n_parts; i++) {
                room[parts[i].pf][class] -= parts[i].count;
                for (size_t k = i; k > 0 && parts[k].pf < parts[k - 1].pf; k--) {
                        PlannerPart t = parts[k];

                        parts[k] = parts[k - 1];
                        parts[k - 1] = t;
                }
        }
        p->n_domains++;
}

static void make_problem(PlannerProblem *p)
{
        uint32_t room[PFS_MAX][CLASSES_MAX] = { 0 }, n_domains = 1 + random_below(DOMAINS_MAX);
        bool leaving = chance(50);

        *p = (PlannerProblem) { 0 };
        p->n_pfs = 1 + random_below(PFS_MAX);
        p->n_classes = 1 + (uint32_t) chance(25);
        p->n_groups = p->n_pfs;
        p->group = calloc(PFS_MAX, sizeof(uint32_t));
        p->free = calloc(PFS_MAX * CLASSES_MAX, sizeof(uint32_t));
        p->domains = calloc(DOMAINS_MAX, sizeof(PlannerDomain));
        p->wants = calloc(2, sizeof(PlannerWant));
        p->fits = calloc(2, sizeof(PlannerFit));
        CHECK(p->group && p->free && p->domains && p->wants && p->fits);

        for (uint32_t pf = 0; pf < p->n_pfs; pf++) {
                p->group[pf] = random_below(p->n_groups);
                for (uint32_t c = 0; c < p->n_classes; c++)
                        room[pf][c] = 1 + random_below(SIZE_MAX_ + 1);
                if (chance(10))
                        p->pinned |= UINT64_C(1) << pf;
        }
        for (uint32_t i = 0; i < n_domains; i++)
                add_domain(p, leaving, room);
        for (uint32_t pf = 0; pf < p->n_pfs; pf++)
                for (uint32_t c = 0; c < p->n_classes; c++)
                        p->free[planner_cell(p, pf, c)] =
                                        chance(70) ? room[pf][c] : random_below(room[pf][c] + 1);

        if (chance(50))
                p->wants[p->n_wants++] =
                                (PlannerWant) { 1 + random_below(p->n_pfs), (UINT64_C(1) << p->n_pfs) - 1 };
        if (chance(20))
                p->wants[p->n_wants++] = (PlannerWant) { 1, 1 + random_below((1U << p->n_pfs) - 1) };
        if (chance(30))
                p->evacuated |= UINT64_C(1) << random_below(p->n_pfs);
        p->compact = chance(20);
        while (p->n_fits < 2 && chance(40)) {
                PlannerFit *fit = p->fits + p->n_fits++;

                fit->size = 1 + random_below(SIZE_MAX_ + 2);
                fit->level = (PlannerLevel) random_below(_PLANNER_LEVEL_MAX);
                fit->classes = calloc(1, sizeof(uint64_t));
                CHECK(fit->classes);
                *fit->classes = 1 + random_below((1U << p->n_classes) - 1);
        }
}

/* All there is. */
typedef struct Brute {
        const PlannerProblem *p;
        uint32_t room[PFS_MAX][CLASSES_MAX];
        uint32_t owners[PFS_MAX];
        uint64_t weight, best;
        uint32_t emptied, best_emptied;
        bool found;
} Brute;

static void brute_fit(Brute *b, size_t fit);

/* Hands out the rest of one fit. */
static void brute_spread_fit(Brute *b, size_t fit, uint32_t class, uint32_t pf, uint32_t missing,
                             uint32_t group)
{
        const PlannerFit *f = b->p->fits + fit;

        if (missing == 0) {
                brute_fit(b, fit + 1);
                return;
        }
        if (pf == b->p->n_pfs)
                return;

        for (uint32_t n = 0; n <= missing && n <= b->room[pf][class]; n++) {
                if (n > 0 &&
                    (b->p->evacuated >> pf & 1 || (f->level == PLANNER_ONE_PF && n < f->size) ||
                     (f->level == PLANNER_ONE_GROUP && group != UINT32_MAX && group != b->p->group[pf])))
                        continue;
                b->room[pf][class] -= n;
                brute_spread_fit(b, fit, class, pf + 1, missing - n, n > 0 ? b->p->group[pf] : group);
                b->room[pf][class] += n;
        }
}

static bool brute_is_better(const Brute *b)
{
        if (!b->found)
                return true;
        if (b->p->compact && b->emptied != b->best_emptied)
                return b->emptied > b->best_emptied;
        return b->weight < b->best;
}

static void brute_fit(Brute *b, size_t fit)
{
        if (fit == b->p->n_fits) {
                b->found = true;
                b->best = b->weight;
                b->best_emptied = b->emptied;
                return;
        }

        for (uint32_t c = 0; c < b->p->n_classes && brute_is_better(b); c++)
                if (planner_bit(b->p->fits[fit].classes, c))
                        brute_spread_fit(b, fit, c, 0, b->p->fits[fit].size, UINT32_MAX);
}

static void brute_goals(Brute *b)
{
        b->emptied = 0;
        for (uint32_t pf = 0; pf < b->p->n_pfs; pf++) {
                bool empty = b->owners[pf] == 0 && !(b->p->pinned >> pf & 1);

                if (!empty && b->p->evacuated >> pf & 1)
                        return;
                b->emptied += empty;
        }
        for (size_t i = 0; i < b->p->n_wants; i++) {
                uint32_t n = 0;

                for (uint32_t pf = 0; pf < b->p->n_pfs; pf++)
                        n += b->p->wants[i].among >> pf & 1 && b->owners[pf] == 0 &&
                             !(b->p->pinned >> pf & 1);
                if (n < b->p->wants[i].count)
                        return;
        }
        if (brute_is_better(b))
                brute_fit(b, 0);
}

static void brute_domain(Brute *b, size_t domain);

static void brute_spread(Brute *b, size_t domain, uint32_t pf, uint32_t missing, uint32_t group)
{
        const PlannerDomain *d = b->p->domains + domain;

        if (missing == 0) {
                brute_domain(b, domain + 1);
                return;
        }
        if (pf == b->p->n_pfs)
                return;

        for (uint32_t n = 0; n <= missing && n <= b->room[pf][d->class]; n++) {
                if (n > 0 &&
                    ((d->level == PLANNER_ONE_PF && n < d->size) ||
                     (d->level == PLANNER_ONE_GROUP && group != UINT32_MAX && group != b->p->group[pf])))
                        continue;
                b->room[pf][d->class] -= n;
                b->owners[pf] += n;
                brute_spread(b, domain, pf + 1, missing - n, n > 0 ? b->p->group[pf] : group);
                b->room[pf][d->class] += n;
                b->owners[pf] -= n;
        }
}

static void brute_domain(Brute *b, size_t domain)
{
        if (domain == b->p->n_domains)
                brute_goals(b);
        else
                brute_spread(b, domain, 0, b->p->domains[domain].size, UINT32_MAX);
}

/* Who moves, and who of those leaves the host, is chosen first, so that those who stay are out of the way. */
static void brute_moved(Brute *b, uint32_t moved, uint32_t left)
{
        PlannerProblem some = *b->p;
        PlannerDomain domains[DOMAINS_MAX];

        memset(b->room, 0, sizeof(b->room));
        memset(b->owners, 0, sizeof(b->owners));
        b->weight = 0;
        for (uint32_t pf = 0; pf < b->p->n_pfs; pf++)
                for (uint32_t c = 0; c < b->p->n_classes; c++)
                        b->room[pf][c] = b->p->free[planner_cell(b->p, pf, c)];

        some.domains = domains;
        some.n_domains = 0;
        for (size_t i = 0; i < b->p->n_domains; i++) {
                const PlannerDomain *d = b->p->domains + i;
                bool moves = moved >> i & 1;

                if (moves && !(left >> i & 1))
                        domains[some.n_domains++] = *d;
                b->weight += moves ? d->weight : 0;
                b->weight += left >> i & 1 ? d->leave : 0;
                for (size_t part = 0; part < d->n_parts; part++)
                        *(moves ? &b->room[d->parts[part].pf][d->class] : &b->owners[d->parts[part].pf]) +=
                                        d->parts[part].count;
        }

        b->p = &some;
        brute_domain(b, 0);
}

static void brute(const PlannerProblem *p, Brute *ret)
{
        uint32_t may_leave = 0;

        for (size_t i = 0; i < p->n_domains; i++)
                may_leave |= p->domains[i].may_leave ? 1U << i : 0;

        *ret = (Brute) { .p = p };
        for (uint32_t moved = 0; moved < 1U << p->n_domains; moved++)
                for (uint32_t left = 0; left <= moved; left++) {
                        if (left & ~(moved & may_leave))
                                continue;
                        ret->p = p;
                        brute_moved(ret, moved, left);
                }
        ret->p = p;
}

/* What the search says must also be so. */
static void check_solution(const PlannerProblem *p, const PlannerSolution *s)
{
        uint32_t used[PFS_MAX][CLASSES_MAX] = { 0 }, owners[PFS_MAX] = { 0 };
        uint64_t weight = 0;
        Brute b = { .p = p };

        for (size_t i = 0; i < p->n_domains; i++) {
                const PlannerDomain *d = p->domains + i;
                const PlannerPart *parts = s->moved[i] ? s->parts[i] : d->parts;
                size_t n_parts = s->moved[i] ? s->n_parts[i] : d->n_parts;
                uint32_t size = 0;

                weight += s->moved[i] ? d->weight : 0;
                if (n_parts == 0) {
                        CHECK(s->moved[i] && d->may_leave);
                        weight += d->leave;
                        continue;
                }
                for (size_t k = 0; k < n_parts; k++) {
                        used[parts[k].pf][d->class] += parts[k].count;
                        owners[parts[k].pf] += parts[k].count;
                        size += parts[k].count;
                        CHECK(!s->moved[i] || d->level != PLANNER_ONE_PF || n_parts == 1);
                        CHECK(!s->moved[i] || d->level != PLANNER_ONE_GROUP ||
                              p->group[parts[k].pf] == p->group[parts[0].pf]);
                        CHECK(k == 0 || parts[k].pf > parts[k - 1].pf);
                }
                CHECK(size == d->size);
        }
        CHECK(weight == s->weight);

        for (uint32_t pf = 0; pf < p->n_pfs; pf++)
                for (uint32_t c = 0; c < p->n_classes; c++) {
                        uint32_t has = p->free[planner_cell(p, pf, c)];

                        for (size_t i = 0; i < p->n_domains; i++)
                                for (size_t k = 0; p->domains[i].class == c && k < p->domains[i].n_parts;
                                     k++)
                                        has += p->domains[i].parts[k].pf == pf ? p->domains[i].parts[k].count
                                                                               : 0;
                        CHECK(used[pf][c] <= has);
                        b.room[pf][c] = has - used[pf][c];
                }

        /* The goals, by the other's judgement. */
        memcpy(b.owners, owners, sizeof(owners));
        b.weight = weight;
        brute_goals(&b);
        CHECK(b.found);
}

/* The same by other questions; and with little to spend the bound holds, as does what is found. */
static void check_leaving(PlannerProblem *p, const Brute *b)
{
        for (uint64_t nodes = 3; nodes <= 3000000; nodes *= 1000) {
                _cleanup_(planner_solution_done) PlannerSolution s = { 0 };
                PlannerBudget budget = { .nodes = nodes };

                CHECK(planner_search_leaving(p, &budget, &s) >= 0);
                CHECK(!s.found || b->found);
                if (s.found) {
                        check_solution(p, &s);
                        CHECK(s.weight >= b->best && s.bound <= b->best);
                        CHECK(!s.optimal || s.weight == b->best);
                }
                CHECK(s.found || !s.optimal || !b->found);
                CHECK(nodes < 3000000 || s.optimal);
        }
}

int main(int argc, char *argv[])
{
        uint32_t n = argc > 1 ? (uint32_t) atoi(argv[1]) : 4000, found = 0, left = 0;

        for (uint32_t i = 0; i < n; i++) {
                PlannerBudget budget = { .nodes = UINT64_C(10000000) };
                PlannerSolution s;
                PlannerProblem p;
                Brute b;

                seed = i;
                make_problem(&p);
                brute(&p, &b);
                CHECK(planner_search(&p, &budget, &s) >= 0);
                if (s.found != b.found || (b.found && s.weight != b.best)) {
                        (void) fprintf(stderr,
                                       "problem %u: found %d, %d expected; weight %llu, %llu expected\n", i,
                                       s.found, b.found, (unsigned long long) s.weight,
                                       (unsigned long long) b.best);
                        abort();
                }
                CHECK(s.optimal);
                if (s.found)
                        check_solution(&p, &s);
                if (!p.compact)
                        check_leaving(&p, &b);
                found += s.found;
                for (size_t k = 0; s.found && k < p.n_domains; k++)
                        left += s.moved[k] && s.n_parts[k] == 0;

                planner_solution_done(&s);
                planner_problem_done(&p);
        }

        /* The problems must be neither too easy nor too hard. */
        CHECK(found > n / 4 && found < n - n / 10 && left > n / 10);
        return EXIT_SUCCESS;
}
