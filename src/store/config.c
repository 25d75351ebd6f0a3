/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/config.h"

#include <fcntl.h>
#include <stdio.h>

#include "basic/fileio.h"
#include "core/family.h"
#include "core/job.h"
#include "store/json-util.h"

#define CONFIG_SCHEMA 1
#define TIMEOUT_SECONDS_MAX UINT64_C(86400)
#define JOBS_MAX UINT64_C(256)
#define FINISHED_JOBS_MAX UINT64_C(10000)
#define MIB (UINT64_C(1) << 20)
#define REQUEST_FUNCTIONS_MAX UINT64_C(65536)
#define REQUEST_WEIGHT_MAX UINT64_C(1000000)
#define IMAGE_RESERVE_MIB_MAX (UINT64_C(1) << 30) /* a pebibyte */
#define RESET_DELAY_SECONDS_MAX 3600U

static void pool_config_done(PoolConfig *p)
{
        free(p->name);
        free(p->match);
        free(p->prefer);
}

Config *config_free(Config *c)
{
        if (!c)
                return NULL;

        free(c->libvirt_uri);
        free(c->image_dir);
        free(c->match);
        free(c->exclude);
        for (size_t i = 0; i < c->n_pools; i++)
                pool_config_done(c->pools + i);
        free(c->pools);
        free(c->requests);
        families_done(&c->families);
        free(c);
        return NULL;
}

int config_new(Config **ret)
{
        _cleanup_(config_freep) Config *c = malloc(sizeof(Config));

        if (!c)
                return -ENOMEM;

        *c = (Config) {
                .pick = PICK_PACK,
                .agent_timeout_usec = 10 * USEC_PER_SEC,
                .suspend_timeout_usec = 60 * USEC_PER_SEC,
                .suspend_to_disk_timeout_usec = 600 * USEC_PER_SEC,
                .unplug_timeout_usec = 60 * USEC_PER_SEC,
                .wake_timeout_usec = 30 * USEC_PER_SEC,
                .health_timeout_usec = 180 * USEC_PER_SEC,
                .attempts_max = 3,
                .image_reserve_bytes = 256 * MIB,
                .reset_delay_usec = 3 * USEC_PER_SEC,
                .finished_jobs_max = 100,
                .on_shutdown = ON_SHUTDOWN_HIBERNATE,
        };
        if (free_and_strdup(&c->libvirt_uri, "qemu:///system") < 0 ||
            free_and_strdup(&c->image_dir, "/var/lib/libvirt/qemu/save") < 0)
                return -ENOMEM;

        c->requests = malloc(sizeof(request_mix_default));
        if (!c->requests)
                return -ENOMEM;
        memcpy(c->requests, request_mix_default, sizeof(request_mix_default));
        c->n_requests = ELEMENTSOF(request_mix_default);

        *ret = TAKE_PTR(c);
        return 0;
}

static int get_hex(json_object *o, const char *where, const char *key, size_t digits_min, size_t digits_max,
                   uint16_t *ret, size_t *ret_digits, Failure *reterr)
{
        uint32_t value = 0;
        const char *s;
        size_t n;
        int r;

        r = json_get_string(o, where, key, false, &s, reterr);
        if (r <= 0)
                return r;

        n = strspn(s, "0123456789abcdefABCDEF");
        if (s[n] != '\0' || n < digits_min || n > digits_max || (n != digits_min && n != digits_max))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.%s' must have %zu%s hex digits like those lspci -n prints, not '%s'",
                                   where, key, digits_max,
                                   digits_min < digits_max ? " (or only the first 2)" : "", s);

        if (sscanf(s, "%x", &value) != 1)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.%s' is not a hex number", where,
                                   key);

        *ret = (uint16_t) value;
        *ret_digits = n;
        return 1;
}

/* Which card it is, and which of its functions, whatever the numbers of buses are. */
static int parse_locator(json_object *o, const char *where, FunctionRule *rule, Failure *reterr)
{
        const char *slot, *serial;
        uint64_t index;
        int r;

        if ((r = json_get_string(o, where, "slot", false, &slot, reterr)) < 0)
                return r;
        rule->has_slot = r > 0;
        if (r > 0 && !locator_slot_is_valid(slot))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.slot' must be a place like pci0000:00/10.0/00.0, not '%s'", where,
                                   slot);
        if (r > 0)
                (void) snprintf(rule->locator.slot, sizeof(rule->locator.slot), "%s", slot);

        if ((r = json_get_string(o, where, "serial", false, &serial, reterr)) < 0)
                return r;
        rule->has_serial = r > 0;
        if (r > 0 && locator_serial_parse(serial, &rule->locator.serial) < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.serial' must have 16 lower-case hex digits, not '%s'", where,
                                   serial);

        if ((r = json_get_u64(o, where, "index", false, 0, UINT16_MAX, &index, reterr)) < 0)
                return r;
        rule->has_index = r > 0;
        if (r > 0)
                rule->locator.index = (uint32_t) index;

        if (rule->has_index && !rule->has_slot && !rule->has_serial)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.index' needs 'slot' or 'serial' beside it", where);
        return 0;
}

