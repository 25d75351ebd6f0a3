/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/model.h"

#include "cli/array.h"
#include "cli/property.h"

static void manager_info_clear_reservations(ManagerInfo *m)
{
        for (size_t i = 0; i < m->n_reservations; i++) {
                free(m->reservations[i].pool);
                free(m->reservations[i].label);
                strings_free(m->reservations[i].functions);
        }

        free(m->reservations);
        m->reservations = NULL;
        m->n_reservations = 0;
}

void manager_info_done(ManagerInfo *m)
{
        manager_info_clear_reservations(m);
        free(m->version);
        free(m->degraded_reason);
        *m = (ManagerInfo) { 0 };
}

void domain_info_done(DomainInfo *d)
{
        free(d->name);
        free(d->uuid);
        free(d->state);
        free(d->strategy);
        free(d->hold);
        free(d->on_shutdown);
        free(d->job);
        strings_free(d->functions);
        *d = (DomainInfo) { 0 };
}

void function_info_done(FunctionInfo *f)
{
        free(f->address);
        free(f->physical_function);
        free(f->device);
        free(f->family);
        free(f->driver);
        free(f->pool);
        free(f->state);
        free(f->domain);
        free(f->reason);
        *f = (FunctionInfo) { 0 };
}

static int read_reservation(sd_bus_message *m, ReservationInfo *reservation)
{
        const char *pool, *label;
        int r;

        if ((r = sd_bus_message_read(m, "s", &pool)) < 0 ||
            (r = free_and_strdup(&reservation->pool, pool)) < 0 ||
            (r = sd_bus_message_read_strv(m, &reservation->functions)) < 0 ||
            (r = sd_bus_message_read(m, "uts", &reservation->uid, &reservation->expires_usec, &label)) < 0)
                return r;

        return free_and_strdup(&reservation->label, label);
}

