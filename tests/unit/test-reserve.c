/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/reserve.h"

#include "core/family.h"

#include "test.h"

static const FunctionIdentity kinds[] = {
        { .vendor = 0x1002, .device = 0x74b6, .class_code = 0x120000 },
        { .vendor = 0x1002, .device = 0x74bc, .class_code = 0x120000 },
};

static PciAddress address(const char *s)
{
        PciAddress a;

        CHECK(pci_address_parse(s, &a) >= 0);
        return a;
}

/* Three cards; the first two have functions of one kind, 01:10.0 in use, the third those of another. */
#define FUNCTIONS 8
static void make_functions(Function f[FUNCTIONS])
{
        static const char *const addresses[FUNCTIONS] = { "0000:01:10.0", "0000:01:10.1", "0000:01:10.2",
                                                          "0000:02:10.0", "0000:02:10.1", "0000:02:10.2",
                                                          "0000:03:10.0", "0000:03:10.1" };

        for (size_t i = 0; i < FUNCTIONS; i++) {
                f[i] = (Function) { .address = address(addresses[i]), .identity = kinds[i < 6 ? 0 : 1] };
                f[i].pool = (char *) (i < 6 ? "1002-74b6" : "1002-74bc");
                f[i].physical_function = (PciAddress) { .bus = f[i].address.bus };
        }
        f[0].state = FUNCTION_ASSIGNED;
        f[0].domain = (char *) "vm1";
}

static const struct {
        ReserveRequest request;
        PickPolicy policy;
        FailureCode code;
        const char *expected; /* the functions, or words of the refusal */
} table[] = {
        /* Any pool: one kind, the first that has enough. */
        { { .pool = "", .count = 1 }, PICK_PACK, FAILURE_NONE, "0000:01:10.1" },
        { { .pool = "", .count = 2 }, PICK_SPREAD, FAILURE_NONE, "0000:02:10.0 0000:02:10.1" },
        { { .pool = "", .count = 5 },
          PICK_PACK,
          FAILURE_NONE,
          "0000:01:10.1 0000:01:10.2 0000:02:10.0 0000:02:10.1 0000:02:10.2" },
        /* There are seven free ones, but not of one kind. */
        { { .pool = "", .count = 6 }, PICK_PACK, FAILURE_NO_FREE_FUNCTION, "assigned to domain vm1" },
        { { .pool = "1002-74bc", .count = 2 }, PICK_PACK, FAILURE_NONE, "0000:03:10.0 0000:03:10.1" },
        { { .pool = "1002-74bc", .count = 3 }, PICK_PACK, FAILURE_NO_FREE_FUNCTION, "2 of 3 found" },
        { { .pool = "8086-10ca", .count = 1 }, PICK_PACK, FAILURE_NO_FREE_FUNCTION, "'8086-10ca' is empty" },

        /* Like a domain: its kinds, over and over. */
        { { .pool = "", .count = 1, .like = &kinds[1], .n_like = 1 },
          PICK_PACK,
          FAILURE_NONE,
          "0000:03:10.0" },
        { { .pool = "", .count = 3, .like = kinds, .n_like = 2 },
          PICK_PACK,
          FAILURE_NONE,
          "0000:01:10.1 0000:03:10.0 0000:01:10.2" },
        { { .pool = "1002-74b6", .count = 1, .like = &kinds[1], .n_like = 1 },
          PICK_PACK,
          FAILURE_NO_FREE_FUNCTION,
          "device is 74b6, the guest knows 74bc" },

        /* On one card: where enough is free, the fullest or the emptiest of these. */
        { { .pool = "", .count = 2, .group = RESERVE_PF },
          PICK_PACK,
          FAILURE_NONE,
          "0000:01:10.1 0000:01:10.2" },
        { { .pool = "", .count = 2, .group = RESERVE_PF },
          PICK_SPREAD,
          FAILURE_NONE,
          "0000:02:10.0 0000:02:10.1" },
        { { .pool = "", .count = 3, .group = RESERVE_PF },
          PICK_PACK,
          FAILURE_NONE,
          "0000:02:10.0 0000:02:10.1 0000:02:10.2" },
        { { .pool = "", .count = 4, .group = RESERVE_PF },
          PICK_PACK,
          FAILURE_NO_FREE_FUNCTION,
          "no physical function has 4" },
        { { .pool = "", .count = 6, .group = RESERVE_PF },
          PICK_PACK,
          FAILURE_NO_FREE_FUNCTION,
          "assigned to domain vm1" },
        { { .pool = "1002-74bc", .count = 1, .group = RESERVE_PF },
          PICK_PACK,
          FAILURE_NONE,
          "0000:03:10.0" },
};

