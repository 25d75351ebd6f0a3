/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/inventory-json.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>

#include "basic/fileio.h"
#include "store/identity-json.h"
#include "store/json-util.h"

#define INVENTORY_SCHEMA 1

#define HOSTS_MAX 65536U
#define HOST_FUNCTIONS_MAX 65536U
#define HOST_DOMAINS_MAX 65536U
#define DOMAIN_FUNCTIONS_MAX 256U
#define SECONDS_MAX 1e9

/* What bounds json-c's memory: it takes about 800 bytes for an object or array, and 60 for each value in it. */
#define CONTAINERS_MAX (1U << 20)
#define VALUES_MAX (4U << 20)

static int out_of_memory(Failure *reterr)
{
        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the inventory");
}

/* null says as much as an absent member. */
static bool is_told(json_object *o, const char *key)
{
        json_object *member;

        return json_object_object_get_ex(o, key, &member) && member;
}

static int get_text(json_object *o, const char *where, const char *key, bool required, char **ret,
                    Failure *reterr)
{
        const char *text;
        int r;

        if (!required && !is_told(o, key))
                return 0;

        r = json_get_string(o, where, key, true, &text, reterr);
        if (r < 0)
                return r;
        if (*text == '\0')
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' is empty",
                                   JSON_PATH_MEMBER(where, key));

        return free_and_strdup(ret, text) < 0 ? out_of_memory(reterr) : 1;
}

static int get_flag(json_object *o, const char *where, const char *key, bool *ret, Failure *reterr)
{
        return is_told(o, key) ? json_get_bool(o, where, key, true, ret, reterr) : 0;
}

static int get_seconds(json_object *o, const char *where, const char *key, double *ret, Failure *reterr)
{
        json_object *member;
        double value;

        if (!json_object_object_get_ex(o, key, &member) || !member)
                return 0;

        if (!json_object_is_type(member, json_type_double) && !json_object_is_type(member, json_type_int))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' must be a number",
                                   JSON_PATH_MEMBER(where, key));

        value = json_object_get_double(member);
        if (!isfinite(value) || value < 0 || value > SECONDS_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' must be 0 to %.0f",
                                   JSON_PATH_MEMBER(where, key), SECONDS_MAX);

        *ret = value;
        return 1;
}

static int state_from_string(const char *s)
{
        return (int) function_state_from_string(s);
}

static int affinity_from_string(const char *s)
{
        return (int) inventory_affinity_from_string(s);
}

