/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/table.h"

#include <assert.h>
#include <stdarg.h>

#include "cli/text.h"

#define SHRUNK_WIDTH_MIN 8
#define GAP 2

typedef struct Cell {
        char *text;
        Tint tint;
} Cell;

struct Table {
        const Terminal *terminal;
        const TableColumn *columns;
        size_t n_columns;
        Cell *cells;
        size_t n_cells, n_allocated;
        int error;
};

int table_new(const Terminal *terminal, const TableColumn *columns, size_t n_columns, Table **ret)
{
        Table *t = malloc(sizeof(*t));

        assert(n_columns > 0);

        if (!t)
                return -ENOMEM;

        *t = (Table) { .terminal = terminal, .columns = columns, .n_columns = n_columns };
        *ret = t;
        return 0;
}

Table *table_free(Table *t)
{
        if (!t)
                return NULL;

        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i].text);
        free(t->cells);
        free(t);
        return NULL;
}

void table_add(Table *t, Tint tint, const char *text)
{
        char *escaped;

        if (t->error < 0)
                return;

        if (t->n_cells == t->n_allocated) {
                size_t n = t->n_allocated ? t->n_allocated * 2 : 64;
                Cell *cells = reallocarray(t->cells, n, sizeof(*cells));
                if (!cells) {
                        t->error = -ENOMEM;
                        return;
                }
                t->cells = cells;
                t->n_allocated = n;
        }

        escaped = text && *text ? text_escape(text, t->terminal->utf8) : strdup("-");
        if (!escaped) {
                t->error = -ENOMEM;
                return;
        }

        t->cells[t->n_cells++] = (Cell) { .text = escaped, .tint = tint };
}

void table_add_format(Table *t, Tint tint, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0) {
                text = NULL;
                t->error = -ENOMEM;
        }
        va_end(ap);

        table_add(t, tint, text);
}

#define WIDTH_HIDDEN SIZE_MAX

/* Takes from the widest column that may shrink until the row fits or none can give more. Does it fit then? */
static bool shrink(const Table *t, size_t *widths)
{
        for (;;) {
                size_t total = 0, widest = SIZE_MAX;

                for (size_t c = 0; c < t->n_columns; c++) {
                        if (widths[c] == WIDTH_HIDDEN)
                                continue;
                        total += widths[c] + (total > 0 ? GAP : 0);
                        if (t->columns[c].may_shrink && widths[c] > SHRUNK_WIDTH_MIN &&
                            (widest == SIZE_MAX || widths[c] > widths[widest]))
                                widest = c;
                }

                if (total <= t->terminal->columns || widest == SIZE_MAX)
                        return total <= t->terminal->columns;
                widths[widest]--;
        }
}

static int fit(const Table *t, size_t *widths)
{
        _cleanup_free_ size_t *whole = calloc(t->n_columns, sizeof(*whole));

        if (!whole)
                return -ENOMEM;

        memcpy(whole, widths, t->n_columns * sizeof(*whole));
        if (shrink(t, widths))
                return 0;

        for (size_t c = 0; c < t->n_columns; c++)
                widths[c] = t->columns[c].may_go ? WIDTH_HIDDEN : whole[c];
        (void) shrink(t, widths);
        return 0;
}

static int print_cell(const Table *t, FILE *file, const char *text, Tint tint, size_t c, size_t width)
{
        _cleanup_free_ char *cut = NULL;
        size_t used, pad;

        if (width == WIDTH_HIDDEN)
                return 0;

        cut = text_ellipsize(text, width, t->terminal->utf8);
        if (!cut)
                return -ENOMEM;

        used = text_width(cut);
        pad = used < width ? width - used : 0;

        if (t->columns[c].right)
                (void) fprintf(file, "%*s", (int) pad, "");
        (void) fprintf(file, "%s%s%s", terminal_tint(t->terminal, tint), cut,
                       terminal_reset(t->terminal, tint));
        /* No blanks at the end of a line. */
        if (c + 1 < t->n_columns)
                (void) fprintf(file, "%*s", (int) (t->columns[c].right ? GAP : pad + GAP), "");
        else
                (void) fputc('\n', file);
        return 0;
}

int table_print(const Table *t, FILE *file, bool legend)
{
        _cleanup_free_ size_t *widths = NULL;
        int r;

        assert(t->error < 0 || t->n_cells % t->n_columns == 0);

        if (t->error < 0)
                return t->error;

        widths = calloc(t->n_columns, sizeof(*widths));
        if (!widths)
                return -ENOMEM;

        for (size_t c = 0; legend && c < t->n_columns; c++)
                widths[c] = strlen(t->columns[c].title);
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t width = text_width(t->cells[i].text);

                if (width > widths[i % t->n_columns])
                        widths[i % t->n_columns] = width;
        }
        r = t->terminal->columns > 0 ? fit(t, widths) : 0;
        if (r < 0)
                return r;

        for (size_t c = 0; legend && c < t->n_columns; c++) {
                r = print_cell(t, file, t->columns[c].title, TINT_HEADER, c, widths[c]);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t c = i % t->n_columns;

                r = print_cell(t, file, t->cells[i].text, t->cells[i].tint, c, widths[c]);
                if (r < 0)
                        return r;
        }

        return 0;
}
