/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The search of planner-pack.h: depth first, branch and bound (planner-pack-bound.h).
 *
 * A branch that only leads to what another has, too, is left out: of bins that are alike in all, only the
 * first is tried; items that are alike are placed by rising bins; an item makes no way for one like itself,
 * unless it is where it could not be placed anew.
 */

#include <assert.h>

#include "core/planner-pack-bound.h"

#define NONE UINT32_MAX
#define INFINITE UINT64_MAX

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
        PlannerBudget *budget;
        PackNode node;
        PackBound bound;

        uint64_t best, open_bound;
        bool found;

        Child *children; /* owned; those of a node on top of those of its parents */
        size_t n_children, max_children;
        uint32_t *sets; /* owned */
        size_t n_sets, max_sets;
        Candidate *candidates; /* owned; scratch */
        size_t n_candidates;
        uint32_t *chosen; /* owned; scratch */
        int error;
} Search;

static void search_done(Search *s)
{
        pack_node_done(&s->node);
        pack_bound_done(&s->bound);
        free(s->children);
        free(s->sets);
        free(s->candidates);
        free(s->chosen);
}

static uint32_t min(uint32_t a, uint32_t b)
{
        return a < b ? a : b;
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

        if (s->error < 0 || s->node.weight + child->weight >= s->best)
                return;
        if (!planner_budget_spend(s->budget)) {
                if (s->node.weight + child->weight < s->open_bound)
                        s->open_bound = s->node.weight + child->weight;
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
                else if (share - need < smallest && s->node.weight + child->weight < s->best &&
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
static bool is_alike_in_place(const PackItem *item, const PackEntry *e)
{
        return item->level == PLANNER_ONE_PF && item->size == e->size && item->n_parts == 1 &&
               !leaves_lighter(item, 0, e->leave);
}

/* The ways to free `need` functions of a place. Those like an entry (NULL: none) are not asked. */
static void find_sets(Search *s, PlannerLevel level, uint32_t place, uint32_t need, const PackEntry *like,
                      uint32_t room)
{
        const PlannerPack *k = s->pack;
        uint32_t left = 0;

        s->n_candidates = 0;
        for (uint32_t i = 0; i < k->n_items; i++) {
                const PackItem *item = k->items + i;
                uint32_t share;

                if (s->node.state[i] != PACK_STAYS || (like && is_alike_in_place(item, like)))
                        continue;
                share = pack_share_of(k, item, level, place);
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
                if (untouched[b] && s->node.room[b] == s->node.room[bin] && k->group[b] == k->group[bin] &&
                    s->node.open[b] == s->node.open[bin] && s->node.dead[b] == s->node.dead[bin])
                        return true;

        return false;
}

static bool is_like(const Search *s, uint32_t a, uint32_t b)
{
        const PackEntry *e = s->node.entries + a, *f = s->node.entries + b;

        return b != NONE && e->level == f->level && e->size == f->size && e->is_fit == f->is_fit &&
               e->leave == f->leave;
}

static void add_bins(Search *s, uint32_t entry, uint32_t last, uint32_t last_place)
{
        const PlannerPack *k = s->pack;
        const PackEntry *e = s->node.entries + entry;
        bool untouched[PLANNER_PFS_MAX], own[PLANNER_PFS_MAX] = { 0 };
        uint32_t first = is_like(s, entry, last) ? last_place : 0;

        for (size_t bin = 0; bin < k->n_bins; bin++)
                untouched[bin] = true;
        for (size_t i = 0; i < k->n_items; i++)
                for (size_t part = 0; part < k->items[i].n_parts; part++) {
                        uint32_t bin = k->items[i].parts[part].bin;

                        if (s->node.state[i] == PACK_STAYS)
                                untouched[bin] = false;
                        else if (!s->node.forced[i] && s->node.entries[i].level == PLANNER_ONE_PF) {
                                untouched[bin] = false;
                                own[bin] = own[bin] || is_alike_in_place(k->items + i, e);
                        }
                }

        for (uint32_t bin = first; bin < k->n_bins; bin++) {
                if (!(e->is_fit ? !s->node.dead[bin] : s->node.open[bin]) || own[bin] ||
                    is_like_earlier_bin(s, bin, first, untouched))
                        continue;

                if (s->node.room[bin] >= e->size)
                        add_child(s, &(Child) { .place = bin, .room = s->node.room[bin] });
                else if (s->node.request->mode == PACK_LIGHTEST && s->node.open[bin])
                        find_sets(s, PLANNER_ONE_PF, bin, e->size - s->node.room[bin], e, s->node.room[bin]);
        }
}

static void add_groups(Search *s, uint32_t entry, uint32_t last, uint32_t last_place)
{
        const PackEntry *e = s->node.entries + entry;

        for (uint32_t g = is_like(s, entry, last) ? last_place : 0; g < s->pack->n_groups; g++) {
                uint32_t open, closed, taken;

                pack_node_room(&s->node, g, &open, &closed);
                taken = s->node.domains_of[g] + s->node.fits_of[g] + e->size;
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
        if (s->node.weight + c->weight >= s->best)
                return;

        for (size_t i = 0; i < c->n_set; i++)
                pack_node_move(&s->node, s->sets[c->set + i]);
        if (entry != NONE)
                pack_node_place(&s->node, entry, c->place);

        /* What has made way is placed before the next that is like this one. */
        search(s, c->n_set == 0 ? entry : NONE, c->place);

        if (entry != NONE)
                pack_node_unplace(&s->node, entry, c->place);
        for (size_t i = c->n_set; i > 0; i--)
                pack_node_unmove(&s->node, s->sets[c->set + i - 1]);
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

        s->best = s->node.weight;
        s->found = true;
        for (size_t i = 0; i < k->n_items; i++) {
                k->state[i] = s->node.state[i];
                k->at[i] = s->node.at[i];
        }
        for (size_t i = 0; i < s->node.request->n_fits; i++)
                k->fit_at[i] = s->node.at[k->n_items + i];
}

/* The end of a branch: of what has no place in it the lightest leave, and the rest may be anywhere. */
static void end_branch(Search *s, uint32_t surplus)
{
        PackBound *b = &s->bound;
        size_t n_stayed = 0;

        if (pack_bound_surplus(b, &s->node, surplus, true) == INFINITE)
                return;

        for (size_t i = 0; i < b->n_leavers; i++) {
                uint32_t item = b->leavers[i].index;

                if (!b->leavers[i].chosen)
                        continue;
                if (s->node.state[item] == PACK_STAYS) {
                        s->chosen[n_stayed++] = item;
                        pack_node_move(&s->node, item);
                }
                pack_node_place(&s->node, item, PACK_OUTSIDE);
        }

        note_solution(s);

        for (size_t i = 0; i < b->n_leavers; i++)
                if (b->leavers[i].chosen)
                        pack_node_unplace(&s->node, b->leavers[i].index, PACK_OUTSIDE);
        while (n_stayed > 0)
                pack_node_unmove(&s->node, s->chosen[--n_stayed]);
}

static void search(Search *s, uint32_t last, uint32_t last_place)
{
        size_t first_child = s->n_children, first_set = s->n_sets;
        uint32_t entry = NONE, surplus;
        uint64_t bound;

        if (s->error < 0 || s->node.weight >= s->best || (s->found && s->node.request->mode == PACK_ANY))
                return;
        surplus = pack_node_surplus(&s->node);
        if (!planner_budget_spend(s->budget) ||
            !planner_budget_spend_steps(s->budget, (uint64_t) surplus * s->pack->n_leavers)) {
                s->open_bound = s->node.weight < s->open_bound ? s->node.weight : s->open_bound;
                return;
        }
        bound = pack_bound_surplus(&s->bound, &s->node, surplus, false);
        if (bound == INFINITE || s->node.weight + bound >= s->best)
                return;

        for (uint32_t g = 0; g < s->pack->n_groups; g++) {
                uint32_t lack = pack_node_lack(&s->node, g);

                if (lack == 0)
                        continue;
                if (s->node.request->mode == PACK_LIGHTEST) {
                        find_sets(s, PLANNER_ONE_GROUP, g, lack, NULL, 0);
                        branch(s, NONE, first_child, first_set);
                }
                return;
        }

        bound = pack_bound_pieces(&s->bound, &s->node);
        if (bound == INFINITE || s->node.weight + bound >= s->best)
                return;

        for (size_t i = 0; i < s->node.n_order && entry == NONE; i++)
                if (s->node.state[s->node.order[i]] == PACK_WAITS)
                        entry = s->node.order[i];

        if (entry == NONE) {
                end_branch(s, surplus);
                return;
        }

        if (s->node.entries[entry].leave != PACK_NEVER)
                add_child(s, &(Child) { .place = PACK_OUTSIDE,
                                        .weight = s->node.entries[entry].leave,
                                        .room = UINT32_MAX });

        if (s->node.entries[entry].level == PLANNER_ONE_PF)
                add_bins(s, entry, last, last_place);
        else
                add_groups(s, entry, last, last_place);
        branch(s, entry, first_child, first_set);
}

static bool fits_in(const Search *s, const PackItem *item)
{
        for (size_t i = 0; i < item->n_parts; i++)
                if (!s->node.open[item->parts[i].bin] ||
                    s->node.room[item->parts[i].bin] < item->parts[i].count)
                        return false;

        return true;
}

/* When everything has been moved, much of it could have stayed. */
static void lighten(Search *s)
{
        PlannerPack *k = s->pack;

        for (uint32_t i = 0; i < k->n_items; i++)
                if (k->state[i] == PACK_PLACED)
                        pack_node_place(&s->node, i, k->at[i]);
        for (uint32_t i = 0; i < s->node.request->n_fits; i++)
                if (s->node.entries[k->n_items + i].level != PLANNER_ANYWHERE)
                        pack_node_place(&s->node, (uint32_t) k->n_items + i, k->fit_at[i]);

        for (uint32_t i = 0; i < k->n_items; i++) {
                bool was_placed = s->node.state[i] == PACK_PLACED, lacks = false;

                if (was_placed)
                        pack_node_unplace(&s->node, i, s->node.at[i]);
                if (fits_in(s, k->items + i)) {
                        pack_node_unmove(&s->node, i);
                        for (uint32_t g = 0; g < k->n_groups; g++)
                                lacks = lacks || pack_node_lack(&s->node, g) > 0;
                        if (!lacks && pack_node_surplus(&s->node) == 0)
                                continue;
                        pack_node_move(&s->node, i);
                }
                if (was_placed)
                        pack_node_place(&s->node, i, s->node.at[i]);
        }

        note_solution(s);
}

static int search_init(Search *s, const PackRequest *request)
{
        size_t n = s->pack->n_items + request->n_fits;
        int r;

        s->candidates = calloc(n + 1, sizeof(Candidate));
        s->chosen = calloc(n + 1, sizeof(uint32_t));
        if (!s->candidates || !s->chosen)
                return -ENOMEM;

        r = pack_node_init(&s->node, s->pack, request);
        return r < 0 ? r : pack_bound_init(&s->bound, s->pack, request);
}

int planner_pack_solve(PlannerPack *k, const PackRequest *request, PlannerBudget *budget,
                       uint64_t *ret_weight, uint64_t *ret_open)
{
        _cleanup_(search_done) Search s = {
                .pack = k,
                .budget = budget,
                .best = request->mode == PACK_ANY ? INFINITE : request->below,
                .open_bound = INFINITE,
        };
        int r;

        assert(request->n_fits <= PLANNER_FITS_MAX);

        r = search_init(&s, request);
        if (r < 0)
                return r;

        search(&s, NONE, NONE);
        if (s.error < 0 || s.bound.error < 0)
                return -ENOMEM;

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