static int get_numa_node(json_object *o, const char *where, int *ret, Failure *reterr)
{
        json_object *member;
        int64_t value;

        if (!json_object_object_get_ex(o, "numa_node", &member) || !member)
                return 0;

        value = json_object_get_int64(member);
        if (!json_object_is_type(member, json_type_int) || value < -1 || value > INT32_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.numa_node' must be a whole number, -1 when it is not known", where);

        *ret = (int) value;
        return 0;
}

/* What an identity tells beside what a guest knows of the function. */
static int get_condition(json_object *identity, const char *where, Function *f, Failure *reterr)
{
        bool is_virtual = true, viable = true, alive = true;
        int r;

        if ((r = get_flag(identity, where, "virtual", &is_virtual, reterr)) < 0 ||
            (r = get_flag(identity, where, "iommu_group_viable", &viable, reterr)) < 0 ||
            (r = get_flag(identity, where, "physical_function_alive", &alive, reterr)) < 0 ||
            (r = get_text(identity, where, "iommu_group_obstacle", false, &f->group_obstacle, reterr)) < 0)
                return r;

        if (!viable && !f->group_obstacle &&
            free_and_strdup(&f->group_obstacle, "a member of it is bound to a driver of the host") < 0)
                return out_of_memory(reterr);

        f->is_physical = !is_virtual;
        f->is_dead = !alive;
        return 0;
}

/* What reads an identity elsewhere takes a null for a mistake. */
static void drop_nulls(json_object *o)
{
        if (json_object_is_type(o, json_type_array))
                for (size_t i = 0; i < json_object_array_length(o); i++)
                        drop_nulls(json_object_array_get_idx(o, i));

        if (json_object_is_type(o, json_type_object)) {
                json_object_object_foreach(o, key, value)
                {
                        if (value)
                                drop_nulls(value);
                        else
                                json_object_object_del(o, key);
                }
        }
}

static int get_identity(json_object *o, const char *where, Function *f, Failure *reterr)
{
        const char *inner = JSON_PATH_MEMBER(where, "identity");
        json_object *identity;
        int r;

        if (!is_told(o, "identity"))
                return 0;

        r = json_get_object(o, where, "identity", true, &identity, reterr);
        if (r < 0)
                return r;

        drop_nulls(identity);
        r = get_condition(identity, inner, f, reterr);
        if (r < 0)
                return r;

        r = function_identity_from_json(identity, inner, false, &f->identity, reterr);
        if (r < 0)
                return r;
        if (f->identity.vendor == 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.vendor' is no vendor", inner);

        return 0;
}

static int function_from_json(json_object *o, const char *where, InventoryFunction *ret, Failure *reterr)
{
        Function *f = &ret->function;
        int state, r;

        if ((r = json_get_pci_address(o, where, "address", true, &f->address, reterr)) < 0 ||
            (r = get_identity(o, where, f, reterr)) < 0 ||
            (r = json_get_enum(o, where, "state", true, state_from_string, &state, reterr)) < 0 ||
            (r = get_text(o, where, "pool", false, &f->pool, reterr)) < 0 ||
            (r = get_text(o, where, "kind", false, &f->kind, reterr)) < 0 ||
            (r = get_text(o, where, "group", false, &f->group, reterr)) < 0 ||
            (r = get_text(o, where, "domain", false, &f->domain, reterr)) < 0 ||
            (r = get_text(o, where, "driver", false, &f->driver, reterr)) < 0 ||
            (r = get_numa_node(o, where, &f->numa_node, reterr)) < 0)
                return r;

        f->state = (FunctionState) state;
        f->physical_function = f->address;
        if (!f->is_physical || is_told(o, "physical_function")) {
                r = json_get_pci_address(o, where, "physical_function", true, &f->physical_function, reterr);
                if (r < 0)
                        return r;
        }
        if (pci_address_equal(&f->physical_function, &f->address))
                f->is_physical = true;

        if (f->domain && f->state == FUNCTION_FREE)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' is free, and of domain '%s'", where,
                                   f->domain);
        return 0;
}

static int get_functions(json_object *o, const char *where, Inventory *inv, Failure *reterr)
{
        size_t n, again;
        json_object *list;
        int r;

        r = json_get_array(o, where, "functions", true, HOST_FUNCTIONS_MAX, &list, reterr);
        if (r < 0)
                return r;

        n = json_object_array_length(list);
        inv->functions = calloc(n + 1, sizeof(InventoryFunction));
        if (!inv->functions)
                return out_of_memory(reterr);

        for (; inv->n_functions < n;) {
                InventoryFunction *f = inv->functions + inv->n_functions;
                size_t i = inv->n_functions++;

                f->domain = INVENTORY_NONE;
                f->function.iommu_group = f->function.numa_node = -1;
                r = function_from_json(json_object_array_get_idx(list, i),
                                       JSON_PATH_ELEMENT(where, "functions", i), f, reterr);
                if (r < 0)
                        return r;
        }

        if (inventory_index(inv, &again) < 0)
                return out_of_memory(reterr);
        if (again != INVENTORY_NONE)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.address' is there twice: %s",
                                   JSON_PATH_ELEMENT(where, "functions", again),
                                   PCI_ADDRESS_STR(&inv->functions[again].function.address));
        return 0;
}

static int get_domain_functions(json_object *o, const char *where, const Inventory *inv, InventoryDomain *d,
                                Failure *reterr)
{
        PciAddress addresses[DOMAIN_FUNCTIONS_MAX];
        size_t n = 0;
        int r;

        r = json_get_pci_addresses(o, where, "functions", true, DOMAIN_FUNCTIONS_MAX, addresses, &n, reterr);
        if (r < 0)
                return r;

        d->functions = calloc(n + 1, sizeof(size_t));
        if (!d->functions)
                return out_of_memory(reterr);

        for (; d->n_functions < n; d->n_functions++) {
                size_t i = inventory_find(inv, addresses + d->n_functions);

                if (i == INVENTORY_NONE)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s.functions[%zu]' is %s, which is not among the functions",
                                           where, d->n_functions,
                                           PCI_ADDRESS_STR(&addresses[d->n_functions]));
                d->functions[d->n_functions] = i;
        }

        return 0;
}

