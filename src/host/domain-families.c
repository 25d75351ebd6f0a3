/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/domain-families.h"

#include <fcntl.h>
#include <stdio.h>

#include "basic/fileio.h"

/* NULL: it is gone, or of none that is known. */
static const Family *find_family(const RealHost *h, const PciAddress *a)
{
        char path[sizeof("devices/") + PCI_ADDRESS_STRING_MAX], address[PCI_ADDRESS_STRING_MAX];
        _cleanup_close_ int fd = -EBADF;
        uint32_t vendor, device;

        (void) snprintf(path, sizeof(path), "devices/%s", pci_address_format(a, address));
        fd = openat(h->pci_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || read_hex_attr_at(fd, "vendor", 16, &vendor) < 0 ||
            read_hex_attr_at(fd, "device", 16, &device) < 0)
                return NULL;

        return families_find(h->settings.families, (uint16_t) vendor, (uint16_t) device);
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
