/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/family.h"
#include "core/pool.h"

#include "test.h"

static const FunctionIdentity kind_a = {
        .vendor = 0x1002,
        .device = 0x74b6,
        .subvendor = 0x1002,
        .subdevice = 0x74b6,
        .class_code = 0x120000,
        .bars = { { .bytes = 1 << 20, .mem64 = true, .prefetchable = true } },
};

static const CompatGuest new_guest = { .identity = &kind_a };

static const Family any = { .targets = TARGETS_ANY };

static PciAddress address(const char *s)
{
        PciAddress a;

        CHECK(pci_address_parse(s, &a) >= 0);
        return a;
}

/* Two cards of three functions each, all free. */
static void make_functions(Function f[6])
{
        static const char *const addresses[] = { "0000:01:10.0", "0000:01:10.2", "0000:01:10.4",
                                                 "0000:02:10.0", "0000:02:10.2", "0000:02:10.4" };

        for (size_t i = 0; i < 6; i++)
                f[i] = (Function) {
                        .address = address(addresses[i]),
                        .physical_function = address(i < 3 ? "0000:01:00.0" : "0000:02:00.0"),
                        .identity = kind_a,
                        .family = &any,
                };
}

/* By the family, of functions that could be had. */
static const char forbidden[] = "forbidden";

/* expected: NULL when there is none. */
static void expect_pick(const Function *f, const char *current, PickPolicy policy, const char *expected)
{
        FunctionRef from = { 0 };
        PciAddress got;
        Failure why = { 0 };
        int r;

        if (current)
                from.address = address(current);
        r = pool_pick(f, 6,
                      &(PoolRequest) { .wants = &kind_a,
                                       .from = current ? &from : NULL,
                                       .leave = current,
                                       .n = 1,
                                       .policy = policy },
                      &got, &why);
        if (!expected || expected == forbidden) {
                CHECK(r < 0 && why.code == (expected ? FAILURE_INCOMPATIBLE : FAILURE_NO_FREE_FUNCTION));
                failure_done(&why);
                return;
        }
        CHECK(r >= 0);
        CHECK(streq(PCI_ADDRESS_STR(&got), expected));
}

static void test_policies(void)
{
        Function f[6];

        make_functions(f);
        expect_pick(f, NULL, PICK_PACK, "0000:01:10.0");
        f[3].state = FUNCTION_ASSIGNED;
        expect_pick(f, NULL, PICK_PACK, "0000:02:10.2");
        expect_pick(f, NULL, PICK_SPREAD, "0000:01:10.0");
}

/* By the node of the guest's memory, else by that of what it has; there like pack. */
static void test_near(void)
{
        const FunctionRef from = { .address = address("0000:01:10.0") };
        const int node = 1, nowhere = 7;
        PoolRequest request = {
                .wants = &kind_a, .from = &from, .n = 1, .policy = PICK_NEAR, .memory_node = &node
        };
        PciAddress got;
        Function f[6];

        make_functions(f);
        for (size_t i = 0; i < 6; i++)
                f[i].numa_node = i < 3 ? 0 : 1;
        f[0].state = f[1].state = FUNCTION_ASSIGNED;
        CHECK(pool_pick(f, 6, &request, &got, NULL) >= 0 && streq(PCI_ADDRESS_STR(&got), "0000:02:10.0"));
        request.memory_node = &nowhere;
        CHECK(pool_pick(f, 6, &request, &got, NULL) >= 0 && streq(PCI_ADDRESS_STR(&got), "0000:01:10.4"));
        request.memory_node = NULL;
        CHECK(pool_pick(f, 6, &request, &got, NULL) >= 0 && streq(PCI_ADDRESS_STR(&got), "0000:01:10.4"));
        f[0].numa_node = 1;
        CHECK(pool_pick(f, 6, &request, &got, NULL) >= 0 && streq(PCI_ADDRESS_STR(&got), "0000:02:10.0"));
        f[0].numa_node = -1;
        CHECK(pool_pick(f, 6, &request, &got, NULL) >= 0 && streq(PCI_ADDRESS_STR(&got), "0000:01:10.4"));
        /* A move leaves the card all the same. */
        f[0].numa_node = 0;
        request.leave = true;
        CHECK(pool_pick(f, 6, &request, &got, NULL) >= 0 && streq(PCI_ADDRESS_STR(&got), "0000:02:10.0"));
}

