/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner-cover.h"

/* A knapsack the other way round: least[k] is what the lightest weigh that have k or more. */
int planner_cover(PlannerCoverItem *list, size_t n, uint32_t need, bool choose, uint64_t *ret_weight)
{
        const size_t width = (size_t) need + 1;
        _cleanup_free_ uint64_t *least = calloc(width, sizeof(uint64_t));
        _cleanup_free_ bool *takes = choose ? calloc(n + 1, width * sizeof(bool)) : NULL;

        if (!least || (choose && !takes))
                return -ENOMEM;

        for (size_t k = 1; k < width; k++)
                least[k] = PLANNER_COVER_NONE;

        for (size_t i = 0; i < n; i++)
                for (size_t k = need; k > 0; k--) { /* from the top: each is taken once */
                        uint64_t rest = least[k > list[i].size ? k - list[i].size : 0];

                        if (rest == PLANNER_COVER_NONE || rest + list[i].weight >= least[k])
                                continue;
                        least[k] = rest + list[i].weight;
                        if (choose)
                                takes[i * width + k] = true;
                }

        *ret_weight = least[need];
        if (!choose || least[need] == PLANNER_COVER_NONE)
                return 0;

        for (size_t i = n, k = need; i > 0; i--) {
                list[i - 1].chosen = k > 0 && takes[(i - 1) * width + k];
                if (list[i - 1].chosen)
                        k -= list[i - 1].size < k ? list[i - 1].size : k;
        }

        return 0;
}
