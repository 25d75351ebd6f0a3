/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/domain-families.h"

#include <stdio.h>

#include "basic/fileio.h"

/* NULL: it is gone, or of none that is known. */
static const Family *find_family(const RealHost *h, const PciAddress *a)
{
        static const char *const attributes[] = { "vendor", "device" };
        unsigned ids[ELEMENTSOF(attributes)];

        for (size_t i = 0; i < ELEMENTSOF(attributes); i++) {
                _cleanup_free_ char *path = NULL, *text = NULL;

                if (asprintf(&path, "devices/%s/%s", PCI_ADDRESS_STR(a), attributes[i]) < 0) {
                        path = NULL;
                        return NULL;
                }
                if (read_attr_at(h->pci_fd, path, &text) < 0 || sscanf(text, "0x%4x", ids + i) != 1)
                        return NULL;
        }

        return families_find(h->settings.families, (uint16_t) ids[0], (uint16_t) ids[1]);
}

size_t domain_families(const RealHost *h, const PciAddress *functions, size_t n,
                       DomainFamily ret[static DOMAIN_XML_FUNCTIONS_MAX])
{
        size_t n_families = 0;

        for (size_t i = 0; i < n && n_families < DOMAIN_XML_FUNCTIONS_MAX; i++) {
                const Family *f = find_family(h, functions + i);
                size_t k = 0;

                if (!f)
                        continue;
                while (k < n_families && ret[k].family != f)
                        k++;
                if (k == n_families)
                        ret[n_families++] = (DomainFamily) { .family = f };
                ret[k].n_functions++;
        }

        return n_families;
}
