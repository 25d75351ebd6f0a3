/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/vfio.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "basic/fileio.h"
#include "core/function.h"

#define VFIO_DRIVER "vfio-pci"
#define CONFIG_HEADER_BYTES 64U /* PCI Local Bus 3.0 section 6.1 */
#define CONFIG_COMMAND_OFFSET 4U
#define CONFIG_HEADER_TYPE_OFFSET 14U

static void close_directory(DIR **d)
{
        if (*d)
                (void) closedir(*d);
}

/* Opens the function's directory. */
static int open_function(int pci_fd, const PciAddress *a, Failure *reterr)
{
        char path[sizeof("devices/") + PCI_ADDRESS_STRING_MAX], address[PCI_ADDRESS_STRING_MAX];
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *physfn = NULL;
        int r;

        (void) snprintf(path, sizeof(path), "devices/%s", pci_address_format(a, address));
        fd = openat(pci_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return failure_set(reterr, FAILURE_UNKNOWN_FUNCTION,
                                   "there is no function '%s' on this host; were its virtual functions "
                                   "recreated?",
                                   address);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open /sys/bus/pci/%s", path);

        r = readlink_basename_at(fd, "physfn", &physfn);
        if (r == -ENOENT)
                return failure_set(reterr, FAILURE_UNKNOWN_FUNCTION,
                                   "'%s' is not a virtual function; nothing else is ever bound or reset",
                                   address);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read physfn of '%s'", address);

        return TAKE_FD(fd);
}

/* *ret is NULL when none is bound. */
static int read_driver(int dir_fd, const char *name, char **ret)
{
        int r = readlink_basename_at(dir_fd, name, ret);

        if (r == -ENOENT)
                *ret = NULL;
        return r == -ENOENT ? 0 : r;
}

/* Opens the function and refuses one that a driver other than VFIO has. */
static int open_free_function(int pci_fd, const PciAddress *a, int *ret_fd, char **ret_driver,
                              Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *driver = NULL;
        int r;

        fd = open_function(pci_fd, a, reterr);
        if (fd < 0)
                return fd;

        r = read_driver(fd, "driver", &driver);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the driver of '%s'",
                                         PCI_ADDRESS_STR(a));
        if (!function_driver_is_vfio(driver))
                return failure_set(
                                reterr, FAILURE_FOREIGN_DRIVER,
                                "function '%s' is in use by host driver '%s'; unbind it first, or keep the "
                                "driver from probing it (sriov_drivers_autoprobe)",
                                PCI_ADDRESS_STR(a), driver);

        *ret_fd = TAKE_FD(fd);
        *ret_driver = TAKE_PTR(driver);
        return 0;
}

/* Drivers that the kernel lets live beside VFIO in a group because they do no DMA of their own: those with
 * .driver_managed_dma set (Linux drivers/pci/pcie/portdrv.c, drivers/pci/pci-stub.c). */
static bool driver_shares_group(const char *driver)
{
        return function_driver_is_vfio(driver) || streq(driver, "pcieport") || streq(driver, "pci-stub");
}

/* A group is given to a guest as a whole: every member must be out of the host's hands, else opening
 * /dev/vfio/GROUP fails only when QEMU starts, after the point where this is cheap to refuse. */
