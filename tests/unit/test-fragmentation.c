/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fragmentation.h"

#include "test.h"

static PciAddress address(const char *s)
{
        PciAddress a;

        CHECK(pci_address_parse(s, &a) >= 0);
        return a;
}

static void expect_share(const PoolShare *s, const char *pool, bool in_use, uint32_t largest_free)
{
        CHECK(streq(s->pool, pool) && s->in_use == in_use && s->largest_free == largest_free);
}

static void test_shares(void)
{
        const PciAddress first = address("0000:01:00.0"), second = address("0000:02:00.0");
        char a[] = "a", b[] = "b";
        Function f[] = {
                { .physical_function = second, .pool = a, .identity.device = 1 },
                { .physical_function = first, .pool = b, .identity.device = 1 },
                { .physical_function = first, .pool = a, .identity.device = 2 },
                { .physical_function = second, .pool = a, .identity.device = 2 },
                { .physical_function = second, .pool = a, .identity.device = 1 },
                { .physical_function = first, .pool = a, .identity.device = 2 },
        };
        PoolShare *shares;
        size_t n;

        CHECK(pool_shares(NULL, 0, &shares, &n) >= 0 && n == 0);
        free(shares);

        CHECK(pool_shares(f, ELEMENTSOF(f), &shares, &n) >= 0 && n == 3);
        expect_share(shares + 0, "a", false, 2);
        expect_share(shares + 1, "b", false, 1);
        expect_share(shares + 2, "a", false, 2); /* of three, two of a kind */
        free(shares);

        /* A driver of the host has it: it is nobody's, and cannot be had. */
        f[0].driver = (char[]) { "amdgpu" };
        CHECK(pool_shares(f, ELEMENTSOF(f), &shares, &n) >= 0 && n == 3);
        expect_share(shares + 2, "a", false, 1);
        free(shares);
        f[0].driver = NULL;

        /* One that is in use keeps its card from the other pool as well; a quarantined one keeps it from nobody. */
        f[1].state = FUNCTION_ASSIGNED;
        f[3].state = FUNCTION_QUARANTINED;
        CHECK(pool_shares(f, ELEMENTSOF(f), &shares, &n) >= 0 && n == 3);
        expect_share(shares + 0, "a", true, 2);
        expect_share(shares + 1, "b", true, 0);
        expect_share(shares + 2, "a", false, 2);
        free(shares);

        for (FunctionState s = FUNCTION_FREE; s < _FUNCTION_STATE_MAX; s++) {
                f[0].state = s;
                CHECK(pool_shares(f, 1, &shares, &n) >= 0 && n == 1);
                expect_share(shares, "a", s != FUNCTION_FREE && s != FUNCTION_QUARANTINED,
                             s == FUNCTION_FREE);
                free(shares);
        }
}

static void add(Function *list, size_t *n, const char *pf, const char *group, uint32_t count,
                FunctionState state)
{
        for (uint32_t i = 0; i < count; i++) {
                list[*n] = (Function) {
                        .physical_function = address(pf),
                        .pool = (char *) "a",
                        .kind = (char *) "k",
                        .group = (char *) group,
                        .state = state,
                };
                list[*n].address = list[*n].physical_function;
                list[*n].address.slot = (uint8_t) (1 + *n);
                (*n)++;
        }
}

static void test_measure(void)
{
        const RequestShare mix[] = { { 2, PLANNER_ONE_PF, 0.5 },
                                     { 4, PLANNER_ONE_GROUP, 0.25 },
                                     { 5, PLANNER_ANYWHERE, 0.25 } };
        Function f[31];
        Fragmentation m;
        size_t n = 0;

        CHECK(fragmentation_measure(NULL, 0, "a", mix, ELEMENTSOF(mix), &m) >= 0);
        CHECK(m.n_free == 0 && m.unusable == 0 && m.largest_on_pf == 0);

        /* One here and two there in one group, one in another, and one that nobody can have. */
        add(f, &n, "0000:01:00.0", "g", 1, FUNCTION_FREE);
        add(f, &n, "0000:01:00.0", "g", 3, FUNCTION_ASSIGNED);
        add(f, &n, "0000:02:00.0", "g", 2, FUNCTION_FREE);
        add(f, &n, "0000:03:00.0", NULL, 2, FUNCTION_FREE);
        f[n - 1].is_dead = true;
        CHECK(fragmentation_measure(f, n, "b", mix, ELEMENTSOF(mix), &m) >= 0 && m.n_free == 0);
        CHECK(fragmentation_measure(f, n, "a", mix, ELEMENTSOF(mix), &m) >= 0);
        CHECK(m.n_free == 5 && m.stranded == 1 && m.largest_on_pf == 2 && m.largest_in_group == 3);
        /* Two on one: those that are alone, and the dead; four in a group: none; five anywhere: none of four. */
        CHECK(m.unusable > 0.5 * 3 / 5 + 0.5 - 1e-9 && m.unusable < 0.5 * 3 / 5 + 0.5 + 1e-9);

        /* Whole, there is nothing that cannot be used. */
        n = 0;
        add(f, &n, "0000:01:00.0", NULL, 8, FUNCTION_FREE);
        CHECK(fragmentation_measure(f, n, "a", request_mix_default, ELEMENTSOF(request_mix_default), &m) >=
              0);
        CHECK(m.unusable == 0 && m.largest_on_pf == 8 && m.largest_in_group == 8);
        f[0].kind = (char *) "other";
        CHECK(fragmentation_measure(f, n, "a", request_mix_default, ELEMENTSOF(request_mix_default), &m) >=
              0);
        CHECK(m.unusable > 0 && m.largest_on_pf == 7);
}

int main(void)
{
        test_shares();
        test_measure();
        return EXIT_SUCCESS;
}
