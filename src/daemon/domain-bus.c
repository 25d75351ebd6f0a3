/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.vgpu.Hibernate1.Domain: one object for each DomainView. */

#include "daemon/daemon-bus.h"
#include "daemon/object-path.h"
#include "vgpu-hibernate.h"

static int property_get_functions(sd_bus *bus, const char *path, const char *interface, const char *property,
                                  sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const DomainView *d = userdata;

        return bus_append_addresses(reply, d->functions, d->n_functions);
}

static int property_get_strategy(sd_bus *bus, const char *path, const char *interface, const char *property,
                                 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const DomainView *d = userdata;

        return sd_bus_message_append(reply, "s", d->hibernated ? strategy_to_string(d->strategy) : "");
}

static int property_get_hold(sd_bus *bus, const char *path, const char *interface, const char *property,
                             sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const DomainView *d = userdata;

        return sd_bus_message_append(reply, "s", d->hibernated ? hold_mode_to_string(d->hold) : "");
}

static int property_get_job(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        _cleanup_free_ char *job = NULL;
        const DomainView *d = userdata;
        int r;

        if (d->job == 0 || d->job_given_up)
                return sd_bus_message_append(reply, "o", "/");

        r = job_path_from_id(d->job, &job);
        if (r < 0)
                return r;

        return sd_bus_message_append(reply, "o", job);
}

static int property_get_adopted(sd_bus *bus, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const DomainView *d = userdata;

        return sd_bus_message_append(reply, "b", d->adoption.adopted);
}

static int property_get_autostart(sd_bus *bus, const char *path, const char *interface, const char *property,
                                  sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const DomainView *d = userdata;

        return sd_bus_message_append(reply, "b", d->adoption.autostart);
}

static int property_get_on_shutdown(sd_bus *bus, const char *path, const char *interface,
                                    const char *property, sd_bus_message *reply, void *userdata,
                                    sd_bus_error *error)
{
        const DomainView *d = userdata;

        return sd_bus_message_append(reply, "s", on_shutdown_to_string(d->on_shutdown));
}

static int domain_find(sd_bus *bus, const char *path, const char *interface, void *userdata,
                       void **ret_found, sd_bus_error *error)
{
        char uuid[UUID_STRING_MAX];
        const Manager *m = userdata;
        const DomainView *d;

        if (domain_path_to_uuid(path, uuid) < 0)
                return 0;

        d = view_find_domain_by_uuid(m->view, uuid);
        if (!d)
                return 0;

        *ret_found = (void *) d;
        return 1;
}

static int domain_enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                            sd_bus_error *error)
{
        const Manager *m = userdata;
        size_t n = m->view->n_domains;
        char **nodes;

        nodes = calloc(n + 1, sizeof(char *));
        if (!nodes)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                if (domain_path_from_uuid(m->view->domains[i].uuid, nodes + i) < 0)
                        break; /* bus_return_nodes() sees the gap */

        return bus_return_nodes(nodes, n, ret_nodes);
}

static const sd_bus_vtable domain_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Name", "s", NULL, offsetof(DomainView, name), SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("UUID", "s", NULL, offsetof(DomainView, uuid), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", NULL, offsetof(DomainView, state),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Functions", "as", property_get_functions, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Strategy", "s", property_get_strategy, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ImageBytes", "t", NULL, offsetof(DomainView, image_bytes),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Hold", "s", property_get_hold, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("HoldUntil", "t", NULL, offsetof(DomainView, hold_until_usec),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Adopted", "b", property_get_adopted, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Autostart", "b", property_get_autostart, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Order", "u", NULL, offsetof(DomainView, adoption.order),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("OnShutdown", "s", property_get_on_shutdown, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Job", "o", property_get_job, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

int domain_bus_add(Manager *m)
{
        int r;

        r = sd_bus_add_fallback_vtable(m->bus, NULL, VGPU_HIBERNATE_DOMAIN_PATH,
                                       VGPU_HIBERNATE_DOMAIN_INTERFACE, domain_vtable, domain_find, m);
        if (r < 0)
                return r;

        return sd_bus_add_node_enumerator(m->bus, NULL, VGPU_HIBERNATE_DOMAIN_PATH, domain_enumerate, m);
}
