/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pci-address.h"

#include "test.h"

static void test_round_trip(void)
{
        static const char *const good[] = { "0000:00:00.0", "0000:01:10.2", "ffff:ff:1f.7", "10000:01:00.0",
                                            "ffffffff:ff:1f.7" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                PciAddress a;

                CHECK(pci_address_parse(good[i], &a) >= 0);
                CHECK(streq(PCI_ADDRESS_STR(&a), good[i]));
        }
}

static void test_refused(void)
{
        static const char *const bad[] = {
                "",
                " 0000:01:10.2",
                "0000:01:10.2 ",
                "01:10.2",
                "000:01:10.2",
                "0000:1:10.2",
                "0000:01:20.0",
                "0000:01:10.8",
                "0000:01:10",
                "0000:01:10.",
                "0000:01:10.22",
                "0000:01:10.2/../../etc",
                "0000-01-10-2",
                "0x00:01:10.2",
                "123456789:01:10.2",
                "0000:01:-1.2",
        };
        PciAddress a = { .bus = 42 };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(pci_address_parse(bad[i], &a) == -EINVAL);
        CHECK(pci_address_parse(NULL, &a) == -EINVAL);
        CHECK(a.bus == 42);
}

static void test_order(void)
{
        static const char *const ascending[] = { "0000:01:10.2", "0000:01:10.3", "0000:01:11.0",
                                                 "0000:02:00.0", "0001:00:00.0" };

        for (size_t i = 0; i < ELEMENTSOF(ascending); i++)
                for (size_t k = 0; k < ELEMENTSOF(ascending); k++) {
                        PciAddress a, b;

                        CHECK(pci_address_parse(ascending[i], &a) >= 0);
                        CHECK(pci_address_parse(ascending[k], &b) >= 0);
                        CHECK((pci_address_compare(&a, &b) < 0) == (i < k));
                        CHECK(pci_address_equal(&a, &b) == (i == k));
                }
}

int main(void)
{
        test_round_trip();
        test_refused();
        test_order();
        return EXIT_SUCCESS;
}
