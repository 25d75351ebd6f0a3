/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/guest-reader.h"

#include <stdio.h>

#include "core/guest-rules.h"

/* /proc/meminfo has 2 KiB, /proc/cmdline at most 4 (x86's COMMAND_LINE_SIZE is 2), an attribute a page. */
#define GUEST_FILE_BYTES_MAX (16U << 10)

typedef struct Text {
        char *bytes; /* owned; with a NUL behind them */
        size_t size;
} Text;

static int add_piece(const char *bytes, size_t size, void *userdata)
{
        Text *t = userdata;
        char *bigger = realloc(t->bytes, t->size + size + 1);

        if (!bigger)
                return -ENOMEM;

        memcpy(bigger + t->size, bytes, size);
        t->bytes = bigger;
        t->size += size;
        t->bytes[t->size] = '\0';
        return 0;
}

int guest_reader_text(const GuestReader *g, const char *path, char **ret, size_t *ret_size)
{
        Text t = { 0 };
        int r;

        if (!g->commands.read_files)
                return -EPERM;

        r = guest_agent_read(g->domain, path, GUEST_FILE_BYTES_MAX, g->deadline_usec, add_piece, &t);
        if (r < 0) {
                free(t.bytes);
                return r;
        }

        *ret = t.bytes;
        if (ret_size)
                *ret_size = t.size;
        return 0;
}

static int read_one(const GuestReader *g, const char *path, GuestReaderEach each, void *userdata)
{
        _cleanup_free_ char *text = NULL;
        int r;

        r = guest_reader_text(g, path, &text, NULL);
        if (r == -EPERM || r == -ETIMEDOUT || r == -ENOMEM)
                return r;

        return r < 0 ? 0 : each(text, userdata); /* there is none of this number */
}

int guest_reader_each(const GuestReader *g, const char *pattern, GuestReaderEach each, void *userdata)
{
        const char *star = strchr(pattern, '*');

        if (!star)
                return read_one(g, pattern, each, userdata);

        for (unsigned i = 0; i < GUEST_PATTERN_MAX; i++) {
                _cleanup_free_ char *path = NULL;
                int r;

                if (asprintf(&path, "%.*s%u%s", (int) (star - pattern), pattern, i, star + 1) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }

                r = read_one(g, path, each, userdata);
                if (r < 0)
                        return r;
        }

        return 0;
}