static int domain_from_json(json_object *o, const char *where, const Inventory *inv, InventoryDomain *d,
                            Failure *reterr)
{
        int affinity = AFFINITY_NONE, r;

        d->movable = true;
        d->max_downtime_seconds = INFINITY;

        if ((r = get_text(o, where, "name", true, &d->name, reterr)) < 0 ||
            (r = get_text(o, where, "uuid", false, &d->uuid, reterr)) < 0 ||
            (r = get_text(o, where, "state", false, &d->state, reterr)) < 0 ||
            (r = get_flag(o, where, "movable", &d->movable, reterr)) < 0 ||
            (r = get_seconds(o, where, "cost_seconds", &d->cost_seconds, reterr)) < 0 ||
            (r = get_seconds(o, where, "max_downtime_seconds", &d->max_downtime_seconds, reterr)) < 0)
                return r;

        if (is_told(o, "image_bytes")) {
                r = json_get_u64(o, where, "image_bytes", true, 1, INT64_MAX, &d->image_bytes, reterr);
                if (r < 0)
                        return r;
        }

        if (is_told(o, "affinity")) {
                r = json_get_enum(o, where, "affinity", true, affinity_from_string, &affinity, reterr);
                if (r < 0)
                        return r;
        }
        d->affinity = (InventoryAffinity) affinity;

        return is_told(o, "functions") ? get_domain_functions(o, where, inv, d, reterr) : 0;
}

/* Domains by a text of theirs. */
typedef struct DomainName {
        const char *name;
        size_t index;
} DomainName;

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const DomainName *) a)->name, ((const DomainName *) b)->name);
}

static int check_unique(const DomainName *list, size_t n, const char *where, const char *key,
                        Failure *reterr)
{
        for (size_t i = 1; i < n; i++)
                if (streq(list[i - 1].name, list[i].name)) {
                        size_t a = list[i - 1].index, b = list[i].index;

                        return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.%s' is there twice: %s",
                                           JSON_PATH_ELEMENT(where, "domains", a > b ? a : b), key,
                                           list[i].name);
                }

        return 0;
}

/* Each function that a domain lists is of that domain alone. */
static int give_listed(Inventory *inv, const char *where, Failure *reterr)
{
        for (size_t i = 0; i < inv->n_domains; i++) {
                const InventoryDomain *d = inv->domains + i;

                for (size_t k = 0; k < d->n_functions; k++) {
                        InventoryFunction *f = inv->functions + d->functions[k];
                        const char *path = JSON_PATH_ELEMENT(where, "domains", i);

                        if (f->domain != INVENTORY_NONE)
                                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                                   "'%s.functions[%zu]' is %s, which domain '%s' has", path,
                                                   k, PCI_ADDRESS_STR(&f->function.address),
                                                   inv->domains[f->domain].name);
                        if (f->function.state == FUNCTION_FREE)
                                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                                   "'%s.functions[%zu]' is %s, which is free", path, k,
                                                   PCI_ADDRESS_STR(&f->function.address));
                        if (f->function.domain && !streq(f->function.domain, d->name))
                                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                                   "'%s.functions[%zu]' is %s, which names domain '%s'",
                                                   path, k, PCI_ADDRESS_STR(&f->function.address),
                                                   f->function.domain);
                        if (!f->function.domain && free_and_strdup(&f->function.domain, d->name) < 0)
                                return out_of_memory(reterr);
                        f->domain = i;
                }
        }

        return 0;
}

/* And each that names a domain is of one that is there; of one that does not list any it is the next. `lists`: does
 * the domain tell its functions? */
static int give_named(Inventory *inv, const char *where, const DomainName *names, const bool *lists,
                      Failure *reterr)
{
        for (size_t i = 0; i < inv->n_functions; i++) {
                InventoryFunction *f = inv->functions + i;
                const DomainName key = { .name = f->function.domain }, *found;
                InventoryDomain *d;

                if (!key.name || f->domain != INVENTORY_NONE)
                        continue;

                found = inv->n_domains > 0 ? bsearch(&key, names, inv->n_domains, sizeof(DomainName),
                                                     compare_names)
                                           : NULL;
                if (!found)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s.domain' is '%s', which is not among the domains",
                                           JSON_PATH_ELEMENT(where, "functions", i), key.name);

                f->domain = found->index;
                if (f->function.state != FUNCTION_ASSIGNED)
                        continue;

                d = inv->domains + found->index;
                if (lists[found->index])
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s.domain' is '%s', which does not list it",
                                           JSON_PATH_ELEMENT(where, "functions", i), key.name);
                if (d->n_functions >= DOMAIN_FUNCTIONS_MAX)
                        return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' has more than %u functions",
                                           JSON_PATH_ELEMENT(where, "domains", found->index),
                                           DOMAIN_FUNCTIONS_MAX);
                if (!ARRAY_GROW(d->functions, d->n_functions))
                        return out_of_memory(reterr);
                d->functions[d->n_functions++] = i;
        }

        return 0;
}

