/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/family.h"

#include "test.h"

static PciAddress address(const char *s)
{
        PciAddress a;

        CHECK(pci_address_parse(s, &a) >= 0);
        return a;
}

/* From 0000:01:10.0: to itself, to another function of its card, to one of another card; and when it has gone. */
static void test_targets(void)
{
        static const struct {
                FamilyTargets targets; /* _FAMILY_TARGETS_MAX: no family */
                bool itself, card, other, gone;
        } table[] = {
                { TARGETS_ANY, true, true, true, true },
                { TARGETS_SAME_PHYSICAL_NODE, true, true, false, false },
                { TARGETS_SAME_FUNCTION, true, false, false, false },
                { TARGETS_NEVER, false, false, false, false },
                { _FAMILY_TARGETS_MAX, true, false, false, false },
        };
        const PciAddress from = address("0000:01:10.0");

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                Family family = { .name = (char[]) { "mi999" }, .targets = table[i].targets };
                const Family *known = table[i].targets == _FAMILY_TARGETS_MAX ? NULL : &family;
                const Function had = { .address = from,
                                       .physical_function = address("0000:01:00.0"),
                                       .family = known };
                Function card = had, other = had;

                card.address = address("0000:01:10.2");
                other.address = address("0000:02:10.0");
                other.physical_function = address("0000:02:00.0");

                CHECK(family_judge(&from, &had, &had, NULL) == table[i].itself);
                CHECK(family_judge(&from, &had, &card, NULL) == table[i].card);
                CHECK(family_judge(&from, &had, &other, NULL) == table[i].other);
                CHECK(family_judge(&from, NULL, &card, NULL) == table[i].gone);
                /* Another one that has its address now. */
                CHECK(family_judge(&from, NULL, &had, NULL) == table[i].gone);
        }
}

static void expect_reason(const Family *family, const char *words)
{
        const PciAddress from = address("0000:01:10.0");
        const Function to = { .address = address("0000:02:10.0"),
                              .identity = { .vendor = 0x1002, .device = 0x74b5 },
                              .family = family };
        Findings why = { 0 };

        CHECK(!family_judge(&from, NULL, &to, &why));
        CHECK(why.n == 1 && why.list[0].code == FAILURE_INCOMPATIBLE && why.list[0].blocking);
        CHECK(strstr(why.list[0].message, "0000:01:10.0") && strstr(why.list[0].message, "0000:02:10.0"));
        CHECK(strstr(why.list[0].message, words));
        CHECK(strstr(why.list[0].remedy, "families.d"));
        findings_done(&why);
}

static void test_reasons(void)
{
        Family family = { .name = (char[]) { "mi999" }, .targets = TARGETS_SAME_PHYSICAL_NODE };

        expect_reason(&family, "family mi999 goes on only with a function of the same physical function");
        family.targets = TARGETS_NEVER;
        expect_reason(&family, "family mi999 is not to be hibernated");
        expect_reason(NULL, "1002:74b5 is of no known family");
}

static void test_find(void)
{
        FamilyDevice one = { 1, 2 }, two[] = { { 1, 3 }, { 2, 2 } };
        Family list[] = { { .devices = &one, .n_devices = 1 }, { .devices = two, .n_devices = 2 } };
        const Families families = { .list = list, .n = 2 };

        CHECK(families_find(&families, 1, 2) == list && families_find(&families, 2, 2) == list + 1);
        CHECK(!families_find(&families, 2, 3) && !families_find(NULL, 1, 2));
}

int main(void)
{
        test_targets();
        test_reasons();
        test_find();
        return EXIT_SUCCESS;
}
