/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-identity.h"

#include <assert.h>
#include <pciaccess.h>

#include "host/pci-locator.h"

static_assert(ELEMENTSOF(((struct pci_device *) NULL)->regions) == FUNCTION_BARS_MAX,
              "libpciaccess counts BARs differently");

typedef struct KnownFunction {
        PciAddress address;
        uint64_t inode;
        FunctionIdentity identity;
        Locator locator;
} KnownFunction;

typedef struct KnownFunctions {
        KnownFunction *list;
        size_t n, allocated;
} KnownFunctions;

struct PciIdentities {
        bool open;             /* the library's list of devices is there */
        KnownFunctions before; /* by address, of the last scan */
        KnownFunctions now;
};

int pci_identities_new(PciIdentities **ret)
{
        *ret = calloc(1, sizeof(PciIdentities));
        return *ret ? 0 : -ENOMEM;
}

static void close_library(PciIdentities *p)
{
        if (p->open)
                pci_system_cleanup();
        p->open = false;
}

PciIdentities *pci_identities_free(PciIdentities *p)
{
        if (!p)
                return NULL;

        close_library(p);
        free(p->before.list);
        free(p->now.list);
        free(p);
        return NULL;
}

static int compare_known(const void *a, const void *b)
{
        return pci_address_compare(&((const KnownFunction *) a)->address,
                                   &((const KnownFunction *) b)->address);
}

void pci_identities_settle(PciIdentities *p)
{
        close_library(p);

        free(p->before.list);
        p->before = p->now;
        p->now = (KnownFunctions) { 0 };
        if (p->before.n > 0)
                qsort(p->before.list, p->before.n, sizeof(KnownFunction), compare_known);
}

static const KnownFunction *find_known(const PciIdentities *p, const PciAddress *a, uint64_t inode)
{
        const KnownFunction key = { .address = *a }, *found;

        found = p->before.n > 0 ? bsearch(&key, p->before.list, p->before.n, sizeof(KnownFunction),
                                          compare_known)
                                : NULL;
        return found && found->inode == inode ? found : NULL;
}

static int remember(PciIdentities *p, const KnownFunction *k)
{
        if (p->now.n == p->now.allocated) {
                size_t allocated = p->now.allocated > 0 ? 2 * p->now.allocated : 64;
                KnownFunction *bigger = reallocarray(p->now.list, allocated, sizeof(KnownFunction));

                if (!bigger)
                        return -ENOMEM;
                p->now.list = bigger;
                p->now.allocated = allocated;
        }

        p->now.list[p->now.n++] = *k;
        return 0;
}

#define CONFIG_BYTES 256
#define CONFIG_STATUS 0x06 /* bit 4: there are capabilities (PCI Local Bus 3.0 section 6.2.3) */
#define CONFIG_CAPABILITIES 0x34
#define CAPABILITY_MSIX 0x11
#define CAPABILITIES_MAX 48 /* more do not fit: a list that goes in a circle */

/* Of what a virtual function has in config space, this is its own. 0: what is read ends before it. */
static int msix_of(const uint8_t *config, size_t n)
{
        uint8_t at;

        if (n <= CONFIG_CAPABILITIES)
                return 0;
        if (!(config[CONFIG_STATUS] & 0x10))
                return FUNCTION_MSIX_NONE;

        at = config[CONFIG_CAPABILITIES] & 0xfc;
        for (size_t i = 0; at != 0 && i < CAPABILITIES_MAX; i++) {
                if (at + 4U > n)
                        return 0;
                if (config[at] == CAPABILITY_MSIX)
                        return ((config[at + 2] | config[at + 3] << 8) & 0x7ff) + 1;
                at = config[at + 1] & 0xfc;
        }

        return FUNCTION_MSIX_NONE;
}

/* The kernel lets read 64 bytes who is not root; then the list is not seen. */
static int read_msix(struct pci_device *d)
{
        uint8_t config[CONFIG_BYTES];
        pciaddr_t n = 0;

        return pci_device_cfg_read(d, config, 0, sizeof(config), &n) == 0 || n > 0 ? msix_of(config, n) : 0;
}

static int read_by_library(PciIdentities *p, const PciAddress *a, int fd, FunctionIdentity *ret)
{
        struct pci_device *d;
        int error;

        if (!p->open) {
                error = pci_system_init();
                if (error != 0)
                        return error > 0 ? -error : error;
                p->open = true;
        }

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
                .msix = read_msix(d),
        };

        for (size_t i = 0; i < FUNCTION_BARS_MAX; i++)
                ret->bars[i] = (FunctionBar) {
                        .bytes = d->regions[i].size,
                        .io = d->regions[i].is_IO,
                        .mem64 = d->regions[i].is_64,
                        .prefetchable = d->regions[i].is_prefetchable,
                };

        /* The library makes one up for every VGA device; sysfs has a file when there is one. */
        if (fd >= 0 && faccessat(fd, "rom", F_OK, 0) >= 0)
                ret->rom_bytes = d->rom_size;

        return 0;
}

int pci_identity_read(Function *f, int fd, uint64_t inode, void *userdata)
{
        KnownFunction k = { .inode = inode };
        PciIdentities *p = userdata;
        const KnownFunction *known;
        int r;

        assert(f);
        assert(p);

        k.address = f->address;
        known = find_known(p, &f->address, inode);
        if (known)
                k = *known;
        else {
                r = read_by_library(p, &f->address, fd, &k.identity);
                if (r >= 0)
                        r = pci_locator_read(fd, &f->address, &f->physical_function, &k.locator);
                if (r < 0)
                        return r;
        }

        f->identity = k.identity;
        f->locator = k.locator;
        return remember(p, &k);
}
