/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/variant.h"

#include "cli/json.h"

#define VARIANT_DEPTH_MAX 16

static int value_to_json(sd_bus_message *m, unsigned depth, json_object **ret);

static int basic_to_json(sd_bus_message *m, char type, json_object **ret)
{
        union {
                const char *s;
                uint8_t y;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
                int b;
        } v;
        int r;

        r = sd_bus_message_read_basic(m, type, &v);
        if (r < 0)
                return r;

        switch (type) {
        case 's':
        case 'o':
        case 'g':
                *ret = json_object_new_string(v.s);
                break;
        case 'y':
                *ret = json_object_new_int(v.y);
                break;
        case 'n':
                *ret = json_object_new_int(v.n);
                break;
        case 'q':
                *ret = json_object_new_int(v.q);
                break;
        case 'i':
                *ret = json_object_new_int(v.i);
                break;
        case 'u':
                *ret = json_object_new_int64(v.u);
                break;
        case 'x':
                *ret = json_object_new_int64(v.x);
                break;
        case 't':
                *ret = json_object_new_uint64(v.t);
                break;
        case 'd':
                *ret = json_object_new_double(v.d);
                break;
        case 'b':
                *ret = json_object_new_boolean(v.b);
                break;
        default:
                return -EBADMSG;
        }

        return *ret ? 0 : -ENOMEM;
}

static int list_to_json(sd_bus_message *m, unsigned depth, json_object **ret)
{
        _cleanup_json_ json_object *array = json_object_new_array();
        int r;

        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                json_object *element;

                r = value_to_json(m, depth, &element);
                if (r < 0)
                        return r;
                json_build_element(&array, element);
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(array);
        return *ret ? 0 : -ENOMEM;
}

static int dictionary_to_json(sd_bus_message *m, const char *entry, unsigned depth, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        while ((r = sd_bus_message_enter_container(m, 'e', entry)) > 0) {
                json_object *value;
                const char *key;

                if ((r = sd_bus_message_read_basic(m, 's', &key)) < 0 ||
                    (r = value_to_json(m, depth, &value)) < 0)
                        return r;
                json_build_member(&o, key, value);

                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(o);
        return *ret ? 0 : -ENOMEM;
}

static int container_to_json(sd_bus_message *m, char type, const char *contents, unsigned depth,
                             json_object **ret)
{
        _cleanup_json_ json_object *o = NULL;
        int r;

        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;

        if (type == 'v')
                r = value_to_json(m, depth, &o);
        else if (type == 'a' && strncmp(contents, "{s", 2) == 0) {
                _cleanup_free_ char *entry = strndup(contents + 1, strlen(contents) - 2);

                r = entry ? dictionary_to_json(m, entry, depth, &o) : -ENOMEM;
        } else
                r = list_to_json(m, depth, &o);
        if (r < 0)
                return r;

        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(o);
        return 0;
}

static int value_to_json(sd_bus_message *m, unsigned depth, json_object **ret)
{
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        if (depth >= VARIANT_DEPTH_MAX)
                return -EBADMSG;

        return contents ? container_to_json(m, type, contents, depth + 1, ret) : basic_to_json(m, type, ret);
}

int variant_to_json(sd_bus_message *m, json_object **ret)
{
        return value_to_json(m, 0, ret);
}
