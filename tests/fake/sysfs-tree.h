/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * SysfsTree: a directory that looks like /sys/bus/pci, with a model of what the kernel does when an
 * attribute is written. The model sits where all writes pass: write_attr_at() of basic/fileio.h, which a
 * test that wants it replaces with --wrap=write_attr_at.
 */

#include "core/function.h"

typedef struct SysfsTree {
        char *root; /* of "pci" and "iommu" */
        int pci_fd; /* stands for /sys/bus/pci */
        int devices_fd;
} SysfsTree;

void sysfs_tree_init(SysfsTree *t);
void sysfs_tree_done(SysfsTree *t);

void sysfs_tree_add_driver(SysfsTree *t, const char *driver);
/* physical_function NULL: it is one itself. driver NULL: none. */
void sysfs_tree_add_function(SysfsTree *t, const char *address, const char *physical_function,
                             const FunctionIdentity *identity, const char *driver, int iommu_group);
/* Makes the physical function one whose directory is ROOT/sys/PATH, with virtual functions from `offset` on, `stride`
 * apart, and the serial number, 0: none. */
void sysfs_tree_place(SysfsTree *t, const char *physical_function, const char *path, unsigned offset,
                      unsigned stride, uint64_t serial);
void sysfs_tree_remove_function(SysfsTree *t, const char *address);

/* Which driver the kernel would choose by itself. */
void sysfs_tree_set_natural_driver(SysfsTree *t, const char *address, const char *driver);
/* From its next reset on, its config space reads as all ones. */
void sysfs_tree_let_die(SysfsTree *t, const char *address);
/* It is off the bus. */
void sysfs_tree_drop_off(SysfsTree *t, const char *address);
void sysfs_tree_let_driver_refuse(SysfsTree *t, const char *driver);
/* NULL when it has none; the caller frees. */
char *sysfs_tree_driver(const SysfsTree *t, const char *address);
void sysfs_tree_set_attribute(SysfsTree *t, const char *address, const char *name, const char *text);
char *sysfs_tree_attribute(const SysfsTree *t, const char *address, const char *name);