/* What the operator prefers comes before what the policy does, and after what the job wants. */
static void test_ranks(void)
{
        Function f[6];

        make_functions(f);
        for (size_t i = 0; i < 6; i++)
                f[i].rank = 2;
        f[0].state = FUNCTION_ASSIGNED;
        f[4].rank = 1;
        expect_pick(f, NULL, PICK_PACK, "0000:02:10.2");
        f[1].rank = 0;
        expect_pick(f, NULL, PICK_SPREAD, "0000:01:10.2");
        expect_pick(f, "0000:01:10.0", PICK_PACK, "0000:02:10.2");
}

static void test_a_move_leaves_the_card(void)
{
        Function f[6];

        make_functions(f);
        f[0].state = FUNCTION_ASSIGNED;
        expect_pick(f, "0000:01:10.0", PICK_PACK, "0000:02:10.0");
        f[3].state = f[4].state = f[5].state = FUNCTION_HELD;
        expect_pick(f, "0000:01:10.0", PICK_PACK, "0000:01:10.2");
        f[1].state = FUNCTION_LEASED;
        f[2].state = FUNCTION_QUARANTINED;
        expect_pick(f, "0000:01:10.0", PICK_PACK, NULL);
}

static void test_all_or_none(void)
{
        FunctionIdentity wants[2] = { kind_a, kind_a };
        const PoolRequest request = { .wants = wants, .n = 2 };
        PciAddress got[2] = { 0 };
        Failure why = { 0 };
        Function f[6];

        make_functions(f);
        for (size_t i = 1; i < 6; i++)
                f[i].state = FUNCTION_ASSIGNED;
        CHECK(pool_pick(f, 6, &request, got, &why) < 0);
        CHECK(why.code == FAILURE_NO_FREE_FUNCTION);
        CHECK(got[0].bus == 0);
        failure_done(&why);

        f[5].state = FUNCTION_FREE;
        CHECK(pool_pick(f, 6, &request, got, &why) >= 0);
        CHECK(!pci_address_equal(&got[0], &got[1]));
}

/* The first would like to leave its card, and gives way to the second, which can go nowhere else. */
static void test_first_gives_way(void)
{
        const Family node = { .name = (char[]) { "node" }, .targets = TARGETS_SAME_PHYSICAL_NODE };
        const FunctionIdentity wants[] = { kind_a, kind_a };
        const FunctionRef from[] = { { .address = address("0000:02:10.0") },
                                     { .address = address("0000:01:10.0") } };
        const PoolRequest request = { .wants = wants, .from = from, .leave = true, .n = 2 };
        PciAddress got[2];
        Function f[6];

        make_functions(f);
        f[0].state = f[2].state = f[3].state = f[5].state = FUNCTION_ASSIGNED;
        f[4].family = &node; /* for one of its own card alone */
        CHECK(pool_pick(f, 6, &request, got, NULL) >= 0);
        CHECK(streq(PCI_ADDRESS_STR(&got[0]), "0000:02:10.2"));
        CHECK(streq(PCI_ADDRESS_STR(&got[1]), "0000:01:10.2"));
}

typedef struct TogetherCase {
        const char *what;
        const char *states; /* a digit: of each function, 'f' free, 'a' assigned; the domain has the first two */
        PickPolicy policy;
        bool leave;
        const char *expected[2]; /* NULL: none */
} TogetherCase;

/* Two cards of three functions each; what was on one card goes to one. */
static void test_together(void)
{
        static const TogetherCase table[] = {
                { "both leave", "aaffff", PICK_PACK, true, { "0000:02:10.0", "0000:02:10.2" } },
                { "around one that somebody has",
                  "aafaff",
                  PICK_PACK,
                  true,
                  { "0000:02:10.2", "0000:02:10.4" } },
                { "there is one left on each card", "aafaaf", PICK_PACK, true, { NULL } },
                { "nothing is free", "aaaaaa", PICK_PACK, true, { NULL } },
        };
        const FunctionIdentity wants[] = { kind_a, kind_a };
        const FunctionRef from[] = { { .address = address("0000:01:10.0") },
                                     { .address = address("0000:01:10.2") } };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const PoolRequest request = { .wants = wants,
                                              .from = from,
                                              .leave = table[i].leave,
                                              .together = true,
                                              .n = 2,
                                              .policy = table[i].policy };
                _cleanup_(failure_done) Failure why = { 0 };
                PciAddress got[2];
                Function f[6];
                int r;

                make_functions(f);
                for (size_t k = 0; k < 6; k++)
                        f[k].state = table[i].states[k] == 'f' ? FUNCTION_FREE : FUNCTION_ASSIGNED;

                r = pool_pick(f, 6, &request, got, &why);
                if ((r >= 0) != (table[i].expected[0] != NULL))
                        (void) fprintf(stderr, "%s: %s\n", table[i].what, failure_message(&why));
                CHECK((r >= 0) == (table[i].expected[0] != NULL));
                for (size_t k = 0; r >= 0 && k < 2; k++)
                        CHECK(streq(PCI_ADDRESS_STR(got + k), table[i].expected[k]));
                CHECK(r >= 0 || why.code == FAILURE_NO_FREE_FUNCTION);
        }
}

