/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The search of planner-pack.h: depth first, branch and bound.
 *
 * What a branch must still cost. For each t, an item of size s takes floor(s / t) pieces of size t, and room
 * r has floor(r / t) of them. Where all rooms together have too few, items have to make way, and the least
 * that these weigh is a knapsack over each bin, and one over the bins.
 *
 * Where items may leave the host, pieces are also missing less by those that leave. How many functions have to leave
 * follows from what waits and what is free, and nothing but leaving changes it: the least that this weighs is a bound
 * of its own.
 *
 * A branch that only leads to what another has, too, is left out: of bins that are alike in all, only the
 * first is tried; items that are alike are placed by rising bins; an item makes no way for one like itself,
 * unless it is where it could not be placed anew.
 */

#include <assert.h>

#include "core/planner-cover.h"
#include "core/planner-pack.h"

#define NONE UINT32_MAX
#define INFINITE UINT64_MAX

/* What waits to be placed: items by their numbers, then fits. */
typedef struct Entry {
        PlannerLevel level;
        uint32_t size;
        bool is_fit;
        uint64_t leave; /* what it weighs to place it outside, PACK_NEVER: it cannot be */
} Entry;

/* One way to go on from a node. */
typedef struct Child {
        uint32_t place;  /* bin, group, or PACK_OUTSIDE */
        uint64_t weight; /* of what makes way, or of leaving */
        uint32_t room;
        size_t set, n_set; /* in Search.sets: items that make way */
} Child;

/* An item that could make way, and how many functions of the place it has. */
typedef struct Candidate {
        uint32_t item, share;
} Candidate;

typedef struct Search {
        PlannerPack *pack;
        const PackRequest *request;
        PlannerBudget *budget;

        Entry *entries; /* owned */
        size_t n_entries;
        uint32_t *order; /* owned: entries that must be placed, hardest first */
        size_t n_order;

        PackState *state; /* owned; by entry */
        uint32_t *at;     /* owned; by entry */
        bool *forced;     /* owned; by entry */
        uint32_t *room;   /* owned; by bin */
        bool *open;       /* owned; by bin: for domains */
        bool *dead;       /* owned; by bin: not even for fits */
        uint32_t *domains_of,
                        *fits_of; /* owned; by group: functions that those need which are placed in it */
        uint32_t waiting;         /* functions that waiting domains need */

        uint64_t weight, best, open_bound;
        bool found;

        Child *children; /* owned; those of a node on top of those of its parents */
        size_t n_children, max_children;
        uint32_t *sets; /* owned */
        size_t n_sets, max_sets;
        uint64_t *release;     /* owned; scratch: by functions, the least weight that frees them */
        uint64_t *raise;       /* owned; scratch: by pieces */
        Candidate *candidates; /* owned; scratch */
        size_t n_candidates;
        uint32_t *chosen;          /* owned; scratch */
        PlannerCoverItem *leavers; /* owned; scratch */
        int error;
} Search;

static void search_done(Search *s)
{
        free(s->entries);
        free(s->order);
        free(s->state);
        free(s->at);
        free(s->forced);
        free(s->room);
        free(s->open);
        free(s->dead);
        free(s->domains_of);
        free(s->fits_of);
        free(s->children);
        free(s->sets);
        free(s->release);
        free(s->raise);
        free(s->candidates);
        free(s->chosen);
        free(s->leavers);
}

static uint32_t min(uint32_t a, uint32_t b)
{
        return a < b ? a : b;
}

/* What an item has in a bin, or in a group. */
static uint32_t share_of(const PlannerPack *k, const PackItem *item, PlannerLevel level, uint32_t place)
{
        uint32_t n = 0;

        for (size_t i = 0; i < item->n_parts; i++)
                if ((level == PLANNER_ONE_PF ? item->parts[i].bin : k->group[item->parts[i].bin]) == place)
                        n += item->parts[i].count;

        return n;
}

/* Groups: room of all bins for domains, and of those for fits alone. */
static void room_of_group(const Search *s, uint32_t group, uint32_t *ret_open, uint32_t *ret_closed)
{
        const PlannerPack *k = s->pack;

        *ret_open = *ret_closed = 0;
        for (size_t bin = 0; bin < k->n_bins; bin++)
                if (k->group[bin] == group && !s->dead[bin])
                        *(s->open[bin] ? ret_open : ret_closed) += s->room[bin];
}

