/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Table: rows of cells in columns that fit the terminal: columns that may shrink are cut where there is not
 * enough room. Cells are escaped. Running out of memory is remembered and returned by table_print().
 */

#include <stdio.h>

#include "cli/terminal.h"

typedef struct TableColumn {
        const char *title;
        bool right;      /* aligned: numbers */
        bool may_shrink; /* free text */
        bool may_go;     /* left out where the terminal has no room for it */
} TableColumn;

typedef struct Table Table;

/* `columns` must outlive the table. */
int table_new(const Terminal *terminal, const TableColumn *columns, size_t n_columns,
              Table **ret) _warn_unused_result_;
Table *table_free(Table *t);
DEFINE_CLEANUP_FUNC(Table *, table_free);

/* The next cell, from left to right, row after row; NULL and "" are shown as "-". */
void table_add(Table *t, Tint tint, const char *text);
void table_add_format(Table *t, Tint tint, const char *format, ...) _printf_(3, 4);

int table_print(const Table *t, FILE *file, bool legend) _warn_unused_result_;