static int check_group(int function_fd, const PciAddress *a, Failure *reterr)
{
        _cleanup_(close_directory) DIR *dir = NULL;
        int fd;

        fd = openat(function_fd, "iommu_group/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return failure_set(
                                reterr, FAILURE_HOST,
                                "function '%s' has no IOMMU group; enable the IOMMU in firmware and kernel",
                                PCI_ADDRESS_STR(a));
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open the IOMMU group of '%s'",
                                         PCI_ADDRESS_STR(a));

        dir = fdopendir(fd);
        if (!dir) {
                int error = errno;

                closep(&fd);
                return failure_set_errno(reterr, FAILURE_HOST, error, "cannot list the IOMMU group of '%s'",
                                         PCI_ADDRESS_STR(a));
        }

        for (;;) {
                _cleanup_free_ char *link = NULL, *driver = NULL;
                PciAddress member;
                struct dirent *e;
                int r;

                errno = 0;
                e = readdir(dir);
                if (!e && errno != 0)
                        return failure_set_errno(reterr, FAILURE_HOST, errno,
                                                 "cannot list the IOMMU group of '%s'", PCI_ADDRESS_STR(a));
                if (!e)
                        return 0;
                if (pci_address_parse(e->d_name, &member) < 0 || pci_address_equal(&member, a))
                        continue;

                if (asprintf(&link, "%s/driver", e->d_name) < 0) {
                        link = NULL;
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "IOMMU group");
                }

                r = read_driver(dirfd(dir), link, &driver);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the driver of '%s'",
                                                 e->d_name);
                if (driver && !driver_shares_group(driver))
                        return failure_set(
                                        reterr, FAILURE_FOREIGN_DRIVER,
                                        "function '%s' shares its IOMMU group with '%s', which host driver "
                                        "'%s' has; all members of a group must be given away together",
                                        PCI_ADDRESS_STR(a), e->d_name, driver);
        }
}

/* Sets driver_override, lets the kernel look for a driver, and checks that it became vfio-pci. */
static int probe(int pci_fd, int function_fd, const PciAddress *a, Failure *reterr)
{
        _cleanup_free_ char *now = NULL;
        int r, probed;

        r = write_attr_at(function_fd, "driver_override", VFIO_DRIVER);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_BIND_FAILED, r,
                                         "cannot set driver_override of '%s'", PCI_ADDRESS_STR(a));

        /* Its result says less than the link that it should have made: that decides. */
        probed = write_attr_at(pci_fd, "drivers_probe", PCI_ADDRESS_STR(a));

        r = read_driver(function_fd, "driver", &now);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_BIND_FAILED, r, "cannot read the driver of '%s'",
                                         PCI_ADDRESS_STR(a));
        if (streq_ptr(now, VFIO_DRIVER))
                return 0;
        if (probed < 0)
                return failure_set_errno(reterr, FAILURE_BIND_FAILED, probed,
                                         "driver '" VFIO_DRIVER "' does not take function '%s'",
                                         PCI_ADDRESS_STR(a));
        return failure_set(reterr, FAILURE_BIND_FAILED,
                           "driver '" VFIO_DRIVER
                           "' does not take function '%s', it has '%s'; see the kernel's log",
                           PCI_ADDRESS_STR(a), now ? now : "none");
}

int vfio_bind(int pci_fd, const PciAddress *a, bool *ret_bound, Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *driver = NULL;
        int r;

        assert(a);
        assert(ret_bound);

        r = open_free_function(pci_fd, a, &fd, &driver, reterr);
        if (r < 0)
                return r;

        r = check_group(fd, a, reterr);
        if (r < 0)
                return r;

        if (!driver) {
                if (faccessat(pci_fd, "drivers/" VFIO_DRIVER, F_OK, 0) < 0)
                        return failure_set(reterr, FAILURE_HOST,
                                           "the host has no driver '" VFIO_DRIVER
                                           "'; load it: modprobe " VFIO_DRIVER);

                r = probe(pci_fd, fd, a, reterr);
                if (r < 0) {
                        /* As it was: else the next probe of anybody would still want vfio-pci. That this
                         * fails too is no news after what failed before. A newline clears it (Linux
                         * drivers/base/driver.c, driver_set_override()). */
                        if (write_attr_at(fd, "driver_override", "\n") < 0)
                                return r;
                        return r;
                }
        }

        *ret_bound = !driver;
        return 0;
}

int vfio_is_plain(int pci_fd, const PciAddress *a, bool *ret, Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *driver = NULL;
        int r;

        assert(a);
        assert(ret);

        fd = open_function(pci_fd, a, reterr);
        if (fd < 0)
                return fd;

        r = read_driver(fd, "driver", &driver);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the driver of '%s'",
                                         PCI_ADDRESS_STR(a));

        *ret = !driver || streq(driver, VFIO_DRIVER);
        return 0;
}