/* By how many functions more is promised in a group than it has. */
static uint32_t lack_of_group(const Search *s, uint32_t group)
{
        uint32_t open, closed, lack = 0;

        if (s->domains_of[group] + s->fits_of[group] == 0)
                return 0;

        room_of_group(s, group, &open, &closed);
        if (s->domains_of[group] > open)
                lack = s->domains_of[group] - open;
        if (s->domains_of[group] + s->fits_of[group] > open + closed &&
            s->domains_of[group] + s->fits_of[group] - open - closed > lack)
                lack = s->domains_of[group] + s->fits_of[group] - open - closed;

        return lack;
}

/* So many functions have to leave the host: what waits has to find room in open bins, and with the fits in all that are
 * not dead. Who makes way or finds a place changes nothing in that. */
static uint32_t find_surplus(const Search *s)
{
        uint64_t has = 0, has_open = 0, needs = s->waiting, needs_open = s->waiting, surplus = 0;

        for (uint32_t g = 0; g < s->pack->n_groups; g++) {
                uint32_t open, closed;

                room_of_group(s, g, &open, &closed);
                has_open += open;
                has += open + closed;
                needs_open += s->domains_of[g] + (s->fits_of[g] > closed ? s->fits_of[g] - closed : 0);
                needs += s->domains_of[g] + s->fits_of[g];
        }
        for (size_t i = s->pack->n_items; i < s->n_entries; i++)
                needs += s->state[i] == PACK_WAITS ? s->entries[i].size : 0;

        if (needs_open > has_open)
                surplus = needs_open - has_open;
        if (needs > has && needs - has > surplus)
                surplus = needs - has;
        return (uint32_t) surplus;
}

/* Who could leave, with what that weighs now. */
static size_t find_leavers(Search *s)
{
        const PlannerPack *k = s->pack;
        size_t n = 0;

        for (uint32_t i = 0; i < k->n_items; i++) {
                const PackItem *item = k->items + i;
                bool waits = s->state[i] == PACK_WAITS,
                     stays = s->state[i] == PACK_STAYS && s->request->mode == PACK_LIGHTEST;

                if (item->leave != PACK_NEVER && (waits || stays))
                        s->leavers[n++] = (PlannerCoverItem) { .index = i,
                                                               .size = item->size,
                                                               .weight = item->leave +
                                                                         (stays ? item->weight : 0) };
        }

        return n;
}

/* The least that it weighs when so many functions leave; with `choose`, leavers[] says who. */
static uint64_t weigh_surplus(Search *s, uint32_t surplus, bool choose, size_t *ret_n)
{
        uint64_t weight;
        int r;

        *ret_n = 0;
        if (surplus == 0)
                return 0;

        *ret_n = find_leavers(s);
        r = planner_cover(s->leavers, *ret_n, surplus, choose, &weight);
        if (r < 0) {
                s->error = r;
                return INFINITE;
        }
        return weight == PLANNER_COVER_NONE ? INFINITE : weight;
}

/* Fills release[]: the least weight of items that free so many functions of a place. An item in several
 * places is counted in each with its part of the weight, so that a sum over places is not more than what
 * they weigh. Returns how many could be freed in all. */
static uint32_t find_release(Search *s, PlannerLevel level, uint32_t place)
{
        const PlannerPack *k = s->pack;
        uint32_t total = 0;

        s->release[0] = 0;
        for (size_t i = 0; i < k->n_items; i++) {
                const PackItem *item = k->items + i;
                uint32_t share;
                uint64_t weight;

                if (s->state[i] != PACK_STAYS)
                        continue;
                share = share_of(k, item, level, place);
                if (share == 0)
                        continue;

                weight = item->weight / (level == PLANNER_ONE_PF ? item->n_parts : item->n_groups);
                for (uint32_t n = total + share; n > 0; n--) {
                        uint64_t without = n <= total ? s->release[n] : INFINITE;
                        uint64_t with = s->release[n > share ? n - share : 0] + weight;

                        s->release[n] = with < without ? with : without;
                }
                total += share;
        }

        return total;
}

