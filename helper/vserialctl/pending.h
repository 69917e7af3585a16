/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's output on its way to a console's standard output, and what is missing in it. */
#ifndef VSERIALCTL_PENDING_H
#define VSERIALCTL_PENDING_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct pending - output that was not written yet; all zero is none
 * @bytes: memory for @max bytes, of which the first @n wait; the caller frees it
 * @n: see @bytes
 * @max: see @bytes
 * @offset: the offset of the first: all before it is written, or was told to be lost
 * @gap: private: so many bytes were lost ...
 * @gap_at: private: ... in front of the one at this place, if @gap is not 0
 */
struct pending {
	uint8_t *bytes;
	size_t n;
	size_t max;
	uint64_t offset;
	uint64_t gap;
	size_t gap_at;
};

/**
 * pending_add() - output came
 * @pending: what waits
 * @offset: of the first byte
 * @bytes: them
 * @n: how many
 * @lost: how many before them never will come
 */
void pending_add(struct pending *pending, uint64_t offset, const uint8_t *bytes, size_t n,
		 uint64_t lost);

/** pending_gap() - how many bytes were lost in front of the first; they count as told then. */
uint64_t pending_gap(struct pending *pending);

/** pending_next() - how many bytes, up to @max, can be written in front of the next gap. */
size_t pending_next(const struct pending *pending, size_t max);

/** pending_written() - the first @n were. */
void pending_written(struct pending *pending, size_t n);

#endif