static int read_reservations(sd_bus_message *m, void *field)
{
        ManagerInfo *info = field;
        int r;

        manager_info_clear_reservations(info);
        r = sd_bus_message_enter_container(m, 'a', "(sasuts)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'r', "sasuts")) > 0) {
                ReservationInfo *added = array_add(&info->reservations, &info->n_reservations,
                                                   sizeof(*added), MODEL_LIST_MAX);

                r = added ? read_reservation(m, added) : -ENOMEM;
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static const PropertyField manager_fields[] = {
        { "Version", "s", property_read_string, offsetof(ManagerInfo, version) },
        { "Degraded", "b", property_read_bool, offsetof(ManagerInfo, degraded) },
        { "DegradedReason", "s", property_read_string, offsetof(ManagerInfo, degraded_reason) },
        { "Reservations", "a(sasuts)", read_reservations, 0 }, /* the whole object */
};

int manager_info_read(ManagerInfo *ret, sd_bus_message *m)
{
        return properties_read(m, manager_fields, ELEMENTSOF(manager_fields), ret);
}

static const PropertyField domain_fields[] = {
        { "Name", "s", property_read_string, offsetof(DomainInfo, name) },
        { "UUID", "s", property_read_string, offsetof(DomainInfo, uuid) },
        { "State", "s", property_read_string, offsetof(DomainInfo, state) },
        { "Functions", "as", property_read_strings, offsetof(DomainInfo, functions) },
        { "Strategy", "s", property_read_string, offsetof(DomainInfo, strategy) },
        { "ImageBytes", "t", property_read_uint64, offsetof(DomainInfo, image_bytes) },
        { "Hold", "s", property_read_string, offsetof(DomainInfo, hold) },
        { "HoldUntil", "t", property_read_uint64, offsetof(DomainInfo, hold_until_usec) },
        { "Adopted", "b", property_read_bool, offsetof(DomainInfo, adopted) },
        { "Autostart", "b", property_read_bool, offsetof(DomainInfo, autostart) },
        { "Order", "u", property_read_uint32, offsetof(DomainInfo, order) },
        { "OnShutdown", "s", property_read_string, offsetof(DomainInfo, on_shutdown) },
        { "Job", "o", property_read_path, offsetof(DomainInfo, job) },
};

int domain_info_read(DomainInfo *ret, sd_bus_message *m)
{
        return properties_read(m, domain_fields, ELEMENTSOF(domain_fields), ret);
}

static const PropertyField function_fields[] = {
        { "Address", "s", property_read_string, offsetof(FunctionInfo, address) },
        { "PhysicalFunction", "s", property_read_string, offsetof(FunctionInfo, physical_function) },
        { "Device", "s", property_read_string, offsetof(FunctionInfo, device) },
        { "Family", "s", property_read_string, offsetof(FunctionInfo, family) },
        { "Driver", "s", property_read_string, offsetof(FunctionInfo, driver) },
        { "IommuGroup", "i", property_read_int32, offsetof(FunctionInfo, iommu_group) },
        { "NumaNode", "i", property_read_int32, offsetof(FunctionInfo, numa_node) },
        { "Pool", "s", property_read_string, offsetof(FunctionInfo, pool) },
        { "State", "s", property_read_string, offsetof(FunctionInfo, state) },
        { "Domain", "s", property_read_string, offsetof(FunctionInfo, domain) },
        { "HeldUntil", "t", property_read_uint64, offsetof(FunctionInfo, held_until_usec) },
        { "QuarantinedSince", "t", property_read_uint64, offsetof(FunctionInfo, quarantined_since_usec) },
        { "Reason", "s", property_read_string, offsetof(FunctionInfo, reason) },
};

int function_info_read(FunctionInfo *ret, sd_bus_message *m)
{
        ret->iommu_group = -1;
        ret->numa_node = -1;
        return properties_read(m, function_fields, ELEMENTSOF(function_fields), ret);
}

static void pool_info_clear_kinds(PoolInfo *p)
{
        for (size_t i = 0; i < p->n_kinds; i++) {
                free(p->kinds[i].like);
                free(p->kinds[i].device);
        }
        free(p->kinds);
        p->kinds = NULL;
        p->n_kinds = 0;
}

void pool_info_done(PoolInfo *p)
{
        pool_info_clear_kinds(p);
        free(p->name);
        free(p->policy);
        *p = (PoolInfo) { 0 };
}

/* `field` is the pool itself. */
static int read_kinds(sd_bus_message *m, void *field)
{
        PoolInfo *p = field;
        const char *like, *device;
        KindInfo k = { 0 };
        int r;

        pool_info_clear_kinds(p);
        r = sd_bus_message_enter_container(m, 'a', "(ssuuuu)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(ssuuuu)", &like, &device, &k.total, &k.free, &k.largest_free,
                                        &k.largest_free_in_group)) > 0) {
                KindInfo *kind = array_add(&p->kinds, &p->n_kinds, sizeof(*kind), MODEL_LIST_MAX);
                if (!kind)
                        return -ENOMEM;

                *kind = k;
                kind->like = strdup(like);
                kind->device = strdup(device);
                if (!kind->like || !kind->device)
                        return -ENOMEM;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static const PropertyField pool_fields[] = {
        { "Name", "s", property_read_string, offsetof(PoolInfo, name) },
        { "Policy", "s", property_read_string, offsetof(PoolInfo, policy) },
        { "Total", "u", property_read_uint32, offsetof(PoolInfo, total) },
        { "Free", "u", property_read_uint32, offsetof(PoolInfo, free) },
        { "Leased", "u", property_read_uint32, offsetof(PoolInfo, leased) },
        { "Assigned", "u", property_read_uint32, offsetof(PoolInfo, assigned) },
        { "Held", "u", property_read_uint32, offsetof(PoolInfo, held) },
        { "Quarantined", "u", property_read_uint32, offsetof(PoolInfo, quarantined) },
        { "Unknown", "u", property_read_uint32, offsetof(PoolInfo, unknown) },
        { "PhysicalFunctions", "u", property_read_uint32, offsetof(PoolInfo, physical_functions) },
        { "FreePhysicalFunctions", "u", property_read_uint32, offsetof(PoolInfo, free_physical_functions) },
        { "LargestFree", "u", property_read_uint32, offsetof(PoolInfo, largest_free) },
        { "LargestFreeInGroup", "u", property_read_uint32, offsetof(PoolInfo, largest_free_in_group) },
        { "Stranded", "u", property_read_uint32, offsetof(PoolInfo, stranded) },
        { "Unusable", "d", property_read_fraction, offsetof(PoolInfo, unusable) },
        { "Kinds", "a(ssuuuu)", read_kinds, 0 },
};

int pool_info_read(PoolInfo *ret, sd_bus_message *m)
{
        return properties_read(m, pool_fields, ELEMENTSOF(pool_fields), ret);
}
