// SPDX-License-Identifier: GPL-2.0-or-later
/* The newest output of a port. */
#include <string.h>

#include "memory.h"
#include "ring.h"

/* The least memory that is worth having. */
#define SIZE_MIN 4096u

void ring_init(struct ring *ring, size_t max, uint64_t offset)
{
	*ring = (struct ring){ .max = max };
	ring->jumps = xcalloc(1, sizeof(*ring->jumps));
	ring->jumps[0].offset = offset;
	ring->n_jumps = 1;
}

void ring_free(struct ring *ring)
{
	free(ring->data);
	free(ring->jumps);
	*ring = (struct ring){ 0 };
}

/* Copies from or to the ring; @len bytes fit. */
static void copy_in(struct ring *ring, const char *bytes, size_t len)
{
	size_t at = ring->head & (ring->size - 1);
	size_t first = len < ring->size - at ? len : ring->size - at;

	memcpy(ring->data + at, bytes, first);
	memcpy(ring->data, bytes + first, len - first);
	ring->head += len;
}

/* Grows to hold @len bytes more, as far as it may. */
static void make_room(struct ring *ring, size_t len)
{
	size_t used = (size_t)(ring->head - ring->tail);
	size_t size = ring->size ? ring->size : SIZE_MIN;
	struct ring old = *ring;
	struct iovec iov[2];
	int i, n;

	while (size < used + len && size < ring->max)
		size *= 2;
	if (size == old.size)
		return;
	n = ring_peek(&old, old.tail, iov);
	ring->data = xcalloc(size, 1);
	ring->size = size;
	ring->head = ring->tail;
	for (i = 0; i < n; i++)
		copy_in(ring, iov[i].iov_base, iov[i].iov_len);
	free(old.data);
}

static void add_jump(struct ring *ring, uint64_t offset)
{
	struct ring_jump *last = &ring->jumps[ring->n_jumps - 1];

	if (last->position != ring->head) {
		ring->jumps = xrealloc(ring->jumps, ring->n_jumps + 1, sizeof(*ring->jumps));
		last = &ring->jumps[ring->n_jumps++];
		last->position = ring->head;
	}
	last->offset = offset;
}

static void move_tail(struct ring *ring, uint64_t position)
{
	size_t gone = 0;

	ring->tail = position;
	while (gone + 1 < ring->n_jumps && ring->jumps[gone + 1].position <= position)
		gone++;
	ring->n_jumps -= gone;
	memmove(ring->jumps, ring->jumps + gone, ring->n_jumps * sizeof(*ring->jumps));
}

uint64_t ring_append(struct ring *ring, uint64_t offset, const void *bytes, size_t len)
{
	uint64_t awaited = ring_offset(ring, ring->head);
	const char *from = bytes;
	uint64_t lost = 0;

	if (offset + len <= awaited)
		return 0;
	if (offset < awaited) {
		from += awaited - offset;
		len -= (size_t)(awaited - offset);
	} else if (offset > awaited) {
		lost = offset - awaited;
		add_jump(ring, offset);
	}
	make_room(ring, len);
	if (len > ring->size) {
		/* Of these only the newest stay. */
		from += len - ring->size;
		ring->head += len - ring->size;
		len = ring->size;
	}
	if (ring->head + len - ring->tail > ring->size)
		move_tail(ring, ring->head + len - ring->size);
	copy_in(ring, from, len);
	return lost;
}

int ring_peek(const struct ring *ring, uint64_t position, struct iovec iov[2])
{
	size_t len = (size_t)(ring->head - position);
	size_t at, first;

	if (!len)
		return 0;
	at = position & (ring->size - 1);
	first = len < ring->size - at ? len : ring->size - at;
	iov[0] = (struct iovec){ .iov_base = ring->data + at, .iov_len = first };
	iov[1] = (struct iovec){ .iov_base = ring->data, .iov_len = len - first };
	return len == first ? 1 : 2;
}

void ring_drop(struct ring *ring, uint64_t position)
{
	if (position > ring->tail)
		move_tail(ring, position);
	if (ring->tail == ring->head) {
		free(ring->data);
		ring->data = NULL;
		ring->size = 0;
	}
}

void ring_mark(struct ring *ring)
{
	ring->marks[ring->n_marks++ % RING_MARKS_MAX] = ring->head;
}

uint64_t ring_next_mark(const struct ring *ring, uint64_t position, uint64_t *seen)
{
	uint64_t mark;

	if (*seen + RING_MARKS_MAX < ring->n_marks)
		*seen = ring->n_marks - RING_MARKS_MAX;
	for (; *seen < ring->n_marks; ++*seen) {
		mark = ring->marks[*seen % RING_MARKS_MAX];
		if (mark >= position)
			return mark;
	}
	return UINT64_MAX;
}

bool ring_knows(const struct ring *ring, uint64_t position)
{
	return position >= ring->jumps[0].position;
}

uint64_t ring_offset(const struct ring *ring, uint64_t position)
{
	size_t i = ring->n_jumps - 1;

	while (i && ring->jumps[i].position > position)
		i--;
	return ring->jumps[i].offset + (position - ring->jumps[i].position);
}

uint64_t ring_position(const struct ring *ring, uint64_t offset)
{
	size_t i = ring->n_jumps - 1;
	uint64_t position, end;

	while (i && ring->jumps[i].offset > offset)
		i--;
	if (ring->jumps[i].offset > offset)
		return ring->tail;
	position = ring->jumps[i].position + (offset - ring->jumps[i].offset);
	end = i + 1 < ring->n_jumps ? ring->jumps[i + 1].position : ring->head;
	if (position > end)
		position = end;
	return position > ring->tail ? position : ring->tail;
}
