/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-pack-bound.h"

void pack_bound_done(PackBound *b)
{
        free(b->release);
        free(b->raise);
        free(b->leavers);
        *b = (PackBound) { 0 };
}

int pack_bound_init(PackBound *b, const PlannerPack *k, const PackRequest *request)
{
        size_t n = 0;

        for (size_t bin = 0; bin < k->n_bins; bin++)
                n += k->usable[bin];
        for (size_t i = 0; i < request->n_fits; i++)
                n += k->problem->fits[request->fits[i]].size;

        *b = (PackBound) {
                .release = calloc(n + 1, sizeof(uint64_t)),
                .raise = calloc(n + 1, sizeof(uint64_t)),
                .leavers = calloc(k->n_items + 1, sizeof(PlannerCoverItem)),
        };
        return b->release && b->raise && b->leavers ? 0 : -ENOMEM;
}

static uint32_t min(uint32_t a, uint32_t b)
{
        return a < b ? a : b;
}

/* Who could leave, with what that weighs now. */
static void find_leavers(PackBound *b, const PackNode *node)
{
        const PlannerPack *k = node->pack;

        b->n_leavers = 0;
        for (uint32_t i = 0; i < k->n_items; i++) {
                const PackItem *item = k->items + i;
                bool waits = node->state[i] == PACK_WAITS,
                     stays = node->state[i] == PACK_STAYS && node->request->mode == PACK_LIGHTEST;

                if (item->leave != PACK_NEVER && (waits || stays))
                        b->leavers[b->n_leavers++] = (PlannerCoverItem) {
                                .index = i,
                                .size = item->size,
                                .weight = item->leave + (stays ? item->weight : 0),
                        };
        }
}

uint64_t pack_bound_surplus(PackBound *b, const PackNode *node, uint32_t surplus, bool choose)
{
        uint64_t weight;
        int r;

        b->n_leavers = 0;
        if (surplus == 0)
                return 0;
        if (node->pack->n_leavers == 0)
                return PACK_NEVER;

        find_leavers(b, node);
        r = planner_cover(b->leavers, b->n_leavers, surplus, choose, &weight);
        if (r < 0)
                b->error = r;
        return r < 0 || weight == PLANNER_COVER_NONE ? PACK_NEVER : weight;
}

/* Fills release[]: the least weight of items that free so many functions of a place. An item in several
 * places is counted in each with its part of the weight, so that a sum over places is not more than what
 * they weigh. Returns how many could be freed in all. */
static uint32_t find_release(PackBound *b, const PackNode *node, PlannerLevel level, uint32_t place)
{
        const PlannerPack *k = node->pack;
        uint32_t total = 0;

        b->release[0] = 0;
        for (size_t i = 0; i < k->n_items; i++) {
                const PackItem *item = k->items + i;
                uint32_t share;
                uint64_t weight;

                if (node->state[i] != PACK_STAYS)
                        continue;
                share = pack_share_of(k, item, level, place);
                if (share == 0)
                        continue;

                weight = item->weight / (level == PLANNER_ONE_PF ? item->n_parts : item->n_groups);
                for (uint32_t n = total + share; n > 0; n--) {
                        uint64_t without = n <= total ? b->release[n] : PACK_NEVER;
                        uint64_t with = b->release[n > share ? n - share : 0] + weight;

                        b->release[n] = with < without ? with : without;
                }
                total += share;
        }

        return total;
}

/* Of rooms in all places, so many pieces of size t are missing: the least weight that makes them;
 * PACK_NEVER when nothing does. */
