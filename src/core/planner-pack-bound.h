/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PackBound: what a branch of the search of core/planner-pack.h must still cost, at least.
 *
 * For each t, an item of size s takes floor(s / t) pieces of size t, and room r has floor(r / t) of them. Where all rooms
 * together have too few, items have to make way, and the least that these weigh is a knapsack over each bin, and one over
 * the bins. Where items may leave the host, fewer pieces are missing by those that leave.
 *
 * How many functions have to leave follows from what waits and what is free, and nothing but leaving changes it: the least
 * that this weighs is a bound of its own.
 */

#include "core/planner-cover.h"
#include "core/planner-pack-node.h"

typedef struct PackBound {
        uint64_t *release;         /* owned; scratch: by functions, the least weight that frees them */
        uint64_t *raise;           /* owned; scratch: by pieces */
        PlannerCoverItem *leavers; /* owned: who could leave, as last asked for */
        size_t n_leavers;
        int error;
} PackBound;

void pack_bound_done(PackBound *b);
/* For nodes of this pack. */
int pack_bound_init(PackBound *b, const PlannerPack *k, const PackRequest *request) _warn_unused_result_;

/* PACK_NEVER: the branch leads nowhere. */
uint64_t pack_bound_pieces(PackBound *b, const PackNode *node);
/* When so many functions leave; with `choose`, leavers[] says who. PACK_NEVER: they cannot, or b->error. */
uint64_t pack_bound_surplus(PackBound *b, const PackNode *node, uint32_t surplus, bool choose);
