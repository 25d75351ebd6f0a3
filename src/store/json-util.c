/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/json-util.h"

#include <stdio.h>

#include "basic/fileio.h"

#define JSON_DEPTH_MAX 32

/* "steps[2].state", or "state" at the top. */
#define PATH_FORMAT "%s%s%s"
#define PATH_ARGS(where, key) (where), *(where) ? "." : "", (key)

const char *json_path_element(char buf[static JSON_PATH_MAX], const char *where, const char *key, size_t i)
{
        (void) snprintf(buf, JSON_PATH_MAX, PATH_FORMAT "[%zu]", PATH_ARGS(where, key), i);
        return buf;
}

const char *json_path_member(char buf[static JSON_PATH_MAX], const char *where, const char *key)
{
        (void) snprintf(buf, JSON_PATH_MAX, PATH_FORMAT, PATH_ARGS(where, key));
        return buf;
}

static int get_member(json_object *o, const char *where, const char *key, bool required, json_type type,
                      const char *expected, json_object **ret, Failure *reterr)
{
        json_object *member;

        if (!json_object_is_type(o, json_type_object))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s' must be an object",
                                   *where ? where : "file");

        if (!json_object_object_get_ex(o, key, &member)) {
                if (required)
                        return failure_set(reterr, FAILURE_INVALID_OPTION, "'" PATH_FORMAT "' is missing",
                                           PATH_ARGS(where, key));
                return 0;
        }

        if (!json_object_is_type(member, type))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'" PATH_FORMAT "' must be %s",
                                   PATH_ARGS(where, key), expected);

        *ret = member;
        return 1;
}

int json_get_string(json_object *o, const char *where, const char *key, bool required, const char **ret,
                    Failure *reterr)
{
        json_object *member;
        int r;

        r = get_member(o, where, key, required, json_type_string, "a string", &member, reterr);
        if (r <= 0)
                return r;

        /* A NUL inside would make the rest invisible to every later comparison. */
        if (strlen(json_object_get_string(member)) != (size_t) json_object_get_string_len(member))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'" PATH_FORMAT "' contains a NUL character", PATH_ARGS(where, key));

        *ret = json_object_get_string(member);
        return 1;
}

int json_get_u64(json_object *o, const char *where, const char *key, bool required, uint64_t min,
                 uint64_t max, uint64_t *ret, Failure *reterr)
{
        json_object *member;
        uint64_t value;
        int r;

        r = get_member(o, where, key, required, json_type_int, "a whole number", &member, reterr);
        if (r <= 0)
                return r;

        /* json-c clamps: a negative number reads as 0 from the unsigned side. */
        value = json_object_get_uint64(member);
        if (json_object_get_int64(member) < 0 || value < min || value > max)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'" PATH_FORMAT "' must be %llu to %llu",
                                   PATH_ARGS(where, key), (unsigned long long) min,
                                   (unsigned long long) max);

        *ret = value;
        return 1;
}

int json_get_bool(json_object *o, const char *where, const char *key, bool required, bool *ret,
                  Failure *reterr)
{
        json_object *member;
        int r;

        r = get_member(o, where, key, required, json_type_boolean, "true or false", &member, reterr);
        if (r <= 0)
                return r;

        *ret = json_object_get_boolean(member);
        return 1;
}

int json_get_object(json_object *o, const char *where, const char *key, bool required, json_object **ret,
                    Failure *reterr)
{
        return get_member(o, where, key, required, json_type_object, "an object", ret, reterr);
}

int json_get_array(json_object *o, const char *where, const char *key, bool required, size_t max,
                   json_object **ret, Failure *reterr)
{
        json_object *member;
        int r;

        r = get_member(o, where, key, required, json_type_array, "an array", &member, reterr);
        if (r <= 0)
                return r;

        if (json_object_array_length(member) > max)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'" PATH_FORMAT "' has %zu elements, at most %zu are allowed",
                                   PATH_ARGS(where, key), json_object_array_length(member), max);

        *ret = member;
        return 1;
}

int json_get_pci_address(json_object *o, const char *where, const char *key, bool required, PciAddress *ret,
                         Failure *reterr)
{
        const char *s;
        int r;

        r = json_get_string(o, where, key, required, &s, reterr);
        if (r <= 0)
                return r;

        if (pci_address_parse(s, ret) < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'" PATH_FORMAT "' must be a PCI address like 0000:01:10.2, not '%s'",
                                   PATH_ARGS(where, key), s);

        return 1;
}

int json_get_pci_addresses(json_object *o, const char *where, const char *key, bool required, size_t max,
                           PciAddress *ret, size_t *ret_n, Failure *reterr)
{
        json_object *array;
        size_t n;
        int r;

        r = json_get_array(o, where, key, required, max, &array, reterr);
        if (r <= 0)
                return r;

        n = json_object_array_length(array);
        for (size_t i = 0; i < n; i++) {
                json_object *s = json_object_array_get_idx(array, i);

                if (!json_object_is_type(s, json_type_string) ||
                    pci_address_parse(json_object_get_string(s), ret + i) < 0)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'" PATH_FORMAT "[%zu]' is no PCI address", PATH_ARGS(where, key),
                                           i);
        }

        *ret_n = n;
        return 1;
}

