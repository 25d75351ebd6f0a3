/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake/sysfs-tree.h"

#include <endian.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "basic/fileio.h"
#include "unit/test.h"

#define CONFIG_BYTES 256

int __real_write_attr_at(int dir_fd, const char *name, const char *value);
int __wrap_write_attr_at(int dir_fd, const char *name, const char *value);

static char *format(const char *text, ...) _printf_(1, 2);
static char *format(const char *text, ...)
{
        va_list ap;
        char *s;

        va_start(ap, text);
        CHECK(vasprintf(&s, text, ap) >= 0);
        va_end(ap);
        return s;
}

static void write_bytes(int dir_fd, const char *name, const void *data, size_t size)
{
        _cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        CHECK(fd >= 0);
        CHECK(write(fd, data, size) == (ssize_t) size);
}

static void write_text(int dir_fd, const char *name, const char *text)
{
        write_bytes(dir_fd, name, text, strlen(text));
}

static int open_function(const SysfsTree *t, const char *address)
{
        int fd = openat(t->devices_fd, address, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        CHECK(fd >= 0);
        return fd;
}

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
                      struct FTW *ftw _unused_)
{
        return remove(path);
}

void sysfs_tree_init(SysfsTree *t)
{
        const char *tmp = getenv("TMPDIR");

        t->root = format("%s/vgpu-hibernate-test-XXXXXX", tmp ? tmp : "/tmp");
        CHECK(mkdtemp(t->root));

        _cleanup_close_ int root_fd = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(root_fd >= 0);
        CHECK(mkdirat(root_fd, "pci", 0700) >= 0);
        CHECK(mkdirat(root_fd, "pci/devices", 0700) >= 0);
        CHECK(mkdirat(root_fd, "pci/drivers", 0700) >= 0);
        CHECK(mkdirat(root_fd, "iommu", 0700) >= 0);

        t->pci_fd = openat(root_fd, "pci", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        t->devices_fd = openat(root_fd, "pci/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(t->pci_fd >= 0 && t->devices_fd >= 0);
        write_text(t->pci_fd, "drivers_probe", "");
}

void sysfs_tree_done(SysfsTree *t)
{
        CHECK(nftw(t->root, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
        closep(&t->pci_fd);
        closep(&t->devices_fd);
        free(t->root);
}

void sysfs_tree_add_driver(SysfsTree *t, const char *driver)
{
        _cleanup_free_ char *path = format("drivers/%s", driver);

        CHECK(mkdirat(t->pci_fd, path, 0700) >= 0 || errno == EEXIST);
}

static void bind_driver(int function_fd, const char *driver)
{
        _cleanup_free_ char *target = format("../../drivers/%s", driver);

        CHECK(symlinkat(target, function_fd, "driver") >= 0);
}

static void add_group(SysfsTree *t, int function_fd, const char *address, int group)
{
        _cleanup_free_ char *path = format("../iommu/%d", group),
                            *devices = format("../iommu/%d/devices", group),
                            *link = format("%s/%s", devices, address),
                            *target = format("../../../pci/devices/%s", address),
                            *group_link = format("../../../iommu/%d", group);

        CHECK(mkdirat(t->pci_fd, path, 0700) >= 0 || errno == EEXIST);
        CHECK(mkdirat(t->pci_fd, devices, 0700) >= 0 || errno == EEXIST);
        CHECK(symlinkat(target, t->pci_fd, link) >= 0);
        CHECK(symlinkat(group_link, function_fd, "iommu_group") >= 0);
}

#define MSIX_AT 0x40

/* A virtual function's own vendor and device are all ones. */
static void write_config(int fd, const FunctionIdentity *id, bool is_virtual)
{
        uint8_t config[CONFIG_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x10, 0x00 };

        if (!is_virtual) {
                config[0] = (uint8_t) id->vendor;
                config[1] = (uint8_t) (id->vendor >> 8);
                config[2] = (uint8_t) id->device;
                config[3] = (uint8_t) (id->device >> 8);
        }

        if (id->msix > 0) {
                config[0x34] = MSIX_AT;
                config[MSIX_AT] = 0x11;
                config[MSIX_AT + 2] = (uint8_t) (id->msix - 1);
                config[MSIX_AT + 3] = (uint8_t) (0x80 | (id->msix - 1) >> 8); /* enabled */
        }

        write_bytes(fd, "config", config, sizeof(config));
}

static void write_identity(int fd, const FunctionIdentity *id, bool is_virtual)
{
        _cleanup_free_ char *vendor = format("0x%04x\n", id->vendor),
                            *device = format("0x%04x\n", id->device),
                            *subvendor = format("0x%04x\n", id->subvendor),
                            *subdevice = format("0x%04x\n", id->subdevice),
                            *revision = format("0x%02x\n", id->revision),
                            *class_code = format("0x%06x\n", id->class_code), *resource = format("%s", "");

        write_text(fd, "vendor", vendor);
        write_text(fd, "device", device);
        write_text(fd, "subsystem_vendor", subvendor);
        write_text(fd, "subsystem_device", subdevice);
        write_text(fd, "revision", revision);
        write_text(fd, "class", class_code);
        write_text(fd, "irq", "0\n");
        write_config(fd, id, is_virtual);

        /* As pci-sysfs.c writes it: start, end, flags; the low bits of the flags are those of the BAR. */
        for (size_t i = 0; i < FUNCTION_BARS_MAX; i++) {
                const FunctionBar *b = &id->bars[i];
                uint64_t start = b->bytes > 0 ? UINT64_C(0x800000000) : 0;
                uint64_t flags = b->bytes > 0 ? 0x200U | (b->io ? 1U : 0) | (b->mem64 ? 4U : 0) |
                                                                 (b->prefetchable ? 8U : 0)
                                              : 0;
                char *more = format("%s0x%016lx 0x%016lx 0x%016lx\n", resource, (unsigned long) start,
                                    (unsigned long) (b->bytes > 0 ? start + b->bytes - 1 : 0),
                                    (unsigned long) flags);

                free(resource);
                resource = more;
        }
        write_text(fd, "resource", resource);
}

void sysfs_tree_add_function(SysfsTree *t, const char *address, const char *physical_function,
                             const FunctionIdentity *identity, const char *driver, int iommu_group)
{
        _cleanup_close_ int fd = -EBADF;

        CHECK(mkdirat(t->devices_fd, address, 0700) >= 0);
        fd = open_function(t, address);

        write_identity(fd, identity, physical_function);
        write_text(fd, "driver_override", "(null)\n");
        write_text(fd, "reset", "");
        write_text(fd, "numa_node", "-1\n");

        if (physical_function) {
                _cleanup_free_ char *target = format("../%s", physical_function);

                CHECK(symlinkat(target, fd, "physfn") >= 0);
        }
        if (driver) {
                sysfs_tree_add_driver(t, driver);
                bind_driver(fd, driver);
        }
        if (iommu_group >= 0)
                add_group(t, fd, address, iommu_group);
}

static void make_directories(int root_fd, const char *path)
{
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                _cleanup_free_ char *parent = format("%.*s", (int) (slash - path), path);

                CHECK(mkdirat(root_fd, parent, 0700) >= 0 || errno == EEXIST);
        }
}

void sysfs_tree_place(SysfsTree *t, const char *physical_function, const char *path, unsigned offset,
                      unsigned stride, uint64_t serial)
{
        _cleanup_free_ char *offset_text = format("%u\n", offset), *stride_text = format("%u\n", stride),
                            *place = format("sys/%s", path), *link = format("../../sys/%s", path),
                            *device = format("pci/devices/%s", physical_function);
        _cleanup_close_ int root_fd = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
        uint32_t config[0x11c / sizeof(uint32_t)] = { 0 };

        CHECK(root_fd >= 0);
        make_directories(root_fd, place);
        CHECK(renameat(root_fd, device, root_fd, place) >= 0 && symlinkat(link, root_fd, device) >= 0);

        fd = open_function(t, physical_function);
        write_text(fd, "sriov_offset", offset_text);
        write_text(fd, "sriov_stride", stride_text);

        /* A chain of two: Alternative Routing-ID Interpretation, then the serial number. */
        config[0x100 / sizeof(uint32_t)] = htole32(0x1100000eU | 1U << 16);
        config[0x110 / sizeof(uint32_t)] = htole32(3U | 1U << 16);
        config[0x114 / sizeof(uint32_t)] = htole32((uint32_t) serial);
        config[0x118 / sizeof(uint32_t)] = htole32((uint32_t) (serial >> 32));
        write_bytes(fd, "config", config, serial != 0 ? sizeof(config) : CONFIG_BYTES);
}

void sysfs_tree_remove_function(SysfsTree *t, const char *address)
{
        _cleanup_free_ char *path = format("%s/pci/devices/%s", t->root, address);

        CHECK(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

void sysfs_tree_set_natural_driver(SysfsTree *t, const char *address, const char *driver)
{
        _cleanup_close_ int fd = open_function(t, address);

        sysfs_tree_add_driver(t, driver);
        write_text(fd, "natural_driver", driver);
}

void sysfs_tree_let_die(SysfsTree *t, const char *address)
{
        _cleanup_close_ int fd = open_function(t, address);

        write_text(fd, "dies", "");
}

void sysfs_tree_drop_off(SysfsTree *t, const char *address)
{
        _cleanup_close_ int fd = open_function(t, address);
        uint8_t ones[CONFIG_BYTES];

        memset(ones, 0xff, sizeof(ones));
        write_bytes(fd, "config", ones, sizeof(ones));
}

void sysfs_tree_let_driver_refuse(SysfsTree *t, const char *driver)
{
        _cleanup_free_ char *path = format("drivers/%s/refuses", driver);

        write_text(t->pci_fd, path, "");
}

char *sysfs_tree_driver(const SysfsTree *t, const char *address)
{
        _cleanup_close_ int fd = open_function(t, address);
        char *driver = NULL;

        return readlink_basename_at(fd, "driver", &driver) >= 0 ? driver : NULL;
}

void sysfs_tree_set_attribute(SysfsTree *t, const char *address, const char *name, const char *text)
{
        _cleanup_close_ int fd = open_function(t, address);

        write_text(fd, name, text);
}

char *sysfs_tree_attribute(const SysfsTree *t, const char *address, const char *name)
{
        _cleanup_close_ int fd = open_function(t, address);
        char *value;

        CHECK(read_attr_at(fd, name, &value) >= 0);
        return value;
}

/* drivers/pci/pci-driver.c: an override chooses alone, else ids do. */
static int kernel_probe(int pci_fd, const char *address)
{
        _cleanup_free_ char *path = format("devices/%s", address), *chosen = NULL, *driver_path = NULL,
                            *refuses = NULL, *bound = NULL;
        _cleanup_close_ int fd = openat(pci_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -EINVAL;
        if (readlink_basename_at(fd, "driver", &bound) >= 0)
                return 0;

        CHECK(read_attr_at(fd, "driver_override", &chosen) >= 0);
        if (streq(chosen, "(null)")) {
                free(TAKE_PTR(chosen));
                if (read_attr_at(fd, "natural_driver", &chosen) < 0)
                        return 0;
        }

        driver_path = format("drivers/%s", chosen);
        refuses = format("drivers/%s/refuses", chosen);
        if (faccessat(pci_fd, driver_path, F_OK, 0) >= 0 && faccessat(pci_fd, refuses, F_OK, 0) < 0)
                bind_driver(fd, chosen);
        return 0;
}

static int kernel_reset(int function_fd)
{
        uint8_t ones[CONFIG_BYTES];

        if (faccessat(function_fd, "reset", F_OK, 0) < 0)
                return -ENOENT;

        memset(ones, 0xff, sizeof(ones));
        if (faccessat(function_fd, "dies", F_OK, 0) >= 0)
                write_bytes(function_fd, "config", ones, sizeof(ones));
        return 0;
}

/* Linux Documentation/ABI/testing/sysfs-bus-pci. */
int __wrap_write_attr_at(int dir_fd, const char *name, const char *value)
{
        if (streq(name, "driver_override")) {
                write_text(dir_fd, name, streq(value, "\n") ? "(null)\n" : value);
                return 0;
        }
        if (streq(name, "drivers_probe"))
                return kernel_probe(dir_fd, value);
        if (streq(name, "driver/unbind"))
                return unlinkat(dir_fd, "driver", 0) < 0 ? -errno : 0;
        if (streq(name, "reset"))
                return kernel_reset(dir_fd);

        return __real_write_attr_at(dir_fd, name, value);
}