/* Of rooms in all places, so many pieces of size t are missing: the least weight that makes them;
 * INFINITE when nothing does. */
static uint64_t weigh_missing(Search *s, PlannerLevel level, bool for_domains, uint32_t t, uint32_t missing)
{
        const PlannerPack *k = s->pack;
        size_t n_places = level == PLANNER_ONE_PF ? k->n_bins : k->n_groups;

        s->raise[0] = 0;
        for (uint32_t n = 1; n <= missing; n++)
                s->raise[n] = INFINITE;

        for (uint32_t place = 0; place < n_places && s->request->mode == PACK_LIGHTEST; place++) {
                uint32_t room, closed = 0, total, more;

                if (level == PLANNER_ONE_PF) {
                        if (!s->open[place])
                                continue;
                        room = s->room[place];
                } else {
                        room_of_group(s, place, &room, &closed);
                        room += for_domains ? 0 : closed;
                        room -= min(room, s->domains_of[place] + (for_domains ? 0 : s->fits_of[place]));
                }

                total = find_release(s, level, place);
                more = min(missing, (room + total) / t - room / t);
                /* From the top: each place is used once. */
                for (uint32_t n = missing; n > 0 && more > 0; n--)
                        for (uint32_t j = 1; j <= min(more, n); j++) {
                                uint32_t free_up = (room / t + j) * t - room;

                                if (s->raise[n - j] != INFINITE &&
                                    s->raise[n - j] + s->release[free_up] < s->raise[n])
                                        s->raise[n] = s->raise[n - j] + s->release[free_up];
                        }
        }

        for (size_t i = 0; i < s->n_order; i++) {
                const Entry *e = s->entries + s->order[i];
                uint32_t pieces = e->size / t;

                if (s->state[s->order[i]] != PACK_WAITS || e->level < level || e->leave == PACK_NEVER)
                        continue;
                for (uint32_t n = missing; n > 0 && pieces > 0; n--) {
                        uint64_t rest = s->raise[n - min(pieces, n)];

                        if (rest != INFINITE && rest + e->leave < s->raise[n])
                                s->raise[n] = rest + e->leave;
                }
        }

        return s->raise[missing];
}

static uint64_t bound_level(Search *s, PlannerLevel level, bool for_domains)
{
        const PlannerPack *k = s->pack;
        uint32_t largest = 0;
        uint64_t bound = 0;

        for (size_t i = 0; i < s->n_order; i++) {
                const Entry *e = s->entries + s->order[i];

                if (s->state[s->order[i]] == PACK_WAITS && e->level >= level &&
                    !(for_domains && e->is_fit) && e->size > largest)
                        largest = e->size;
        }

        for (uint32_t t = largest; t >= 2 && bound != INFINITE; t--) {
                uint32_t wanted = 0, has = 0;
                uint64_t weight;

                for (size_t i = 0; i < s->n_order; i++) {
                        const Entry *e = s->entries + s->order[i];

                        if (s->state[s->order[i]] == PACK_WAITS && e->level >= level &&
                            !(for_domains && e->is_fit))
                                wanted += e->size / t;
                }

                if (level == PLANNER_ONE_PF) {
                        for (size_t bin = 0; bin < k->n_bins; bin++)
                                if (s->open[bin] || (!for_domains && !s->dead[bin]))
                                        has += s->room[bin] / t;
                } else
                        for (uint32_t g = 0; g < k->n_groups; g++) {
                                uint32_t open, closed, taken;

                                room_of_group(s, g, &open, &closed);
                                open += for_domains ? 0 : closed;
                                taken = s->domains_of[g] + (for_domains ? 0 : s->fits_of[g]);
                                has += (open - min(open, taken)) / t;
                        }

                if (wanted <= has)
                        continue;
                weight = weigh_missing(s, level, for_domains, t, wanted - has);
                bound = weight > bound ? weight : bound;
        }

        return bound;
}

