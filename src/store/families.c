/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/families.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "basic/fileio.h"
#include "store/family-gate-json.h"
#include "store/guest-rules-json.h"
#include "store/json-util.h"

#define FAMILY_SCHEMA 1
#define FAMILIES_MAX 256U
#define FAMILY_DEVICES_MAX 64U
#define FAMILY_NAME_MAX 64U
#define FAMILY_ATTRIBUTES_MAX 16U
#define ATTRIBUTE_FILE_MAX 64U

static const char suffix[] = ".json";

static int targets_from_string(const char *s)
{
        return (int) family_targets_from_string(s);
}

/* "1002:74b6" */
static int parse_device(const char *text, FamilyDevice *ret)
{
        unsigned vendor, device;
        int n = 0;

        if (strspn(text, "0123456789abcdefABCDEF:") != strlen("1002:74b6") ||
            sscanf(text, "%4x:%4x%n", &vendor, &device, &n) != 2 || text[n] != '\0' || text[4] != ':')
                return -EINVAL;

        *ret = (FamilyDevice) { .vendor = (uint16_t) vendor, .device = (uint16_t) device };
        return 0;
}

static int parse_devices(json_object *root, Family *f, Failure *reterr)
{
        json_object *array;
        size_t n;
        int r;

        r = json_get_array(root, "", "devices", true, FAMILY_DEVICES_MAX, &array, reterr);
        if (r < 0)
                return r;

        n = json_object_array_length(array);
        if (n == 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'devices' names none");

        f->devices = calloc(n, sizeof(FamilyDevice));
        if (!f->devices)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read it");

        for (; f->n_devices < n; f->n_devices++) {
                json_object *text = json_object_array_get_idx(array, f->n_devices);

                if (!json_object_is_type(text, json_type_string) ||
                    json_object_get_string_len(text) != (int) strlen("1002:74b6") ||
                    parse_device(json_object_get_string(text), f->devices + f->n_devices) < 0)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'devices[%zu]' must be vendor and device like \"1002:74b6\"",
                                           f->n_devices);
        }

        return 0;
}

static int attribute_of(const char *s)
{
        return (int) attribute_of_from_string(s);
}

/* It is read as root, so it must not lead out of there. */
static bool file_is_inside(const char *file)
{
        size_t n;

        if (strlen(file) > ATTRIBUTE_FILE_MAX)
                return false;

        for (;; file += n + 1) {
                char part[ATTRIBUTE_FILE_MAX + 1] = { 0 };

                n = strcspn(file, "/");
                memcpy(part, file, n);
                if (!json_name_is_plain(part, ATTRIBUTE_FILE_MAX) || part[0] == '.')
                        return false;
                if (file[n] == '\0')
                        return true;
        }
}

