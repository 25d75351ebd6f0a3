/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PciAddress: a PCI function's place as a value. Text form is that of the kernel's sysfs names,
 * "0000:01:10.2" (Linux drivers/pci/probe.c, pci_setup_device(); domains of more than four digits exist for
 * VMD and Hyper-V, so up to eight are read).
 */

#include "basic/macro.h"

typedef struct PciAddress {
        uint32_t domain;
        uint8_t bus;
        uint8_t slot;     /* 0..31 */
        uint8_t function; /* 0..7 */
} PciAddress;

#define PCI_ADDRESS_STRING_MAX sizeof("ffffffff:ff:1f.7")

/* Strict: four to eight lower- or upper-case hex digits, ':', two, ':', two, '.', one of 0-7; nothing else.
 * -EINVAL otherwise. */
int pci_address_parse(const char *s, PciAddress *ret) _warn_unused_result_;
/* Writes the text form into buf and returns buf. */
char *pci_address_format(const PciAddress *a, char buf[static PCI_ADDRESS_STRING_MAX]);
/* <0, 0, >0: domain, bus, slot, function in this order. */
int pci_address_compare(const PciAddress *a, const PciAddress *b);

static inline bool pci_address_equal(const PciAddress *a, const PciAddress *b)
{
        return pci_address_compare(a, b) == 0;
}

bool pci_address_is_among(const PciAddress *a, const PciAddress *list, size_t n);

/* The text form as a temporary that lives until the end of the enclosing block. */
#define PCI_ADDRESS_STR(a) pci_address_format((a), (char[PCI_ADDRESS_STRING_MAX]) { 0 })
