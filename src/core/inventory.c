/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/inventory.h"

#include "core/enum-table.h"

static const char *const inventory_affinity_table[] = {
        [AFFINITY_NONE] = "none",
        [AFFINITY_PHYSICAL_FUNCTION] = "physical-function",
        [AFFINITY_GROUP] = "group",
};
DEFINE_ENUM_TABLE(inventory_affinity, InventoryAffinity, _INVENTORY_AFFINITY_MAX);

void inventory_done(Inventory *inv)
{
        for (size_t i = 0; i < inv->n_functions; i++)
                function_done(&inv->functions[i].function);

        for (size_t i = 0; i < inv->n_domains; i++) {
                free(inv->domains[i].name);
                free(inv->domains[i].uuid);
                free(inv->domains[i].state);
                free(inv->domains[i].functions);
        }

        for (size_t i = 0; i < inv->n_pools; i++) {
                free(inv->pools[i].name);
                fragmentation_done(&inv->pools[i].figures);
        }

        free(inv->host);
        free(inv->stamp);
        free(inv->functions);
        free(inv->by_address);
        free(inv->domains);
        free(inv->pools);
        *inv = (Inventory) { 0 };
}

void fleet_done(Fleet *f)
{
        for (size_t i = 0; i < f->n; i++)
                inventory_done(f->hosts + i);

        free(f->hosts);
        *f = (Fleet) { 0 };
}

static int compare_functions(const void *a, const void *b, void *userdata)
{
        const InventoryFunction *list = userdata;
        size_t x = *(const size_t *) a, y = *(const size_t *) b;
        int r = pci_address_compare(&list[x].function.address, &list[y].function.address);

        return r != 0 ? r : x < y ? -1 : x > y;
}

int inventory_index(Inventory *inv, size_t *ret_again)
{
        size_t *list = calloc(inv->n_functions + 1, sizeof(size_t));

        if (!list)
                return -ENOMEM;

        for (size_t i = 0; i < inv->n_functions; i++)
                list[i] = i;
        if (inv->n_functions > 0)
                qsort_r(list, inv->n_functions, sizeof(size_t), compare_functions, inv->functions);

        free(inv->by_address);
        inv->by_address = list;

        *ret_again = INVENTORY_NONE;
        for (size_t i = 1; i < inv->n_functions && *ret_again == INVENTORY_NONE; i++)
                if (pci_address_equal(&inv->functions[list[i - 1]].function.address,
                                      &inv->functions[list[i]].function.address))
                        *ret_again = list[i];

        return 0;
}

size_t inventory_find(const Inventory *inv, const PciAddress *a)
{
        size_t low = 0, high = inv->n_functions;

        while (low < high) {
                size_t middle = low + (high - low) / 2, i = inv->by_address[middle];
                int r = pci_address_compare(a, &inv->functions[i].function.address);

                if (r == 0)
                        return i;
                if (r < 0)
                        high = middle;
                else
                        low = middle + 1;
        }

        return INVENTORY_NONE;
}

void fleet_find_families(Fleet *f, const Families *l)
{
        for (size_t h = 0; h < f->n; h++)
                for (size_t i = 0; i < f->hosts[h].n_functions; i++) {
                        Function *function = &f->hosts[h].functions[i].function;
                        const FunctionIdentity *id = &function->identity;

                        function->family = id->vendor != 0 ? families_find(l, id->vendor, id->device) : NULL;
                }
}

int fleet_find(const Fleet *f, const char *name, FleetFunction *ret, Failure *reterr)
{
        const char *slash = strrchr(name, '/'), *other = NULL;
        FleetFunction found = { .host = INVENTORY_NONE };
        PciAddress a;

        if (pci_address_parse(slash ? slash + 1 : name, &a) < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s' is not the address of a PCI function like 0000:01:10.2", name);

        for (size_t i = 0; i < f->n; i++) {
                const char *host = f->hosts[i].host;
                size_t k;

                if (slash && (!host || strlen(host) != (size_t) (slash - name) ||
                              strncmp(host, name, strlen(host)) != 0))
                        continue;

                k = inventory_find(f->hosts + i, &a);
                if (k == INVENTORY_NONE)
                        continue;

                if (found.host != INVENTORY_NONE) {
                        other = f->hosts[found.host].host;
                        return failure_set(
                                        reterr, FAILURE_INVALID_OPTION,
                                        "function %s is on host '%s' and on host '%s'; name it as HOST/%s",
                                        name, other ? other : "?", host ? host : "?", name);
                }
                found = (FleetFunction) { .host = i, .function = k };
        }

        if (found.host == INVENTORY_NONE)
                return failure_set(reterr, FAILURE_UNKNOWN_FUNCTION, "function %s is not in the inventory",
                                   name);

        *ret = found;
        return 0;
}
