/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-reason.h"

#include <stdarg.h>
#include <stdio.h>

/* For the question whether one goal can be reached without the others. */
#define ALONE_NODES UINT64_C(200000)

static _printf_(1, 2) char *say(const char *format, ...)
{
        char *text;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&text, format, ap);
        va_end(ap);

        return r < 0 ? NULL : text;
}

/* " of kind k in pool p", as far as they are told. */
#define CLASS_FORMAT "%s%s%s%s"
#define CLASS_ARGS(h, class)                                                                       \
        kind_of((h), (class)) ? " of kind " : " of one kind", TEXT_OR_NONE(kind_of((h), (class))), \
                        pool_of((h), (class)) ? " in pool " : "", TEXT_OR_NONE(pool_of((h), (class)))
#define TEXT_OR_NONE(text) ((text) ? (text) : "")

static const char *kind_of(const PlannerHost *h, uint32_t class)
{
        return h->inventory->functions[h->examples[class]].function.kind;
}

static const char *pool_of(const PlannerHost *h, uint32_t class)
{
        return h->inventory->functions[h->examples[class]].function.pool;
}

/* "function 0000:41:10.0 is held for vm3", of the first that keeps an owner there. */
static char *say_pinned(const PlannerHost *h, uint32_t pf)
{
        const InventoryFunction *f = h->inventory->functions + h->pinned_by[pf];
        const char *owner = f->function.domain ? f->function.domain : "", *why = NULL;

        if (f->function.state == FUNCTION_ASSIGNED && f->domain != INVENTORY_NONE &&
            !planner_may_move(h->inventory, h->inventory->domains + f->domain, h->options.fixups, &why) &&
            why)
                return say("function %s is assigned to domain %s, which %s",
                           PCI_ADDRESS_STR(&f->function.address), h->inventory->domains[f->domain].name,
                           why);

        return say("function %s is %s%s%s", PCI_ADDRESS_STR(&f->function.address),
                   function_state_to_string(f->function.state),
                   *owner == '\0'                       ? ""
                   : f->function.state == FUNCTION_HELD ? " for domain "
                                                        : " to domain ",
                   owner);
}

/* Functions of a class: free in all, and usable on some physical functions. */
static uint64_t free_in_all(const PlannerProblem *p, uint32_t class)
{
        uint64_t n = 0;

        for (uint32_t pf = 0; pf < p->n_pfs; pf++)
                n += p->free[planner_cell(p, pf, class)];

        return n;
}

static uint64_t usable_on(const PlannerProblem *p, uint32_t class, uint64_t pfs)
{
        uint64_t n = 0;

        for (uint32_t pf = 0; pf < p->n_pfs; pf++)
                n += pfs >> pf & 1 ? p->free[planner_cell(p, pf, class)] : 0;
        for (size_t i = 0; i < p->n_domains; i++)
                for (size_t k = 0; p->domains[i].class == class && k < p->domains[i].n_parts; k++)
                        n += pfs >> p->domains[i].parts[k].pf & 1 ? p->domains[i].parts[k].count : 0;

        return n;
}

static char *say_evacuate(const PlannerHost *h, const PlannerGoal *g)
{
        const PlannerProblem *p = &h->problem;
        uint32_t pf = planner_host_find_pf(h, &g->pf);
        const char *name = PCI_ADDRESS_STR(&g->pf);

        if (pf == UINT32_MAX)
                return NULL;

        if (p->pinned >> pf & 1) {
                _cleanup_free_ char *why = say_pinned(h, pf);

                return why ? say("%s cannot be evacuated: %s", name, why) : NULL;
        }

        for (uint32_t c = 0; c < p->n_classes; c++) {
                uint64_t needs = usable_on(p, c, UINT64_C(1) << pf), has = free_in_all(p, c);

                if (needs > has)
                        return say("needs %llu more free function%s" CLASS_FORMAT " outside %s",
                                   (unsigned long long) (needs - has), needs - has == 1 ? "" : "s",
                                   CLASS_ARGS(h, c), name);
        }

        return say("what is on %s does not find room elsewhere: enough functions are free, but not together where domains "
                   "need them on one physical function or in one group",
                   name);
}

