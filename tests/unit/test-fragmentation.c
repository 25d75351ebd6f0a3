/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fragmentation.h"

#include "test.h"

static PciAddress address(const char *s)
{
        PciAddress a;

        CHECK(pci_address_parse(s, &a) >= 0);
        return a;
}

static void expect_share(const PoolShare *s, const char *pool, bool in_use)
{
        CHECK(streq(s->pool, pool) && s->in_use == in_use);
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
        expect_share(shares + 0, "a", false);
        expect_share(shares + 1, "b", false);
        expect_share(shares + 2, "a", false);
        free(shares);

        /* One that is in use keeps its card from the other pool as well; a quarantined one keeps it from nobody. */
        f[1].state = FUNCTION_ASSIGNED;
        f[3].state = FUNCTION_QUARANTINED;
        CHECK(pool_shares(f, ELEMENTSOF(f), &shares, &n) >= 0 && n == 3);
        expect_share(shares + 0, "a", true);
        expect_share(shares + 1, "b", true);
        expect_share(shares + 2, "a", false);
        free(shares);

        for (FunctionState s = FUNCTION_FREE; s < _FUNCTION_STATE_MAX; s++) {
                f[0].state = s;
                CHECK(pool_shares(f, 1, &shares, &n) >= 0 && n == 1);
                expect_share(shares, "a", s != FUNCTION_FREE && s != FUNCTION_QUARANTINED);
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

static void measure(const Function *functions, size_t n, const char *pool, const RequestShare *mix,
                    size_t n_mix, Fragmentation *ret)
{
        fragmentation_done(ret);
        CHECK(fragmentation_measure(functions, n, pool, mix, n_mix, ret) >= 0);
}

static void test_measure(void)
{
        const RequestShare mix[] = { { 2, PLANNER_ONE_PF, 0.5 },
                                     { 4, PLANNER_ONE_GROUP, 0.25 },
                                     { 5, PLANNER_ANYWHERE, 0.25 } };
        Function f[31];
        _cleanup_(fragmentation_done) Fragmentation m = { 0 };
        size_t n = 0;

        measure(NULL, 0, "a", mix, ELEMENTSOF(mix), &m);
        CHECK(m.n_free == 0 && m.unusable == 0 && m.largest_on_pf == 0);

        /* One here and two there in one group, one in another, and one that nobody can have. */
        add(f, &n, "0000:01:00.0", "g", 1, FUNCTION_FREE);
        add(f, &n, "0000:01:00.0", "g", 3, FUNCTION_ASSIGNED);
        add(f, &n, "0000:02:00.0", "g", 2, FUNCTION_FREE);
        add(f, &n, "0000:03:00.0", NULL, 2, FUNCTION_FREE);
        f[n - 1].is_dead = true;
        measure(f, n, "b", mix, ELEMENTSOF(mix), &m);
        CHECK(m.n_free == 0 && m.n_kinds == 0);
        measure(f, n, "a", mix, ELEMENTSOF(mix), &m);
        CHECK(m.n_free == 5 && m.stranded == 1 && m.largest_on_pf == 2 && m.largest_in_group == 3);
        /* Two on one: those that are alone, and the dead; four in a group: none; five anywhere: none of four. */
        CHECK(m.unusable > 0.5 * 3 / 5 + 0.5 - 1e-9 && m.unusable < 0.5 * 3 / 5 + 0.5 + 1e-9);

        /* Whole, there is nothing that cannot be used. */
        n = 0;
        add(f, &n, "0000:01:00.0", NULL, 8, FUNCTION_FREE);
        measure(f, n, "a", request_mix_default, ELEMENTSOF(request_mix_default), &m);
        CHECK(m.unusable == 0 && m.largest_on_pf == 8 && m.largest_in_group == 8);
        f[0].kind = (char *) "other";
        measure(f, n, "a", request_mix_default, ELEMENTSOF(request_mix_default), &m);
        CHECK(m.unusable > 0 && m.largest_on_pf == 7);
        CHECK(m.n_kinds == 2 && m.kinds[0].n == 1 && m.kinds[1].n_free == 7);
}

/* Each kind by itself: one all of which is taken is there too. */
static void test_kinds(void)
{
        _cleanup_(fragmentation_done) Fragmentation m = { 0 }, same = { 0 };
        Function f[8];
        size_t n = 0;

        add(f, &n, "0000:01:00.0", "g", 2, FUNCTION_ASSIGNED);
        add(f, &n, "0000:02:00.0", "g", 3, FUNCTION_FREE);
        add(f, &n, "0000:03:00.0", "g", 3, FUNCTION_FREE);
        for (size_t i = 0; i < 2; i++)
                f[i].kind = (char *) "full";
        f[2].identity = (FunctionIdentity) { .vendor = 0x1002, .device = 0x74b6 };
        f[n - 1].driver = (char *) "amdgpu";

        measure(f, n, "a", request_mix_default, ELEMENTSOF(request_mix_default), &m);
        CHECK(m.n_kinds == 2 && m.stranded == 1 && m.largest_on_pf == 3 && m.largest_in_group == 5);
        CHECK(m.kinds[0].n == 2 && m.kinds[0].n_free == 0 && m.kinds[0].largest_in_group == 0);
        CHECK(pci_address_equal(&m.kinds[1].like, &f[2].address) && m.kinds[1].device == 0x74b6);
        CHECK(m.kinds[1].n == 6 && m.kinds[1].n_free == 5);
        CHECK(m.kinds[1].largest_on_pf == 3 && m.kinds[1].largest_in_group == 5);

        measure(f, n, "a", request_mix_default, ELEMENTSOF(request_mix_default), &same);
        CHECK(kind_shares_equal(m.kinds, m.n_kinds, same.kinds, same.n_kinds));
        same.kinds[1].largest_in_group--;
        CHECK(!kind_shares_equal(m.kinds, m.n_kinds, same.kinds, same.n_kinds));
}

int main(void)
{
        test_shares();
        test_measure();
        test_kinds();
        return EXIT_SUCCESS;
}
