/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-scan.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "fake/sysfs-tree.h"
#include "test.h"

#define EXIT_SKIP 77

static const FunctionIdentity gpu = {
        .vendor = 0x1002,
        .device = 0x74b6,
        .subvendor = 0x1002,
        .subdevice = 0x74a1,
        .revision = 2,
        .class_code = 0x120000,
        .bars = { { .bytes = UINT64_C(1) << 34, .mem64 = true, .prefetchable = true },
                  { 0 },
                  { .bytes = 1 << 20, .mem64 = true },
                  { 0 },
                  { .bytes = 256, .io = true } },
};

static int gpu_identity(const PciAddress *a, uint64_t inode, FunctionIdentity *ret, void *userdata)
{
        unsigned *n_calls = userdata;

        (*n_calls)++;
        if (a->slot == 0x1f)
                return -EIO;
        *ret = gpu;
        return 0;
}

static bool is_not_odd(const Function *f, void *userdata)
{
        CHECK(streq(userdata, "given"));
        return f->address.function % 2 == 0;
}

static void make_tree(SysfsTree *t)
{
        sysfs_tree_init(t);
        sysfs_tree_add_function(t, "0000:02:10.0", "0000:02:00.0", &gpu, NULL, 12);
        sysfs_tree_add_function(t, "0000:01:00.0", NULL, &gpu, "gim", 1);
        sysfs_tree_add_function(t, "0000:02:00.0", NULL, &gpu, "gim", 2);
        sysfs_tree_add_function(t, "0000:01:10.1", "0000:01:00.0", &gpu, "amdgpu", -1);
        sysfs_tree_add_function(t, "0000:01:10.0", "0000:01:00.0", &gpu, "vfio-pci", 11);
}

static void test_scan(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;
        _cleanup_(world_freep) World *w = calloc(1, sizeof(*w)), *all = calloc(1, sizeof(*all));
        unsigned n_calls = 0;

        CHECK(w && all);
        make_tree(&t);
        sysfs_tree_add_function(&t, "0000:01:1f.0", "0000:01:00.0", &gpu, NULL, -1);

        CHECK(pci_scan(t.devices_fd, gpu_identity, &n_calls, is_not_odd, (char[]) { "given" }, w, NULL) >=
              0);
        CHECK(n_calls == 4);
        CHECK(w->n_functions == 2);
        CHECK(streq(PCI_ADDRESS_STR(&w->functions[0].address), "0000:01:10.0"));
        CHECK(streq(PCI_ADDRESS_STR(&w->functions[0].physical_function), "0000:01:00.0"));
        CHECK(streq(w->functions[0].driver, "vfio-pci"));
        CHECK(w->functions[0].iommu_group == 11);
        CHECK(w->functions[0].numa_node == -1);
        CHECK(w->functions[0].state == FUNCTION_FREE && !w->functions[0].domain);
        CHECK(streq(PCI_ADDRESS_STR(&w->functions[1].address), "0000:02:10.0"));
        CHECK(!w->functions[1].driver);

        CHECK(pci_scan(t.devices_fd, gpu_identity, &n_calls, NULL, NULL, all, NULL) >= 0);
        CHECK(all->n_functions == 3);
        CHECK(all->functions[1].iommu_group == -1);
}

/* libpciaccess knows one tree only: the fake one is mounted over it, in a mount namespace of this
 * process. */
static bool test_libpciaccess(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;
        _cleanup_free_ char *devices = NULL;
        const PciAddress vf = { .bus = 1, .slot = 0x10 }, absent = { .bus = 7 };
        _cleanup_(pci_identities_freep) PciIdentities *identities = NULL;
        FunctionIdentity id = { 0 }, again = { 0 };

        make_tree(&t);
        CHECK(asprintf(&devices, "%s/pci/devices", t.root) >= 0);

        if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount(devices, "/sys/bus/pci/devices", NULL, MS_BIND, NULL) < 0)
                return false;

        CHECK(pci_identities_new(&identities) >= 0);
        CHECK(pci_identity_read(&absent, 1, &id, identities) == -ENODEV);
        CHECK(pci_identity_read(&vf, 2, &id, identities) >= 0);
        CHECK(function_identity_check(&gpu, &id, NULL) >= 0);
        CHECK(id.bars[0].mem64 && id.bars[0].prefetchable && !id.bars[0].io);
        CHECK(id.bars[4].io && id.bars[4].bytes == 256);
        pci_identities_settle(identities);

        /* It is not read again, unless its directory is another one. */
        sysfs_tree_remove_function(&t, "0000:01:10.0");
        CHECK(pci_identity_read(&vf, 2, &again, identities) >= 0);
        CHECK(function_identity_check(&id, &again, NULL) >= 0);
        CHECK(pci_identity_read(&vf, 3, &again, identities) == -ENODEV);
        pci_identities_settle(identities);
        pci_identities_settle(identities);
        CHECK(pci_identity_read(&vf, 2, &again, identities) == -ENODEV);
        return true;
}

int main(void)
{
        test_scan();
        return test_libpciaccess() ? EXIT_SUCCESS : EXIT_SKIP;
}