static uint64_t find_bound(Search *s)
{
        uint64_t bound = bound_level(s, PLANNER_ONE_PF, true), other;

        if (s->request->n_fits > 0 && bound != INFINITE) {
                other = bound_level(s, PLANNER_ONE_PF, false);
                bound = other > bound ? other : bound;
        }
        if (bound == INFINITE)
                return bound;

        other = bound_level(s, PLANNER_ONE_GROUP, s->request->n_fits == 0);
        return other > bound ? other : bound;
}

static void move_item(Search *s, uint32_t item)
{
        const PackItem *i = s->pack->items + item;

        s->state[item] = PACK_WAITS;
        s->weight += i->weight;
        s->waiting += i->size;
        for (size_t part = 0; part < i->n_parts; part++)
                s->room[i->parts[part].bin] += i->parts[part].count;
}

static void unmove_item(Search *s, uint32_t item)
{
        const PackItem *i = s->pack->items + item;

        s->state[item] = PACK_STAYS;
        s->weight -= i->weight;
        s->waiting -= i->size;
        for (size_t part = 0; part < i->n_parts; part++)
                s->room[i->parts[part].bin] -= i->parts[part].count;
}

static void place_entry(Search *s, uint32_t entry, uint32_t place)
{
        const Entry *e = s->entries + entry;

        s->state[entry] = PACK_PLACED;
        s->at[entry] = place;
        if (!e->is_fit)
                s->waiting -= e->size;
        if (place == PACK_OUTSIDE)
                s->weight += e->leave;
        else if (e->level == PLANNER_ONE_PF)
                s->room[place] -= e->size;
        else
                (e->is_fit ? s->fits_of : s->domains_of)[place] += e->size;
}

static void unplace_entry(Search *s, uint32_t entry, uint32_t place)
{
        const Entry *e = s->entries + entry;

        s->state[entry] = PACK_WAITS;
        if (!e->is_fit)
                s->waiting += e->size;
        if (place == PACK_OUTSIDE)
                s->weight -= e->leave;
        else if (e->level == PLANNER_ONE_PF)
                s->room[place] += e->size;
        else
                (e->is_fit ? s->fits_of : s->domains_of)[place] -= e->size;
}

static void add_child(Search *s, const Child *c)
{
        if (s->n_children == s->max_children) {
                size_t max = s->max_children * 2 + 64;
                Child *bigger = reallocarray(s->children, max, sizeof(Child));

                if (!bigger) {
                        s->error = -ENOMEM;
                        return;
                }
                s->children = bigger;
                s->max_children = max;
        }

        s->children[s->n_children++] = *c;
}

static size_t keep_set(Search *s, const uint32_t *list, size_t n)
{
        while (s->n_sets + n > s->max_sets) {
                size_t max = s->max_sets * 2 + 256;
                uint32_t *bigger = reallocarray(s->sets, max, sizeof(uint32_t));

                if (!bigger) {
                        s->error = -ENOMEM;
                        return 0;
                }
                s->sets = bigger;
                s->max_sets = max;
        }

        memcpy(s->sets + s->n_sets, list, n * sizeof(uint32_t));
        s->n_sets += n;
        return s->n_sets - n;
}

/* Does it weigh less in all when this item makes way and leaves, than another that weighs and leaves so? */
static bool leaves_lighter(const PackItem *item, uint64_t weight, uint64_t leave)
{
        if (item->leave == PACK_NEVER)
                return false;
        return leave == PACK_NEVER || item->weight + item->leave < weight + leave;
}

/* Would one that is easier to place, is in the same bin and is no heavier do as well? */
static bool has_easier(const Search *s, size_t n)
{
        const PlannerPack *k = s->pack;

        for (size_t i = 0; i < n; i++) {
                const PackItem *a = k->items + s->chosen[i];

                if (a->level == PLANNER_ANYWHERE || a->n_parts != 1)
                        continue;

                for (size_t j = 0; j < s->n_candidates; j++) {
                        const PackItem *b = k->items + s->candidates[j].item;
                        bool is_in = false;

                        if (b->level >= a->level || b->n_parts != 1 || b->parts[0].bin != a->parts[0].bin ||
                            b->size != a->size || b->weight > a->weight ||
                            leaves_lighter(a, b->weight, b->leave))
                                continue;
                        for (size_t l = 0; l < n && !is_in; l++)
                                is_in = s->chosen[l] == s->candidates[j].item;
                        if (!is_in)
                                return true;
                }
        }

        return false;
}

