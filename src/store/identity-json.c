/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/identity-json.h"

#include <stdio.h>

#include "store/json-util.h"

static int add_hex(json_object *o, const char *key, int digits, uint32_t value)
{
        char text[sizeof("ffffffff")];

        (void) snprintf(text, sizeof(text), "%0*x", digits, value);
        return json_add_string(o, key, text);
}

static int bar_to_json(unsigned index, const FunctionBar *bar, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o || json_add_u64(o, "index", index) < 0 || json_add_u64(o, "bytes", bar->bytes) < 0 ||
            json_add_string(o, "kind", function_bar_kind(bar)) < 0 ||
            json_add_bool(o, "prefetchable", bar->prefetchable) < 0 || json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

/* Is it what a number of JSON gives, so that it can become one again? */
static bool is_number(const char *s)
{
        size_t n = strspn(s, "0123456789");

        return s[n] == '\0' && n > 0 && n <= 18 && (s[0] != '0' || n == 1);
}

static json_object *value_to_json(const char *value)
{
        if (is_number(value))
                return json_object_new_int64(strtoll(value, NULL, 10));
        if (streq(value, "true") || streq(value, "false"))
                return json_object_new_boolean(streq(value, "true"));
        return json_object_new_string(value);
}

static int attributes_to_json(const Attributes *a, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        const char *name, *value;
        size_t offset = 0;

        while (o && attributes_next(a, &offset, &name, &value))
                if (json_add(o, name, value_to_json(value)) < 0)
                        return -ENOMEM;

        *ret = TAKE_PTR(o);
        return *ret ? 0 : -ENOMEM;
}

int function_identity_to_json(const FunctionIdentity *id, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *bars = json_object_new_array();
        json_object *attributes;
        char subsystem[sizeof("ffff:ffff")];

        (void) snprintf(subsystem, sizeof(subsystem), "%04x:%04x", id->subvendor, id->subdevice);

        if (!o || !bars || add_hex(o, "vendor", 4, id->vendor) < 0 ||
            add_hex(o, "device", 4, id->device) < 0 || json_add_string(o, "subsystem", subsystem) < 0 ||
            add_hex(o, "revision", 2, id->revision) < 0 ||
            add_hex(o, "class", 6, id->class_code & 0xffffffU) < 0)
                return -ENOMEM;

        for (unsigned i = 0; i < FUNCTION_BARS_MAX; i++)
                if (id->bars[i].bytes > 0 && bar_to_json(i, &id->bars[i], bars) < 0)
                        return -ENOMEM;

        if (json_add(o, "bars", TAKE_PTR(bars)) < 0)
                return -ENOMEM;

        if (id->rom_bytes > 0 && json_add_u64(o, "rom_bytes", id->rom_bytes) < 0)
                return -ENOMEM;
        if (id->msix != 0 && json_add_u64(o, "msix", id->msix > 0 ? (uint64_t) id->msix : 0) < 0)
                return -ENOMEM;
        if (id->attributes.bytes > 0 && (attributes_to_json(&id->attributes, &attributes) < 0 ||
                                         json_add(o, "attributes", attributes) < 0))
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

static int get_hex(json_object *o, const char *where, const char *key, bool required, size_t digits,
                   uint32_t *ret, Failure *reterr)
{
        const char *s;
        int r;

        r = json_get_string(o, where, key, required, &s, reterr);
        if (r <= 0)
                return r;

        if (strlen(s) != digits || strspn(s, "0123456789abcdef") != digits || sscanf(s, "%x", ret) != 1)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.%s' must have %zu lower-case hex digits", where, key, digits);

        return 1;
}

static int get_subsystem(json_object *o, const char *where, bool required, FunctionIdentity *id,
                         Failure *reterr)
{
        unsigned vendor, device;
        const char *s;
        int r;

        r = json_get_string(o, where, "subsystem", required, &s, reterr);
        if (r <= 0)
                return r;

        if (strlen(s) != strlen("ffff:ffff") || strspn(s, "0123456789abcdef") != strlen("ffff") ||
            s[4] != ':' || strspn(s + 5, "0123456789abcdef") != strlen("ffff") ||
            sscanf(s, "%4x:%4x", &vendor, &device) != 2)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.subsystem' must be like 1002:74b6",
                                   where);

        id->subvendor = (uint16_t) vendor;
        id->subdevice = (uint16_t) device;
        return 1;
}

static int bar_from_json(json_object *o, const char *where, FunctionIdentity *id, Failure *reterr)
{
        uint64_t index, bytes;
        const char *kind;
        bool prefetchable = false;
        int r;

        if ((r = json_get_u64(o, where, "index", true, 0, FUNCTION_BARS_MAX - 1, &index, reterr)) < 0 ||
            (r = json_get_u64(o, where, "bytes", true, 1, INT64_MAX, &bytes, reterr)) < 0 ||
            (r = json_get_string(o, where, "kind", true, &kind, reterr)) < 0 ||
            (r = json_get_bool(o, where, "prefetchable", false, &prefetchable, reterr)) < 0)
                return r;

        if (!streq(kind, "io") && !streq(kind, "mem32") && !streq(kind, "mem64"))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.kind' must be io, mem32 or mem64",
                                   where);
        if (id->bars[index].bytes > 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' tells BAR %llu again", where,
                                   (unsigned long long) index);

        id->bars[index] = (FunctionBar) {
                .bytes = bytes,
                .io = streq(kind, "io"),
                .mem64 = streq(kind, "mem64"),
                .prefetchable = prefetchable,
        };
        return 0;
}