/* A hive is more than a card: of two that have room the one that the policy likes. */
static void test_hives(void)
{
        const FunctionIdentity wants[] = { kind_a, kind_a };
        const FunctionRef from[] = { { .address = address("0000:01:10.0") },
                                     { .address = address("0000:02:10.0") } };
        PoolRequest request = { .wants = wants, .from = from, .leave = true, .together = true, .n = 2 };
        PciAddress got[2];
        Function f[12];

        make_functions(f);
        make_functions(f + 6);
        for (size_t i = 0; i < 12; i++) {
                if (i >= 6) {
                        f[i].address.bus = (uint8_t) (f[i].address.bus + 2);
                        f[i].physical_function.bus = (uint8_t) (f[i].physical_function.bus + 2);
                }
                CHECK(attributes_set(&f[i].identity.attributes, ATTRIBUTE_HIVE, i < 6 ? "a" : "b") >= 0);
        }
        f[0].state = f[3].state = FUNCTION_ASSIGNED;
        CHECK(pool_pick(f, 12, &request, got, NULL) >= 0);
        CHECK(got[0].bus == 3 && got[1].bus == 3);

        /* One of the other hive alone is not enough: then what is left at home, all in one. */
        for (size_t i = 7; i < 12; i++)
                f[i].state = FUNCTION_ASSIGNED;
        CHECK(pool_pick(f, 12, &request, got, NULL) >= 0);
        CHECK(got[0].bus <= 2 && got[1].bus <= 2);

        /* Who has only one there could go on with what is free of both, and is told why not. */
        for (size_t i = 0; i < 5; i++)
                f[i].state = FUNCTION_ASSIGNED;
        {
                _cleanup_(failure_done) Failure why = { 0 };

                CHECK(pool_pick(f, 12, &request, got, &why) < 0);
                CHECK(why.code == FAILURE_NO_FREE_FUNCTION && strstr(why.message, "of one hive"));
        }
        request.together = false;
        CHECK(pool_pick(f, 12, &request, got, NULL) >= 0);
}

/* Pools are borders: a domain stays in its own, unless a function is named. */
static void test_pools(void)
{
        char even[] = "even", odd[] = "odd";
        Function f[6];

        make_functions(f);
        for (size_t i = 0; i < 6; i++)
                f[i].pool = i % 2 == 0 ? even : odd;
        expect_pick(f, "0000:01:10.0", PICK_PACK, "0000:02:10.2");
        f[4].state = FUNCTION_ASSIGNED;
        expect_pick(f, "0000:01:10.0", PICK_PACK, "0000:01:10.4");
        f[2].state = FUNCTION_ASSIGNED;
        expect_pick(f, "0000:01:10.0", PICK_PACK, NULL);
}

/* What the family allows, beside what the device is. */
static void test_families(void)
{
        const Family node = { .name = (char[]) { "node" }, .targets = TARGETS_SAME_PHYSICAL_NODE };
        FunctionRef from = { .address = address("0000:01:10.0") };
        PciAddress got;
        PoolRequest request = { .wants = &kind_a, .from = &from, .n = 1 };
        Function f[6];

        make_functions(f);
        for (size_t i = 0; i < 6; i++)
                f[i].family = &node;
        expect_pick(f, "0000:01:10.0", PICK_PACK, "0000:01:10.2");
        f[1].state = f[2].state = FUNCTION_ASSIGNED;
        expect_pick(f, "0000:01:10.0", PICK_PACK, forbidden);
        f[3].state = f[4].state = f[5].state = FUNCTION_ASSIGNED;
        expect_pick(f, "0000:01:10.0", PICK_PACK, NULL);
        f[3].state = f[4].state = f[5].state = FUNCTION_FREE;
        /* What there is to choose from need not have what the domain had. */
        f[1].state = FUNCTION_FREE;
        CHECK(pool_pick(f + 1, 5, &request, &got, NULL) < 0);
        request.host = f;
        request.n_host = 6;
        CHECK(pool_pick(f + 1, 5, &request, &got, NULL) >= 0 && pci_address_equal(&got, &f[1].address));

        for (size_t i = 0; i < 6; i++)
                f[i].family = NULL;
        expect_pick(f, "0000:01:10.0", PICK_PACK, forbidden);
        expect_pick(f, NULL, PICK_PACK, "0000:01:10.0"); /* nobody has had one */
}