/* One set after the other: `child` is what they are for, `left` what the candidates from `from` on could
 * free. */
static void choose_sets(Search *s, Child *child, uint32_t need, size_t from, uint32_t smallest,
                        uint32_t left)
{
        const PlannerPack *k = s->pack;

        if (s->error < 0 || s->weight + child->weight >= s->best)
                return;
        if (!planner_budget_spend(s->budget)) {
                if (s->weight + child->weight < s->open_bound)
                        s->open_bound = s->weight + child->weight;
                return;
        }

        for (size_t i = from; i < s->n_candidates && left >= need; i++) {
                uint32_t item = s->candidates[i].item, share = s->candidates[i].share;

                left -= share;
                /* Of a type the lightest go first. */
                if (i > from && k->items[item].type == k->items[s->candidates[i - 1].item].type)
                        continue;

                s->chosen[child->n_set++] = item;
                child->weight += k->items[item].weight;
                if (share < need)
                        choose_sets(s, child, need - share, i + 1, min(smallest, share), left);
                else if (share - need < smallest && s->weight + child->weight < s->best &&
                         !has_easier(s, child->n_set)) {
                        /* Minimal: none of those before it could stay. */
                        child->set = keep_set(s, s->chosen, child->n_set);
                        if (s->error >= 0)
                                add_child(s, child);
                }
                child->weight -= k->items[item].weight;
                child->n_set--;
        }
}

/* Does this item have all of what the entry asks of one bin, so that the entry could go where the item would? Where it
 * is on several already, it may stay so, but the entry cannot have its place. */
static bool is_alike_in_place(const PackItem *item, const Entry *e)
{
        return item->level == PLANNER_ONE_PF && item->size == e->size && item->n_parts == 1 &&
               !leaves_lighter(item, 0, e->leave);
}

/* The ways to free `need` functions of a place. Those like an entry (NULL: none) are not asked. */
static void find_sets(Search *s, PlannerLevel level, uint32_t place, uint32_t need, const Entry *like,
                      uint32_t room)
{
        const PlannerPack *k = s->pack;
        uint32_t left = 0;

        s->n_candidates = 0;
        for (uint32_t i = 0; i < k->n_items; i++) {
                const PackItem *item = k->items + i;
                uint32_t share;

                if (s->state[i] != PACK_STAYS || (like && is_alike_in_place(item, like)))
                        continue;
                share = share_of(k, item, level, place);
                if (share == 0)
                        continue;
                s->candidates[s->n_candidates++] = (Candidate) { i, share };
                left += share;
        }

        choose_sets(s, &(Child) { .place = place, .room = room }, need, 0, UINT32_MAX, left);
}

static int compare_child(const void *x, const void *y)
{
        const Child *a = x, *b = y;

        if (a->weight != b->weight)
                return a->weight < b->weight ? -1 : 1;
        if (a->room != b->room)
                return a->room < b->room ? -1 : 1;
        if (a->place != b->place)
                return a->place < b->place ? -1 : 1;
        return a->set < b->set ? -1 : a->set > b->set;
}

/* Bins where nobody stays any more differ by their room alone. */
static bool is_like_earlier_bin(const Search *s, uint32_t bin, uint32_t first, const bool *untouched)
{
        const PlannerPack *k = s->pack;

        if (!untouched[bin])
                return false;
        for (uint32_t b = first; b < bin; b++)
                if (untouched[b] && s->room[b] == s->room[bin] && k->group[b] == k->group[bin] &&
                    s->open[b] == s->open[bin] && s->dead[b] == s->dead[bin])
                        return true;

        return false;
}

static bool is_like(const Search *s, uint32_t a, uint32_t b)
{
        const Entry *e = s->entries + a, *f = s->entries + b;

        return b != NONE && e->level == f->level && e->size == f->size && e->is_fit == f->is_fit &&
               e->leave == f->leave;
}

