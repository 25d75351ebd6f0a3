/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-condition.h"

#include <fcntl.h>
#include <stdio.h>

#include "basic/fileio.h"
#include "basic/log.h"

/* A member of a group that a driver of the host keeps. */
typedef struct Kept {
        int group;
        PciAddress address;
        char *driver; /* owned */
} Kept;

struct PciGroups {
        Kept *list;
        size_t n;
};

int pci_groups_new(PciGroups **ret)
{
        *ret = calloc(1, sizeof(PciGroups));
        return *ret ? 0 : -ENOMEM;
}

PciGroups *pci_groups_free(PciGroups *g)
{
        if (!g)
                return NULL;

        for (size_t i = 0; i < g->n; i++)
                free(g->list[i].driver);

        free(g->list);
        free(g);
        return NULL;
}

static bool does_dma(const char *driver)
{
        return !function_driver_is_vfio(driver) && !streq(driver, "pci-stub") && !streq(driver, "pcieport");
}

int pci_groups_add(PciGroups *g, int group, const PciAddress *a, const char *driver)
{
        char *copy;

        if (group < 0 || !does_dma(driver))
                return 0;

        copy = strdup(driver);
        if (!copy || !ARRAY_GROW(g->list, g->n)) {
                free(copy);
                return -ENOMEM;
        }

        g->list[g->n++] = (Kept) { .group = group, .address = *a, .driver = copy };
        return 0;
}

static int compare_kept(const void *a, const void *b)
{
        const Kept *x = a, *y = b;

        return x->group != y->group ? (x->group < y->group ? -1 : 1)
                                    : pci_address_compare(&x->address, &y->address);
}

/* The first member of the group, another than `a`, that is kept. */
static const Kept *find_kept(const PciGroups *g, int group, const PciAddress *a)
{
        size_t low = 0, high = g->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (g->list[middle].group < group)
                        low = middle + 1;
                else
                        high = middle;
        }

        if (low < g->n && g->list[low].group == group && pci_address_equal(&g->list[low].address, a))
                low++;

        return low < g->n && g->list[low].group == group ? g->list + low : NULL;
}

static int read_obstacle(const PciGroups *g, Function *f)
{
        const Kept *k = f->iommu_group >= 0 ? find_kept(g, f->iommu_group, &f->address) : NULL;

        if (k && asprintf(&f->group_obstacle, "%s is bound to '%s'", PCI_ADDRESS_STR(&k->address),
                          k->driver) < 0) {
                f->group_obstacle = NULL;
                return -ENOMEM;
        }

        return 0;
}

static int open_device(int devices_fd, const PciAddress *a)
{
        return openat(devices_fd, PCI_ADDRESS_STR(a), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Reads of a device that does not answer are all ones (PCI Local Bus 3.0 section 6.1). */
static bool is_dead(int device_fd)
{
        _cleanup_close_ int fd = openat(device_fd, "config", O_RDONLY | O_CLOEXEC);
        uint32_t ids;

        return fd >= 0 && read(fd, &ids, sizeof(ids)) == (ssize_t) sizeof(ids) && ids == UINT32_MAX;
}

static int read_attributes(int device_fd, const Family *family, AttributeOf of, Attributes *attributes)
{
        for (size_t i = 0; i < family->n_attributes; i++) {
                const FamilyAttribute *a = family->attributes + i;
                _cleanup_free_ char *value = NULL;
                int r;

                if (!a->file || a->of != of)
                        continue;

                r = read_attr_at(device_fd, a->file, &value);
                if (r == -ENOMEM)
                        return r;
                if (r >= 0) {
                        value[strcspn(value, "\n")] = '\0';
                        r = attributes_set(attributes, a->name, value);
                }
                if (r < 0 && r != -ENOENT)
                        log_debug("Cannot read '%s' of a PCI function, ignoring: %s", a->file, strerror(-r));
        }

        return 0;
}

static bool has_attributes_of(const Family *family, AttributeOf of)
{
        for (size_t i = 0; family && i < family->n_attributes; i++)
                if (family->attributes[i].file && family->attributes[i].of == of)
                        return true;

        return false;
}

/* A card: what all its functions have in common. */
typedef struct Card {
        PciAddress address;
        const Family *family; /* whose attributes these are */
        bool is_known, is_dead;
        Attributes attributes;
} Card;

static int read_card(int devices_fd, const Function *f, const Family *family, Card *ret)
{
        _cleanup_close_ int fd = open_device(devices_fd, &f->physical_function);
        Card c = { .address = f->physical_function, .family = family, .is_known = true };
        int r;

        if (fd >= 0) {
                c.is_dead = is_dead(fd);
                r = family ? read_attributes(fd, family, ATTRIBUTE_OF_PHYSICAL_FUNCTION, &c.attributes) : 0;
                if (r < 0)
                        return r;
        }

        *ret = c;
        return 0;
}

static int read_own_attributes(int devices_fd, const Family *family, Function *f)
{
        _cleanup_close_ int fd = -EBADF;

        if (!has_attributes_of(family, ATTRIBUTE_OF_FUNCTION))
                return 0;

        fd = open_device(devices_fd, &f->address);
        return fd >= 0 ? read_attributes(fd, family, ATTRIBUTE_OF_FUNCTION, &f->identity.attributes) : 0;
}

int pci_conditions_read(int devices_fd, PciGroups *g, const Families *families, Function *functions,
                        size_t n)
{
        Card card = { 0 };

        if (g->n > 0)
                qsort(g->list, g->n, sizeof(Kept), compare_kept);

        for (size_t i = 0; i < n; i++) {
                Function *f = functions + i;
                const Family *family = families_find(families, f->identity.vendor, f->identity.device);
                int r;

                if (!card.is_known || family != card.family ||
                    !pci_address_equal(&card.address, &f->physical_function)) {
                        r = read_card(devices_fd, f, family, &card);
                        if (r < 0)
                                return r;
                }

                f->is_dead = card.is_dead;
                f->identity.attributes = card.attributes;
                if ((r = read_own_attributes(devices_fd, family, f)) < 0 || (r = read_obstacle(g, f)) < 0)
                        return r;
        }

        return 0;
}