static int parse_neighbourhood(json_object *o, const char *where, FunctionRule *rule, Failure *reterr)
{
        const char *family;
        uint64_t node;
        int r;

        if ((r = json_get_u64(o, where, "numa_node", false, 0, INT16_MAX, &node, reterr)) < 0)
                return r;
        rule->has_numa_node = r > 0;
        if (r > 0)
                rule->numa_node = (int) node;

        if ((r = json_get_string(o, where, "family", false, &family, reterr)) < 0)
                return r;
        rule->has_family = r > 0;
        if (r > 0 && !json_name_is_plain(family, CONFIG_FAMILY_NAME_MAX - 1))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.family' cannot be the name of a family", where);
        if (r > 0)
                (void) snprintf(rule->family, sizeof(rule->family), "%s", family);
        return 0;
}

static int parse_rule(json_object *o, const char *where, bool in_pool, FunctionRule *ret, Failure *reterr)
{
        static const char *const known[] = { "vendor",    "device", "class",  "physical_function",
                                             "address",   "slot",   "serial", "index",
                                             "numa_node", "family", NULL };
        FunctionRule rule = { 0 };
        size_t digits = 0;
        int r;

        if (!json_object_is_type(o, json_type_object))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' must be an object", where);

        r = json_check_members(o, where, known, reterr);
        if (r < 0)
                return r;

        if ((r = get_hex(o, where, "vendor", 4, 4, &rule.vendor, &digits, reterr)) < 0)
                return r;
        rule.has_vendor = r > 0;

        if ((r = get_hex(o, where, "device", 4, 4, &rule.device, &digits, reterr)) < 0)
                return r;
        rule.has_device = r > 0;

        if ((r = get_hex(o, where, "class", 2, 4, &rule.class_code, &digits, reterr)) < 0)
                return r;
        rule.has_class = r > 0;
        rule.class_only = r > 0 && digits == 2;

        if ((r = json_get_pci_address(o, where, "physical_function", false, &rule.physical_function,
                                      reterr)) < 0)
                return r;
        rule.has_physical_function = r > 0;

        if ((r = json_get_pci_address(o, where, "address", false, &rule.address, reterr)) < 0)
                return r;
        rule.has_address = r > 0;

        if ((r = parse_locator(o, where, &rule, reterr)) < 0 ||
            (r = parse_neighbourhood(o, where, &rule, reterr)) < 0)
                return r;

        /* Which functions there are is asked where nobody knows families. */
        if (rule.has_family && !in_pool)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.family': only rules of a pool may name a family; name its devices",
                                   where);

        if (!rule.has_vendor && !rule.has_device && !rule.has_class && !rule.has_physical_function &&
            !rule.has_address && !rule.has_slot && !rule.has_serial && !rule.has_numa_node &&
            !rule.has_family)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s' names no property, it would match every device of the host", where);

        *ret = rule;
        return 0;
}

static int parse_rules(json_object *functions, const char *path, const char *key, bool in_pool,
                       FunctionRule **ret, size_t *ret_n, Failure *reterr)
{
        _cleanup_free_ FunctionRule *rules = NULL;
        json_object *array;
        size_t n;
        int r;

        r = json_get_array(functions, path, key, false, CONFIG_RULES_MAX, &array, reterr);
        if (r <= 0)
                return r;

        n = json_object_array_length(array);
        rules = calloc(n > 0 ? n : 1, sizeof(FunctionRule));
        if (!rules)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the configuration");

        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *where = NULL;

                if (asprintf(&where, "%s.%s[%zu]", path, key, i) < 0) {
                        where = NULL;
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM,
                                                 "cannot read the configuration");
                }

                r = parse_rule(json_object_array_get_idx(array, i), where, in_pool, rules + i, reterr);
                if (r < 0)
                        return r;
        }

        free(*ret);
        *ret = TAKE_PTR(rules);
        *ret_n = n;
        return 0;
}

