/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-across.h"

#include <assert.h>
#include <stdio.h>

/* Looks at a host for a domain. */
#define LOOKS_MAX UINT64_C(50000000)

#define NONE SIZE_MAX

typedef struct Leaver {
        size_t host, move;
        PlannerLevel level;
        uint32_t size;
} Leaver;

/* What a host has for others. */
typedef struct Offer {
        bool *offered;  /* owned; by function */
        uint32_t *room; /* owned; by cell */
} Offer;

/* Where a domain could go: a class of a host, there anywhere, in one group, or on one physical function. */
typedef struct Spot {
        size_t host;
        uint32_t class;
        PlannerLevel level;
        uint32_t place; /* group or physical function */
        uint32_t room;
} Spot;

typedef struct Across {
        PlannerShare *share;
        PlannerHostPlan *hosts;
        Offer *offers;   /* owned; by host */
        Leaver *leavers; /* owned */
        size_t n_leavers;
        PlannerBudget budget;
} Across;

static void across_done(Across *a)
{
        for (size_t h = 0; a->offers && h < a->share->fleet->n; h++) {
                free(a->offers[h].offered);
                free(a->offers[h].room);
        }
        free(a->offers);
        free(a->leavers);
}

static const PlannerHost *host_of(const Across *a, size_t host)
{
        return &a->share->tables[host].host;
}

static const InventoryDomain *domain_of(const Across *a, const Leaver *l)
{
        return a->share->fleet->hosts[l->host].domains + a->hosts[l->host].waves.moves[l->move].domain;
}

static int make_offer(Across *a, size_t host, const PlannerSolution *solution)
{
        const PlannerHost *h = host_of(a, host);
        const PlannerHostPlan *plan = a->hosts + host;
        Offer *o = a->offers + host;

        o->offered = calloc(h->inventory->n_functions + 1, sizeof(bool));
        o->room = calloc((size_t) h->problem.n_pfs * h->problem.n_classes + 1, sizeof(uint32_t));
        if (!o->offered || !o->room)
                return -ENOMEM;

        for (size_t i = 0; i < h->inventory->n_functions; i++)
                o->offered[i] = h->class_of[i] != UINT32_MAX &&
                                h->inventory->functions[i].function.state == FUNCTION_FREE &&
                                !((solution->emptied | h->problem.evacuated) >> h->pf_of[i] & 1);
        for (size_t i = 0; i < plan->waves.n_moves; i++)
                for (size_t k = 0; k < plan->waves.moves[i].n_changes; k++)
                        if (plan->waves.moves[i].host == host)
                                o->offered[plan->waves.moves[i].changes[k].to] = false;
        for (size_t i = 0; i < plan->n_rooms; i++)
                for (size_t k = 0; k < plan->rooms[i].n_functions; k++)
                        o->offered[plan->rooms[i].functions[k]] = false;

        for (size_t i = 0; i < h->inventory->n_functions; i++)
                if (o->offered[i])
                        o->room[planner_cell(&h->problem, h->pf_of[i], h->class_of[i])]++;
        return 0;
}

static PlannerLevel level_of(const InventoryDomain *d)
{
        if (d->n_functions == 1 || d->affinity == AFFINITY_NONE)
                return PLANNER_ANYWHERE;
        return d->affinity == AFFINITY_GROUP ? PLANNER_ONE_GROUP : PLANNER_ONE_PF;
}

static int compare_leavers(const void *x, const void *y)
{
        const Leaver *a = x, *b = y;

        if (a->level != b->level)
                return a->level > b->level ? -1 : 1;
        if (a->size != b->size)
                return a->size > b->size ? -1 : 1;
        if (a->host != b->host)
                return a->host < b->host ? -1 : 1;
        return a->move < b->move ? -1 : a->move > b->move;
}

static int find_leavers(Across *a)
{
        size_t n = 0;

        for (size_t h = 0; h < a->share->fleet->n; h++)
                for (size_t i = 0; i < a->hosts[h].waves.n_moves; i++)
                        n += a->hosts[h].waves.moves[i].host == INVENTORY_NONE;

        a->leavers = calloc(n + 1, sizeof(Leaver));
        if (!a->leavers)
                return -ENOMEM;

        for (size_t h = 0; h < a->share->fleet->n; h++)
                for (size_t i = 0; i < a->hosts[h].waves.n_moves; i++) {
                        Leaver l = { .host = h, .move = i };

                        if (a->hosts[h].waves.moves[i].host != INVENTORY_NONE)
                                continue;
                        l.level = level_of(domain_of(a, &l));
                        l.size = (uint32_t) domain_of(a, &l)->n_functions;
                        a->leavers[a->n_leavers++] = l;
                }

        qsort(a->leavers, a->n_leavers, sizeof(Leaver), compare_leavers);
        return 0;
}

