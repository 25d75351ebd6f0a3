/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/attributes.h"

#include <assert.h>

bool attributes_next(const Attributes *a, size_t *offset, const char **ret_name, const char **ret_value)
{
        const char *name = a->text + *offset, *value;

        if (*offset >= a->bytes)
                return false;

        value = name + strlen(name) + 1;
        *offset = (size_t) (value + strlen(value) + 1 - a->text);
        *ret_name = name;
        *ret_value = value;
        return true;
}

const char *attributes_get(const Attributes *a, const char *name)
{
        const char *n, *value;
        size_t offset = 0;

        while (attributes_next(a, &offset, &n, &value))
                if (streq(n, name))
                        return value;

        return NULL;
}

static bool name_is_valid(const char *s)
{
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

        return n > 0 && s[n] == '\0';
}

static bool value_is_valid(const char *s)
{
        if (*s == '\0')
                return false;

        for (; *s != '\0'; s++)
                if ((unsigned char) *s < ' ' || *s == 0x7f)
                        return false;

        return true;
}

static void put(Attributes *a, const char *text)
{
        size_t n = strlen(text) + 1;

        assert(a->bytes + n <= sizeof(a->text));
        memcpy(a->text + a->bytes, text, n);
        a->bytes = (uint16_t) (a->bytes + n);
}

int attributes_set(Attributes *a, const char *name, const char *value)
{
        const char *old = attributes_get(a, name), *n, *v;
        Attributes changed = { 0 };
        size_t offset = 0, bytes;
        bool done = false;

        if (!name_is_valid(name) || !value_is_valid(value))
                return -EINVAL;

        bytes = a->bytes + strlen(value) + 1;
        bytes = old ? bytes - strlen(old) - 1 : bytes + strlen(name) + 1;
        if (bytes > sizeof(a->text))
                return -E2BIG;

        while (attributes_next(a, &offset, &n, &v)) {
                int order = strcmp(n, name);

                if (!done && order >= 0) {
                        put(&changed, name);
                        put(&changed, value);
                        done = true;
                }
                if (order != 0) {
                        put(&changed, n);
                        put(&changed, v);
                }
        }

        if (!done) {
                put(&changed, name);
                put(&changed, value);
        }

        *a = changed;
        return 0;
}
