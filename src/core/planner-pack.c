/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-pack.h"

#include <assert.h>

#include "core/planner-cover.h"

#define NONE UINT32_MAX

PlannerPack *planner_pack_free(PlannerPack *k)
{
        if (!k)
                return NULL;

        for (size_t i = 0; i < k->n_items; i++)
                free(k->items[i].parts);
        free(k->pf);
        free(k->group);
        free(k->free);
        free(k->usable);
        free(k->items);
        free(k->state);
        free(k->at);
        free(k);
        return NULL;
}

/* Bins are the physical functions of which this class can use something. */
static int add_bins(PlannerPack *k, uint32_t *bin_of)
{
        const PlannerProblem *p = k->problem;
        _cleanup_free_ uint32_t *group_of = calloc(p->n_groups + 1, sizeof(uint32_t));

        k->pf = calloc(p->n_pfs + 1, sizeof(uint32_t));
        k->group = calloc(p->n_pfs + 1, sizeof(uint32_t));
        k->free = calloc(p->n_pfs + 1, sizeof(uint32_t));
        k->usable = calloc(p->n_pfs + 1, sizeof(uint32_t));
        if (!group_of || !k->pf || !k->group || !k->free || !k->usable)
                return -ENOMEM;

        for (uint32_t pf = 0; pf < p->n_pfs; pf++)
                bin_of[pf] = p->free[planner_cell(p, pf, k->class)] > 0 ? 0 : NONE;
        for (size_t i = 0; i < p->n_domains; i++)
                for (size_t part = 0; p->domains[i].class == k->class && part < p->domains[i].n_parts;
                     part++)
                        bin_of[p->domains[i].parts[part].pf] = 0;

        for (uint32_t pf = 0; pf < p->n_pfs; pf++) {
                if (bin_of[pf] == NONE)
                        continue;

                if (group_of[p->group[pf]] == 0)
                        group_of[p->group[pf]] = (uint32_t) ++k->n_groups;

                bin_of[pf] = (uint32_t) k->n_bins;
                k->pf[k->n_bins] = pf;
                k->group[k->n_bins] = group_of[p->group[pf]] - 1;
                k->free[k->n_bins] = k->usable[k->n_bins] = p->free[planner_cell(p, pf, k->class)];
                k->n_bins++;
        }

        return 0;
}

static int add_item(PlannerPack *k, uint32_t domain, const uint32_t *bin_of)
{
        const PlannerDomain *d = k->problem->domains + domain;
        uint64_t groups = 0;
        PackItem *item = k->items + k->n_items;

        *item = (PackItem) {
                .domain = domain,
                .level = d->size == 1 ? PLANNER_ANYWHERE : d->level,
                .size = d->size,
                .weight = d->weight,
                .leave = d->may_leave ? d->leave : PACK_NEVER,
                .parts = calloc(d->n_parts + 1, sizeof(PackPart)),
                .n_parts = d->n_parts,
        };
        if (!item->parts)
                return -ENOMEM;
        k->n_items++;
        k->n_leavers += d->may_leave;

        for (size_t i = 0; i < d->n_parts; i++) {
                uint32_t bin = bin_of[d->parts[i].pf];

                item->parts[i] = (PackPart) { bin, d->parts[i].count };
                k->usable[bin] += d->parts[i].count;
                groups |= UINT64_C(1) << k->group[bin];
        }
        item->n_groups = (size_t) __builtin_popcountll(groups);
        item->is_apart = (item->level == PLANNER_ONE_PF && item->n_parts > 1) ||
                         (item->level == PLANNER_ONE_GROUP && item->n_groups > 1);
        k->has_apart = k->has_apart || item->is_apart;

        return 0;
}

static int compare_place(const PackItem *a, const PackItem *b)
{
        if (a->n_parts != b->n_parts)
                return a->n_parts < b->n_parts ? -1 : 1;

        for (size_t i = 0; i < a->n_parts; i++) {
                if (a->parts[i].bin != b->parts[i].bin)
                        return a->parts[i].bin < b->parts[i].bin ? -1 : 1;
                if (a->parts[i].count != b->parts[i].count)
                        return a->parts[i].count < b->parts[i].count ? -1 : 1;
        }

        return 0;
}

static int compare_type(const PackItem *a, const PackItem *b)
{
        int r;

        if (a->level != b->level)
                return a->level < b->level ? -1 : 1;
        r = compare_place(a, b);
        if (r != 0)
                return r;
        if (a->size != b->size)
                return a->size < b->size ? -1 : 1;
        return a->leave < b->leave ? -1 : a->leave > b->leave;
}

static int compare_item(const void *x, const void *y)
{
        const PackItem *a = x, *b = y;
        int r = compare_type(a, b);

        if (r != 0)
                return r;
        if (a->weight != b->weight)
                return a->weight < b->weight ? -1 : 1;
        return a->domain < b->domain ? -1 : a->domain > b->domain;
}

