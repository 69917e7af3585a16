/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects found by the kernel's numbers. */
#ifndef VSERIALD_TABLE_H
#define VSERIALD_TABLE_H

#include <stddef.h>
#include <stdint.h>

/** struct table_entry - a number and its object; private */
struct table_entry {
	uint32_t id;
	void *object;
};

/**
 * struct table - objects by number; all zero is an empty one
 * @entries: private
 * @size: private, a power of two or 0
 * @n: how many objects there are
 */
struct table {
	struct table_entry *entries;
	size_t size;
	size_t n;
};

/** table_find() - the object of a number, or NULL. */
void *table_find(const struct table *table, uint32_t id);

/** table_set() - give a number, not 0, an object, not NULL, in place of any it has. */
void table_set(struct table *table, uint32_t id, void *object);

/** table_remove() - forget a number, if it is known. */
void table_remove(struct table *table, uint32_t id);

/** table_free() - forget all. */
void table_free(struct table *table);

#endif
