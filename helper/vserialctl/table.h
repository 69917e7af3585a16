/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text in columns. */
#ifndef VSERIALCTL_TABLE_H
#define VSERIALCTL_TABLE_H

#include <stddef.h>

/**
 * struct table - text in columns, each as wide as its widest cell
 * @columns: how many columns there are
 *
 * The rest is private.  Begin with { .columns = N }.
 */
struct table {
	size_t columns;
	char **cells;
	size_t n;
};

/** table_cell() - add a cell; row by row, @columns cells each; as printf(). */
void table_cell(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * table_note() - add a line below the last complete row
 * @table: the table
 * @note: the line, printed indented and in no column
 */
void table_note(struct table *table, const char *note);

/** table_print() - print the table to stdout, free it, and empty it. */
void table_print(struct table *table);

#endif
