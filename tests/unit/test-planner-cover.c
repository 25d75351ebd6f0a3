/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lightest cover against all there is. */

#include "core/planner-cover.h"

#include "test.h"

#define ITEMS_MAX 8U

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t) (seed >> 33) % n;
}

static uint64_t try_all(const PlannerCoverItem *list, size_t n, uint32_t need)
{
        uint64_t best = PLANNER_COVER_NONE;

        for (uint32_t set = 0; set < 1U << n; set++) {
                uint64_t size = 0, weight = 0;

                for (size_t i = 0; i < n; i++) {
                        size += set >> i & 1 ? list[i].size : 0;
                        weight += set >> i & 1 ? list[i].weight : 0;
                }
                if (size >= need && weight < best)
                        best = weight;
        }

        return best;
}

static void test_random(void)
{
        PlannerCoverItem list[ITEMS_MAX] = { 0 };
        size_t n = random_below(ITEMS_MAX + 1);
        uint32_t need = random_below(16);
        uint64_t bound, weight, size = 0, sum = 0;

        for (size_t i = 0; i < n; i++)
                list[i] = (PlannerCoverItem) { .size = 1 + random_below(6), .weight = random_below(20) };

        CHECK(planner_cover(list, n, need, false, &bound) >= 0);
        CHECK(planner_cover(list, n, need, true, &weight) >= 0);
        CHECK(bound == weight && weight == try_all(list, n, need));
        if (weight == PLANNER_COVER_NONE)
                return;

        for (size_t i = 0; i < n; i++) {
                size += list[i].chosen ? list[i].size : 0;
                sum += list[i].chosen ? list[i].weight : 0;
        }
        CHECK(size >= need && sum == weight);
}

int main(void)
{
        for (uint64_t i = 0; i < 5000; i++) {
                seed = i;
                test_random();
        }

        return EXIT_SUCCESS;
}
