/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pci-address.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup((const char *) data, size);
        PciAddress a, b;

        if (!text || pci_address_parse(text, &a) < 0)
                return 0;

        FUZZ_CHECK(pci_address_parse(PCI_ADDRESS_STR(&a), &b) >= 0);
        FUZZ_CHECK(pci_address_equal(&a, &b));
        return 0;
}