static void add_bins(Search *s, uint32_t entry, uint32_t last, uint32_t last_place)
{
        const PlannerPack *k = s->pack;
        const Entry *e = s->entries + entry;
        bool untouched[PLANNER_PFS_MAX], own[PLANNER_PFS_MAX] = { 0 };
        uint32_t first = is_like(s, entry, last) ? last_place : 0;

        for (size_t bin = 0; bin < k->n_bins; bin++)
                untouched[bin] = true;
        for (size_t i = 0; i < k->n_items; i++)
                for (size_t part = 0; part < k->items[i].n_parts; part++) {
                        uint32_t bin = k->items[i].parts[part].bin;

                        if (s->state[i] == PACK_STAYS)
                                untouched[bin] = false;
                        else if (!s->forced[i] && s->entries[i].level == PLANNER_ONE_PF) {
                                untouched[bin] = false;
                                own[bin] = own[bin] || is_alike_in_place(k->items + i, e);
                        }
                }

        for (uint32_t bin = first; bin < k->n_bins; bin++) {
                if (!(e->is_fit ? !s->dead[bin] : s->open[bin]) || own[bin] ||
                    is_like_earlier_bin(s, bin, first, untouched))
                        continue;

                if (s->room[bin] >= e->size)
                        add_child(s, &(Child) { .place = bin, .room = s->room[bin] });
                else if (s->request->mode == PACK_LIGHTEST && s->open[bin])
                        find_sets(s, PLANNER_ONE_PF, bin, e->size - s->room[bin], e, s->room[bin]);
        }
}

static void add_groups(Search *s, uint32_t entry, uint32_t last, uint32_t last_place)
{
        const Entry *e = s->entries + entry;

        for (uint32_t g = is_like(s, entry, last) ? last_place : 0; g < s->pack->n_groups; g++) {
                uint32_t open, closed, taken;

                room_of_group(s, g, &open, &closed);
                taken = s->domains_of[g] + s->fits_of[g] + e->size;
                /* Those that lack nothing first, the tightest of them before the others. */
                add_child(s, &(Child) { .place = g,
                                        .room = taken <= open + closed
                                                                ? open + closed - taken
                                                                : UINT32_MAX / 2 + taken - open - closed });
        }
}

static void search(Search *s, uint32_t last, uint32_t last_place);

static void go_on(Search *s, uint32_t entry, const Child *c)
{
        if (s->weight + c->weight >= s->best)
                return;

        for (size_t i = 0; i < c->n_set; i++)
                move_item(s, s->sets[c->set + i]);
        if (entry != NONE)
                place_entry(s, entry, c->place);

        /* What has made way is placed before the next that is like this one. */
        search(s, c->n_set == 0 ? entry : NONE, c->place);

        if (entry != NONE)
                unplace_entry(s, entry, c->place);
        for (size_t i = c->n_set; i > 0; i--)
                unmove_item(s, s->sets[c->set + i - 1]);
}

static void branch(Search *s, uint32_t entry, size_t first_child, size_t first_set)
{
        size_t n = s->n_children;

        if (s->error >= 0 && n > first_child)
                qsort(s->children + first_child, n - first_child, sizeof(Child), compare_child);
        for (size_t i = first_child; i < n && s->error >= 0; i++) {
                Child c = s->children[i]; /* the list may be elsewhere after that */

                go_on(s, entry, &c);
        }

        s->n_children = first_child;
        s->n_sets = first_set;
}

static void note_solution(Search *s)
{
        PlannerPack *k = s->pack;

        s->best = s->weight;
        s->found = true;
        for (size_t i = 0; i < k->n_items; i++) {
                k->state[i] = s->state[i];
                k->at[i] = s->at[i];
        }
        for (size_t i = 0; i < s->request->n_fits; i++)
                k->fit_at[i] = s->at[k->n_items + i];
}

/* The end of a branch: of what has no place in it the lightest leave, and the rest may be anywhere. */
static void end_branch(Search *s, uint32_t surplus)
{
        size_t n, n_stayed = 0;

        if (weigh_surplus(s, surplus, true, &n) == INFINITE)
                return;

        for (size_t i = 0; i < n; i++) {
                uint32_t item = s->leavers[i].index;

                if (!s->leavers[i].chosen)
                        continue;
                if (s->state[item] == PACK_STAYS) {
                        s->chosen[n_stayed++] = item;
                        move_item(s, item);
                }
                place_entry(s, item, PACK_OUTSIDE);
        }

        note_solution(s);

        for (size_t i = 0; i < n; i++)
                if (s->leavers[i].chosen)
                        unplace_entry(s, s->leavers[i].index, PACK_OUTSIDE);
        while (n_stayed > 0)
                unmove_item(s, s->chosen[--n_stayed]);
}