static void expect_refusal(const Function *f, FailureCode code, const char *text)
{
        Findings why = { 0 };

        CHECK(!pool_judge(f, &new_guest, &why));
        CHECK(!pool_judge(f, &new_guest, NULL));
        CHECK(why.n == 1 && why.list[0].blocking && why.list[0].remedy);
        CHECK(why.list[0].code == code && why.list[0].scope == FINDING_FUNCTION);
        CHECK(strstr(why.list[0].message, PCI_ADDRESS_STR(&f->address)));
        CHECK(strstr(why.list[0].message, text));
        findings_done(&why);
}

static void test_each_refusal_has_its_reason(void)
{
        Function f[6];

        make_functions(f);
        CHECK(pool_judge(&f[0], &new_guest, NULL));
        f[0].state = FUNCTION_ASSIGNED;
        f[0].domain = (char[]) { "vm2" };
        expect_refusal(&f[0], FAILURE_FUNCTION_BUSY, "vm2");
        f[1].state = FUNCTION_QUARANTINED;
        f[1].reason = (char[]) { "reads all ones" };
        expect_refusal(&f[1], FAILURE_FUNCTION_BUSY, "reads all ones");
        f[2].driver = (char[]) { "amdgpu" };
        expect_refusal(&f[2], FAILURE_FOREIGN_DRIVER, "amdgpu");
        f[3].identity.bars[0].bytes = 1 << 19;
        expect_refusal(&f[3], FAILURE_INCOMPATIBLE, "BAR 0 is 512 KiB, the guest knows 1 MiB");
        f[4].identity.device = 0x74b5;
        expect_refusal(&f[4], FAILURE_INCOMPATIBLE, "device is 74b5, the guest knows 74b6");
        expect_pick(f, NULL, PICK_PACK, "0000:02:10.4");
}

typedef struct Considered {
        size_t n, fit;
        char first_reason[256];
} Considered;

static int on_considered(const Function *f, const Finding *why, void *userdata)
{
        Considered *c = userdata;

        c->fit += !why;
        if (c->n++ == 0)
                (void) snprintf(c->first_reason, sizeof(c->first_reason), "%s", why ? why->message : "fits");
        return c->n == 5 ? -ECANCELED : 0;
}

/* For one of several wants is enough; the pool is a border here as well. */
static void test_consider(void)
{
        const FunctionIdentity other = { .vendor = 0x1002, .device = 0x74b5 };
        const FunctionIdentity wants[] = { other, kind_a };
        PoolRequest request = { .wants = wants, .n = 1 };
        Considered none = { 0 }, some = { 0 };
        Function f[6];

        make_functions(f);
        CHECK(pool_consider(f, 4, &request, on_considered, &none) >= 0);
        CHECK(none.n == 4 && none.fit == 0 && strstr(none.first_reason, "the guest knows 74b5"));

        request.n = 2;
        f[0].state = FUNCTION_ASSIGNED;
        CHECK(pool_consider(f, 4, &request, on_considered, &some) >= 0);
        CHECK(some.n == 4 && some.fit == 3 && strstr(some.first_reason, "is assigned"));
        CHECK(pool_consider(f, 6, &request, on_considered, &(Considered) { 0 }) == -ECANCELED);
}

static void test_drivers(void)
{
        CHECK(function_driver_is_vfio(NULL));
        CHECK(function_driver_is_vfio("vfio-pci"));
        CHECK(function_driver_is_vfio("amd-vfio-pci"));
        CHECK(function_driver_is_vfio("mlx5_vfio_pci"));
        CHECK(!function_driver_is_vfio("igbvf"));
        CHECK(!function_driver_is_vfio("vfio-pci-not"));
}

int main(void)
{
        test_policies();
        test_near();
        test_ranks();
        test_a_move_leaves_the_card();
        test_all_or_none();
        test_first_gives_way();
        test_together();
        test_hives();
        test_pools();
        test_families();
        test_each_refusal_has_its_reason();
        test_consider();
        test_drivers();
        return EXIT_SUCCESS;
}
