/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Locator: which virtual function of this host it is, wherever it is. An address is not: it has the number of a bus,
 * and firmware numbers all of them anew when one more card is plugged in. So whatever is written down about a function
 * to outlive a boot has both, and counts for the function that has the locator, never for another one that got its
 * address.
 *
 * Which physical function, by the serial number of its card where that has one, so that it may be moved to another slot;
 * else by its way from the root: of each bridge, and of itself at the end, the device and function number, which are
 * wiring. Then the number of the virtual function among those of the physical one.
 */

#include "core/pci-address.h"

#define LOCATOR_SLOT_MAX 96 /* the root and 16 bridges */
#define LOCATOR_SERIAL_STRING_MAX sizeof("0123456789abcdef")

typedef struct Locator {
        char slot[LOCATOR_SLOT_MAX]; /* of the physical function, "pci0000:00/10.0/00.0"; "": nothing is known */
        uint64_t serial;             /* of its card; 0: it has none, or one that others have as well */
        uint32_t index;              /* of the virtual function, from 0 */
} Locator;

/* Something that was written down: it was there, and is this one. Without a locator, as older versions wrote it, the
 * address is taken at its word. */
typedef struct FunctionRef {
        PciAddress address;
        Locator locator;
} FunctionRef;

typedef struct Function Function;

static inline bool locator_is_known(const Locator *l)
{
        return l->slot[0] != '\0';
}

/* Both known, and of the same function. */
bool locator_equal(const Locator *a, const Locator *b);
/* Both known, and of functions of one physical function. */
bool locator_is_sibling(const Locator *a, const Locator *b);

/* Do both say the same function? */
bool function_ref_equal(const FunctionRef *a, const FunctionRef *b);
FunctionRef function_ref(const Function *f);
bool function_ref_is(const FunctionRef *r, const Function *f);
/* NULL: it is not among them, though another one may have its address now. */
const Function *function_ref_find(const FunctionRef *r, const Function *functions, size_t n);

/* Learns the locator of one that has none from the function at its address: true when it did. */
bool function_ref_learn(FunctionRef *r, const Function *functions, size_t n);

/* A serial number that two physical functions have, as cards do whose maker did not care, names neither. */
int locators_settle(Function *functions, size_t n) _warn_unused_result_;

/* "/sys/devices/pci0000:00/0000:00:10.0/0000:01:00.0": the directory of a PCI device (Linux Documentation/driver-api/
 * driver-model/platform.rst and drivers/pci/probe.c, pci_register_host_bridge()). Under a bridge that makes a host bridge
 * (drivers/pci/controller/vmd.c) the number of that one is left out, since it depends on the order of discovery. -EINVAL:
 * it is none. -ENAMETOOLONG. */
int locator_slot_from_path(const char *path, char ret[static LOCATOR_SLOT_MAX]) _warn_unused_result_;
bool locator_slot_is_valid(const char *slot);

/* One word of a PCIe configuration space; negative where it cannot be read. */
typedef int (*LocatorConfigRead)(uint32_t offset, uint32_t *ret, void *userdata);
/* Of the Device Serial Number capability (PCIe 5.0 section 7.9.3, its id is PCI_EXT_CAP_ID_DSN of Linux
 * include/uapi/linux/pci_regs.h); 0: it has none. Reads what leads there and nothing else: not every device likes to be
 * read all over. */
uint64_t locator_serial(LocatorConfigRead read, void *userdata);
/* 16 lower-case hex digits. */
char *locator_serial_format(uint64_t serial, char buf[static LOCATOR_SERIAL_STRING_MAX]);
int locator_serial_parse(const char *s, uint64_t *ret) _warn_unused_result_;

/* From the First VF Offset and VF Stride of the physical function's SR-IOV capability (Linux drivers/pci/iov.c,
 * pci_iov_virtfn_bus()). -ERANGE: it is none of its functions. */
int locator_index(const PciAddress *physical_function, uint32_t offset, uint32_t stride, const PciAddress *a,
                  uint32_t *ret) _warn_unused_result_;