static void search(Search *s, uint32_t last, uint32_t last_place)
{
        size_t first_child = s->n_children, first_set = s->n_sets, n;
        uint32_t entry = NONE, surplus;
        uint64_t bound;

        if (s->error < 0 || s->weight >= s->best || (s->found && s->request->mode == PACK_ANY))
                return;
        if (!planner_budget_spend(s->budget)) {
                s->open_bound = s->weight < s->open_bound ? s->weight : s->open_bound;
                return;
        }
        surplus = find_surplus(s);
        bound = weigh_surplus(s, surplus, false, &n);
        if (bound == INFINITE || s->weight + bound >= s->best)
                return;

        for (uint32_t g = 0; g < s->pack->n_groups; g++) {
                uint32_t lack = lack_of_group(s, g);

                if (lack == 0)
                        continue;
                if (s->request->mode == PACK_LIGHTEST) {
                        find_sets(s, PLANNER_ONE_GROUP, g, lack, NULL, 0);
                        branch(s, NONE, first_child, first_set);
                }
                return;
        }

        bound = find_bound(s);
        if (bound == INFINITE || s->weight + bound >= s->best)
                return;

        for (size_t i = 0; i < s->n_order && entry == NONE; i++)
                if (s->state[s->order[i]] == PACK_WAITS)
                        entry = s->order[i];

        if (entry == NONE) {
                end_branch(s, surplus);
                return;
        }

        if (s->entries[entry].leave != PACK_NEVER)
                add_child(s, &(Child) { .place = PACK_OUTSIDE,
                                        .weight = s->entries[entry].leave,
                                        .room = UINT32_MAX });

        if (s->entries[entry].level == PLANNER_ONE_PF)
                add_bins(s, entry, last, last_place);
        else
                add_groups(s, entry, last, last_place);
        branch(s, entry, first_child, first_set);
}

static int compare_entry(const void *x, const void *y, void *userdata)
{
        const uint32_t *a = x, *b = y;
        const Entry *entries = userdata, *e = entries + *a, *f = entries + *b;

        if (e->level != f->level)
                return e->level > f->level ? -1 : 1;
        if (e->size != f->size)
                return e->size > f->size ? -1 : 1;
        return *a < *b ? -1 : *a > *b;
}