static uint64_t weigh_missing(PackBound *b, const PackNode *node, PlannerLevel level, bool for_domains,
                              uint32_t t, uint32_t missing)
{
        const PlannerPack *k = node->pack;
        size_t n_places = level == PLANNER_ONE_PF ? k->n_bins : k->n_groups;

        b->raise[0] = 0;
        for (uint32_t n = 1; n <= missing; n++)
                b->raise[n] = PACK_NEVER;

        for (uint32_t place = 0; place < n_places && node->request->mode == PACK_LIGHTEST; place++) {
                uint32_t room, closed = 0, total, more;

                if (level == PLANNER_ONE_PF) {
                        if (!node->open[place])
                                continue;
                        room = node->room[place];
                } else {
                        pack_node_room(node, place, &room, &closed);
                        room += for_domains ? 0 : closed;
                        room -= min(room,
                                    node->domains_of[place] + (for_domains ? 0 : node->fits_of[place]));
                }

                total = find_release(b, node, level, place);
                more = min(missing, (room + total) / t - room / t);
                /* From the top: each place is used once. */
                for (uint32_t n = missing; n > 0 && more > 0; n--)
                        for (uint32_t j = 1; j <= min(more, n); j++) {
                                uint32_t free_up = (room / t + j) * t - room;

                                if (b->raise[n - j] != PACK_NEVER &&
                                    b->raise[n - j] + b->release[free_up] < b->raise[n])
                                        b->raise[n] = b->raise[n - j] + b->release[free_up];
                        }
        }

        for (size_t i = 0; i < node->n_order; i++) {
                const PackEntry *e = node->entries + node->order[i];
                uint32_t pieces = e->size / t;

                if (node->state[node->order[i]] != PACK_WAITS || e->level < level || e->leave == PACK_NEVER)
                        continue;
                for (uint32_t n = missing; n > 0 && pieces > 0; n--) {
                        uint64_t rest = b->raise[n - min(pieces, n)];

                        if (rest != PACK_NEVER && rest + e->leave < b->raise[n])
                                b->raise[n] = rest + e->leave;
                }
        }

        return b->raise[missing];
}

static uint64_t bound_level(PackBound *b, const PackNode *node, PlannerLevel level, bool for_domains)
{
        const PlannerPack *k = node->pack;
        uint32_t largest = 0;
        uint64_t bound = 0;

        for (size_t i = 0; i < node->n_order; i++) {
                const PackEntry *e = node->entries + node->order[i];

                if (node->state[node->order[i]] == PACK_WAITS && e->level >= level &&
                    !(for_domains && e->is_fit) && e->size > largest)
                        largest = e->size;
        }

        for (uint32_t t = largest; t >= 2 && bound != PACK_NEVER; t--) {
                uint32_t wanted = 0, has = 0;
                uint64_t weight;

                for (size_t i = 0; i < node->n_order; i++) {
                        const PackEntry *e = node->entries + node->order[i];

                        if (node->state[node->order[i]] == PACK_WAITS && e->level >= level &&
                            !(for_domains && e->is_fit))
                                wanted += e->size / t;
                }

                if (level == PLANNER_ONE_PF) {
                        for (size_t bin = 0; bin < k->n_bins; bin++)
                                if (node->open[bin] || (!for_domains && !node->dead[bin]))
                                        has += node->room[bin] / t;
                } else
                        for (uint32_t g = 0; g < k->n_groups; g++) {
                                uint32_t open, closed, taken;

                                pack_node_room(node, g, &open, &closed);
                                open += for_domains ? 0 : closed;
                                taken = node->domains_of[g] + (for_domains ? 0 : node->fits_of[g]);
                                has += (open - min(open, taken)) / t;
                        }

                if (wanted <= has)
                        continue;
                weight = weigh_missing(b, node, level, for_domains, t, wanted - has);
                bound = weight > bound ? weight : bound;
        }

        return bound;
}

uint64_t pack_bound_pieces(PackBound *b, const PackNode *node)
{
        uint64_t bound = bound_level(b, node, PLANNER_ONE_PF, true), other;

        if (node->request->n_fits > 0 && bound != PACK_NEVER) {
                other = bound_level(b, node, PLANNER_ONE_PF, false);
                bound = other > bound ? other : bound;
        }
        if (bound == PACK_NEVER)
                return bound;

        other = bound_level(b, node, PLANNER_ONE_GROUP, node->request->n_fits == 0);
        return other > bound ? other : bound;
}
