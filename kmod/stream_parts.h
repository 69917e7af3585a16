/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stream_parts: what the files of a stream share, and nobody else sees
 *
 * What always holds, and what they rely on:
 *
 * - tail <= pos <= taken <= head for every cursor, and for the holder
 *   head - pos <= ring.
 * - head - tail <= ring + history.
 * - A slot has a page if and only if a byte between tail and head lies in it.
 * - A reserved stream owns at least one page, in a slot or as its spare.  So
 *   append fails to find a page only while the holder has bytes unread, and
 *   the holder's progress is what makes room again.
 * - Doubt ends where the holder's in-flight bytes begin, or nothing is in
 *   flight: pushing out only ever makes it longer at its end.
 * - Marker offsets never decrease with the marker's number.
 */
#ifndef _VSERIAL_STREAM_PARTS_H
#define _VSERIAL_STREAM_PARTS_H

#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "stream.h"

/* Not PAGE_MASK, which cuts an offset to 32 bits where a long has 32. */
static inline u64 page_start(u64 offset)
{
	return round_down(offset, PAGE_SIZE);
}

static inline u64 page_end(u64 offset)
{
	return page_start(offset) + PAGE_SIZE;
}

static inline u8 **slot_of(const struct vserial_stream *s, u64 offset)
{
	u32 i;

	div_u64_rem(offset >> PAGE_SHIFT, s->nr_slots, &i);
	return &s->slots[i];
}

static inline struct vserial_marker *marker_at(const struct vserial_stream *s,
					       u64 number)
{
	return &s->markers[number & (s->markers_size - 1)];
}

/* stream.c */
void vserial_stream_advance_tail(struct vserial_stream *s);
void vserial_stream_push_out(struct vserial_cursor *c, u64 to);
void vserial_stream_release_idle(struct vserial_stream *s);

/* stream_marker.c */
u64 vserial_stream_lowest_marker(const struct vserial_stream *s);
u64 vserial_stream_first_marker(const struct vserial_stream *s, u64 offset,
				u64 number);
void vserial_stream_trim_markers(struct vserial_stream *s);

#endif /* _VSERIAL_STREAM_PARTS_H */
