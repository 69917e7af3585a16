// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects by number: a hash table with open addressing. */
#include "memory.h"
#include "table.h"

#define SIZE_MIN 16

/* The kernel counts its numbers up, so the low bits spread well. */
static size_t place(const struct table *table, uint32_t id)
{
	size_t i = id & (table->size - 1);

	while (table->entries[i].object && table->entries[i].id != id)
		i = (i + 1) & (table->size - 1);
	return i;
}

void *table_find(const struct table *table, uint32_t id)
{
	return table->size ? table->entries[place(table, id)].object : NULL;
}

static void resize(struct table *table, size_t size)
{
	struct table old = *table;
	size_t i;

	table->entries = xcalloc(size, sizeof(*table->entries));
	table->size = size;
	for (i = 0; i < old.size; i++)
		if (old.entries[i].object)
			table->entries[place(table, old.entries[i].id)] = old.entries[i];
	free(old.entries);
}

void table_set(struct table *table, uint32_t id, void *object)
{
	size_t i;

	if (2 * (table->n + 1) > table->size)
		resize(table, table->size ? 2 * table->size : SIZE_MIN);
	i = place(table, id);
	table->n += !table->entries[i].object;
	table->entries[i] = (struct table_entry){ id, object };
}

void table_remove(struct table *table, uint32_t id)
{
	struct table_entry moved;
	size_t i;

	if (!table_find(table, id))
		return;
	i = place(table, id);
	table->entries[i].object = NULL;
	table->n--;
	/* Those behind it may stand there only because it stood in their way. */
	for (;;) {
		i = (i + 1) & (table->size - 1);
		moved = table->entries[i];
		if (!moved.object)
			return;
		table->entries[i].object = NULL;
		table->entries[place(table, moved.id)] = moved;
	}
}

void table_free(struct table *table)
{
	free(table->entries);
	*table = (struct table){ 0 };
}
