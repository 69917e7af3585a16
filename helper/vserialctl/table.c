// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text in columns.  A note takes a row: the text in its first cell behind
 * a mark, the other cells empty.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "table.h"

#define NOTE '\n'

static void add(struct table *table, char *cell)
{
	table->cells = xrealloc(table->cells, table->n + 1, sizeof(*table->cells));
	table->cells[table->n++] = cell;
}

void table_cell(struct table *table, const char *format, ...)
{
	va_list args;
	char *cell;

	va_start(args, format);
	if (vasprintf(&cell, format, args) < 0)
		err(MEMORY_STATUS, "out of memory");
	va_end(args);
	add(table, cell);
}

void table_note(struct table *table, const char *note)
{
	size_t i;

	table_cell(table, "%c%s", NOTE, note);
	for (i = 1; i < table->columns; i++)
		add(table, xstrdup(""));
}

static bool is_note(const char *cell)
{
	return *cell == NOTE;
}

static void print_row(const struct table *table, char **row, const size_t *width)
{
	size_t i;

	if (is_note(row[0])) {
		printf("    %s\n", row[0] + 1);
		return;
	}
	/* The last cell is as long as it likes and brings no blanks. */
	for (i = 0; i + 1 < table->columns; i++)
		printf("%-*s  ", (int)width[i], row[i]);
	printf("%s\n", row[i]);
}

void table_print(struct table *table)
{
	size_t *width = xcalloc(table->columns, sizeof(*width));
	size_t i;

	for (i = 0; i < table->n; i++)
		if (!is_note(table->cells[i]) &&
		    strlen(table->cells[i]) > width[i % table->columns])
			width[i % table->columns] = strlen(table->cells[i]);
	for (i = 0; i + table->columns <= table->n; i += table->columns)
		print_row(table, table->cells + i, width);

	for (i = 0; i < table->n; i++)
		free(table->cells[i]);
	free(table->cells);
	free(width);
	*table = (struct table){ .columns = table->columns };
}
