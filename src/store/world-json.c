/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/world-json.h"

#include "store/identity-json.h"
#include "store/locator-json.h"

#define WORLD_FUNCTIONS_MAX 65536U
#define WORLD_DOMAINS_MAX 65536U
#define DOMAIN_FUNCTIONS_MAX 256U

static int function_to_json(const Function *f, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *identity = NULL;

        if (!o || function_identity_to_json(&f->identity, &identity) < 0 ||
            json_add_pci_address(o, "address", &f->address) < 0 ||
            json_add_pci_address(o, "physical_function", &f->physical_function) < 0 ||
            json_add_locator(o, "locator", &f->locator) < 0 || json_add_string(o, "driver", f->driver) < 0 ||
            json_add(o, "iommu_group", json_object_new_int(f->iommu_group)) < 0 ||
            json_add_string(o, "iommu_group_obstacle", f->group_obstacle) < 0 ||
            (f->is_dead && json_add_bool(o, "physical_function_alive", false) < 0) ||
            json_add(o, "numa_node", json_object_new_int(f->numa_node)) < 0 ||
            json_add(o, "identity", TAKE_PTR(identity)) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

static int get_int(json_object *o, const char *where, const char *key, int *ret, Failure *reterr)
{
        json_object *member;
        int64_t value;

        if (!json_object_object_get_ex(o, key, &member) || !json_object_is_type(member, json_type_int))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.%s' must be a whole number", where,
                                   key);

        value = json_object_get_int64(member);
        if (value < -1 || value > INT32_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.%s' is out of range", where, key);

        *ret = (int) value;
        return 0;
}

static int function_from_json(json_object *o, Function *f, Failure *reterr)
{
        const char *driver = NULL, *obstacle = NULL;
        json_object *identity;
        bool alive = true;
        int r;

        if ((r = json_get_pci_address(o, "functions[]", "address", true, &f->address, reterr)) < 0 ||
            (r = json_get_locator(o, "functions[]", "locator", &f->locator, reterr)) < 0 ||
            (r = json_get_pci_address(o, "functions[]", "physical_function", true, &f->physical_function,
                                      reterr)) < 0 ||
            (r = json_get_string(o, "functions[]", "driver", false, &driver, reterr)) < 0 ||
            (r = get_int(o, "functions[]", "iommu_group", &f->iommu_group, reterr)) < 0 ||
            (r = json_get_string(o, "functions[]", "iommu_group_obstacle", false, &obstacle, reterr)) < 0 ||
            (r = json_get_bool(o, "functions[]", "physical_function_alive", false, &alive, reterr)) < 0 ||
            (r = get_int(o, "functions[]", "numa_node", &f->numa_node, reterr)) < 0 ||
            (r = json_get_object(o, "functions[]", "identity", true, &identity, reterr)) < 0 ||
            (r = function_identity_from_json(identity, "functions[].identity", true, &f->identity, reterr)) <
                            0)
                return r;

        f->is_dead = !alive;
        if (free_and_strdup(&f->driver, driver) < 0 || free_and_strdup(&f->group_obstacle, obstacle) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the snapshot");

        return 0;
}

static int on_shutdown_from_name(const char *s)
{
        return (int) on_shutdown_from_string(s);
}

static int adoption_to_json(const Adoption *a, json_object *domain)
{
        json_object *o = json_object_new_object();

        if (json_add(domain, "adoption", o) < 0 || json_add_bool(o, "autostart", a->autostart) < 0 ||
            json_add_u64(o, "order", a->order) < 0)
                return -ENOMEM;

        return a->has_on_shutdown ? json_add_string(o, "on_shutdown", on_shutdown_to_string(a->on_shutdown))
                                  : 0;
}

static int adoption_from_json(json_object *domain, Adoption *ret, Failure *reterr)
{
        static const char where[] = "domains[].adoption";
        Adoption a = { .adopted = true };
        int on_shutdown = 0, r;
        json_object *o;
        uint64_t order;

        r = json_get_object(domain, "domains[]", "adoption", false, &o, reterr);
        if (r <= 0)
                return r;

        if ((r = json_get_bool(o, where, "autostart", true, &a.autostart, reterr)) < 0 ||
            (r = json_get_u64(o, where, "order", true, 0, ADOPTION_ORDER_MAX, &order, reterr)) < 0 ||
            (r = json_get_enum(o, where, "on_shutdown", false, on_shutdown_from_name, &on_shutdown,
                               reterr)) < 0)
                return r;

        a.order = (uint32_t) order;
        a.has_on_shutdown = r > 0;
        a.on_shutdown = (OnShutdown) on_shutdown;
        *ret = a;
        return 0;
}

static int domain_to_json(const WorldDomain *d, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o || json_add_string(o, "uuid", d->uuid) < 0 || json_add_string(o, "name", d->name) < 0 ||
            json_add_string(o, "state", domain_state_to_string(d->state)) < 0 ||
            json_add_bool(o, "active", d->active) < 0 || json_add_bool(o, "persistent", d->persistent) < 0 ||
            json_add_pci_addresses(o, "functions", d->functions, d->n_functions) < 0 ||
            json_add_u64(o, "memory_bytes", d->memory_bytes) < 0 ||
            (d->hibernate_asleep && json_add_bool(o, "hibernate_asleep", true) < 0) ||
            json_add(o, "memory_node", json_object_new_int(d->memory_node)) < 0 ||
            (d->adoption.adopted && adoption_to_json(&d->adoption, o) < 0))
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

static int state_from_string(const char *s)
{
        return (int) domain_state_from_string(s);
}

static int domain_from_json(json_object *o, WorldDomain *d, Failure *reterr)
{
        const char *uuid, *name;
        PciAddress functions[DOMAIN_FUNCTIONS_MAX];
        size_t n_functions;
        int state, r;

        if ((r = json_get_string(o, "domains[]", "uuid", true, &uuid, reterr)) < 0 ||
            (r = json_get_string(o, "domains[]", "name", true, &name, reterr)) < 0 ||
            (r = json_get_enum(o, "domains[]", "state", true, state_from_string, &state, reterr)) < 0 ||
            (r = json_get_bool(o, "domains[]", "active", true, &d->active, reterr)) < 0 ||
            (r = json_get_bool(o, "domains[]", "persistent", true, &d->persistent, reterr)) < 0 ||
            (r = json_get_u64(o, "domains[]", "memory_bytes", false, 0, UINT64_MAX, &d->memory_bytes,
                              reterr)) < 0 ||
            (r = json_get_bool(o, "domains[]", "hibernate_asleep", false, &d->hibernate_asleep, reterr)) <
                            0 ||
            (r = get_int(o, "domains[]", "memory_node", &d->memory_node, reterr)) < 0 ||
            (r = adoption_from_json(o, &d->adoption, reterr)) < 0 ||
            (r = json_get_pci_addresses(o, "domains[]", "functions", true, DOMAIN_FUNCTIONS_MAX, functions,
                                        &n_functions, reterr)) < 0)
                return r;

        d->state = (DomainState) state;
        if (free_and_strdup(&d->uuid, uuid) < 0 || free_and_strdup(&d->name, name) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the snapshot");

        for (size_t i = 0; i < n_functions; i++)
                if (world_domain_add_function(d, functions + i) < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the snapshot");

        return 0;
}

static int append(json_object *array, json_object *element)
{
        if (json_object_array_add(array, element) < 0) {
                (void) json_object_put(element);
                return -ENOMEM;
        }

        return 0;
}

int world_to_json(const World *w, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *functions = json_object_new_array(),
                                   *domains = json_object_new_array();

        if (!o || !functions || !domains)
                return -ENOMEM;

        for (size_t i = 0; i < w->n_functions; i++) {
                json_object *f;

                if (function_to_json(w->functions + i, &f) < 0 || append(functions, f) < 0)
                        return -ENOMEM;
        }

        for (size_t i = 0; i < w->n_domains; i++) {
                json_object *d;

                if (domain_to_json(w->domains + i, &d) < 0 || append(domains, d) < 0)
                        return -ENOMEM;
        }

        if (json_add_u64(o, "schema", 1) < 0 || json_add_bool(o, "libvirt_ok", w->libvirt_ok) < 0 ||
            json_add_string(o, "libvirt_error", w->libvirt_error) < 0 ||
            json_add(o, "functions", TAKE_PTR(functions)) < 0 ||
            json_add(o, "domains", TAKE_PTR(domains)) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

int world_from_json(json_object *o, World **ret, Failure *reterr)
{
        _cleanup_(world_freep) World *w = calloc(1, sizeof(World));
        json_object *functions, *domains;
        const char *error = NULL;
        int r;

        if (!w)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the snapshot");

        if ((r = json_check_schema(o, "the snapshot", 1, reterr)) < 0 ||
            (r = json_get_bool(o, "", "libvirt_ok", true, &w->libvirt_ok, reterr)) < 0 ||
            (r = json_get_string(o, "", "libvirt_error", false, &error, reterr)) < 0 ||
            (r = json_get_array(o, "", "functions", true, WORLD_FUNCTIONS_MAX, &functions, reterr)) < 0 ||
            (r = json_get_array(o, "", "domains", true, WORLD_DOMAINS_MAX, &domains, reterr)) < 0)
                return r;

        if (free_and_strdup(&w->libvirt_error, error) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the snapshot");

        for (size_t i = 0; i < json_object_array_length(functions); i++) {
                Function *f = world_add_function(w);

                if (!f)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the snapshot");
                r = function_from_json(json_object_array_get_idx(functions, i), f, reterr);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < json_object_array_length(domains); i++) {
                WorldDomain *d = world_add_domain(w);

                if (!d)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the snapshot");
                r = domain_from_json(json_object_array_get_idx(domains, i), d, reterr);
                if (r < 0)
                        return r;
        }

        if (world_assign(w) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the snapshot");

        *ret = TAKE_PTR(w);
        return 0;
}
