/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/object-path.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

#include "vgpu-hibernate.h"

static bool is_lower_hex(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool uuid_is_valid(const char *s)
{
        if (strlen(s) != UUID_STRING_MAX - 1)
                return false;

        for (size_t i = 0; s[i]; i++) {
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;

                if (dash ? s[i] != '-' : !is_lower_hex(s[i]))
                        return false;
        }

        return true;
}

int parse_u64(const char *s, uint64_t *ret)
{
        uint64_t value = 0;

        if (!*s)
                return -EINVAL;

        for (; *s; s++) {
                if (*s < '0' || *s > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(value, 10U, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*s - '0'), &value))
                        return -ERANGE;
        }

        *ret = value;
        return 0;
}

/* The element after "PREFIX/", NULL when there is not exactly one. */
static const char *path_element(const char *path, const char *prefix)
{
        size_t n = strlen(prefix);

        if (strncmp(path, prefix, n) != 0 || path[n] != '/' || strchr(path + n + 1, '/'))
                return NULL;

        return path + n + 1;
}

static int path_new(const char *prefix, const char *name, char **ret)
{
        char *path;

        if (asprintf(&path, "%s/%s", prefix, name) < 0)
                return -ENOMEM;

        for (char *c = path + strlen(prefix) + 1; *c; c++)
                if (strchr("-:.", *c))
                        *c = '_';

        *ret = path;
        return 0;
}

int domain_path_from_uuid(const char *uuid, char **ret)
{
        assert(uuid_is_valid(uuid));

        return path_new(VGPU_HIBERNATE_DOMAIN_PATH, uuid, ret);
}

int domain_path_to_uuid(const char *path, char ret[static UUID_STRING_MAX])
{
        const char *element = path_element(path, VGPU_HIBERNATE_DOMAIN_PATH);
        char uuid[UUID_STRING_MAX];

        if (!element || strlen(element) != UUID_STRING_MAX - 1 || strchr(element, '-'))
                return -ENOENT;

        for (size_t i = 0; i < UUID_STRING_MAX; i++)
                uuid[i] = (char) (element[i] == '_' ? '-' : element[i]);

        if (!uuid_is_valid(uuid))
                return -ENOENT;

        memcpy(ret, uuid, UUID_STRING_MAX);
        return 0;
}

int function_path_from_address(const PciAddress *a, char **ret)
{
        return path_new(VGPU_HIBERNATE_FUNCTION_PATH, PCI_ADDRESS_STR(a), ret);
}

int function_path_to_address(const char *path, PciAddress *ret)
{
        const char *element = path_element(path, VGPU_HIBERNATE_FUNCTION_PATH);
        _cleanup_free_ char *again = NULL;
        char text[PCI_ADDRESS_STRING_MAX];
        size_t n = element ? strlen(element) : 0;
        PciAddress a;
        int r;

        if (n < 2 || n >= sizeof(text))
                return -ENOENT;

        for (size_t i = 0; i <= n; i++)
                text[i] = (char) (element[i] != '_' ? element[i] : i == n - 2 ? '.' : ':');

        if (pci_address_parse(text, &a) < 0)
                return -ENOENT;

        /* Upper-case digits and leading zeros of the domain would be a second path of the same function. */
        r = function_path_from_address(&a, &again);
        if (r < 0)
                return r;
        if (!streq(again, path))
                return -ENOENT;

        *ret = a;
        return 0;
}

int job_path_from_id(uint64_t id, char **ret)
{
        char text[sizeof("18446744073709551615")];

        (void) snprintf(text, sizeof(text), "%" PRIu64, id);
        return path_new(VGPU_HIBERNATE_JOB_PATH, text, ret);
}

int job_path_to_id(const char *path, uint64_t *ret)
{
        const char *element = path_element(path, VGPU_HIBERNATE_JOB_PATH);

        if (!element || element[0] == '0' || parse_u64(element, ret) < 0)
                return -ENOENT;

        return 0;
}

int pool_path_from_name(const char *name, char **ret)
{
        return sd_bus_path_encode(VGPU_HIBERNATE_POOL_PATH, name, ret);
}

int pool_path_to_name(const char *path, char **ret)
{
        _cleanup_free_ char *name = NULL, *again = NULL;
        int r;

        r = sd_bus_path_decode(path, VGPU_HIBERNATE_POOL_PATH, &name);
        if (r <= 0)
                return r == -ENOMEM ? r : -ENOENT;

        r = pool_path_from_name(name, &again);
        if (r < 0)
                return r == -ENOMEM ? r : -ENOENT;
        if (!streq(again, path))
                return -ENOENT;

        *ret = TAKE_PTR(name);
        return 0;
}