static int parse_attribute(json_object *o, const char *where, Family *f, Failure *reterr)
{
        static const char *const known[] = { "name", "match", "of", "file", NULL };
        FamilyAttribute *a = f->attributes + f->n_attributes;
        const char *name, *file = NULL;
        int of = ATTRIBUTE_OF_FUNCTION, r;
        bool has_of;

        if ((r = json_get_string(o, where, "name", true, &name, reterr)) < 0 ||
            (r = json_check_members(o, where, known, reterr)) < 0 ||
            (r = json_get_bool(o, where, "match", false, &a->must_match, reterr)) < 0 ||
            (r = json_get_string(o, where, "file", false, &file, reterr)) < 0 ||
            (r = json_get_enum(o, where, "of", false, attribute_of, &of, reterr)) < 0)
                return r;
        has_of = r > 0;

        if (attributes_set(&(Attributes) { 0 }, name, "1") < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.name' must have letters, digits and '_', not be '%s'", where, name);
        for (size_t i = 0; i < f->n_attributes; i++)
                if (streq(f->attributes[i].name, name))
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s.name' is '%s', as that of another", where, name);

        if (file && !file_is_inside(file))
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "'%s.file' must be a file in the device's directory, like \"numa_node\", not '%s'",
                                where, file);
        if (has_of && !file)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.of' says whose file, and 'file' none", where);

        a->of = (AttributeOf) of;
        if (free_and_strdup(&a->name, name) < 0 || free_and_strdup(&a->file, file) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read it");

        return 0;
}

static int parse_attributes(json_object *root, Family *f, Failure *reterr)
{
        json_object *array;
        size_t n;
        int r;

        r = json_get_array(root, "", "attributes", false, FAMILY_ATTRIBUTES_MAX, &array, reterr);
        if (r <= 0)
                return r;

        n = json_object_array_length(array);
        f->attributes = calloc(n + 1, sizeof(FamilyAttribute));
        if (!f->attributes)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read it");

        for (size_t i = 0; i < n; i++) {
                r = parse_attribute(json_object_array_get_idx(array, i),
                                    JSON_PATH_ELEMENT("", "attributes", i), f, reterr);
                f->n_attributes++; /* from here on it is freed with the others, whatever of it was read */
                if (r < 0)
                        return r;
        }

        return 0;
}

/* What would lose the guest's state is not for a file to choose. */
static int parse_strategies(json_object *root, StrategyList *ret, Failure *reterr)
{
        json_object *array;
        int r;

        r = json_get_array(root, "", "strategies", false, _STRATEGY_MAX, &array, reterr);
        if (r <= 0)
                return r;

        ret->said = true;
        for (size_t i = 0; i < json_object_array_length(array); i++) {
                json_object *text = json_object_array_get_idx(array, i);
                Strategy s = json_object_is_type(text, json_type_string)
                                             ? strategy_from_string(json_object_get_string(text))
                                             : _STRATEGY_INVALID;

                if ((int) s < 0 || s == STRATEGY_AUTO || s == STRATEGY_UNPLUG)
                        return failure_set(
                                        reterr, FAILURE_INVALID_OPTION,
                                        "'strategies[%zu]' must be \"suspend-to-ram\", \"suspend-to-disk\" or "
                                        "\"device-state\"",
                                        i);
                for (size_t k = 0; k < ret->n; k++)
                        if (ret->list[k] == s)
                                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                                   "'strategies[%zu]' is there twice", i);
                ret->list[ret->n++] = s;
        }

        if (ret->n == 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'strategies' names none");
        return 0;
}

static int parse_root(json_object *root, Family *f, Failure *reterr)
{
        static const char *const known[] = {
                "schema",    "description", "devices", "targets", "without_fixups", "attributes", "probes",
                "vram_used", "health",      "gate",    "clean",   "strategies",     NULL
        };
        const char *description;
        int targets = 0, without_fixups = 0, r;

        if ((r = json_check_schema(root, "the family", FAMILY_SCHEMA, reterr)) < 0 ||
            (r = json_check_members(root, "", known, reterr)) < 0 ||
            (r = json_get_string(root, "", "description", false, &description, reterr)) < 0 ||
            (r = json_get_enum(root, "", "targets", true, targets_from_string, &targets, reterr)) < 0 ||
            (r = parse_strategies(root, &f->strategies, reterr)) < 0 ||
            (r = family_gate_from_json(root, &f->gate, reterr)) < 0 ||
            (r = family_clean_from_json(root, &f->clean, reterr)) < 0)
                return r;

        r = json_get_enum(root, "", "without_fixups", false, targets_from_string, &without_fixups, reterr);
        if (r < 0)
                return r;

        f->targets = (FamilyTargets) targets;
        f->needs_fixups = r > 0;
        f->without_fixups = (FamilyTargets) without_fixups;

        r = guest_rules_from_json(root, &f->guest, reterr);
        if (r < 0)
                return r;
        if (f->guest.n_probes > 0 && !f->needs_fixups)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'probes' prove what nothing depends on: 'without_fixups' is missing");

        r = parse_attributes(root, f, reterr);
        return r < 0 ? r : parse_devices(root, f, reterr);
}

int family_parse(const char *text, size_t size, const char *where, const char *name, Family *ret,
                 Failure *reterr)
{
        _cleanup_json_ json_object *root = NULL;
        _cleanup_(family_done) Family f = { 0 };
        Failure why = { 0 };
        int r;

        r = json_parse(text, size, where, &root, reterr);
        if (r < 0)
                return r;

        r = parse_root(root, &f, &why);
        if (r >= 0 && free_and_strdup(&f.name, name) < 0)
                r = failure_set_errno(&why, FAILURE_HOST, ENOMEM, "cannot read it");
        if (r < 0) {
                r = failure_set(reterr, why.code, "%s: %s", where, failure_message(&why));
                failure_done(&why);
                return r;
        }

        *ret = f;
        f = (Family) { 0 };
        return 0;
}

static bool has_family(const Families *l, const char *name)
{
        for (size_t i = 0; i < l->n; i++)
                if (streq(l->list[i].name, name))
                        return true;

        return false;
}

/* Against those of its directory, which begin at `first`. */
static int check_devices(const Families *l, size_t first, const Family *f, const char *path, Failure *reterr)
{
        const Families siblings = { .list = l->list + first, .n = l->n - first };

        for (size_t i = 0; i < f->n_devices; i++) {
                const Family *other = families_find(&siblings, f->devices[i].vendor, f->devices[i].device);

                if (other)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "%s: device %04x:%04x is in family '%s' already", path,
                                           f->devices[i].vendor, f->devices[i].device, other->name);
        }

        return 0;
}