static int get_bars(json_object *o, const char *where, bool required, FunctionIdentity *id, Failure *reterr)
{
        json_object *bars;
        int r;

        r = json_get_array(o, where, "bars", required, FUNCTION_BARS_MAX, &bars, reterr);
        if (r <= 0)
                return r;

        for (size_t i = 0; i < json_object_array_length(bars); i++) {
                r = bar_from_json(json_object_array_get_idx(bars, i), JSON_PATH_ELEMENT(where, "bars", i),
                                  id, reterr);
                if (r < 0)
                        return r;
        }

        return 1;
}

/* A number beyond what json-c holds reads as the largest that it does: then two that differ would look the same. */
static bool is_exact(json_object *number)
{
        int64_t value = json_object_get_int64(number);

        return value > INT64_MIN && value < INT64_MAX;
}

static int get_attributes(json_object *o, const char *where, Attributes *ret, Failure *reterr)
{
        const char *inner = JSON_PATH_MEMBER(where, "attributes");
        Attributes a = { 0 };
        json_object *list;
        int r;

        r = json_get_object(o, where, "attributes", false, &list, reterr);
        if (r <= 0)
                return r;

        json_object_object_foreach(list, name, value)
        {
                const char *text = json_object_get_string(value);

                if (json_object_is_type(value, json_type_null))
                        continue;
                if (!json_object_is_type(value, json_type_string) &&
                    !json_object_is_type(value, json_type_boolean) &&
                    !(json_object_is_type(value, json_type_int) && is_exact(value)))
                        return failure_set(
                                        reterr, FAILURE_INVALID_OPTION,
                                        "'%s.%s' must be a string, a whole number of 63 bits, true or false",
                                        inner, name);
                if (!text)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read '%s'", inner);
                if (json_object_is_type(value, json_type_string) &&
                    strlen(text) != (size_t) json_object_get_string_len(value))
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s.%s' contains a NUL character", inner, name);

                r = attributes_set(&a, name, text);
                if (r == -E2BIG)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s' have more than %u bytes of names and values", inner,
                                           ATTRIBUTES_BYTES_MAX);
                if (r < 0)
                        return failure_set(
                                        reterr, FAILURE_INVALID_OPTION,
                                        "'%s.%s': a name has letters, digits and '_', a value printable text",
                                        inner, name);
        }

        *ret = a;
        return 1;
}

int function_identity_from_json(json_object *o, const char *where, bool whole, FunctionIdentity *ret,
                                Failure *reterr)
{
        uint32_t vendor, device, revision = 0, class_code = 0;
        FunctionIdentity id = { 0 };
        uint64_t msix;
        int r;

        if ((r = get_hex(o, where, "vendor", true, 4, &vendor, reterr)) < 0 ||
            (r = get_hex(o, where, "device", true, 4, &device, reterr)) < 0 ||
            (r = get_hex(o, where, "revision", whole, 2, &revision, reterr)) < 0 ||
            (r = get_hex(o, where, "class", whole, 6, &class_code, reterr)) < 0 ||
            (r = get_subsystem(o, where, whole, &id, reterr)) < 0 ||
            (r = get_bars(o, where, whole, &id, reterr)) < 0 ||
            (r = json_get_u64(o, where, "rom_bytes", false, 0, INT64_MAX, &id.rom_bytes, reterr)) < 0 ||
            (r = get_attributes(o, where, &id.attributes, reterr)) < 0 ||
            (r = json_get_u64(o, where, "msix", false, 0, FUNCTION_MSIX_MAX, &msix, reterr)) < 0)
                return r;

        id.msix = r == 0 ? 0 : msix > 0 ? (int) msix : FUNCTION_MSIX_NONE;
        id.vendor = (uint16_t) vendor;
        id.device = (uint16_t) device;
        id.revision = (uint8_t) revision;
        id.class_code = class_code;
        *ret = id;
        return 0;
}
