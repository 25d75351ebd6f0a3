/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-identity.h"

#include <assert.h>
#include <pciaccess.h>

static_assert(ELEMENTSOF(((struct pci_device *) NULL)->regions) == FUNCTION_BARS_MAX,
              "libpciaccess counts BARs differently");

int pci_identity_open(Failure *reterr)
{
        int error = pci_system_init();

        if (error != 0)
                return failure_set_errno(reterr, FAILURE_HOST, error,
                                         "libpciaccess cannot read the PCI bus");

        return 0;
}

void pci_identity_close(void)
{
        pci_system_cleanup();
}

int pci_identity_read(const PciAddress *a, FunctionIdentity *ret, _unused_ void *userdata)
{
        struct pci_device *d;
        int error;

        assert(a);
        assert(ret);

        d = pci_device_find_by_slot(a->domain, a->bus, a->slot, a->function);
        if (!d)
                return -ENODEV;

        error = pci_device_probe(d);
        if (error != 0)
                return error > 0 ? -error : error;

        *ret = (FunctionIdentity) {
                .vendor = d->vendor_id,
                .device = d->device_id,
                .subvendor = d->subvendor_id,
                .subdevice = d->subdevice_id,
                .revision = d->revision,
                .class_code = d->device_class & 0xffffff,
        };

        for (size_t i = 0; i < FUNCTION_BARS_MAX; i++)
                ret->bars[i] = (FunctionBar) {
                        .bytes = d->regions[i].size,
                        .io = d->regions[i].is_IO,
                        .mem64 = d->regions[i].is_64,
                        .prefetchable = d->regions[i].is_prefetchable,
                };

        return 0;
}
