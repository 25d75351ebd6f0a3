/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Virtual functions and their driver, by sysfs. `pci_fd` is the directory /sys/bus/pci (or a tree that looks
 * like it). Physical functions are never touched; a driver that is not VFIO is never taken away from a
 * function.
 *
 * Writing to sysfs can block for as long as a driver or the device takes: only a worker, which can be
 * killed, calls this.
 */

#include "core/failure.h"
#include "core/pci-address.h"

/* Binds to vfio-pci, after checking that the IOMMU group can be given to a guest. *ret_bound: it had no
 * driver before. FAILURE_UNKNOWN_FUNCTION: it is gone, FAILURE_FOREIGN_DRIVER: somebody else has it or a member of its
 * group, FAILURE_BIND_FAILED: vfio-pci does not take it, FAILURE_HOST: the host lacks what it takes. */
int vfio_bind(int pci_fd, const PciAddress *a, bool *ret_bound, Failure *reterr) _warn_unused_result_;
/* Is it on vfio-pci itself, or on nothing? That driver gives a function away and knows nothing of what is in it. One that
 * does is a variant of it with a name of its own; whether it really speaks VFIO migration QEMU says, which has the
 * function open (qmp_parse_migration_blockers()). */
int vfio_is_plain(int pci_fd, const PciAddress *a, bool *ret, Failure *reterr) _warn_unused_result_;
/* Back to no driver. A function that vanished, or that another driver took meanwhile, is
 * left alone: success. */
int vfio_unbind(int pci_fd, const PciAddress *a, Failure *reterr) _warn_unused_result_;
/* Function-level reset, then a look whether its config space answers. The caller knows that no guest has
 * it. */
int vfio_reset(int pci_fd, const PciAddress *a, Failure *reterr) _warn_unused_result_;