static int connect_domains(Inventory *inv, const char *where, const bool *lists, Failure *reterr)
{
        _cleanup_free_ DomainName *names = calloc(inv->n_domains + 1, sizeof(DomainName)),
                                  *uuids = calloc(inv->n_domains + 1, sizeof(DomainName));
        size_t n_uuids = 0;
        int r;

        if (!names || !uuids)
                return out_of_memory(reterr);

        for (size_t i = 0; i < inv->n_domains; i++) {
                names[i] = (DomainName) { .name = inv->domains[i].name, .index = i };
                if (inv->domains[i].uuid)
                        uuids[n_uuids++] = (DomainName) { .name = inv->domains[i].uuid, .index = i };
        }
        qsort(names, inv->n_domains, sizeof(DomainName), compare_names);
        qsort(uuids, n_uuids, sizeof(DomainName), compare_names);

        if ((r = check_unique(names, inv->n_domains, where, "name", reterr)) < 0 ||
            (r = check_unique(uuids, n_uuids, where, "uuid", reterr)) < 0 ||
            (r = give_listed(inv, where, reterr)) < 0)
                return r;

        return give_named(inv, where, names, lists, reterr);
}

static int get_domains(json_object *o, const char *where, Inventory *inv, Failure *reterr)
{
        _cleanup_free_ bool *lists = NULL;
        json_object *list = NULL;
        size_t n = 0;
        int r;

        if (is_told(o, "domains")) {
                r = json_get_array(o, where, "domains", true, HOST_DOMAINS_MAX, &list, reterr);
                if (r < 0)
                        return r;
                n = json_object_array_length(list);
        }

        inv->domains = calloc(n + 1, sizeof(InventoryDomain));
        lists = calloc(n + 1, sizeof(bool));
        if (!inv->domains || !lists)
                return out_of_memory(reterr);

        for (; inv->n_domains < n;) {
                InventoryDomain *d = inv->domains + inv->n_domains;
                size_t i = inv->n_domains++;

                r = domain_from_json(json_object_array_get_idx(list, i),
                                     JSON_PATH_ELEMENT(where, "domains", i), inv, d, reterr);
                if (r < 0)
                        return r;
                lists[i] = d->functions;
        }

        return connect_domains(inv, where, lists, reterr);
}

static int inventory_from_json(json_object *o, const char *where, Inventory *inv, Failure *reterr)
{
        int r;

        if ((r = get_text(o, where, "host", false, &inv->host, reterr)) < 0 ||
            (r = get_text(o, where, "stamp", false, &inv->stamp, reterr)) < 0 ||
            (r = get_functions(o, where, inv, reterr)) < 0)
                return r;

        return get_domains(o, where, inv, reterr);
}

static int compare_hosts(const void *a, const void *b)
{
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int check_hosts(const Fleet *f, Failure *reterr)
{
        _cleanup_free_ const char **names = calloc(f->n + 1, sizeof(char *));
        size_t n = 0;

        if (!names)
                return out_of_memory(reterr);

        for (size_t i = 0; i < f->n; i++)
                if (f->hosts[i].host)
                        names[n++] = f->hosts[i].host;
        qsort(names, n, sizeof(char *), compare_hosts);

        for (size_t i = 1; i < n; i++)
                if (streq(names[i - 1], names[i]))
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "two of 'hosts' have the name '%s'", names[i]);

        return 0;
}

