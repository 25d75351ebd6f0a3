/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-locator.h"

#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "basic/fileio.h"

/* What the links on the way to it made of its name is undone by the kernel. */
static int read_slot(int fd, char ret[static LOCATOR_SLOT_MAX])
{
        char link[sizeof("/proc/self/fd/-2147483648")], path[PATH_MAX];
        ssize_t n;

        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path));
        if (n < 0)
                return -errno;
        if ((size_t) n >= sizeof(path))
                return -ENAMETOOLONG;

        path[n] = '\0';
        return locator_slot_from_path(path, ret);
}

/* Who is not root can read no more than the first 64 bytes. */
static int read_config(uint32_t offset, uint32_t *ret, void *userdata)
{
        uint32_t word;

        if (pread(*(const int *) userdata, &word, sizeof(word), (off_t) offset) != sizeof(word))
                return -EIO;

        *ret = le32toh(word);
        return 0;
}

static uint64_t read_serial(int fd)
{
        _cleanup_close_ int config_fd = openat(fd, "config", O_RDONLY | O_CLOEXEC);

        return config_fd < 0 ? 0 : locator_serial(read_config, &config_fd);
}

static int read_number(int fd, const char *name, uint32_t *ret)
{
        _cleanup_free_ char *text = NULL;
        int r;

        r = read_attr_at(fd, name, &text);
        if (r < 0)
                return r;

        return sscanf(text, "%u", ret) == 1 ? 0 : -EBADMSG;
}

int pci_locator_read(int function_fd, const PciAddress *a, const PciAddress *physical_function, Locator *ret)
{
        _cleanup_close_ int fd = openat(function_fd, "physfn", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint32_t offset, stride;
        Locator l = { 0 };
        int r;

        *ret = (Locator) { 0 };
        if (fd < 0)
                return 0;

        if ((r = read_number(fd, "sriov_offset", &offset)) < 0 ||
            (r = read_number(fd, "sriov_stride", &stride)) < 0 ||
            (r = locator_index(physical_function, offset, stride, a, &l.index)) < 0 ||
            (r = read_slot(fd, l.slot)) < 0)
                return r == -ENOMEM ? r : 0;

        l.serial = read_serial(fd);
        *ret = l;
        return 0;
}
