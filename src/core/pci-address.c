/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pci-address.h"

#include <stdio.h>

/* Reads between min and max hex digits at *p, moves *p behind them. */
static int parse_hex(const char **p, size_t min, size_t max, uint32_t *ret)
{
        uint32_t value = 0;
        size_t n = 0;

        for (; n < max; n++) {
                char c = (*p)[n];

                if (c >= '0' && c <= '9')
                        value = value << 4 | (uint32_t) (c - '0');
                else if (c >= 'a' && c <= 'f')
                        value = value << 4 | (uint32_t) (c - 'a' + 10);
                else if (c >= 'A' && c <= 'F')
                        value = value << 4 | (uint32_t) (c - 'A' + 10);
                else
                        break;
        }

        if (n < min)
                return -EINVAL;

        *p += n;
        *ret = value;
        return 0;
}

static int expect(const char **p, char c)
{
        if (**p != c)
                return -EINVAL;

        (*p)++;
        return 0;
}

int pci_address_parse(const char *s, PciAddress *ret)
{
        uint32_t domain, bus, slot, function;

        if (!s)
                return -EINVAL;

        if (parse_hex(&s, 4, 8, &domain) < 0 || expect(&s, ':') < 0 || parse_hex(&s, 2, 2, &bus) < 0 ||
            expect(&s, ':') < 0 || parse_hex(&s, 2, 2, &slot) < 0 || expect(&s, '.') < 0 ||
            parse_hex(&s, 1, 1, &function) < 0 || *s != '\0')
                return -EINVAL;

        if (slot > 31 || function > 7)
                return -EINVAL;

        *ret = (PciAddress) {
                .domain = domain,
                .bus = (uint8_t) bus,
                .slot = (uint8_t) slot,
                .function = (uint8_t) function,
        };
        return 0;
}

char *pci_address_format(const PciAddress *a, char buf[static PCI_ADDRESS_STRING_MAX])
{
        (void) snprintf(buf, PCI_ADDRESS_STRING_MAX, "%04x:%02x:%02x.%u", a->domain, a->bus, a->slot & 0x1fU,
                        a->function & 0x7U);
        return buf;
}

bool pci_address_is_among(const PciAddress *a, const PciAddress *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (pci_address_equal(list + i, a))
                        return true;

        return false;
}

int pci_address_compare(const PciAddress *a, const PciAddress *b)
{
        if (a->domain != b->domain)
                return a->domain < b->domain ? -1 : 1;
        if (a->bus != b->bus)
                return a->bus < b->bus ? -1 : 1;
        if (a->slot != b->slot)
                return a->slot < b->slot ? -1 : 1;
        if (a->function != b->function)
                return a->function < b->function ? -1 : 1;
        return 0;
}