static int parse_functions(json_object *root, Config *c, Failure *reterr)
{
        static const char *const known[] = { "match", "exclude", NULL };
        json_object *functions;
        int r;

        r = json_get_object(root, "", "functions", false, &functions, reterr);
        if (r <= 0)
                return r;

        if ((r = json_check_members(functions, "functions", known, reterr)) < 0 ||
            (r = parse_rules(functions, "functions", "match", false, &c->match, &c->n_match, reterr)) < 0)
                return r;

        return parse_rules(functions, "functions", "exclude", false, &c->exclude, &c->n_exclude, reterr);
}

static int pick_from_string(const char *s)
{
        return (int) pick_policy_from_string(s);
}

/* It becomes part of an object path and a word on command lines. */
static bool pool_name_is_valid(const char *name)
{
        return json_name_is_plain(name, POOL_NAME_MAX - 1) && name[0] != '-';
}

static int parse_pool(json_object *o, const char *where, Config *c, Failure *reterr)
{
        static const char *const known[] = { "name", "match", "prefer", "pick", NULL };
        PoolConfig *pool = c->pools + c->n_pools;
        int pick = (int) c->pick, r;
        const char *name;

        if (!json_object_is_type(o, json_type_object))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' must be an object", where);

        if ((r = json_check_members(o, where, known, reterr)) < 0 ||
            (r = json_get_string(o, where, "name", true, &name, reterr)) < 0 ||
            (r = json_get_enum(o, where, "pick", false, pick_from_string, &pick, reterr)) < 0)
                return r;

        if (!pool_name_is_valid(name))
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "'%s.name' must be 1 to %d letters, digits, '-', '_' and '.', and not begin with '-'",
                                where, POOL_NAME_MAX - 1);
        for (size_t i = 0; i < c->n_pools; i++)
                if (streq(c->pools[i].name, name))
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s.name': there is another pool '%s'", where, name);

        if (free_and_strdup(&pool->name, name) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the configuration");
        pool->pick = (PickPolicy) pick;
        c->n_pools++; /* from here on it is freed with the configuration */

        r = parse_rules(o, where, "match", true, &pool->match, &pool->n_match, reterr);
        if (r >= 0)
                r = parse_rules(o, where, "prefer", true, &pool->prefer, &pool->n_prefer, reterr);
        if (r >= 0 && pool->n_match == 0)
                r = failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.match' needs at least one rule", where);
        return r;
}

