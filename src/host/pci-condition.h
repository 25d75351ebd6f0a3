/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What of a function may change while it is there: whether the kernel gives its IOMMU group to a guest, whether its card
 * answers, and the attributes that its family names. Read at every scan, so in few system calls: groups out of the links that the
 * scan follows anyway, cards once for all their functions.
 *
 * A guest gets a group when no member is bound to a driver that does DMA for the host (Linux drivers/iommu/iommu.c,
 * iommu_group_claim_dma_owner()). Drivers that do none say so by driver_managed_dma: vfio-pci and its variants, pci-stub and
 * pcieport; before Linux 5.19 the same ones were a list (drivers/vfio/vfio.c, vfio_dev_driver_allowed()). Members that are
 * no PCI devices are not looked for.
 */

#include "core/family.h"

typedef struct PciGroups PciGroups;

int pci_groups_new(PciGroups **ret) _warn_unused_result_;
PciGroups *pci_groups_free(PciGroups *g);
DEFINE_CLEANUP_FUNC(PciGroups *, pci_groups_free);

/* Notes a device of the host, whatever it is. driver NULL: none. -ENOMEM. */
int pci_groups_add(PciGroups *g, int group, const PciAddress *a, const char *driver) _warn_unused_result_;

/* Fills in what stands in the way of functions, and their attributes; sorted by address they are read fastest. What cannot be
 * read is not told. `families` may be NULL. -ENOMEM. */
int pci_conditions_read(int devices_fd, PciGroups *g, const Families *families, Function *functions,
                        size_t n) _warn_unused_result_;
