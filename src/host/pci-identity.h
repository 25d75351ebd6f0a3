/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a PCI function is - ids, class, BARs - by libpciaccess. It reads sysfs's attribute files where it
 * can, which matters: a virtual function's own config space has FFFFh for its vendor and device (PCIe SR-IOV
 * 1.1 section 3.4.1), and its BARs read as zero; the kernel knows both from the physical function.
 */

#include "core/function.h"

/* One look at the bus: libpciaccess keeps the list that it made at pci_identity_open(). One at a time in a
 * process, since the list is a global of the library. */
int pci_identity_open(Failure *reterr) _warn_unused_result_;
void pci_identity_close(void);

/* -ENODEV when the list has no such function. */
typedef int (*PciIdentityRead)(const PciAddress *a, FunctionIdentity *ret, void *userdata);
int pci_identity_read(const PciAddress *a, FunctionIdentity *ret, void *userdata) _warn_unused_result_;