static int search_prepare(Search *s)
{
        PlannerPack *k = s->pack;
        size_t n_entries = k->n_items + s->request->n_fits, n_functions = 0;

        for (size_t bin = 0; bin < k->n_bins; bin++)
                n_functions += k->usable[bin];
        for (size_t i = 0; i < s->request->n_fits; i++)
                n_functions += k->problem->fits[s->request->fits[i]].size;

        s->entries = calloc(n_entries + 1, sizeof(Entry));
        s->order = calloc(n_entries + 1, sizeof(uint32_t));
        s->state = calloc(n_entries + 1, sizeof(PackState));
        s->at = calloc(n_entries + 1, sizeof(uint32_t));
        s->forced = calloc(n_entries + 1, sizeof(bool));
        s->room = calloc(k->n_bins + 1, sizeof(uint32_t));
        s->open = calloc(k->n_bins + 1, sizeof(bool));
        s->dead = calloc(k->n_bins + 1, sizeof(bool));
        s->domains_of = calloc(k->n_groups + 1, sizeof(uint32_t));
        s->fits_of = calloc(k->n_groups + 1, sizeof(uint32_t));
        s->release = calloc(n_functions + 1, sizeof(uint64_t));
        s->raise = calloc(n_functions + 1, sizeof(uint64_t));
        s->candidates = calloc(n_entries + 1, sizeof(Candidate));
        s->chosen = calloc(n_entries + 1, sizeof(uint32_t));
        s->leavers = calloc(k->n_items + 1, sizeof(PlannerCoverItem));
        if (!s->entries || !s->order || !s->state || !s->at || !s->forced || !s->room || !s->open ||
            !s->dead || !s->domains_of || !s->fits_of || !s->release || !s->raise || !s->candidates ||
            !s->chosen || !s->leavers)
                return -ENOMEM;

        s->n_entries = n_entries;
        for (size_t i = 0; i < k->n_items; i++)
                s->entries[i] = (Entry) { k->items[i].level, k->items[i].size, false, k->items[i].leave };
        for (size_t i = 0; i < s->request->n_fits; i++) {
                const PlannerFit *fit = k->problem->fits + s->request->fits[i];

                s->entries[k->n_items + i] = (Entry) { fit->level, fit->size, true, PACK_NEVER };
                s->state[k->n_items + i] = PACK_WAITS;
        }

        for (uint32_t i = 0; i < n_entries; i++)
                if (s->entries[i].level != PLANNER_ANYWHERE)
                        s->order[s->n_order++] = i;
        qsort_r(s->order, s->n_order, sizeof(uint32_t), compare_entry, s->entries);

        for (size_t bin = 0; bin < k->n_bins; bin++) {
                s->room[bin] = k->free[bin];
                s->open[bin] = !(s->request->closed >> k->pf[bin] & 1);
                s->dead[bin] = k->problem->evacuated >> k->pf[bin] & 1;
        }

        for (uint32_t i = 0; i < k->n_items; i++) {
                bool forced = s->request->mode == PACK_ANY;

                for (size_t part = 0; part < k->items[i].n_parts; part++)
                        forced = forced || !s->open[k->items[i].parts[part].bin];
                s->forced[i] = forced;
                if (forced)
                        move_item(s, i);
        }

        return 0;
}

static bool fits_in(const Search *s, const PackItem *item)
{
        for (size_t i = 0; i < item->n_parts; i++)
                if (!s->open[item->parts[i].bin] || s->room[item->parts[i].bin] < item->parts[i].count)
                        return false;

        return true;
}

/* When everything has been moved, much of it could have stayed. */
static void lighten(Search *s)
{
        PlannerPack *k = s->pack;

        for (uint32_t i = 0; i < k->n_items; i++)
                if (k->state[i] == PACK_PLACED)
                        place_entry(s, i, k->at[i]);
        for (uint32_t i = 0; i < s->request->n_fits; i++)
                if (s->entries[k->n_items + i].level != PLANNER_ANYWHERE)
                        place_entry(s, (uint32_t) k->n_items + i, k->fit_at[i]);

        for (uint32_t i = 0; i < k->n_items; i++) {
                bool was_placed = s->state[i] == PACK_PLACED, lacks = false;

                if (was_placed)
                        unplace_entry(s, i, s->at[i]);
                if (fits_in(s, k->items + i)) {
                        unmove_item(s, i);
                        for (uint32_t g = 0; g < k->n_groups; g++)
                                lacks = lacks || lack_of_group(s, g) > 0;
                        if (!lacks && find_surplus(s) == 0)
                                continue;
                        move_item(s, i);
                }
                if (was_placed)
                        place_entry(s, i, s->at[i]);
        }

        note_solution(s);
}

int planner_pack_solve(PlannerPack *k, const PackRequest *request, PlannerBudget *budget,
                       uint64_t *ret_weight, uint64_t *ret_open)
{
        _cleanup_(search_done) Search s = {
                .pack = k,
                .request = request,
                .budget = budget,
                .best = request->mode == PACK_ANY ? INFINITE : request->below,
                .open_bound = INFINITE,
        };
        int r;

        assert(request->n_fits <= PLANNER_FITS_MAX);

        r = search_prepare(&s);
        if (r < 0)
                return r;

        search(&s, NONE, NONE);
        if (s.error < 0)
                return s.error;

        if (s.found && request->mode == PACK_ANY)
                lighten(&s);
        if (s.found) {
                k->closed = request->closed;
                k->n_fits = request->n_fits;
                if (request->n_fits > 0)
                        memcpy(k->fits, request->fits, request->n_fits * sizeof(uint32_t));
                *ret_weight = s.best;
        }
        *ret_open = s.open_bound;
        return s.found;
}
