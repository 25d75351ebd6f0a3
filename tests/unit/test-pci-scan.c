/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-scan.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "core/compat.h"
#include "fake/sysfs-tree.h"
#include "host/pci-locator.h"
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
        .msix = 2048,
};

static bool is_same(const FunctionIdentity *a, const FunctionIdentity *b)
{
        return compat_is_alike(&(Function) { .identity = *a }, &(Function) { .identity = *b });
}

static int gpu_identity(Function *f, int fd, uint64_t inode, void *userdata)
{
        unsigned *n_calls = userdata;

        (*n_calls)++;
        if (f->address.slot == 0x1f)
                return -EIO;
        f->identity = gpu;
        return pci_locator_read(fd, &f->address, &f->physical_function, &f->locator);
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

        CHECK(pci_scan(t.devices_fd, gpu_identity, &n_calls, is_not_odd, (char[]) { "given" }, NULL, w,
                       NULL) >= 0);
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

        CHECK(pci_scan(t.devices_fd, gpu_identity, &n_calls, NULL, NULL, NULL, all, NULL) >= 0);
        CHECK(all->n_functions == 3);
        CHECK(all->functions[1].iommu_group == -1);
}

/* Two cards, one with a serial number, behind bridges of their own. */
static void place_cards(SysfsTree *t, uint64_t serial)
{
        sysfs_tree_place(t, "0000:01:00.0", "devices/pci0000:00/0000:00:10.0/0000:01:00.0", 0x80, 1, serial);
        sysfs_tree_place(t, "0000:02:00.0", "devices/pci0000:00/0000:00:11.0/0000:02:00.0", 0x80, 1, 0x77);
}

static void test_locators(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;
        _cleanup_(world_freep) World *w = calloc(1, sizeof(*w)), *shared = calloc(1, sizeof(*shared));
        unsigned n_calls = 0;

        CHECK(w && shared);
        make_tree(&t);
        place_cards(&t, 0);

        CHECK(pci_scan(t.devices_fd, gpu_identity, &n_calls, NULL, NULL, NULL, w, NULL) >= 0);
        CHECK(w->n_functions == 3);
        CHECK(streq(w->functions[0].locator.slot, "pci0000:00/10.0/00.0"));
        CHECK(w->functions[0].locator.index == 0 && w->functions[1].locator.index == 1);
        CHECK(w->functions[0].locator.serial == 0);
        CHECK(streq(w->functions[2].locator.slot, "pci0000:00/11.0/00.0"));
        CHECK(w->functions[2].locator.index == 0 && w->functions[2].locator.serial == 0x77);
        sysfs_tree_done(&t);

        /* A number that two cards have is none. */
        make_tree(&t);
        place_cards(&t, 0x77);
        CHECK(pci_scan(t.devices_fd, gpu_identity, &n_calls, NULL, NULL, NULL, shared, NULL) >= 0);
        for (size_t i = 0; i < shared->n_functions; i++)
                CHECK(locator_is_known(&shared->functions[i].locator) &&
                      shared->functions[i].locator.serial == 0);
}

static void test_groups(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;
        _cleanup_(world_freep) World *w = calloc(1, sizeof(*w));
        unsigned n_calls = 0;
        const Function *f;

        CHECK(w);
        sysfs_tree_init(&t);
        sysfs_tree_add_function(&t, "0000:01:00.0", NULL, &gpu, "gim", 1);
        sysfs_tree_add_function(&t, "0000:01:10.0", "0000:01:00.0", &gpu, "vfio-pci", 1); /* with its card */
        sysfs_tree_add_function(&t, "0000:01:10.1", "0000:01:00.0", &gpu, NULL, 2);
        sysfs_tree_add_function(&t, "0000:01:10.2", "0000:01:00.0", &gpu, "amd-vfio-pci", 2);
        sysfs_tree_add_function(&t, "0000:00:1c.0", NULL, &gpu, "pcieport", 2);
        sysfs_tree_add_function(&t, "0000:00:1d.0", NULL, &gpu, "pci-stub", 2);
        sysfs_tree_add_function(&t, "0000:00:1e.0", NULL, &gpu, NULL, 2);
        sysfs_tree_add_function(&t, "0000:01:10.3", "0000:01:00.0", &gpu, "igbvf", 3); /* alone */
        sysfs_tree_add_function(&t, "0000:01:10.4", "0000:01:00.0", &gpu, "igbvf", 4);
        sysfs_tree_add_function(&t, "0000:01:10.5", "0000:01:00.0", &gpu, "igbvf", 4);
        sysfs_tree_add_function(&t, "0000:00:1f.0", NULL, &gpu, "ahci", -1);
        sysfs_tree_add_function(&t, "0000:01:10.6", "0000:01:00.0", &gpu, NULL, -1);

        CHECK(pci_scan(t.devices_fd, gpu_identity, &n_calls, NULL, NULL, NULL, w, NULL) >= 0);
        CHECK(w->n_functions == 7);
        f = w->functions;
        CHECK(streq(f[0].group_obstacle, "0000:01:00.0 is bound to 'gim'"));
        CHECK(!f[1].group_obstacle && !f[2].group_obstacle && !f[3].group_obstacle);
        CHECK(streq(f[4].group_obstacle, "0000:01:10.5 is bound to 'igbvf'"));
        CHECK(streq(f[5].group_obstacle, "0000:01:10.4 is bound to 'igbvf'"));
        CHECK(!f[6].group_obstacle);
}

