/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Terminal: what standard output can show. */

#include "basic/macro.h"

typedef struct Terminal {
        bool live;        /* a terminal whose lines can be overwritten */
        bool color;       /* unless NO_COLOR is set: https://no-color.org */
        bool utf8;        /* by the locale */
        unsigned columns; /* 0: no limit */
} Terminal;

/* Needs setlocale() before it. */
void terminal_init(Terminal *t, int fd);
/* Asks again: windows change their size. */
void terminal_update_columns(Terminal *t, int fd);

typedef enum Tint {
        TINT_NONE,
        TINT_HEADER,
        TINT_GOOD,
        TINT_BUSY,
        TINT_BAD,
        TINT_DIM,
        _TINT_MAX,
} Tint;

/* Escape sequences; "" without colour. */
const char *terminal_tint(const Terminal *t, Tint tint);
const char *terminal_reset(const Terminal *t, Tint tint);

/* How the state of a domain, function, job or step is shown. */
Tint tint_of_state(const char *state);
