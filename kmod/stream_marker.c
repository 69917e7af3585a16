// SPDX-License-Identifier: GPL-2.0-only
/* stream_marker: the markers of a stream */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "stream_parts.h"

#define MARKERS_MIN	8

/**
 * vserial_stream_lowest_marker() - the first that some cursor has yet to take
 * @s: the stream
 *
 * Return: its number.
 */
u64 vserial_stream_lowest_marker(const struct vserial_stream *s)
{
	u64 low = s->marker_head;
	struct vserial_cursor *c;

	list_for_each_entry(c, &s->cursors, node)
		low = min(low, c->marker);
	return low;
}

/**
 * vserial_stream_first_marker() - the first in front of a byte or behind it
 * @s: the stream
 * @offset: of the byte
 * @number: it is looked for among those before this one
 *
 * Return: its number.
 */
u64 vserial_stream_first_marker(const struct vserial_stream *s, u64 offset,
				u64 number)
{
	while (number > s->marker_tail &&
	       marker_at(s, number - 1)->offset >= offset)
		number--;
	return number;
}

/**
 * vserial_stream_trim_markers() - let go of markers
 * @s: the stream
 *
 * They go with the bytes they stand before, but not unseen.
 */
void vserial_stream_trim_markers(struct vserial_stream *s)
{
	u64 low = vserial_stream_lowest_marker(s);

	while (s->marker_tail < low &&
	       marker_at(s, s->marker_tail)->offset < s->tail)
		s->marker_tail++;
	vserial_stream_release_idle(s);
}

/*
 * Change the argument of a marker at the head.  A cursor that has taken it
 * gets it again, which must not bring others back with it.
 */
static bool renew_marker(struct vserial_stream *s, u64 number, u32 arg)
{
	bool waiting = list_empty(&s->cursors), taken = false;
	struct vserial_marker *m = marker_at(s, number);
	struct vserial_cursor *c;

	list_for_each_entry(c, &s->cursors, node) {
		waiting |= c->marker <= number;
		taken |= c->marker > number;
	}
	if (taken && number != s->marker_head - 1)
		return false;

	if (m->type == VSERIAL_MARKER_BREAK && waiting)
		arg = max(arg, m->arg);
	m->arg = arg;
	list_for_each_entry(c, &s->cursors, node) {
		c->marker = min(c->marker, s->marker_head - 1);
		c->marker_acked = min(c->marker_acked, c->marker);
	}
	return true;
}

/* Tell what a marker at this place tells already by changing that one. */
static bool merge_marker(struct vserial_stream *s,
			 enum vserial_marker_type type, u32 arg)
{
	u64 first = vserial_stream_first_marker(s, s->head, s->marker_head);
	u64 i = s->marker_head;

	if (i == first)
		return false;

	switch (type) {
	case VSERIAL_MARKER_LINES:
		/* Only the last: lines change before or after a break. */
		i--;
		return marker_at(s, i)->type == type && renew_marker(s, i, arg);
	case VSERIAL_MARKER_BREAK:
		while (i-- != first)
			if (marker_at(s, i)->type == type)
				return renew_marker(s, i, arg);
		return false;
	default:
		return false;
	}
}

static bool grow_markers(struct vserial_stream *s)
{
	u32 size = s->markers_size ? s->markers_size * 2 : MARKERS_MIN;
	struct vserial_marker *markers;
	u64 i;

	if (size > VSERIAL_MARKERS_MAX)
		return false;
	markers = kmalloc_array(size, sizeof(*markers), GFP_ATOMIC | __GFP_NOWARN |
				 __GFP_ACCOUNT);
	if (!markers)
		return false;

	for (i = s->marker_tail; i != s->marker_head; i++)
		markers[i & (size - 1)] = *marker_at(s, i);
	kfree(s->markers);
	s->markers = markers;
	s->markers_size = size;
	return true;
}

/* Take marker @number out; those behind it move up. */
static void remove_marker(struct vserial_stream *s, u64 number)
{
	struct vserial_cursor *c;
	u64 i;

	s->marker_head--;
	for (i = number; i != s->marker_head; i++)
		*marker_at(s, i) = *marker_at(s, i + 1);
	list_for_each_entry(c, &s->cursors, node) {
		if (c->marker > number)
			c->marker--;
		if (c->marker_acked > number)
			c->marker_acked--;
	}
}

