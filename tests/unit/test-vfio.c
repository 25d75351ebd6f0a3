/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/vfio.h"

#include "fake/sysfs-tree.h"
#include "test.h"

#define PF "0000:01:00.0"
#define VF "0000:01:10.0"
#define NEIGHBOUR "0000:01:10.2"

static const FunctionIdentity igbvf = { .vendor = 0x8086, .device = 0x10ca, .class_code = 0x020000 };

static PciAddress address(const char *s)
{
        PciAddress a;

        CHECK(pci_address_parse(s, &a) >= 0);
        return a;
}

static void make_tree(SysfsTree *t, const char *driver)
{
        sysfs_tree_init(t);
        sysfs_tree_add_driver(t, "vfio-pci");
        sysfs_tree_add_function(t, PF, NULL, &igbvf, "igb", 10);
        sysfs_tree_add_function(t, VF, PF, &igbvf, driver, 11);
}

static void expect_driver(const SysfsTree *t, const char *expected)
{
        _cleanup_free_ char *driver = sysfs_tree_driver(t, VF);

        CHECK(streq_ptr(driver, expected));
}

static void expect_override(const SysfsTree *t, const char *expected)
{
        _cleanup_free_ char *value = sysfs_tree_attribute(t, VF, "driver_override");

        CHECK(streq(value, expected));
}

static void expect_bind(const SysfsTree *t, bool expected)
{
        const PciAddress a = address(VF);
        bool bound;

        CHECK(vfio_bind(t->pci_fd, &a, &bound, NULL) >= 0);
        CHECK(bound == expected);
}

static void expect_bind_refusal(const SysfsTree *t, const char *function, FailureCode code, const char *word)
{
        _cleanup_(failure_done) Failure why = { 0 };
        const PciAddress a = address(function);
        bool bound = false;

        CHECK(vfio_bind(t->pci_fd, &a, &bound, &why) < 0);
        CHECK(why.code == code);
        CHECK(strstr(why.message, word));
        CHECK(!bound);
}

static void test_bind_and_back(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;
        const PciAddress a = address(VF);

        make_tree(&t, NULL);
        expect_bind(&t, true);
        expect_driver(&t, "vfio-pci");
        /* Again: already so. */
        expect_bind(&t, false);

        CHECK(vfio_unbind(t.pci_fd, &a, NULL) >= 0);
        expect_driver(&t, NULL);
        expect_override(&t, "(null)");
        CHECK(vfio_unbind(t.pci_fd, &a, NULL) >= 0);
}

/* Somebody gave it to the host meanwhile, or took it away. */
static void test_unbind_leaves_others_alone(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;
        const PciAddress a = address(VF);

        make_tree(&t, "igbvf");
        CHECK(vfio_unbind(t.pci_fd, &a, NULL) >= 0);
        expect_driver(&t, "igbvf");

        sysfs_tree_remove_function(&t, VF);
        CHECK(vfio_unbind(t.pci_fd, &a, NULL) >= 0);
}

static void test_refusals(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;

        make_tree(&t, "igbvf");
        expect_bind_refusal(&t, PF, FAILURE_UNKNOWN_FUNCTION, "not a virtual function");
        expect_bind_refusal(&t, "0000:09:00.0", FAILURE_UNKNOWN_FUNCTION, "0000:09:00.0");
        expect_bind_refusal(&t, VF, FAILURE_FOREIGN_DRIVER, "igbvf");
        expect_driver(&t, "igbvf");
}

static void test_driver_refuses(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;

        make_tree(&t, NULL);
        sysfs_tree_let_driver_refuse(&t, "vfio-pci");
        expect_bind_refusal(&t, VF, FAILURE_BIND_FAILED, "does not take");
        expect_driver(&t, NULL);
        expect_override(&t, "(null)");
}

static void test_no_driver(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;

        sysfs_tree_init(&t);
        sysfs_tree_add_function(&t, PF, NULL, &igbvf, "igb", 10);
        sysfs_tree_add_function(&t, VF, PF, &igbvf, NULL, 11);
        expect_bind_refusal(&t, VF, FAILURE_HOST, "modprobe");
        expect_override(&t, "(null)");
}

static void test_group(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;

        make_tree(&t, NULL);
        sysfs_tree_add_function(&t, "0000:00:1c.0", NULL, &igbvf, "pcieport", 11);
        sysfs_tree_add_function(&t, NEIGHBOUR, PF, &igbvf, "igbvf", 11);
        expect_bind_refusal(&t, VF, FAILURE_FOREIGN_DRIVER, NEIGHBOUR);
        expect_driver(&t, NULL);

        sysfs_tree_remove_function(&t, NEIGHBOUR);
        expect_bind(&t, true);
}

static void test_no_group(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;

        sysfs_tree_init(&t);
        sysfs_tree_add_driver(&t, "vfio-pci");
        sysfs_tree_add_function(&t, PF, NULL, &igbvf, "igb", -1);
        sysfs_tree_add_function(&t, VF, PF, &igbvf, NULL, -1);
        expect_bind_refusal(&t, VF, FAILURE_HOST, "IOMMU");
}

static void test_reset(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;
        _cleanup_(failure_done) Failure why = { 0 }, foreign = { 0 };
        const PciAddress a = address(VF), pf = address(PF);

        make_tree(&t, "vfio-pci");
        CHECK(vfio_reset(t.pci_fd, &a, NULL) >= 0);

        CHECK(vfio_reset(t.pci_fd, &pf, &foreign) < 0);
        CHECK(foreign.code == FAILURE_UNKNOWN_FUNCTION);

        sysfs_tree_let_die(&t, VF);
        CHECK(vfio_reset(t.pci_fd, &a, &why) < 0);
        CHECK(why.code == FAILURE_HOST && strstr(why.message, "all ones"));
}

/* A driver that knows the device has a name of its own; of vfio-pci itself, of none and of others nothing is expected. */
static void test_plain(void)
{
        static const struct {
                const char *driver;
                bool plain;
        } table[] = {
                { "vfio-pci", true }, { NULL, true }, { "xe-vfio-pci", false }, { "mlx5_vfio_pci", false }
        };
        const PciAddress a = address(VF), pf = address(PF);
        bool plain;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                SysfsTree t;

                sysfs_tree_init(&t);
                if (table[i].driver)
                        sysfs_tree_add_driver(&t, table[i].driver);
                sysfs_tree_add_function(&t, PF, NULL, &igbvf, NULL, 10);
                sysfs_tree_add_function(&t, VF, PF, &igbvf, table[i].driver, 11);
                CHECK(vfio_is_plain(t.pci_fd, &a, &plain, NULL) >= 0 && plain == table[i].plain);
                CHECK(vfio_is_plain(t.pci_fd, &pf, &plain, NULL) < 0);
                sysfs_tree_done(&t);
        }
}

int main(void)
{
        test_bind_and_back();
        test_unbind_leaves_others_alone();
        test_refusals();
        test_driver_refuses();
        test_no_driver();
        test_group();
        test_no_group();
        test_reset();
        test_plain();
        return 0;
}
