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

int main(void)
{
        test_shares();
        return EXIT_SUCCESS;
}