/* Make room for a marker of type @type among those that are full. */
static bool give_way(struct vserial_stream *s, enum vserial_marker_type type)
{
	u64 i;

	if (s->marker_tail == s->marker_head)
		return false;
	if (s->marker_tail < vserial_stream_lowest_marker(s)) {
		s->marker_tail++;
		return true;
	}
	if (type != VSERIAL_MARKER_LINES)
		return false;

	/* How the lines are now is worth more than how they were. */
	for (i = s->marker_head; i-- != s->marker_tail;) {
		if (marker_at(s, i)->type == VSERIAL_MARKER_LINES) {
			remove_marker(s, i);
			return true;
		}
	}
	s->markers_lost++;
	remove_marker(s, s->marker_head - 1);
	return true;
}

/**
 * vserial_stream_mark() - write a marker
 * @s: the stream
 * @type: what it says
 * @arg: by @type, see enum vserial_marker_type
 *
 * Lines that change repeatedly between two bytes are one marker, the latest;
 * so are breaks that nobody has taken yet, the longest.  When
 * %VSERIAL_MARKERS_MAX are held, or memory is short, the oldest that every
 * cursor has taken gives way, then, to a change of lines, the change before
 * it, so that the latest is never lost.  Else the new marker is, and
 * &vserial_stream.markers_lost counts it.
 */
void vserial_stream_mark(struct vserial_stream *s,
			 enum vserial_marker_type type, u32 arg)
{
	if (merge_marker(s, type, arg))
		return;

	if (s->marker_head - s->marker_tail == s->markers_size &&
	    !grow_markers(s) && !give_way(s, type)) {
		s->markers_lost++;
		return;
	}
	*marker_at(s, s->marker_head) = (struct vserial_marker){
		.offset = s->head,
		.type = type,
		.arg = arg,
	};
	s->marker_head++;
	vserial_stream_release_idle(s);
}

/**
 * vserial_stream_take_marker() - hand a marker to a reader
 * @s: the stream
 * @c: the reader's cursor
 * @m: filled.  Its offset may lie before what the reader is handed next, if
 *	the bytes around it were dropped.
 *
 * Return: whether a marker comes before the next byte.
 */
bool vserial_stream_take_marker(struct vserial_stream *s,
				struct vserial_cursor *c,
				struct vserial_marker *m)
{
	if (c->doubt || c->marker == s->marker_head ||
	    marker_at(s, c->marker)->offset > c->taken)
		return false;

	*m = *marker_at(s, c->marker);
	c->marker++;
	vserial_stream_trim_markers(s);
	return true;
}

/**
 * vserial_stream_untake_marker() - hand out again the marker that was taken last
 * @s: the stream
 * @c: the cursor of a reader that could not pass it on
 * @m: the marker.  It may have been let go of, with the bytes around it or
 *	because every cursor had taken it: at the head it is written again, which
 *	the others see, elsewhere it is lost.
 */
void vserial_stream_untake_marker(struct vserial_stream *s,
				  struct vserial_cursor *c,
				  const struct vserial_marker *m)
{
	const struct vserial_marker *last = NULL;

	if (c->marker > s->marker_tail)
		last = marker_at(s, c->marker - 1);
	if (last && last->offset == m->offset && last->type == m->type) {
		c->marker--;
		c->marker_acked = min(c->marker_acked, c->marker);
	} else if (m->offset == s->head) {
		vserial_stream_mark(s, m->type, m->arg);
	} else {
		s->markers_lost++;
	}
}

/**
 * vserial_stream_ack_markers() - note that a reader has dealt with its markers
 * @c: the reader's cursor; vserial_stream_rewind() brings back no marker that
 *	has been taken until now
 */
void vserial_stream_ack_markers(struct vserial_cursor *c)
{
	c->marker_acked = c->marker;
}

/**
 * vserial_stream_peek_markers() - look at the markers that a reader would get
 * @s: the stream
 * @c: its cursor, which stays as it is
 * @m: filled, in order
 * @n: how many there is room for
 *
 * As if vserial_stream_rewind() had been called: with what is in flight.
 *
 * Return: how many.
 */
u32 vserial_stream_peek_markers(const struct vserial_stream *s,
				const struct vserial_cursor *c,
				struct vserial_marker *m, u32 n)
{
	u64 first = max(c->marker_acked,
			vserial_stream_first_marker(s, c->pos, c->marker));
	u32 i;

	for (i = 0; i < n && first + i < s->marker_head; i++)
		m[i] = *marker_at(s, first + i);
	return i;
}