int json_get_enum(json_object *o, const char *where, const char *key, bool required,
                  int (*from_string)(const char *), int *ret, Failure *reterr)
{
        const char *s;
        int value, r;

        r = json_get_string(o, where, key, required, &s, reterr);
        if (r <= 0)
                return r;

        value = from_string(s);
        if (value < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'" PATH_FORMAT "' has the unknown value '%s'", PATH_ARGS(where, key), s);

        *ret = value;
        return 1;
}

int json_check_members(json_object *o, const char *where, const char *const *known, Failure *reterr)
{
        json_object_object_foreach(o, key, member)
        {
                bool found = key[0] == '_';

                (void) member;
                for (size_t i = 0; known[i] && !found; i++)
                        found = streq(known[i], key);
                if (!found)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "unknown member '" PATH_FORMAT "'", PATH_ARGS(where, key));
        }

        return 0;
}

bool json_name_is_plain(const char *name, size_t max)
{
        size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

        return n > 0 && n <= max && name[n] == '\0';
}

int json_check_schema(json_object *o, const char *what, uint64_t newest, Failure *reterr)
{
        uint64_t schema;
        int r;

        r = json_get_u64(o, "", "schema", true, 1, UINT64_MAX, &schema, reterr);
        if (r < 0)
                return r;
        if (schema <= newest)
                return 0;

        (void) failure_set(reterr, FAILURE_INVALID_OPTION,
                           "%s has schema %llu, this version knows up to %llu; upgrade vgpu-hibernate", what,
                           (unsigned long long) schema, (unsigned long long) newest);
        return -EOPNOTSUPP;
}

int json_add(json_object *o, const char *key, json_object *value)
{
        if (!value)
                return -ENOMEM;

        if (json_object_object_add(o, key, value) < 0) {
                (void) json_object_put(value);
                return -ENOMEM;
        }

        return 0;
}

int json_add_string(json_object *o, const char *key, const char *value)
{
        return value ? json_add(o, key, json_object_new_string(value)) : 0;
}

int json_add_seconds(json_object *o, const char *key, uint64_t usec)
{
        char text[sizeof("18446744073709551615.000000")];
        size_t n;

        n = (size_t) snprintf(text, sizeof(text), "%llu.%06llu", (unsigned long long) (usec / USEC_PER_SEC),
                              (unsigned long long) (usec % USEC_PER_SEC));
        while (text[n - 1] == '0' && text[n - 2] != '.')
                text[--n] = '\0';

        return json_add(o, key, json_object_new_double_s((double) usec / (double) USEC_PER_SEC, text));
}

int json_add_u64(json_object *o, const char *key, uint64_t value)
{
        return json_add(o, key, json_object_new_uint64(value));
}

int json_add_bool(json_object *o, const char *key, bool value)
{
        return json_add(o, key, json_object_new_boolean(value));
}

int json_add_pci_address(json_object *o, const char *key, const PciAddress *a)
{
        return json_add_string(o, key, PCI_ADDRESS_STR(a));
}

int json_add_pci_addresses(json_object *o, const char *key, const PciAddress *list, size_t n)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        if (!array)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                json_object *s = json_object_new_string(PCI_ADDRESS_STR(&list[i]));

                if (!s || json_object_array_add(array, s) < 0) {
                        (void) json_object_put(s);
                        return -ENOMEM;
                }
        }

        return json_add(o, key, TAKE_PTR(array));
}

static int parse_failed(const char *text, size_t size, const char *what, enum json_tokener_error error,
                        size_t offset, Failure *reterr)
{
        size_t line = 1;

        for (size_t i = 0; i < offset && i < size; i++)
                if (text[i] == '\n')
                        line++;

        return failure_set(reterr, FAILURE_INVALID_OPTION, "%s, line %zu: not valid JSON: %s", what, line,
                           error == json_tokener_continue ? "it ends too early"
                                                          : json_tokener_error_desc(error));
}

int json_parse_up_to(const char *text, size_t size, uint64_t max, const char *what, json_object **ret,
                     Failure *reterr)
{
        _cleanup_json_ json_object *o = NULL;
        enum json_tokener_error error;
        json_tokener *tok;
        size_t offset;

        if (size > max)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "%s has %zu bytes, at most %llu are read",
                                   what, size, (unsigned long long) max);

        tok = json_tokener_new_ex(JSON_DEPTH_MAX);
        if (!tok)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read %s", what);

        json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        o = json_tokener_parse_ex(tok, text, (int) size);
        error = json_tokener_get_error(tok);
        offset = json_tokener_get_parse_end(tok);
        json_tokener_free(tok);

        if (error != json_tokener_success)
                return parse_failed(text, size, what, error, offset, reterr);

        for (; offset < size; offset++)
                if (!strchr(" \t\r\n", text[offset]) || text[offset] == '\0')
                        return parse_failed(text, size, what, json_tokener_error_parse_unexpected, offset,
                                            reterr);

        *ret = TAKE_PTR(o);
        return 0;
}

int json_parse(const char *text, size_t size, const char *what, json_object **ret, Failure *reterr)
{
        return json_parse_up_to(text, size, JSON_FILE_BYTES_MAX, what, ret, reterr);
}

bool json_error_is_content(int r)
{
        return r == -EREMOTEIO || r == -EFBIG || r == -EISDIR;
}

int json_read_file_at(int dir_fd, const char *name, json_object **ret, Failure *reterr)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = read_file_at(dir_fd, name, JSON_FILE_BYTES_MAX, &text, &size);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read %s", name);

        return json_parse(text, size, name, ret, reterr);
}

int json_write_file_at(int dir_fd, const char *name, json_object *o, Failure *reterr)
{
        _cleanup_free_ char *text = NULL;
        const char *pretty;
        int r;

        pretty = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE);
        if (!pretty || asprintf(&text, "%s\n", pretty) < 0) {
                text = NULL;
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot write %s", name);
        }

        r = write_file_atomic_at(dir_fd, name, text, strlen(text));
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot write %s", name);

        return 0;
}
