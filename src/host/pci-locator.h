/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The locator of a virtual function (core/locator.h) out of sysfs: where the directory of its physical function is
 * beneath /sys/devices, that one's configuration space for the serial number, and sriov_offset and sriov_stride beside it
 * (Linux drivers/pci/iov.c, since 4.15).
 */

#include "core/locator.h"

/* `function_fd` is the function's directory. 0 with an unknown locator where sysfs does not tell; negative only without
 * memory. */
int pci_locator_read(int function_fd, const PciAddress *a, const PciAddress *physical_function,
                     Locator *ret) _warn_unused_result_;
