/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/terminal.h"

#include <assert.h>
#include <langinfo.h>
#include <sys/ioctl.h>

#define COLUMNS_DEFAULT 80
#define COLUMNS_MIN 20

void terminal_update_columns(Terminal *t, int fd)
{
        struct winsize size = { 0 };

        if (!t->live)
                t->columns = 0;
        else if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                t->columns = COLUMNS_DEFAULT;
        else
                t->columns = size.ws_col < COLUMNS_MIN ? COLUMNS_MIN : size.ws_col;
}

void terminal_init(Terminal *t, int fd)
{
        const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

        *t = (Terminal) {
                .live = isatty(fd) && term && *term && !streq(term, "dumb"),
                .utf8 = streq(nl_langinfo(CODESET), "UTF-8"),
        };
        t->color = t->live && !(no_color && *no_color);
        terminal_update_columns(t, fd);
}

const char *terminal_tint(const Terminal *t, Tint tint)
{
        static const char *const sequences[] = {
                [TINT_NONE] = "",         [TINT_HEADER] = "\x1b[4m", [TINT_GOOD] = "\x1b[32m",
                [TINT_BUSY] = "\x1b[33m", [TINT_BAD] = "\x1b[31m",   [TINT_DIM] = "\x1b[2m",
        };
        static_assert(ELEMENTSOF(sequences) == _TINT_MAX, "a tint without a sequence");

        return t->color ? sequences[tint] : "";
}

const char *terminal_reset(const Terminal *t, Tint tint)
{
        return t->color && tint != TINT_NONE ? "\x1b[0m" : "";
}

static const struct {
        const char *state;
        Tint tint;
} state_tints[] = {
        { "assigned", TINT_GOOD },   { "canceled", TINT_DIM },    { "crashed", TINT_BAD },
        { "done", TINT_GOOD },       { "failed", TINT_BAD },      { "free", TINT_NONE },
        { "held", TINT_BUSY },       { "hibernated", TINT_BUSY }, { "hibernating", TINT_BUSY },
        { "leased", TINT_BUSY },     { "moving", TINT_BUSY },     { "pending", TINT_DIM },
        { "quarantined", TINT_BAD }, { "queued", TINT_DIM },      { "recovering", TINT_BUSY },
        { "discarding", TINT_BUSY }, { "resuming", TINT_BUSY },   { "retrying", TINT_BUSY },
        { "running", TINT_GOOD },    { "shut-off", TINT_DIM },    { "paused", TINT_BUSY },
        { "suspended", TINT_BUSY },  { "started", TINT_BUSY },    { "undoing", TINT_BUSY },
        { "undone", TINT_DIM },
};

Tint tint_of_state(const char *state)
{
        for (size_t i = 0; i < ELEMENTSOF(state_tints); i++)
                if (streq_ptr(state, state_tints[i].state))
                        return state_tints[i].tint;

        return TINT_NONE;
}