/* Closer together is better, and of these what leaves the least room over. */
static void consider(Spot *best, const Spot *spot, const Leaver *l)
{
        if (spot->room < l->size || spot->level < l->level)
                return;
        if (best->host != NONE &&
            (spot->level < best->level || (spot->level == best->level && spot->room >= best->room)))
                return;
        *best = *spot;
}

static void look_at_class(const Across *a, const Leaver *l, size_t host, uint32_t class, Spot *best)
{
        const PlannerProblem *p = &host_of(a, host)->problem;
        uint32_t in_group[PLANNER_PFS_MAX] = { 0 }, in_all = 0;

        for (uint32_t pf = 0; pf < p->n_pfs; pf++) {
                uint32_t room = a->offers[host].room[planner_cell(p, pf, class)];

                in_group[p->group[pf]] += room;
                in_all += room;
                consider(best, &(Spot) { host, class, PLANNER_ONE_PF, pf, room }, l);
        }
        for (uint32_t g = 0; g < p->n_groups; g++)
                consider(best, &(Spot) { host, class, PLANNER_ONE_GROUP, g, in_group[g] }, l);
        consider(best, &(Spot) { host, class, PLANNER_ANYWHERE, 0, in_all }, l);
}

static Spot find_spot(Across *a, const Leaver *l)
{
        const PlannerHost *own = host_of(a, l->host);
        const uint32_t class = own->class_of[domain_of(a, l)->functions[0]];
        Spot best = { .host = NONE };

        for (size_t h = 0; h < a->share->fleet->n; h++) {
                const PlannerHost *other = host_of(a, h);

                if (!planner_budget_spend(&a->budget))
                        break;

                for (uint32_t c = 0; h != l->host && c < other->problem.n_classes; c++)
                        if (planner_stands_in_elsewhere(own, class, other, c))
                                look_at_class(a, l, h, c, &best);
        }

        return best;
}

static void take_spot(Across *a, const Leaver *l, const Spot *spot)
{
        const PlannerHost *h = host_of(a, spot->host);
        PlannerMove *m = a->hosts[l->host].waves.moves + l->move;
        Offer *o = a->offers + spot->host;
        size_t n = 0;

        m->host = spot->host;
        for (size_t k = 0; k < h->inventory->n_functions && n < m->n_changes; k++) {
                size_t i = h->inventory->by_address[k];
                uint32_t pf = h->pf_of[i];

                if (!o->offered[i] || h->class_of[i] != spot->class ||
                    (spot->level == PLANNER_ONE_PF && spot->place != pf) ||
                    (spot->level == PLANNER_ONE_GROUP && spot->place != h->problem.group[pf]))
                        continue;
                o->offered[i] = false;
                o->room[planner_cell(&h->problem, pf, spot->class)]--;
                m->changes[n++].to = i;
        }

        assert(n == m->n_changes);
}

static int note_remains(Across *a, const Leaver *l, char **ret_why)
{
        const Inventory *inv = a->share->fleet->hosts + l->host;
        PlannerTable *t = a->share->tables + l->host;
        const InventoryDomain *d = domain_of(a, l);

        if (!t->remains)
                t->remains = calloc(inv->n_domains + 1, sizeof(bool));
        if (!t->remains)
                return -ENOMEM;
        t->remains[d - inv->domains] = true;
        t->is_stale = true;

        if (!*ret_why && asprintf(ret_why, "no other host has free functions for domain %s%s%s", d->name,
                                  inv->host ? " of host " : "", inv->host ? inv->host : "") < 0) {
                *ret_why = NULL;
                return -ENOMEM;
        }
        return 0;
}

int planner_across(PlannerShare *s, const size_t *entries, PlannerHostPlan *hosts, char **ret_why)
{
        _cleanup_(across_done) Across a = {
                .share = s,
                .hosts = hosts,
                .offers = calloc(s->fleet->n + 1, sizeof(Offer)),
                .budget = { .nodes = LOOKS_MAX,
                            .time_is_up = s->options->budget.time_is_up,
                            .userdata = s->options->budget.userdata },
        };
        int r, n = 0;

        if (!a.offers || find_leavers(&a) < 0)
                return -ENOMEM;
        if (a.n_leavers == 0)
                return 0;

        for (size_t h = 0; h < s->fleet->n; h++) {
                r = make_offer(&a, h, &s->tables[h].entries[entries[h]].solution);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < a.n_leavers; i++) {
                Spot spot = find_spot(&a, a.leavers + i);

                if (spot.host != NONE) {
                        take_spot(&a, a.leavers + i, &spot);
                        continue;
                }
                r = note_remains(&a, a.leavers + i, ret_why);
                if (r < 0)
                        return r;
                n++;
        }

        return n;
}
