/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: scan-functions
 *
 * The inventory of a host with 4,096 virtual functions, as the watch worker makes it whenever udev says that something
 * changed, over a fake sysfs: seconds and memory. Needs root, to mount that over /sys/bus/pci/devices, which is where
 * libpciaccess looks. The last line is JSON.
 */
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "fake/sysfs-tree.h"
#include "host/scan.h"
#include "unit/test.h"

#define FUNCTIONS 4096U
#define PER_BUS 256U /* of one physical function each */
#define RUNS 9U

static const FunctionIdentity gpu = {
        .vendor = 0x1002,
        .device = 0x74b6,
        .subvendor = 0x1002,
        .subdevice = 0x74a1,
        .class_code = 0x120000,
        .bars = { { .bytes = UINT64_C(1) << 34, .mem64 = true, .prefetchable = true } },
};

static void build_tree(SysfsTree *t)
{
        for (unsigned i = 0; i < FUNCTIONS; i++) {
                char physical_function[PCI_ADDRESS_STRING_MAX], address[PCI_ADDRESS_STRING_MAX];

                (void) snprintf(physical_function, sizeof(physical_function), "0000:01:%02x.0", i / PER_BUS);
                (void) snprintf(address, sizeof(address), "0000:%02x:%02x.%u", 0x10 + i / PER_BUS,
                                i % PER_BUS / 8, i % 8);
                if (i % PER_BUS == 0)
                        sysfs_tree_add_function(t, physical_function, NULL, &gpu, "gim", -1);
                sysfs_tree_add_function(t, address, physical_function, &gpu, "vfio-pci", (int) i);
        }
}

/* In memory, as sysfs is, and gone with this process. */
static void prepare_mounts(void)
{
        CHECK(unshare(CLONE_NEWNS) >= 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) >= 0);
        CHECK(mount("tmpfs", "/tmp", "tmpfs", 0, "nr_inodes=0") >= 0 && setenv("TMPDIR", "/tmp", true) >= 0);
}

static void mount_tree(const SysfsTree *t)
{
        _cleanup_free_ char *devices = NULL;

        CHECK(asprintf(&devices, "%s/pci/devices", t->root) >= 0);
        CHECK(mount(devices, "/sys/bus/pci/devices", NULL, MS_BIND, NULL) >= 0);
}

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

static uint64_t time_scan(const RealHostSettings *settings, PciIdentities *identities)
{
        _cleanup_(world_freep) World *w = NULL;
        uint64_t begun = clock_monotonic_usec();

        CHECK(host_scan_over(settings, identities, NULL, "not asked here", &w, NULL) >= 0);
        CHECK(w->n_functions == FUNCTIONS);
        return clock_monotonic_usec() - begun;
}

/* In a process of its own, so that its peak of memory is that of scans. */
static void measure(const SysfsTree *t)
{
        _cleanup_free_ char *sysfs_pci = NULL;
        RealHostSettings settings = { 0 };
        _cleanup_(pci_identities_freep) PciIdentities *identities = NULL;
        uint64_t usec[RUNS], first_usec = 0;
        struct rusage usage;

        CHECK(asprintf(&sysfs_pci, "%s/pci", t->root) >= 0);
        settings.sysfs_pci = sysfs_pci;

        /* The first of all reads the tree into the page cache. Then as the watch worker does: once with nothing known, and
         * again whenever something changed. */
        for (size_t i = 0; i < 2; i++) {
                identities = pci_identities_free(identities);
                CHECK(pci_identities_new(&identities) >= 0);
                first_usec = time_scan(&settings, identities);
        }
        for (size_t i = 0; i < RUNS; i++)
                usec[i] = time_scan(&settings, identities);
        qsort(usec, RUNS, sizeof(*usec), compare);
        CHECK(getrusage(RUSAGE_SELF, &usage) >= 0);

        (void) printf("%u functions: the first time %.3f s, then median %.3f s, from %.3f to %.3f in %u runs; peak of "
                      "memory %ld KiB\n",
                      FUNCTIONS, (double) first_usec / 1e6, (double) usec[RUNS / 2] / 1e6,
                      (double) usec[0] / 1e6, (double) usec[RUNS - 1] / 1e6, RUNS, usage.ru_maxrss);
        (void) printf("{\"bench\":\"scan\",\"functions\":%u,\"seconds\":%.4f,\"first_seconds\":%.4f,"
                      "\"rss_kib\":%ld}\n",
                      FUNCTIONS, (double) usec[RUNS / 2] / 1e6, (double) first_usec / 1e6, usage.ru_maxrss);
}

int main(void)
{
        SysfsTree t;
        int status;
        pid_t pid;

        prepare_mounts();
        sysfs_tree_init(&t);
        build_tree(&t);
        mount_tree(&t);

        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
                measure(&t);
                CHECK(fflush(stdout) == 0);
                _exit(EXIT_SUCCESS);
        }

        CHECK(waitpid(pid, &status, 0) == pid);
        return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
