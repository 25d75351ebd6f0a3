/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "basic/base64.h"

static int digit_value(char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;

        return c == '+' ? 62 : c == '/' ? 63 : -EBADMSG;
}

int base64_decode(const char *text, size_t size, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *bytes = NULL;
        size_t padding = 0, n = 0;
        uint32_t group = 0;

        if (size % 4 != 0)
                return -EBADMSG;

        while (padding < 2 && padding < size && text[size - padding - 1] == '=')
                padding++;

        bytes = malloc(size / 4 * 3 + 1);
        if (!bytes)
                return -ENOMEM;

        for (size_t i = 0; i < size; i++) {
                int value = i < size - padding ? digit_value(text[i]) : 0;

                if (value < 0)
                        return value;

                group = group << 6 | (uint32_t) value;
                if (i % 4 != 3)
                        continue;

                bytes[n++] = (char) (group >> 16 & 0xff);
                bytes[n++] = (char) (group >> 8 & 0xff);
                bytes[n++] = (char) (group & 0xff);
                group = 0;
        }

        /* The bits behind the last byte are none of the data. */
        for (size_t i = n - padding; i < n; i++)
                if (bytes[i] != '\0')
                        return -EBADMSG;

        n -= padding;
        bytes[n] = '\0';
        *ret = TAKE_PTR(bytes);
        *ret_size = n;
        return 0;
}
