/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a PCI function is - ids, class, BARs - by libpciaccess, and which it is (host/pci-locator.h). The library reads sysfs's attribute files where it
 * can, which matters: a virtual function's own config space has FFFFh for its vendor and device (PCIe SR-IOV
 * 1.1 section 3.4.1), and its BARs read as zero; the kernel knows both from the physical function.
 *
 * That is eight files for each device of the host, so of a function that was there at the last scan already nothing is
 * read again: what it is cannot change while its directory in sysfs is the same one. A function that was removed and
 * made again has another inode (Linux fs/kernfs/dir.c, __kernfs_new_node(): numbers go round after 2^32).
 */

#include "core/function.h"

typedef struct PciIdentities PciIdentities;

/* Knows nothing yet. One at a time in a process: the library's list of devices is a global. */
int pci_identities_new(PciIdentities **ret) _warn_unused_result_;
PciIdentities *pci_identities_free(PciIdentities *p);
DEFINE_CLEANUP_FUNC(PciIdentities *, pci_identities_free);

/* Fills in identity and locator of *f, whose addresses are known. `fd` is its directory in sysfs and `inode` that one's
 * number. -ENODEV when there is no such function. */
typedef int (*PciIdentityRead)(Function *f, int fd, uint64_t inode, void *userdata);
/* `userdata`: PciIdentities. */
int pci_identity_read(Function *f, int fd, uint64_t inode, void *userdata) _warn_unused_result_;
/* The scan is over: what was not asked for in it is forgotten. */
void pci_identities_settle(PciIdentities *p);
