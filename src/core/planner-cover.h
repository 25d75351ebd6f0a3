/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* PlannerCover: of things with a size and a weight, the lightest that together are large enough. */

#include "basic/macro.h"

#define PLANNER_COVER_NONE UINT64_MAX

typedef struct PlannerCoverItem {
        uint32_t index; /* the caller's */
        uint32_t size;
        uint64_t weight;
        bool chosen; /* set by planner_cover(), when asked for */
} PlannerCoverItem;

/* *ret_weight is PLANNER_COVER_NONE when all of them together are too small. `choose`: also which; that takes memory for
 * each item and each unit of `need`. */
int planner_cover(PlannerCoverItem *list, size_t n, uint32_t need, bool choose,
                  uint64_t *ret_weight) _warn_unused_result_;
