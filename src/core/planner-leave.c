/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-leave.h"

typedef enum Question {
        ASK_UNIFORM, /* leaving costs what it costs the cheapest of the class */
        ASK_EXACT,
        ASK_WITHIN, /* nobody leaves */
        _QUESTION_MAX,
} Question;

#define NEVER UINT64_MAX

/* What leaving costs; NEVER: it may not. */
typedef struct Leaving {
        uint64_t *real;  /* owned; by domain */
        uint64_t *least; /* owned; by class */
} Leaving;

static void leaving_done(Leaving *l)
{
        free(l->real);
        free(l->least);
}

static int leaving_init(Leaving *l, const PlannerProblem *p)
{
        l->real = calloc(p->n_domains + 1, sizeof(uint64_t));
        l->least = calloc(p->n_classes + 1, sizeof(uint64_t));
        if (!l->real || !l->least)
                return -ENOMEM;

        for (uint32_t c = 0; c < p->n_classes; c++)
                l->least[c] = NEVER;
        for (size_t i = 0; i < p->n_domains; i++) {
                const PlannerDomain *d = p->domains + i;

                l->real[i] = d->may_leave ? d->leave : NEVER;
                if (d->may_leave && d->leave < l->least[d->class])
                        l->least[d->class] = d->leave;
        }

        return 0;
}

static void set_leaving(PlannerProblem *p, const Leaving *l, Question q)
{
        for (size_t i = 0; i < p->n_domains; i++) {
                PlannerDomain *d = p->domains + i;

                d->may_leave = l->real[i] != NEVER && q != ASK_WITHIN;
                d->leave = q == ASK_UNIFORM && d->may_leave ? l->least[d->class] : l->real[i];
        }
}

static uint64_t weigh(const PlannerProblem *p, const PlannerSolution *s)
{
        uint64_t weight = 0;

        for (size_t i = 0; i < p->n_domains; i++)
                if (s->moved[i])
                        weight += p->domains[i].weight + (s->n_parts[i] == 0 ? p->domains[i].leave : 0);

        return weight;
}

/* Keeps the better of the two, and the higher bound. */
static void take_better(PlannerSolution *best, PlannerSolution *other)
{
        uint64_t bound = best->bound > other->bound ? best->bound : other->bound;

        if (other->found && (!best->found || other->weight < best->weight)) {
                PlannerSolution swap = *best;

                *best = *other;
                *other = swap;
        }
        best->bound = bound;
}

static int ask(PlannerProblem *p, const Leaving *l, Question q, PlannerBudget *budget, PlannerSolution *best)
{
        _cleanup_(planner_solution_done) PlannerSolution s = { 0 };
        bool is_none;
        int r;

        set_leaving(p, l, q);
        r = planner_search(p, budget, &s);
        set_leaving(p, l, ASK_EXACT);
        if (r < 0)
                return r;

        /* Who may leave is the same, whatever it costs. */
        is_none = !s.found && s.optimal && q != ASK_WITHIN;
        if (q == ASK_WITHIN)
                s.bound = 0;
        if (s.found)
                s.weight = weigh(p, &s);

        take_better(best, &s);
        best->optimal = is_none || (best->found && best->bound >= best->weight);
        if (best->found && best->optimal)
                best->bound = best->weight;
        return 0;
}

int planner_search_leaving(PlannerProblem *p, PlannerBudget *budget, PlannerSolution *ret)
{
        _cleanup_(planner_solution_done) PlannerSolution best = { 0 };
        _cleanup_(leaving_done) Leaving leaving = { 0 };
        const PlannerBudget whole = *budget;
        int r;

        r = leaving_init(&leaving, p);
        for (Question q = ASK_UNIFORM; r >= 0 && q < _QUESTION_MAX && !best.optimal; q++) {
                PlannerBudget own = whole;
                uint64_t spent;

                r = ask(p, &leaving, q, &own, &best);
                spent = whole.nodes - own.nodes;
                budget->nodes -= spent < budget->nodes ? spent : budget->nodes;
                budget->out = budget->out || own.out;
        }
        if (r < 0)
                return r;

        *ret = best;
        best = (PlannerSolution) { 0 };
        return 0;
}