static int compare_counts(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

static char *say_free_pf(const PlannerHost *h, const PlannerGoal *g, const PlannerWant *want)
{
        const PlannerProblem *p = &h->problem;
        uint64_t open = want->among & ~p->pinned, worst = 0;
        uint32_t n_open = (uint32_t) __builtin_popcountll(open),
                 of = (uint32_t) __builtin_popcountll(want->among), worst_class = 0;

        if (of < g->count)
                return say("%u physical functions are to be without an owner, and there are %u%s%s",
                           g->count, of, g->pool ? " in pool " : "", g->pool ? g->pool : "");

        if (n_open < g->count) {
                _cleanup_free_ char *why =
                                say_pinned(h, (uint32_t) __builtin_ctzll(want->among & p->pinned));

                return why ? say("only %u of %u physical functions can be without an owner, and %u are asked for; on %u "
                                 "something stays, for example: %s",
                                 n_open, of, g->count, of - n_open, why)
                           : NULL;
        }

        /* Whichever are chosen, those that have the fewest functions of a class are not more than what is
         * free of it. */
        for (uint32_t c = 0; c < p->n_classes; c++) {
                uint64_t usable[PLANNER_PFS_MAX], needs = 0, has = free_in_all(p, c);
                size_t n = 0;

                for (uint32_t pf = 0; pf < p->n_pfs; pf++)
                        if (open >> pf & 1)
                                usable[n++] = usable_on(p, c, UINT64_C(1) << pf);
                qsort(usable, n, sizeof(uint64_t), compare_counts);
                for (size_t i = 0; i < g->count; i++)
                        needs += usable[i];
                if (needs > has && needs - has > worst) {
                        worst = needs - has;
                        worst_class = c;
                }
        }

        if (worst > 0)
                return say("needs %llu more free function%s" CLASS_FORMAT
                           " to leave %u physical function%s without an "
                           "owner",
                           (unsigned long long) worst, worst == 1 ? "" : "s", CLASS_ARGS(h, worst_class),
                           g->count, g->count == 1 ? "" : "s");

        return say("no %u physical function%s can be left without an owner: what is on them does not find room elsewhere "
                   "where it may be",
                   g->count, g->count == 1 ? "" : "s");
}

static uint64_t bits_of_group(const PlannerProblem *p, uint32_t group)
{
        uint64_t bits = 0;

        for (uint32_t pf = 0; pf < p->n_pfs; pf++)
                bits |= p->group[pf] == group ? UINT64_C(1) << pf : 0;

        return bits;
}

static char *say_fit(const PlannerHost *h, const PlannerGoal *g, const PlannerFit *fit)
{
        const PlannerProblem *p = &h->problem;
        const char *where = g->on == PLANNER_ONE_PF      ? " on one physical function"
                            : g->on == PLANNER_ONE_GROUP ? " in one group"
                                                         : "";
        uint64_t most = 0, most_free = 0;
        uint32_t class = UINT32_MAX;

        for (uint32_t c = 0; c < p->n_classes; c++) {
                uint64_t usable = 0, has = free_in_all(p, c);

                if (!planner_bit(fit->classes, c))
                        continue;

                for (uint32_t i = 0; fit->level == PLANNER_ONE_PF && i < p->n_pfs; i++) {
                        uint64_t n = p->evacuated >> i & 1 ? 0 : usable_on(p, c, UINT64_C(1) << i);

                        usable = n > usable ? n : usable;
                }
                for (uint32_t i = 0; fit->level == PLANNER_ONE_GROUP && i < p->n_groups; i++) {
                        uint64_t n = usable_on(p, c, bits_of_group(p, i) & ~p->evacuated);

                        usable = n > usable ? n : usable;
                }
                if (fit->level == PLANNER_ANYWHERE)
                        usable = has;

                if (class == UINT32_MAX || usable > most || (usable == most && has > most_free)) {
                        class = c;
                        most = usable;
                        most_free = has;
                }
        }

        if (class == UINT32_MAX)
                return say("there is no function%s%s%s%s", g->of_kind ? " of kind " : "",
                           g->of_kind ? g->of_kind : "", g->pool ? " in pool " : "", g->pool ? g->pool : "");

        if (most_free < g->count)
                return say("needs %llu more free function%s" CLASS_FORMAT " for a request of %u",
                           (unsigned long long) (g->count - most_free), g->count - most_free == 1 ? "" : "s",
                           CLASS_ARGS(h, class), g->count);
        if (most < g->count)
                return say("at most %llu functions" CLASS_FORMAT " can be free%s, and %u are asked for",
                           (unsigned long long) most, CLASS_ARGS(h, class), where, g->count);

        return say("no %u functions" CLASS_FORMAT
                   " can be made free%s: what would have to move does not find room "
                   "elsewhere where it may be",
                   g->count, CLASS_ARGS(h, class), where);
}

static char *say_goal(const PlannerHost *h, const PlannerGoal *g)
{
        switch (g->kind) {
        case PLANNER_GOAL_FREE_PF:
                return say_free_pf(h, g, h->problem.wants);
        case PLANNER_GOAL_EVACUATE:
                return say_evacuate(h, g);
        case PLANNER_GOAL_FIT:
                return say_fit(h, g, h->problem.fits);
        case PLANNER_GOAL_COMPACT:
        case _PLANNER_GOAL_KIND_MAX:
        case _PLANNER_GOAL_KIND_INVALID:
                break;
        }

        return NULL;
}

/* Where domains may leave the host it is also for those who may not. Takes over the text. */
static char *add_who_remains(const PlannerHost *h, char *text)
{
        _cleanup_free_ char *first = text;

        for (size_t i = 0; text && h->options.image_rate > 0 && i < h->problem.n_domains; i++) {
                const InventoryDomain *d = h->inventory->domains + h->domains[i];
                const char *why;

                if (!planner_may_leave(h, d, &why))
                        return say("%s; domain %s, for one, may not leave the host: it %s", text, d->name,
                                   why);
        }

        return TAKE_PTR(first);
}

char *planner_reason(PlannerHost *h, const PlannerGoal *goals, size_t n_goals)
{
        for (size_t i = 0; i < n_goals; i++) {
                PlannerBudget budget = { .nodes = ALONE_NODES };
                _cleanup_(planner_solution_done) PlannerSolution alone = { 0 };

                if (goals[i].kind == PLANNER_GOAL_COMPACT)
                        continue;
                if (planner_host_set_goals(h, goals + i, 1, NULL) < 0 ||
                    planner_search(&h->problem, &budget, &alone) < 0)
                        return NULL;
                if (!alone.found)
                        return add_who_remains(h, say_goal(h, goals + i));
        }

        return add_who_remains(h, say("each goal can be reached alone, but not all together"));
}