int vfio_unbind(int pci_fd, const PciAddress *a, Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *driver = NULL, *left = NULL;
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        assert(a);

        r = open_function(pci_fd, a, &why);
        if (r < 0 && why.code == FAILURE_UNKNOWN_FUNCTION)
                return 0; /* it vanished, and its binding with it */
        if (r < 0)
                return failure_set(reterr, why.code, "%s", failure_message(&why));
        fd = r;

        r = read_driver(fd, "driver", &driver);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the driver of '%s'",
                                         PCI_ADDRESS_STR(a));
        /* Somebody took it meanwhile: nothing of ours is left on it, and it is not ours to take away. */
        if (!function_driver_is_vfio(driver))
                return 0;

        /* Cleared first: between unbind and the end somebody else's probe must not bring vfio-pci back. */
        r = write_attr_at(fd, "driver_override", "\n");
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_BIND_FAILED, r,
                                         "cannot clear driver_override of '%s'", PCI_ADDRESS_STR(a));

        if (driver) {
                r = write_attr_at(fd, "driver/unbind", PCI_ADDRESS_STR(a));
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_BIND_FAILED, r,
                                                 "cannot unbind '%s' from driver '%s'", PCI_ADDRESS_STR(a),
                                                 driver);
        }

        r = read_driver(fd, "driver", &left);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the driver of '%s'",
                                         PCI_ADDRESS_STR(a));
        if (left)
                return failure_set(reterr, FAILURE_BIND_FAILED, "function '%s' is still bound to '%s'",
                                   PCI_ADDRESS_STR(a), left);
        return 0;
}

/* What answers nothing reads as all ones. The vendor and device ids do so on every healthy virtual function
 * too (PCIe SR-IOV 1.1 section 3.4.1.1 and .2: FFFFh), so they say nothing here, and sysfs hands the raw
 * registers out; command and status do answer: the kernel itself waits for them after a reset (Linux
 * drivers/pci/pci.c, pci_dev_wait()). */
static bool config_answers(const uint8_t header[static CONFIG_HEADER_BYTES])
{
        bool ones = true;

        for (size_t i = CONFIG_COMMAND_OFFSET; i < CONFIG_COMMAND_OFFSET + 4; i++)
                ones = ones && header[i] == 0xff;

        return !ones && (header[CONFIG_HEADER_TYPE_OFFSET] & 0x7f) == 0;
}

int vfio_reset(int pci_fd, const PciAddress *a, Failure *reterr)
{
        _cleanup_close_ int fd = -EBADF, config_fd = -EBADF;
        _cleanup_free_ char *driver = NULL;
        uint8_t header[CONFIG_HEADER_BYTES];
        ssize_t n;
        int r;

        assert(a);

        r = open_free_function(pci_fd, a, &fd, &driver, reterr);
        if (r < 0)
                return r;

        r = write_attr_at(fd, "reset", "1");
        if (r == -ENOENT)
                return failure_set(reterr, FAILURE_HOST, "function '%s' knows no way to be reset",
                                   PCI_ADDRESS_STR(a));
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot reset function '%s'",
                                         PCI_ADDRESS_STR(a));

        config_fd = openat(fd, "config", O_RDONLY | O_CLOEXEC);
        if (config_fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open the config space of '%s'",
                                         PCI_ADDRESS_STR(a));

        n = pread(config_fd, header, sizeof(header), 0);
        if (n < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot read the config space of '%s'",
                                         PCI_ADDRESS_STR(a));
        if ((size_t) n != sizeof(header) || !config_answers(header))
                return failure_set(
                                reterr, FAILURE_HOST,
                                "function '%s' does not answer after its reset: its config space reads as "
                                "all ones",
                                PCI_ADDRESS_STR(a));

        return 0;
}
