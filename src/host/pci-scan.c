/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-scan.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "basic/fileio.h"
#include "basic/log.h"
#include "host/pci-condition.h"

static void close_directory(DIR **d)
{
        if (*d)
                (void) closedir(*d);
}

/* Decimal, perhaps negative; -1 for everything that is not a number: unknown. */
static int number_or_unknown(const char *s)
{
        int value = 0;

        if (!s || *s == '\0')
                return -1;

        for (; *s != '\0'; s++) {
                if (*s < '0' || *s > '9' || value > (INT32_MAX - 9) / 10)
                        return -1;
                value = value * 10 + (*s - '0');
        }

        return value;
}

/* Driver and group, of whatever device it is. */
static int read_links(int fd, Function *f)
{
        _cleanup_free_ char *group = NULL;
        int r;

        r = readlink_basename_at(fd, "iommu_group", &group);
        if (r < 0 && r != -ENOENT)
                return r;
        f->iommu_group = number_or_unknown(group);

        r = readlink_basename_at(fd, "driver", &f->driver);
        return r < 0 && r != -ENOENT ? r : 0;
}

/* -ENOENT, -ENODEV: it is no virtual function, or gone. In any case it is noted in `groups`. */
static int read_function(int devices_fd, const char *name, PciIdentityRead identity, void *userdata,
                         PciGroups *groups, Function *ret)
{
        _cleanup_(function_done) Function f = { .iommu_group = -1, .numa_node = -1 };
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *physfn = NULL, *node = NULL;
        struct stat st;
        int r;

        r = pci_address_parse(name, &f.address);
        if (r < 0)
                return -ENOENT;

        fd = openat(devices_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        if ((r = read_links(fd, &f)) < 0 ||
            (r = pci_groups_add(groups, f.iommu_group, &f.address, f.driver)) < 0)
                return r;

        r = readlink_basename_at(fd, "physfn", &physfn);
        if (r < 0)
                return r;
        r = pci_address_parse(physfn, &f.physical_function);
        if (r < 0)
                return r;

        if (fstat(fd, &st) < 0)
                return -errno;
        r = identity(&f, fd, (uint64_t) st.st_ino, userdata);
        if (r < 0)
                return r;

        r = read_attr_at(fd, "numa_node", &node);
        if (r < 0 && r != -ENOENT)
                return r;
        f.numa_node = number_or_unknown(node);

        *ret = f;
        f = (Function) { 0 };
        return 0;
}

static int compare_functions(const void *a, const void *b)
{
        return pci_address_compare(&((const Function *) a)->address, &((const Function *) b)->address);
}

int pci_scan(int devices_fd, PciIdentityRead identity, void *identity_userdata, FunctionWanted wanted,
             void *wanted_userdata, const Families *families, World *w, Failure *reterr)
{
        _cleanup_(pci_groups_freep) PciGroups *groups = NULL;
        _cleanup_(close_directory) DIR *dir = NULL;
        int fd;

        assert(identity);
        assert(w);

        if (pci_groups_new(&groups) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot list PCI devices");

        fd = openat(devices_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot list PCI devices");

        dir = fdopendir(fd);
        if (!dir) {
                int error = errno;

                closep(&fd);
                return failure_set_errno(reterr, FAILURE_HOST, error, "cannot list PCI devices");
        }

        for (;;) {
                _cleanup_(function_done) Function f = { 0 };
                struct dirent *e;
                Function *added;
                int r;

                errno = 0;
                e = readdir(dir);
                if (!e && errno != 0)
                        return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot list PCI devices");
                if (!e)
                        break;

                r = read_function(devices_fd, e->d_name, identity, identity_userdata, groups, &f);
                if (r == -ENOMEM)
                        return failure_set_errno(reterr, FAILURE_HOST, r, "cannot list PCI devices");
                if (r < 0) {
                        /* One that does not answer must not hide the others; not listed, it is not given
                         * away. */
                        if (r != -ENOENT && r != -ENODEV)
                                log_debug("Cannot read PCI function '%s', ignoring: %s", e->d_name,
                                          strerror(-r));
                        continue;
                }

                if (wanted && !wanted(&f, wanted_userdata))
                        continue;

                added = world_add_function(w);
                if (!added)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot list PCI devices");
                *added = f;
                f = (Function) { 0 };
        }

        if (w->n_functions > 0)
                qsort(w->functions, w->n_functions, sizeof(*w->functions), compare_functions);
        if (locators_settle(w->functions, w->n_functions) < 0 ||
            pci_conditions_read(devices_fd, groups, families, w->functions, w->n_functions) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot list PCI devices");
        return 0;
}
