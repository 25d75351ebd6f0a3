/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json.h"

#include <assert.h>
#include <stdio.h>

static void give_up(json_object **o)
{
        (void) json_object_put(*o);
        *o = NULL;
}

void json_build_member(json_object **o, const char *key, json_object *value)
{
        if (*o && value && json_object_object_add(*o, key, value) == 0)
                return;

        (void) json_object_put(value);
        give_up(o);
}

static void add_null(json_object **o, const char *key)
{
        if (*o && json_object_object_add(*o, key, NULL) < 0)
                give_up(o);
}

void json_build_string(json_object **o, const char *key, const char *value)
{
        if (value && *value)
                json_build_member(o, key, json_object_new_string(value));
        else
                add_null(o, key);
}

void json_build_uint64(json_object **o, const char *key, uint64_t value)
{
        json_build_member(o, key, json_object_new_uint64(value));
}

void json_build_known(json_object **o, const char *key, uint64_t value)
{
        if (value > 0)
                json_build_uint64(o, key, value);
        else
                add_null(o, key);
}

void json_build_index(json_object **o, const char *key, int32_t value)
{
        if (value >= 0)
                json_build_member(o, key, json_object_new_int(value));
        else
                add_null(o, key);
}

void json_build_bool(json_object **o, const char *key, bool value)
{
        json_build_member(o, key, json_object_new_boolean(value));
}

void json_build_fraction(json_object **o, const char *key, double value)
{
        char text[sizeof("0.000")];

        assert(value >= 0 && value <= 1);

        (void) snprintf(text, sizeof(text), "%.3f", value);
        json_build_member(o, key, json_object_new_double_s(value, text));
}

void json_build_element(json_object **array, json_object *value)
{
        if (*array && value && json_object_array_add(*array, value) == 0)
                return;

        (void) json_object_put(value);
        give_up(array);
}
