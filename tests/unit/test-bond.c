/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/bond.h"

#include "test.h"

static Function function(uint8_t card, int node, const char *hive)
{
        Function f = { .physical_function = { .bus = card }, .numa_node = node };

        if (hive)
                CHECK(attributes_set(&f.identity.attributes, ATTRIBUTE_HIVE, hive) >= 0);
        return f;
}

static void test_table(void)
{
        const Function a = function(1, 0, "h1"), a2 = function(1, 0, "h1"), b = function(2, 0, "h1"),
                       c = function(3, 0, "h2"), d = function(4, 1, NULL), d2 = function(4, 1, NULL),
                       e = function(5, 1, NULL), lost = function(6, -1, NULL), lost2 = function(7, -1, NULL);
        const struct {
                const Function *functions[3];
                size_t n;
                Bond bond;
        } table[] = {
                { { &a }, 1, BOND_NONE },         { { &a, &a2 }, 2, BOND_HIVE },
                { { &a, &b }, 2, BOND_HIVE },     { { &a, &c }, 2, BOND_NODE },
                { { &a, &b, &c }, 3, BOND_NODE }, { { &d, &d2 }, 2, BOND_CARD },
                { { &d, &e }, 2, BOND_NODE },     { { &a, &d }, 2, BOND_NONE },
                { { &a, NULL }, 2, BOND_NONE },   { { &lost, &lost2 }, 2, BOND_NONE },
                { { NULL }, 0, BOND_NONE },
        };
        Function by_group = d, by_group2 = e;

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                CHECK(bond_of(table[i].functions, table[i].n) == table[i].bond);

        /* An inventory says "group". */
        by_group.group = by_group2.group = (char[]) { "ring" };
        CHECK(bond_of((const Function *[]) { &by_group, &by_group2 }, 2) == BOND_HIVE);
        CHECK(bond_holds(BOND_HIVE, &by_group, &by_group2) && !bond_holds(BOND_HIVE, &by_group, &d));
        CHECK(!bond_holds(BOND_NONE, &a, &a));
}

int main(void)
{
        test_table();
        return EXIT_SUCCESS;
}