static int parse_pools(json_object *root, Config *c, Failure *reterr)
{
        json_object *array;
        int r;

        r = json_get_array(root, "", "pools", false, CONFIG_POOLS_MAX, &array, reterr);
        if (r <= 0)
                return r;

        c->pools = calloc(json_object_array_length(array) + 1, sizeof(PoolConfig));
        if (!c->pools)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the configuration");

        for (size_t i = 0; i < json_object_array_length(array); i++) {
                char where[sizeof("pools[18446744073709551615]")];

                (void) snprintf(where, sizeof(where), "pools[%zu]", i);
                r = parse_pool(json_object_array_get_idx(array, i), where, c, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int level_from_string(const char *s)
{
        return (int) planner_level_from_string(s);
}

static int parse_request(json_object *o, const char *where, RequestShare *ret, Failure *reterr)
{
        static const char *const known[] = { "functions", "on", "weight", NULL };
        uint64_t functions, weight = 1;
        int on = PLANNER_ONE_PF, r;

        if (!json_object_is_type(o, json_type_object))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' must be an object", where);

        if ((r = json_check_members(o, where, known, reterr)) < 0 ||
            (r = json_get_u64(o, where, "functions", true, 1, REQUEST_FUNCTIONS_MAX, &functions, reterr)) <
                            0 ||
            (r = json_get_enum(o, where, "on", false, level_from_string, &on, reterr)) < 0 ||
            (r = json_get_u64(o, where, "weight", false, 1, REQUEST_WEIGHT_MAX, &weight, reterr)) < 0)
                return r;

        *ret = (RequestShare) { (uint32_t) functions, (PlannerLevel) on, (double) weight };
        return 0;
}

static int parse_requests(json_object *root, Config *c, Failure *reterr)
{
        json_object *array;
        double sum = 0;
        size_t n;
        int r;

        r = json_get_array(root, "", "requests", false, REQUESTS_MAX, &array, reterr);
        if (r <= 0)
                return r;

        n = json_object_array_length(array);
        if (n == 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'requests' is empty; leave it out for the usual ones");

        free(c->requests);
        c->n_requests = 0;
        c->requests = calloc(n, sizeof(RequestShare));
        if (!c->requests)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the configuration");

        for (; c->n_requests < n; c->n_requests++) {
                char where[sizeof("requests[18446744073709551615]")];

                (void) snprintf(where, sizeof(where), "requests[%zu]", c->n_requests);
                r = parse_request(json_object_array_get_idx(array, c->n_requests), where,
                                  c->requests + c->n_requests, reterr);
                if (r < 0)
                        return r;
                sum += c->requests[c->n_requests].share;
        }
        for (size_t i = 0; i < n; i++)
                c->requests[i].share /= sum;

        return 0;
}

static int parse_timeouts(json_object *root, Config *c, Failure *reterr)
{
        static const char *const known[] = { "agent_seconds",
                                             "suspend_seconds",
                                             "suspend_to_disk_seconds",
                                             "unplug_seconds",
                                             "wake_seconds",
                                             "health_seconds",
                                             NULL };
        uint64_t *const fields[] = {
                &c->agent_timeout_usec,  &c->suspend_timeout_usec, &c->suspend_to_disk_timeout_usec,
                &c->unplug_timeout_usec, &c->wake_timeout_usec,    &c->health_timeout_usec
        };
        json_object *timeouts;
        int r;

        r = json_get_object(root, "", "timeouts", false, &timeouts, reterr);
        if (r <= 0)
                return r;

        r = json_check_members(timeouts, "timeouts", known, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                uint64_t seconds;

                r = json_get_u64(timeouts, "timeouts", known[i], false, 1, TIMEOUT_SECONDS_MAX, &seconds,
                                 reterr);
                if (r < 0)
                        return r;
                if (r > 0)
                        *fields[i] = seconds * USEC_PER_SEC;
        }

        return 0;
}

static int get_copy(json_object *root, const char *key, char **field, Failure *reterr)
{
        const char *s;
        int r;

        r = json_get_string(root, "", key, false, &s, reterr);
        if (r <= 0)
                return r;

        if (free_and_strdup(field, s) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the configuration");

        return 0;
}

static int parse_reserve(json_object *root, Config *c, Failure *reterr)
{
        uint64_t mib;
        int r;

        r = json_get_u64(root, "", "image_reserve_mib", false, 0, IMAGE_RESERVE_MIB_MAX, &mib, reterr);
        if (r > 0)
                c->image_reserve_bytes = mib * MIB;
        return r;
}

static int parse_reset_delay(json_object *root, Config *c, Failure *reterr)
{
        uint64_t seconds;
        int r;

        r = json_get_u64(root, "", "reset_delay_seconds", false, 0, RESET_DELAY_SECONDS_MAX, &seconds,
                         reterr);
        if (r > 0)
                c->reset_delay_usec = seconds * USEC_PER_SEC;
        return r;
}

static int on_shutdown_from_name(const char *s)
{
        return (int) on_shutdown_from_string(s);
}

static int parse_root(json_object *root, Config *c, Failure *reterr)
{
        static const char *const known[] = { "schema",
                                             "libvirt_uri",
                                             "image_dir",
                                             "functions",
                                             "pick",
                                             "timeouts",
                                             "pools",
                                             "attempts_max",
                                             "jobs_max",
                                             "finished_jobs_max",
                                             "start_without_daemon",
                                             "image_reserve_mib",
                                             "reset_delay_seconds",
                                             "requests",
                                             "on_shutdown",
                                             NULL };
        int pick = (int) c->pick, on_shutdown = (int) c->on_shutdown, r;

        if ((r = json_check_schema(root, "the configuration", CONFIG_SCHEMA, reterr)) < 0 ||
            (r = json_check_members(root, "", known, reterr)) < 0 ||
            (r = get_copy(root, "libvirt_uri", &c->libvirt_uri, reterr)) < 0 ||
            (r = get_copy(root, "image_dir", &c->image_dir, reterr)) < 0 ||
            (r = parse_reserve(root, c, reterr)) < 0 || (r = parse_reset_delay(root, c, reterr)) < 0 ||
            (r = parse_requests(root, c, reterr)) < 0 || (r = parse_functions(root, c, reterr)) < 0 ||
            (r = json_get_enum(root, "", "pick", false, pick_from_string, &pick, reterr)) < 0 ||
            (r = parse_timeouts(root, c, reterr)) < 0 ||
            (r = json_get_enum(root, "", "on_shutdown", false, on_shutdown_from_name, &on_shutdown,
                               reterr)) < 0 ||
            (r = json_get_u64(root, "", "attempts_max", false, 1, JOB_ATTEMPTS_MAX - 1, &c->attempts_max,
                              reterr)) < 0 ||
            (r = json_get_u64(root, "", "jobs_max", false, 0, JOBS_MAX, &c->jobs_max, reterr)) < 0 ||
            (r = json_get_bool(root, "", "start_without_daemon", false, &c->start_without_daemon, reterr)) <
                            0 ||
            (r = json_get_u64(root, "", "finished_jobs_max", false, 0, FINISHED_JOBS_MAX,
                              &c->finished_jobs_max, reterr)) < 0)
                return r;

        c->pick = (PickPolicy) pick;
        c->on_shutdown = (OnShutdown) on_shutdown;
        r = parse_pools(root, c, reterr);
        if (r < 0)
                return r;

        if (c->image_dir[0] != '/')
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'image_dir' must be an absolute path, not '%s'", c->image_dir);

        return 0;
}

int config_parse(const char *text, size_t size, const char *name, Config **ret, Failure *reterr)
{
        _cleanup_(config_freep) Config *c = NULL;
        _cleanup_json_ json_object *root = NULL;
        Failure why = { 0 };
        int r;

        if (config_new(&c) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read %s", name);

        r = json_parse(text, size, name, &root, reterr);
        if (r < 0)
                return r;

        r = parse_root(root, c, &why);
        if (r < 0) {
                r = failure_set(reterr, why.code, "%s: %s", name, failure_message(&why));
                failure_done(&why);
                return r;
        }

        *ret = TAKE_PTR(c);
        return 0;
}

int config_load(const char *path, Config **ret, Failure *reterr)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = read_file_at(AT_FDCWD, path, JSON_FILE_BYTES_MAX, &text, &size);
        if (r == -ENOENT) {
                r = config_new(ret);
                return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "cannot make a configuration") : 0;
        }
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read %s", path);

        return config_parse(text, size, path, ret, reterr);
}

static bool rule_matches(const FunctionRule *rule, const Function *f)
{
        uint32_t class16 = f->identity.class_code >> 8, class8 = f->identity.class_code >> 16;

        return (!rule->has_vendor || rule->vendor == f->identity.vendor) &&
               (!rule->has_device || rule->device == f->identity.device) &&
               (!rule->has_class || rule->class_code == (rule->class_only ? class8 : class16)) &&
               (!rule->has_physical_function ||
                pci_address_equal(&rule->physical_function, &f->physical_function)) &&
               (!rule->has_address || pci_address_equal(&rule->address, &f->address)) &&
               (!rule->has_slot || streq(rule->locator.slot, f->locator.slot)) &&
               (!rule->has_serial || rule->locator.serial == f->locator.serial) &&
               (!rule->has_index || rule->locator.index == f->locator.index) &&
               (!rule->has_numa_node || rule->numa_node == f->numa_node) &&
               (!rule->has_family || (f->family && streq(rule->family, f->family->name)));
}

bool config_matches(const Config *c, const Function *f)
{
        /* PCI Code and ID Assignment Specification 1.11: 03 display controller, 12 processing accelerator. */
        static const FunctionRule defaults[] = {
                { .has_class = true, .class_only = true, .class_code = 0x03 },
                { .has_class = true, .class_only = true, .class_code = 0x12 },
        };
        const FunctionRule *rules = c->n_match > 0 ? c->match : defaults;
        size_t n = c->n_match > 0 ? c->n_match : ELEMENTSOF(defaults);

        for (size_t i = 0; i < c->n_exclude; i++)
                if (rule_matches(&c->exclude[i], f))
                        return false;

        for (size_t i = 0; i < n; i++)
                if (rule_matches(&rules[i], f))
                        return true;

        return false;
}

PickPolicy config_pool_of(const Config *c, const Function *f, char ret_name[static POOL_NAME_MAX],
                          uint32_t *ret_rank)
{
        *ret_rank = 0;

        for (size_t i = 0; i < c->n_pools; i++) {
                const PoolConfig *pool = c->pools + i;

                for (size_t k = 0; k < pool->n_match; k++) {
                        if (!rule_matches(&pool->match[k], f))
                                continue;

                        while (*ret_rank < pool->n_prefer && !rule_matches(&pool->prefer[*ret_rank], f))
                                (*ret_rank)++;
                        (void) snprintf(ret_name, POOL_NAME_MAX, "%s", pool->name);
                        return pool->pick;
                }
        }

        (void) snprintf(ret_name, POOL_NAME_MAX, "%04x-%04x", f->identity.vendor, f->identity.device);
        return c->pick;
}
