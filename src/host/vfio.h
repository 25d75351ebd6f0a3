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

/* Binds to vfio-pci, after checking that the IOMMU group can be given to a guest. *ret_previous: the driver
 * it had, NULL for none. FAILURE_UNKNOWN_FUNCTION, FAILURE_FOREIGN_DRIVER, FAILURE_BIND_FAILED. */
int vfio_bind(int pci_fd, const PciAddress *a, char **ret_previous, Failure *reterr) _warn_unused_result_;
/* Back to driver `previous`, NULL: to none. A function that vanished, or that another driver took meanwhile, is
 * left alone: success. */
int vfio_unbind(int pci_fd, const PciAddress *a, const char *previous, Failure *reterr) _warn_unused_result_;
/* Function-level reset, then a look whether its config space answers. The caller knows that no guest has
 * it. */
int vfio_reset(int pci_fd, const PciAddress *a, Failure *reterr) _warn_unused_result_;