static int load_file(const char *path, const char *name, size_t first, Families *l, Failure *reterr)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        if (!json_name_is_plain(name, FAMILY_NAME_MAX))
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "%s: the name of a family is that of its file, so at most %u letters, digits, '-', '_' "
                                "and '.'",
                                path, FAMILY_NAME_MAX);
        if (l->n >= FAMILIES_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "%s: there are more than %u families",
                                   path, FAMILIES_MAX);

        if (!ARRAY_GROW(l->list, l->n))
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read %s", path);

        r = read_file_at(AT_FDCWD, path, JSON_FILE_BYTES_MAX, &text, &size);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read %s", path);

        r = family_parse(text, size, path, name, l->list + l->n, reterr);
        if (r < 0)
                return r;

        r = check_devices(l, first, l->list + l->n, path, reterr);
        l->n++; /* from here on it is freed with the others */
        return r;
}

static int is_family_file(const struct dirent *e)
{
        size_t n = strlen(e->d_name);

        return e->d_name[0] != '.' && n > strlen(suffix) && streq(e->d_name + n - strlen(suffix), suffix);
}

static int load_dir(const char *dir, Families *l, Failure *reterr)
{
        struct dirent **entries;
        size_t first = l->n;
        int n, r = 0;

        /* In the order of names, so that the same files give the same messages. */
        n = scandir(dir, &entries, is_family_file, alphasort);
        if (n < 0)
                return errno == ENOENT ? 0
                                       : failure_set_errno(reterr, FAILURE_HOST, errno, "cannot list %s",
                                                           dir);

        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *name = strndup(entries[i]->d_name,
                                                    strlen(entries[i]->d_name) - strlen(suffix)),
                                    *path = NULL;

                if (r >= 0 && (!name || asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0)) {
                        path = NULL;
                        r = failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read %s", dir);
                }
                if (r >= 0 && !has_family(l, name))
                        r = load_file(path, name, first, l, reterr);
                free(entries[i]);
        }

        free(entries);
        return r;
}

int families_load(const char *const *dirs, Families *ret, Failure *reterr)
{
        _cleanup_(families_done) Families l = { 0 };

        for (size_t i = 0; dirs[i]; i++) {
                int r = load_dir(dirs[i], &l, reterr);

                if (r < 0)
                        return r;
        }

        *ret = l;
        l = (Families) { 0 };
        return 0;
}
