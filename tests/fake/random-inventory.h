/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inventories and goals by chance, the same everywhere for the same seed; and a judge of plans that knows
 * nothing of how they are made. */

#include "core/planner.h"

typedef struct Chance {
        uint64_t state;
} Chance;

uint32_t chance_below(Chance *c, uint32_t n);
bool chance_percent(Chance *c, uint32_t percent);

typedef struct InventoryShape {
        uint32_t n_pfs, n_functions_of_pf, n_domains, n_kinds, n_groups;
        uint32_t domain_max;   /* functions of the largest domain */
        uint32_t busy_percent; /* so many of the functions are domains', as far as they find room */
        uint32_t odd_percent;  /* how much is quarantined, held, immovable, spread against its affinity */
        bool images;           /* domains tell the bytes of theirs: at a rate of 2 sums are exact, too */
} InventoryShape;

/* Costs are multiples of half a second, so that sums of them are exact. Aborts without memory. */
void random_inventory(Chance *c, const InventoryShape *shape, const char *host, Inventory *ret);
/* 1 to 3 goals. Returns how many. */
size_t random_goals(Chance *c, const InventoryShape *shape, PlannerGoal ret[static 3]);

/* NULL: each wave can be carried out, nothing ever has two owners, no limit is exceeded, and at the end
 * all goals are reached at the cost that is said. Else what is wrong. */
const char *judge_plan(const Fleet *fleet, const PlannerGoal *goals, size_t n_goals, const PlannerPlan *plan,
                       const PlannerOptions *options);
