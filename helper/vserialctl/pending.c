// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest's output on its way to a console's standard output. */
#include <string.h>

#include "memory.h"
#include "pending.h"

void pending_add(struct pending *pending, uint64_t offset, const uint8_t *bytes, size_t n,
		 uint64_t lost)
{
	if (lost && !pending->gap)
		pending->gap_at = pending->n;
	pending->gap += lost;
	if (!pending->n && !pending->gap)
		pending->offset = offset;
	if (pending->n + n > pending->max) {
		pending->max = pending->n + n;
		pending->bytes = xrealloc(pending->bytes, pending->max, 1);
	}
	memcpy(pending->bytes + pending->n, bytes, n);
	pending->n += n;
}

uint64_t pending_gap(struct pending *pending)
{
	uint64_t lost = pending->gap_at ? 0 : pending->gap;

	pending->offset += lost;
	pending->gap -= lost;
	return lost;
}

size_t pending_next(const struct pending *pending, size_t max)
{
	size_t n = pending->n < max ? pending->n : max;

	return pending->gap && n > pending->gap_at ? pending->gap_at : n;
}

void pending_written(struct pending *pending, size_t n)
{
	pending->n -= n;
	pending->offset += n;
	if (pending->gap)
		pending->gap_at -= n;
	memmove(pending->bytes, pending->bytes + n, pending->n);
}