int planner_pack_new(const PlannerProblem *p, uint32_t class, PlannerPack **ret)
{
        _cleanup_(planner_pack_freep) PlannerPack *k = calloc(1, sizeof(PlannerPack));
        _cleanup_free_ uint32_t *bin_of = calloc(p->n_pfs + 1, sizeof(uint32_t));
        size_t n = 0;
        int r;

        assert(p->n_pfs <= PLANNER_PFS_MAX);

        if (!k || !bin_of)
                return -ENOMEM;

        k->problem = p;
        k->class = class;
        r = add_bins(k, bin_of);
        if (r < 0)
                return r;

        for (size_t i = 0; i < p->n_domains; i++)
                n += p->domains[i].class == class;
        k->items = calloc(n + 1, sizeof(PackItem));
        k->state = calloc(n + 1, sizeof(PackState));
        k->at = calloc(n + 1, sizeof(uint32_t));
        if (!k->items || !k->state || !k->at)
                return -ENOMEM;

        for (uint32_t i = 0; i < p->n_domains; i++)
                if (p->domains[i].class == class) {
                        r = add_item(k, i, bin_of);
                        if (r < 0)
                                return r;
                }

        qsort(k->items, k->n_items, sizeof(PackItem), compare_item);
        for (size_t i = 1; i < k->n_items; i++)
                k->items[i].type = k->items[i - 1].type +
                                   (compare_type(&k->items[i - 1], &k->items[i]) != 0 ? 1 : 0);

        *ret = TAKE_PTR(k);
        return 0;
}

static bool is_forced(const PlannerPack *k, const PackItem *item, uint64_t closed)
{
        for (size_t part = 0; part < item->n_parts; part++)
                if (closed >> k->pf[item->parts[part].bin] & 1)
                        return true;

        return false;
}

uint64_t planner_pack_forced(const PlannerPack *k, uint64_t closed)
{
        uint64_t weight = 0;

        for (size_t i = 0; i < k->n_items; i++)
                weight += is_forced(k, k->items + i, closed) ? k->items[i].weight : 0;

        return weight;
}

int planner_pack_least(const PlannerPack *k, uint64_t closed, PlannerBudget *budget, uint64_t *ret)
{
        _cleanup_free_ PlannerCoverItem *leavers = calloc(k->n_items + 1, sizeof(PlannerCoverItem));
        uint64_t forced = planner_pack_forced(k, closed), more;
        uint32_t taken = 0, free = 0;
        size_t n = 0;
        int r;

        if (!leavers)
                return -ENOMEM;

        for (size_t bin = 0; bin < k->n_bins; bin++) {
                free += k->free[bin];
                taken += closed >> k->pf[bin] & 1 ? k->usable[bin] : 0;
        }
        if (taken <= free || !planner_budget_spend_steps(budget, (uint64_t) (taken - free) * k->n_leavers)) {
                *ret = forced;
                return 0;
        }

        for (size_t i = 0; i < k->n_items; i++)
                if (k->items[i].leave != PACK_NEVER)
                        leavers[n++] = (PlannerCoverItem) {
                                .size = k->items[i].size,
                                .weight = k->items[i].leave +
                                          (is_forced(k, k->items + i, closed) ? 0 : k->items[i].weight),
                        };
        r = planner_cover(leavers, n, taken - free, false, &more);
        if (r < 0)
                return r;

        *ret = more == PLANNER_COVER_NONE ? PACK_NEVER : forced + more;
        return 0;
}

typedef struct Placing {
        const PlannerPack *pack;
        uint32_t *unused; /* owned; by bin: what nobody had, and nobody has got yet */
        uint32_t *room;   /* owned; by bin: that, and what those leave who move */
        uint32_t *got;    /* owned; by bin: what the item in hand has got */
} Placing;

static void placing_done(Placing *s)
{
        free(s->unused);
        free(s->room);
        free(s->got);
}

static uint32_t min(uint32_t a, uint32_t b)
{
        return a < b ? a : b;
}

static void take(Placing *s, uint32_t bin, uint32_t count)
{
        s->room[bin] -= count;
        s->unused[bin] -= min(count, s->unused[bin]);
        s->got[bin] += count;
}

static bool is_allowed(const Placing *s, size_t item, uint32_t bin)
{
        const PlannerPack *k = s->pack;

        if (k->closed >> k->pf[bin] & 1)
                return false;
        if (k->state[item] == PACK_PLACED && k->items[item].level == PLANNER_ONE_GROUP)
                return k->group[bin] == k->at[item];
        return true;
}