static void test_table(void)
{
        Function functions[FUNCTIONS];

        make_functions(functions);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(failure_done) Failure f = { 0 };
                PciAddress got[FUNCTIONS] = { 0 };
                char text[FUNCTIONS * PCI_ADDRESS_STRING_MAX] = "";
                int r = reserve_pick(functions, FUNCTIONS, &table[i].request, table[i].policy, got, &f);

                for (size_t k = 0; r >= 0 && k < table[i].request.count; k++) {
                        if (k > 0)
                                (void) strcat(text, " ");
                        (void) strcat(text, PCI_ADDRESS_STR(&got[k]));
                }

                if (f.code != table[i].code || (r >= 0 && !streq(text, table[i].expected)) ||
                    (r < 0 && !strstr(failure_message(&f), table[i].expected)))
                        (void) fprintf(stderr, "%zu: %s%s\n", i, text, failure_message(&f));
                CHECK(f.code == table[i].code && (r >= 0) == (f.code == FAILURE_NONE));
                CHECK(r < 0 ? strstr(failure_message(&f), table[i].expected) != NULL
                            : streq(text, table[i].expected));
                CHECK(r >= 0 || got[0].bus == 0); /* written only on success */
        }
}

static void test_no_functions(void)
{
        const ReserveRequest request = { .pool = "", .count = 1 };
        _cleanup_(failure_done) Failure f = { 0 };
        PciAddress got;

        CHECK(reserve_pick(NULL, 0, &request, PICK_PACK, &got, &f) < 0);
        CHECK(f.code == FAILURE_NO_FREE_FUNCTION);
}

/* A reservation for a guest has only what the family lets that guest use. */
static void test_family(void)
{
        const Family node = { .name = (char[]) { "node" }, .targets = TARGETS_SAME_PHYSICAL_NODE };
        const FunctionRef from = { .address = address("0000:01:10.0") };
        ReserveRequest request = { .pool = "", .count = 2, .like = kinds, .n_like = 1, .from = &from };
        Function f[FUNCTIONS];
        Failure why = { 0 };
        PciAddress got[3];

        make_functions(f);
        for (size_t i = 0; i < FUNCTIONS; i++)
                f[i].family = &node;
        CHECK(reserve_pick(f, FUNCTIONS, &request, PICK_SPREAD, got, NULL) >= 0);
        CHECK(pci_address_equal(got, &f[1].address) && pci_address_equal(got + 1, &f[2].address));
        request.group = RESERVE_PF;
        CHECK(reserve_pick(f, FUNCTIONS, &request, PICK_SPREAD, got, NULL) >= 0);
        CHECK(pci_address_equal(got, &f[1].address));

        request.count = 3;
        request.group = RESERVE_ANY;
        CHECK(reserve_pick(f, FUNCTIONS, &request, PICK_SPREAD, got, &why) < 0);
        CHECK(why.code == FAILURE_INCOMPATIBLE && strstr(failure_message(&why), "family node"));
        failure_done(&why);
        request.from = NULL;
        CHECK(reserve_pick(f, FUNCTIONS, &request, PICK_SPREAD, got, NULL) >= 0);
}

int main(void)
{
        test_table();
        test_no_functions();
        test_family();
        return EXIT_SUCCESS;
}
