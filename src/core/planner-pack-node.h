/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* PackNode: where the search of core/planner-pack.h stands: who stays, who waits, who has which place, and the room that is
 * left. */

#include "core/planner-pack.h"

/* What waits to be placed: items by their numbers, then fits. */
typedef struct PackEntry {
        PlannerLevel level;
        uint32_t size;
        bool is_fit;
        uint64_t leave; /* what it weighs to place it outside, PACK_NEVER: it cannot be */
} PackEntry;

typedef struct PackNode {
        const PlannerPack *pack;
        const PackRequest *request;

        PackEntry *entries; /* owned */
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
        uint64_t weight;          /* of those who have moved, and leave */
} PackNode;

void pack_node_done(PackNode *node);
/* Where nobody has moved but who must. Both must outlive it. */
int pack_node_init(PackNode *node, const PlannerPack *k, const PackRequest *request) _warn_unused_result_;

/* It waits then, or stays again. */
void pack_node_move(PackNode *node, uint32_t item);
void pack_node_unmove(PackNode *node, uint32_t item);
/* In a bin, a group, or PACK_OUTSIDE. */
void pack_node_place(PackNode *node, uint32_t entry, uint32_t place);
void pack_node_unplace(PackNode *node, uint32_t entry, uint32_t place);

/* What an item has in a bin, or in a group. */
uint32_t pack_share_of(const PlannerPack *k, const PackItem *item, PlannerLevel level, uint32_t place);
/* Of a group: room of all bins for domains, and of those for fits alone. */
void pack_node_room(const PackNode *node, uint32_t group, uint32_t *ret_open, uint32_t *ret_closed);
/* By how many functions more is promised in a group than it has. */
uint32_t pack_node_lack(const PackNode *node, uint32_t group);
/* So many functions have to leave the host: what waits has to find room in open bins, and with the fits in all that are
 * not dead. Who makes way or finds a place changes nothing in that. */
uint32_t pack_node_surplus(const PackNode *node);
