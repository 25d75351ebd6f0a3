/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The few macros that the whole tree uses: ownership by scope, and size and range helpers. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_ __attribute__((unused))
#define _warn_unused_result_ __attribute__((warn_unused_result))

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define NSEC_PER_USEC UINT64_C(1000)

/* Hands the value over: the variable keeps nothing for its cleanup to free. */
#define TAKE_PTR(ptr)                   \
        ({                              \
                typeof(ptr) _p = (ptr); \
                (ptr) = NULL;           \
                _p;                     \
        })
#define TAKE_FD(fd)            \
        ({                     \
                int _f = (fd); \
                (fd) = -EBADF; \
                _f;            \
        })

/* Makes room for one more element behind the n of a list. False when memory ran out: the list is as it was. */
#define ARRAY_GROW(list, n)                                                                     \
        ({                                                                                      \
                typeof(list) _bigger = reallocarray((list), (size_t) (n) + 1, sizeof(*(list))); \
                                                                                                \
                if (_bigger)                                                                    \
                        (list) = _bigger;                                                       \
                _bigger != NULL;                                                                \
        })

#define DEFINE_CLEANUP_FUNC(type, free_func)     \
        static inline void free_func##p(type *p) \
        {                                        \
                if (*p)                          \
                        (void) free_func(*p);    \
        }                                        \
        typedef int free_func##_cleanup_defined_

static inline void freep(void *p)
{
        free(*(void **) p);
}

/* Closing what was only read or is already synced cannot fail in a way that anyone could act on. */
static inline void closep(int *fd)
{
        if (*fd >= 0)
                (void) close(*fd);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

static inline bool streq(const char *a, const char *b)
{
        return strcmp(a, b) == 0;
}

static inline bool streq_ptr(const char *a, const char *b)
{
        return a == b || (a && b && streq(a, b));
}

/* Replaces *dst by a copy of src (NULL allowed). -ENOMEM leaves *dst as it was. */
static inline _warn_unused_result_ int free_and_strdup(char **dst, const char *src)
{
        char *copy = NULL;

        if (src) {
                copy = strdup(src);
                if (!copy)
                        return -ENOMEM;
        }

        free(*dst);
        *dst = copy;
        return 0;
}