static int fleet_from_json(json_object *root, Fleet *f, Failure *reterr)
{
        json_object *hosts = NULL;
        uint64_t schema;
        size_t n = 1;
        int r;

        if ((r = json_check_schema(root, "the inventory", INVENTORY_SCHEMA, reterr)) < 0 ||
            (is_told(root, "hosts") &&
             (r = json_get_array(root, "", "hosts", true, HOSTS_MAX, &hosts, reterr)) < 0))
                return r;

        if (hosts)
                n = json_object_array_length(hosts);

        f->hosts = calloc(n + 1, sizeof(Inventory));
        if (!f->hosts)
                return out_of_memory(reterr);

        for (; f->n < n;) {
                json_object *o = hosts ? json_object_array_get_idx(hosts, f->n) : root;
                const char *where = hosts ? JSON_PATH_ELEMENT("", "hosts", f->n) : "";

                f->n++; /* from here on it is freed with the others */
                if ((r = json_get_u64(o, where, "schema", false, 1, INVENTORY_SCHEMA, &schema, reterr)) <
                                    0 ||
                    (r = inventory_from_json(o, where, f->hosts + f->n - 1, reterr)) < 0)
                        return r;
        }

        return check_hosts(f, reterr);
}

/* Every container opens with a brace or bracket, and every value but its first follows a comma. Those that are in texts
 * only make the estimate higher. */
static int check_amount(const char *text, size_t size, Failure *reterr)
{
        size_t containers = 0, commas = 0;

        for (size_t i = 0; i < size; i++) {
                containers += text[i] == '{' || text[i] == '[';
                commas += text[i] == ',';
        }

        if (containers > CONTAINERS_MAX || commas + containers > VALUES_MAX)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "it has %zu objects and arrays and %zu values; at most %u and %u are read",
                                containers, commas + containers, CONTAINERS_MAX, VALUES_MAX);
        return 0;
}

int fleet_parse(const char *text, size_t size, const char *what, Fleet *ret, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_json_ json_object *root = NULL;
        _cleanup_(fleet_done) Fleet f = { 0 };
        int r;

        r = check_amount(text, size, &why);
        if (r >= 0) {
                r = json_parse_up_to(text, size, INVENTORY_BYTES_MAX, what, &root, reterr);
                if (r < 0)
                        return r;
                r = fleet_from_json(root, &f, &why);
        }
        if (r < 0) {
                (void) failure_set(reterr, why.code, "%s: %s", what, failure_message(&why));
                return r;
        }

        *ret = f;
        f = (Fleet) { 0 };
        return 0;
}

int fleet_read_file(const char *path, Fleet *ret, Failure *reterr)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        /* A pipe, mostly. */
        if (streq(path, "/dev/stdin"))
                r = read_fd(STDIN_FILENO, INVENTORY_BYTES_MAX, UINT64_MAX, &text, &size);
        else
                r = read_file_at(AT_FDCWD, path, INVENTORY_BYTES_MAX, &text, &size);
        if (r == -EFBIG)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "%s has more than %llu bytes; split it by hosts", path,
                                   (unsigned long long) INVENTORY_BYTES_MAX);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read %s", path);

        return fleet_parse(text, size, path, ret, reterr);
}