/* Of these, as many as are missing, as the bin has and as it may give. Returns how many are missing still. */
static uint32_t take_allowed(Placing *s, size_t item, uint32_t bin, uint32_t count, uint32_t missing)
{
        if (!is_allowed(s, item, bin))
                return missing;

        count = min(min(count, s->room[bin]), missing);
        take(s, bin, count);
        return missing - count;
}

/* First what it has already, then what is free from the beginning, so that nobody has to wait for others,
 * then the rest; of bins in the order of their numbers. */
static void spread(Placing *s, size_t item)
{
        const PlannerPack *k = s->pack;
        const PackItem *it = k->items + item;
        uint32_t missing = it->size;

        for (size_t i = 0; i < it->n_parts; i++)
                missing = take_allowed(s, item, it->parts[i].bin, it->parts[i].count, missing);
        for (uint32_t bin = 0; bin < k->n_bins; bin++)
                missing = take_allowed(s, item, bin, s->unused[bin], missing);
        for (uint32_t bin = 0; bin < k->n_bins; bin++)
                missing = take_allowed(s, item, bin, s->room[bin], missing);

        assert(missing == 0);
}

/* So much of a group's room is kept for a fit: of physical functions that domains may not use, as long as
 * there are. */
static void keep_group(Placing *s, uint32_t group, uint32_t missing)
{
        const PlannerPack *k = s->pack;

        for (unsigned open = 0; open < 2; open++)
                for (uint32_t bin = 0; bin < k->n_bins && missing > 0; bin++) {
                        uint32_t count = min(s->room[bin], missing);

                        if (k->group[bin] != group || (k->closed >> k->pf[bin] & 1) == open ||
                            k->problem->evacuated >> k->pf[bin] & 1)
                                continue;
                        take(s, bin, count);
                        missing -= count;
                }

        assert(missing == 0);
}

static void keep_room(Placing *s, PlannerLevel level)
{
        const PlannerPack *k = s->pack;

        for (size_t i = 0; i < k->n_fits; i++) {
                const PlannerFit *fit = k->problem->fits + k->fits[i];

                if (fit->level != level)
                        continue;
                if (level == PLANNER_ONE_PF)
                        take(s, k->fit_at[i], fit->size);
                else if (level == PLANNER_ONE_GROUP)
                        keep_group(s, k->fit_at[i], fit->size);
        }

        memset(s->got, 0, k->n_bins * sizeof(uint32_t));
}

static int hand_out(Placing *s, size_t item, PlannerPart **parts, size_t *n_parts, bool *moved)
{
        const PlannerPack *k = s->pack;
        uint32_t domain = k->items[item].domain;
        PlannerPart *list = calloc(k->n_bins + 1, sizeof(PlannerPart));
        size_t n = 0;

        if (!list)
                return -ENOMEM;

        for (uint32_t bin = 0; bin < k->n_bins; bin++)
                if (s->got[bin] > 0)
                        list[n++] = (PlannerPart) { k->pf[bin], s->got[bin] };

        free(parts[domain]);
        parts[domain] = list;
        n_parts[domain] = n;
        moved[domain] = true;
        memset(s->got, 0, k->n_bins * sizeof(uint32_t));
        return 0;
}

int planner_pack_place(const PlannerPack *k, PlannerPart **parts, size_t *n_parts, bool *moved)
{
        _cleanup_(placing_done) Placing s = {
                .pack = k,
                .unused = calloc(k->n_bins + 1, sizeof(uint32_t)),
                .room = calloc(k->n_bins + 1, sizeof(uint32_t)),
                .got = calloc(k->n_bins + 1, sizeof(uint32_t)),
        };

        if (!s.unused || !s.room || !s.got)
                return -ENOMEM;

        for (size_t bin = 0; bin < k->n_bins; bin++)
                s.unused[bin] = s.room[bin] = k->free[bin];
        for (size_t i = 0; i < k->n_items; i++)
                for (size_t part = 0; k->state[i] != PACK_STAYS && part < k->items[i].n_parts; part++)
                        s.room[k->items[i].parts[part].bin] += k->items[i].parts[part].count;

        /* What must be together first: the others fit into what is left. */
        for (int level = PLANNER_ONE_PF; level >= PLANNER_ANYWHERE; level--) {
                keep_room(&s, (PlannerLevel) level);
                for (size_t i = 0; i < k->n_items; i++) {
                        int r;

                        if (k->state[i] == PACK_STAYS || (int) k->items[i].level != level)
                                continue;

                        if (k->state[i] == PACK_PLACED && k->at[i] == PACK_OUTSIDE)
                                ; /* it gets nothing here */
                        else if (level == PLANNER_ONE_PF)
                                take(&s, k->at[i], k->items[i].size);
                        else
                                spread(&s, i);
                        r = hand_out(&s, i, parts, n_parts, moved);
                        if (r < 0)
                                return r;
                }
        }

        return 0;
}
