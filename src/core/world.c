/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/world.h"

void world_domain_done(WorldDomain *d)
{
        free(d->uuid);
        free(d->name);
        free(d->functions);
        *d = (WorldDomain) { 0 };
}

World *world_free(World *w)
{
        if (!w)
                return NULL;

        for (size_t i = 0; i < w->n_functions; i++)
                function_done(w->functions + i);
        for (size_t i = 0; i < w->n_domains; i++)
                world_domain_done(w->domains + i);

        free(w->functions);
        free(w->domains);
        free(w->libvirt_error);
        free(w);
        return NULL;
}

/* Grows by doubling at powers of two, so that appending one by one stays linear. */
static void *grow(void *array, size_t n, size_t element_size)
{
        if (n & (n - 1))
                return array;

        return reallocarray(array, n == 0 ? 1 : n * 2, element_size);
}

Function *world_add_function(World *w)
{
        Function *bigger = grow(w->functions, w->n_functions, sizeof(Function));

        if (!bigger)
                return NULL;

        w->functions = bigger;
        w->functions[w->n_functions] = (Function) { .iommu_group = -1, .numa_node = -1 };
        return w->functions + w->n_functions++;
}

WorldDomain *world_add_domain(World *w)
{
        WorldDomain *bigger = grow(w->domains, w->n_domains, sizeof(WorldDomain));

        if (!bigger)
                return NULL;

        w->domains = bigger;
        w->domains[w->n_domains] = (WorldDomain) { .memory_node = -1 };
        return w->domains + w->n_domains++;
}

int world_domain_add_function(WorldDomain *d, const PciAddress *a)
{
        PciAddress *bigger = grow(d->functions, d->n_functions, sizeof(PciAddress));

        if (!bigger)
                return -ENOMEM;

        d->functions = bigger;
        d->functions[d->n_functions++] = *a;
        return 0;
}

const WorldDomain *world_find_domain(const World *w, const char *name_or_uuid)
{
        /* A name may look like another domain's UUID; the UUID is the stronger claim, as in virsh. */
        for (size_t i = 0; i < w->n_domains; i++)
                if (streq(w->domains[i].uuid, name_or_uuid))
                        return w->domains + i;

        for (size_t i = 0; i < w->n_domains; i++)
                if (streq(w->domains[i].name, name_or_uuid))
                        return w->domains + i;

        return NULL;
}

static Function *find_function(World *w, const PciAddress *a)
{
        for (size_t i = 0; i < w->n_functions; i++)
                if (pci_address_equal(&w->functions[i].address, a))
                        return w->functions + i;

        return NULL;
}

int world_assign(World *w)
{
        for (size_t i = 0; i < w->n_functions; i++) {
                w->functions[i].state = FUNCTION_FREE;
                free(w->functions[i].domain);
                w->functions[i].domain = NULL;
        }

        for (size_t i = 0; i < w->n_domains; i++) {
                const WorldDomain *d = w->domains + i;

                for (size_t k = 0; d->active && k < d->n_functions; k++) {
                        Function *f = find_function(w, &d->functions[k]);

                        if (!f)
                                continue;
                        if (free_and_strdup(&f->domain, d->name) < 0)
                                return -ENOMEM;
                        f->state = FUNCTION_ASSIGNED;
                }
        }

        return 0;
}