static int identity_to_json(const Function *f, json_object **ret)
{
        _cleanup_json_ json_object *o = NULL;

        if (function_identity_to_json(&f->identity, &o) < 0 ||
            json_add_bool(o, "virtual", !f->is_physical) < 0 ||
            json_add_bool(o, "iommu_group_viable", !f->group_obstacle) < 0 ||
            json_add_string(o, "iommu_group_obstacle", f->group_obstacle) < 0 ||
            json_add_bool(o, "physical_function_alive", !f->is_dead) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

static int function_to_json(const InventoryFunction *function, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *identity = NULL;
        const Function *f = &function->function;

        if (!o || json_add_pci_address(o, "address", &f->address) < 0 ||
            json_add_pci_address(o, "physical_function", &f->physical_function) < 0 ||
            json_add_string(o, "pool", f->pool) < 0 || json_add_string(o, "kind", f->kind) < 0 ||
            json_add_string(o, "group", f->group) < 0 ||
            (f->numa_node >= 0 && json_add_u64(o, "numa_node", (uint64_t) f->numa_node) < 0) ||
            json_add_string(o, "state", function_state_to_string(f->state)) < 0 ||
            json_add_string(o, "domain", f->domain) < 0 ||
            (!function_driver_is_vfio(f->driver) && json_add_string(o, "driver", f->driver) < 0))
                return -ENOMEM;

        if (f->identity.vendor != 0 &&
            (identity_to_json(f, &identity) < 0 || json_add(o, "identity", TAKE_PTR(identity)) < 0))
                return -ENOMEM;

        if (json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static uint64_t in_usec(double seconds)
{
        return (uint64_t) (seconds * (double) USEC_PER_SEC + 0.5);
}

static int domain_to_json(const Inventory *inv, const InventoryDomain *d, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_free_ PciAddress *functions = calloc(d->n_functions + 1, sizeof(PciAddress));

        if (!o || !functions)
                return -ENOMEM;

        for (size_t i = 0; i < d->n_functions; i++)
                functions[i] = inv->functions[d->functions[i]].function.address;

        if (json_add_string(o, "name", d->name) < 0 || json_add_string(o, "uuid", d->uuid) < 0 ||
            json_add_string(o, "state", d->state) < 0 ||
            json_add_pci_addresses(o, "functions", functions, d->n_functions) < 0 ||
            json_add_bool(o, "movable", d->movable) < 0 ||
            (isfinite(d->cost_seconds) &&
             json_add_seconds(o, "cost_seconds", in_usec(d->cost_seconds)) < 0) ||
            (isfinite(d->max_downtime_seconds) &&
             json_add_seconds(o, "max_downtime_seconds", in_usec(d->max_downtime_seconds)) < 0) ||
            (d->image_bytes > 0 && json_add_u64(o, "image_bytes", d->image_bytes) < 0) ||
            json_add_string(o, "affinity", inventory_affinity_to_string(d->affinity)) < 0 ||
            json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int kind_to_json(const KindShare *k, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        char device[sizeof("ffff:ffff")];

        (void) snprintf(device, sizeof(device), "%04x:%04x", k->vendor, k->device);
        if (!o || json_add_pci_address(o, "like", &k->like) < 0 ||
            json_add_string(o, "device", device) < 0 || json_add_u64(o, "total", k->n) < 0 ||
            json_add_u64(o, "free", k->n_free) < 0 ||
            json_add_u64(o, "largest_free", k->largest_on_pf) < 0 ||
            json_add_u64(o, "largest_free_in_group", k->largest_in_group) < 0 ||
            json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int pool_to_json(const InventoryPool *p, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *kinds = json_object_new_array();
        const Fragmentation *f = &p->figures;
        char unusable[sizeof("1.000")];

        if (!o || !kinds)
                return -ENOMEM;
        for (size_t i = 0; i < f->n_kinds; i++)
                if (kind_to_json(f->kinds + i, kinds) < 0)
                        return -ENOMEM;

        (void) snprintf(unusable, sizeof(unusable), "%.3f", f->unusable);
        if (json_add_string(o, "name", p->name) < 0 || json_add_u64(o, "free", f->n_free) < 0 ||
            json_add_u64(o, "physical_functions", p->n_pfs) < 0 ||
            json_add_u64(o, "free_physical_functions", p->n_free_pfs) < 0 ||
            json_add_u64(o, "largest_free", f->largest_on_pf) < 0 ||
            json_add_u64(o, "largest_free_in_group", f->largest_in_group) < 0 ||
            json_add_u64(o, "stranded", f->stranded) < 0 ||
            json_add(o, "unusable", json_object_new_double_s(f->unusable, unusable)) < 0 ||
            json_add(o, "kinds", TAKE_PTR(kinds)) < 0 || json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

int inventory_to_json(const Inventory *inv, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *functions = json_object_new_array(),
                                   *domains = json_object_new_array(), *pools = json_object_new_array();

        if (!o || !functions || !domains || !pools)
                return -ENOMEM;

        for (size_t i = 0; i < inv->n_pools; i++)
                if (pool_to_json(inv->pools + i, pools) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < inv->n_functions; i++)
                if (function_to_json(inv->functions + i, functions) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < inv->n_domains; i++)
                if (domain_to_json(inv, inv->domains + i, domains) < 0)
                        return -ENOMEM;

        if (json_add_u64(o, "schema", INVENTORY_SCHEMA) < 0 || json_add_string(o, "host", inv->host) < 0 ||
            json_add_string(o, "stamp", inv->stamp) < 0 ||
            json_add(o, "functions", TAKE_PTR(functions)) < 0 ||
            json_add(o, "domains", TAKE_PTR(domains)) < 0 ||
            (inv->n_pools > 0 && json_add(o, "pools", TAKE_PTR(pools)) < 0))
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}