/* The attributes that its family names, from where it says; what has no file, or no value, is not told. */
static void test_attributes(void)
{
        FamilyAttribute attributes[] = {
                { (char[]) { "partition" }, true, ATTRIBUTE_OF_PHYSICAL_FUNCTION, (char[]) { "mode" } },
                { (char[]) { "serial" }, false, ATTRIBUTE_OF_FUNCTION, (char[]) { "serial_number" } },
                { (char[]) { "framebuffer_mib" }, true, ATTRIBUTE_OF_FUNCTION, NULL },
                { (char[]) { "absent" }, true, ATTRIBUTE_OF_FUNCTION, (char[]) { "nothing" } },
                { (char[]) { "empty" }, true, ATTRIBUTE_OF_PHYSICAL_FUNCTION, (char[]) { "void" } },
        };
        FamilyDevice device = { 0x1002, 0x74b6 };
        Family family = { .devices = &device,
                          .n_devices = 1,
                          .attributes = attributes,
                          .n_attributes = ELEMENTSOF(attributes) };
        _cleanup_(sysfs_tree_done) SysfsTree t;
        _cleanup_(world_freep) World *w = calloc(1, sizeof(*w)), *later = calloc(1, sizeof(*later));
        unsigned n_calls = 0;

        CHECK(w && later);
        make_tree(&t);
        sysfs_tree_set_attribute(&t, "0000:01:00.0", "mode", "CPX\nand more\n");
        sysfs_tree_set_attribute(&t, "0000:01:00.0", "void", "\n");
        sysfs_tree_set_attribute(&t, "0000:02:00.0", "mode", "SPX\n");
        sysfs_tree_set_attribute(&t, "0000:01:10.1", "serial_number", "17");
        sysfs_tree_drop_off(&t, "0000:02:00.0");

        CHECK(pci_scan(t.devices_fd, gpu_identity, &n_calls, NULL, NULL,
                       &(Families) { .list = &family, .n = 1 }, w, NULL) >= 0);
        CHECK(w->n_functions == 3);
        CHECK(streq(attributes_get(&w->functions[0].identity.attributes, "partition"), "CPX"));
        CHECK(!attributes_get(&w->functions[0].identity.attributes, "serial"));
        CHECK(streq(attributes_get(&w->functions[1].identity.attributes, "partition"), "CPX"));
        CHECK(streq(attributes_get(&w->functions[1].identity.attributes, "serial"), "17"));
        CHECK(!attributes_get(&w->functions[1].identity.attributes, "empty"));
        CHECK(streq(attributes_get(&w->functions[2].identity.attributes, "partition"), "SPX"));
        CHECK(!w->functions[0].is_dead && w->functions[2].is_dead);

        /* A card that is cut anew has other functions, though their directories stay. */
        sysfs_tree_set_attribute(&t, "0000:01:00.0", "mode", "DPX\n");
        CHECK(pci_scan(t.devices_fd, gpu_identity, &n_calls, NULL, NULL,
                       &(Families) { .list = &family, .n = 1 }, later, NULL) >= 0);
        CHECK(streq(attributes_get(&later->functions[0].identity.attributes, "partition"), "DPX"));
}

/* libpciaccess knows one tree only: the fake one is mounted over it, in a mount namespace of this
 * process. */
static bool test_libpciaccess(void)
{
        _cleanup_(sysfs_tree_done) SysfsTree t;
        _cleanup_free_ char *devices = NULL;
        _cleanup_(pci_identities_freep) PciIdentities *identities = NULL;
        Function absent = { .address = { .bus = 7 } }, vf = { .address = { .bus = 1, .slot = 0x10 } };
        Function again = vf;

        make_tree(&t);
        CHECK(asprintf(&devices, "%s/pci/devices", t.root) >= 0);

        if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount(devices, "/sys/bus/pci/devices", NULL, MS_BIND, NULL) < 0)
                return false;

        CHECK(pci_identities_new(&identities) >= 0);
        CHECK(pci_identity_read(&absent, -EBADF, 1, identities) == -ENODEV);
        CHECK(pci_identity_read(&vf, -EBADF, 2, identities) >= 0);
        CHECK(is_same(&gpu, &vf.identity));
        CHECK(vf.identity.bars[0].mem64 && vf.identity.bars[0].prefetchable && !vf.identity.bars[0].io);
        CHECK(vf.identity.bars[4].io && vf.identity.bars[4].bytes == 256);
        CHECK(vf.identity.msix == 2048 && vf.identity.rom_bytes == 0);
        pci_identities_settle(identities);

        /* It is not read again, unless its directory is another one. */
        sysfs_tree_remove_function(&t, "0000:01:10.0");
        CHECK(pci_identity_read(&again, -EBADF, 2, identities) >= 0);
        CHECK(is_same(&vf.identity, &again.identity));
        CHECK(pci_identity_read(&again, -EBADF, 3, identities) == -ENODEV);
        pci_identities_settle(identities);
        pci_identities_settle(identities);
        CHECK(pci_identity_read(&again, -EBADF, 2, identities) == -ENODEV);
        return true;
}

int main(void)
{
        test_scan();
        test_locators();
        test_groups();
        test_attributes();
        return test_libpciaccess() ? EXIT_SUCCESS : EXIT_SKIP;
}
