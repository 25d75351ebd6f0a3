/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-pack-node.h"

void pack_node_done(PackNode *node)
{
        free(node->entries);
        free(node->order);
        free(node->state);
        free(node->at);
        free(node->forced);
        free(node->room);
        free(node->open);
        free(node->dead);
        free(node->domains_of);
        free(node->fits_of);
        *node = (PackNode) { 0 };
}

uint32_t pack_share_of(const PlannerPack *k, const PackItem *item, PlannerLevel level, uint32_t place)
{
        uint32_t n = 0;

        for (size_t i = 0; i < item->n_parts; i++)
                if ((level == PLANNER_ONE_PF ? item->parts[i].bin : k->group[item->parts[i].bin]) == place)
                        n += item->parts[i].count;

        return n;
}

void pack_node_room(const PackNode *node, uint32_t group, uint32_t *ret_open, uint32_t *ret_closed)
{
        const PlannerPack *k = node->pack;

        *ret_open = *ret_closed = 0;
        for (size_t bin = 0; bin < k->n_bins; bin++)
                if (k->group[bin] == group && !node->dead[bin])
                        *(node->open[bin] ? ret_open : ret_closed) += node->room[bin];
}

uint32_t pack_node_lack(const PackNode *node, uint32_t group)
{
        uint32_t open, closed, lack = 0;

        if (node->domains_of[group] + node->fits_of[group] == 0)
                return 0;

        pack_node_room(node, group, &open, &closed);
        if (node->domains_of[group] > open)
                lack = node->domains_of[group] - open;
        if (node->domains_of[group] + node->fits_of[group] > open + closed &&
            node->domains_of[group] + node->fits_of[group] - open - closed > lack)
                lack = node->domains_of[group] + node->fits_of[group] - open - closed;

        return lack;
}

uint32_t pack_node_surplus(const PackNode *node)
{
        uint64_t has = 0, has_open = 0, needs = node->waiting, needs_open = node->waiting, surplus = 0;

        for (uint32_t g = 0; g < node->pack->n_groups; g++) {
                uint32_t open, closed;

                pack_node_room(node, g, &open, &closed);
                has_open += open;
                has += open + closed;
                needs_open += node->domains_of[g] +
                              (node->fits_of[g] > closed ? node->fits_of[g] - closed : 0);
                needs += node->domains_of[g] + node->fits_of[g];
        }
        for (size_t i = node->pack->n_items; i < node->n_entries; i++)
                needs += node->state[i] == PACK_WAITS ? node->entries[i].size : 0;

        if (needs_open > has_open)
                surplus = needs_open - has_open;
        if (needs > has && needs - has > surplus)
                surplus = needs - has;
        return (uint32_t) surplus;
}

void pack_node_move(PackNode *node, uint32_t item)
{
        const PackItem *i = node->pack->items + item;

        node->state[item] = PACK_WAITS;
        node->weight += i->weight;
        node->waiting += i->size;
        for (size_t part = 0; part < i->n_parts; part++)
                node->room[i->parts[part].bin] += i->parts[part].count;
}

void pack_node_unmove(PackNode *node, uint32_t item)
{
        const PackItem *i = node->pack->items + item;

        node->state[item] = PACK_STAYS;
        node->weight -= i->weight;
        node->waiting -= i->size;
        for (size_t part = 0; part < i->n_parts; part++)
                node->room[i->parts[part].bin] -= i->parts[part].count;
}

void pack_node_place(PackNode *node, uint32_t entry, uint32_t place)
{
        const PackEntry *e = node->entries + entry;

        node->state[entry] = PACK_PLACED;
        node->at[entry] = place;
        if (!e->is_fit)
                node->waiting -= e->size;
        if (place == PACK_OUTSIDE)
                node->weight += e->leave;
        else if (e->level == PLANNER_ONE_PF)
                node->room[place] -= e->size;
        else
                (e->is_fit ? node->fits_of : node->domains_of)[place] += e->size;
}

void pack_node_unplace(PackNode *node, uint32_t entry, uint32_t place)
{
        const PackEntry *e = node->entries + entry;

        node->state[entry] = PACK_WAITS;
        if (!e->is_fit)
                node->waiting += e->size;
        if (place == PACK_OUTSIDE)
                node->weight -= e->leave;
        else if (e->level == PLANNER_ONE_PF)
                node->room[place] += e->size;
        else
                (e->is_fit ? node->fits_of : node->domains_of)[place] -= e->size;
}

static int compare_entry(const void *x, const void *y, void *userdata)
{
        const uint32_t *a = x, *b = y;
        const PackEntry *entries = userdata, *e = entries + *a, *f = entries + *b;

        if (e->level != f->level)
                return e->level > f->level ? -1 : 1;
        if (e->size != f->size)
                return e->size > f->size ? -1 : 1;
        return *a < *b ? -1 : *a > *b;
}

int pack_node_init(PackNode *node, const PlannerPack *k, const PackRequest *request)
{
        size_t n_entries = k->n_items + request->n_fits;

        *node = (PackNode) { .pack = k, .request = request };
        node->entries = calloc(n_entries + 1, sizeof(PackEntry));
        node->order = calloc(n_entries + 1, sizeof(uint32_t));
        node->state = calloc(n_entries + 1, sizeof(PackState));
        node->at = calloc(n_entries + 1, sizeof(uint32_t));
        node->forced = calloc(n_entries + 1, sizeof(bool));
        node->room = calloc(k->n_bins + 1, sizeof(uint32_t));
        node->open = calloc(k->n_bins + 1, sizeof(bool));
        node->dead = calloc(k->n_bins + 1, sizeof(bool));
        node->domains_of = calloc(k->n_groups + 1, sizeof(uint32_t));
        node->fits_of = calloc(k->n_groups + 1, sizeof(uint32_t));
        if (!node->entries || !node->order || !node->state || !node->at || !node->forced || !node->room ||
            !node->open || !node->dead || !node->domains_of || !node->fits_of)
                return -ENOMEM;

        node->n_entries = n_entries;
        for (size_t i = 0; i < k->n_items; i++)
                node->entries[i] = (PackEntry) { k->items[i].level, k->items[i].size, false,
                                                 k->items[i].leave };
        for (size_t i = 0; i < request->n_fits; i++) {
                const PlannerFit *fit = k->problem->fits + request->fits[i];

                node->entries[k->n_items + i] = (PackEntry) { fit->level, fit->size, true, PACK_NEVER };
                node->state[k->n_items + i] = PACK_WAITS;
        }

        for (uint32_t i = 0; i < n_entries; i++)
                if (node->entries[i].level != PLANNER_ANYWHERE)
                        node->order[node->n_order++] = i;
        qsort_r(node->order, node->n_order, sizeof(uint32_t), compare_entry, node->entries);

        for (size_t bin = 0; bin < k->n_bins; bin++) {
                node->room[bin] = k->free[bin];
                node->open[bin] = !(request->closed >> k->pf[bin] & 1);
                node->dead[bin] = k->problem->evacuated >> k->pf[bin] & 1;
        }

        for (uint32_t i = 0; i < k->n_items; i++) {
                bool forced = request->mode == PACK_ANY;

                for (size_t part = 0; part < k->items[i].n_parts; part++)
                        forced = forced || !node->open[k->items[i].parts[part].bin];
                node->forced[i] = forced;
                if (forced)
                        pack_node_move(node, i);
        }

        return 0;
}
