/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.vgpu.Hibernate1.Pool: one object for each pool of the view. */

#include <stdio.h>

#include "daemon/daemon-bus.h"
#include "daemon/object-path.h"
#include "vgpu-hibernate.h"

static int property_get_policy(sd_bus *bus, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const PoolView *p = userdata;

        return sd_bus_message_append(reply, "s", pick_policy_to_string(p->pick));
}

static int property_get_kinds(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const PoolView *p = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssuuuu)");
        for (size_t i = 0; r >= 0 && i < p->figures.n_kinds; i++) {
                const KindShare *k = p->figures.kinds + i;
                char device[sizeof("ffff:ffff")];

                (void) snprintf(device, sizeof(device), "%04x:%04x", k->vendor, k->device);
                r = sd_bus_message_append(reply, "(ssuuuu)", PCI_ADDRESS_STR(&k->like), device, k->n,
                                          k->n_free, k->largest_on_pf, k->largest_in_group);
        }

        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int pool_find_object(sd_bus *bus, const char *path, const char *interface, void *userdata,
                            void **ret_found, sd_bus_error *error)
{
        const Manager *m = userdata;
        _cleanup_free_ char *name = NULL;
        const PoolView *p;
        int r;

        r = pool_path_to_name(path, &name);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        p = view_find_pool(m->view, name);
        if (!p)
                return 0;

        *ret_found = (void *) p;
        return 1;
}

static int pool_enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                          sd_bus_error *error)
{
        const Manager *m = userdata;
        size_t n = m->view->n_pools;
        char **nodes;

        nodes = calloc(n + 1, sizeof(char *));
        if (!nodes)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                if (pool_path_from_name(m->view->pools[i].name, nodes + i) < 0)
                        break; /* bus_return_nodes() sees the gap */

        return bus_return_nodes(nodes, n, ret_nodes);
}

#define COUNT(name, state)                                                                   \
        SD_BUS_PROPERTY(name, "u", NULL, offsetof(PoolView, n) + (state) * sizeof(uint32_t), \
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

static const sd_bus_vtable pool_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Name", "s", NULL, offsetof(PoolView, name), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Policy", "s", property_get_policy, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Total", "u", NULL, offsetof(PoolView, n_functions),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        COUNT("Free", FUNCTION_FREE),
        COUNT("Leased", FUNCTION_LEASED),
        COUNT("Assigned", FUNCTION_ASSIGNED),
        COUNT("Held", FUNCTION_HELD),
        COUNT("Quarantined", FUNCTION_QUARANTINED),
        COUNT("Unknown", FUNCTION_UNKNOWN),
        SD_BUS_PROPERTY("PhysicalFunctions", "u", NULL, offsetof(PoolView, n_physical_functions),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("FreePhysicalFunctions", "u", NULL, offsetof(PoolView, n_free_physical_functions),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("LargestFree", "u", NULL, offsetof(PoolView, figures.largest_on_pf),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("LargestFreeInGroup", "u", NULL, offsetof(PoolView, figures.largest_in_group),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Stranded", "u", NULL, offsetof(PoolView, figures.stranded),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Unusable", "d", NULL, offsetof(PoolView, figures.unusable),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Kinds", "a(ssuuuu)", property_get_kinds, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

int pool_bus_add(Manager *m)
{
        int r;

        r = sd_bus_add_fallback_vtable(m->bus, NULL, VGPU_HIBERNATE_POOL_PATH, VGPU_HIBERNATE_POOL_INTERFACE,
                                       pool_vtable, pool_find_object, m);
        if (r < 0)
                return r;

        return sd_bus_add_node_enumerator(m->bus, NULL, VGPU_HIBERNATE_POOL_PATH, pool_enumerate, m);
}
