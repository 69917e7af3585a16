// SPDX-License-Identifier: GPL-2.0-only
/* stream_reader: who reads a stream */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "stream_parts.h"

/**
 * vserial_stream_attach() - add a reader
 * @s: the stream
 * @c: its cursor, initialised here; the caller's until vserial_stream_detach()
 * @from: the offset to read from, moved to the nearest byte that is held
 */
void vserial_stream_attach(struct vserial_stream *s, struct vserial_cursor *c,
			   u64 from)
{
	from = clamp(from, s->tail, s->head);
	*c = (struct vserial_cursor){
		.pos = from,
		.taken = from,
		.marker = vserial_stream_first_marker(s, from, s->marker_head),
	};
	list_add_tail(&c->node, &s->cursors);
}

/**
 * vserial_stream_hold() - let a reader push back
 * @s: the stream
 * @c: one of its cursors, or NULL for none.  Of what it has not read the ring
 *	keeps the newest, the rest counts as dropped.
 */
void vserial_stream_hold(struct vserial_stream *s, struct vserial_cursor *c)
{
	s->holder = c;
	if (c && s->head - c->pos > s->ring) {
		vserial_stream_push_out(c, s->head - s->ring);
		vserial_stream_advance_tail(s);
	}
}

/**
 * vserial_stream_give_up() - count what is in doubt as dropped
 * @c: the cursor of a reader of which nobody waits any more to hear
 */
void vserial_stream_give_up(struct vserial_cursor *c)
{
	c->dropped += c->doubt;
	c->doubt = 0;
}

/**
 * vserial_stream_detach() - remove a reader
 * @s: the stream
 * @c: one of its cursors.  What is in doubt counts as dropped; what it did not
 *	read can be told from its other members, which stay as they are.
 */
void vserial_stream_detach(struct vserial_stream *s, struct vserial_cursor *c)
{
	vserial_stream_give_up(c);
	list_del_init(&c->node);
	if (s->holder == c)
		s->holder = NULL;
	vserial_stream_advance_tail(s);
	vserial_stream_release_idle(s);
}

static void copy_out(const struct vserial_stream *s, u64 offset, u8 *buf,
		     size_t n)
{
	while (n) {
		u32 at = offset_in_page(offset);
		size_t chunk = min_t(size_t, n, PAGE_SIZE - at);

		memcpy(buf, *slot_of(s, offset) + at, chunk);
		offset += chunk;
		buf += chunk;
		n -= chunk;
	}
}

/* How far a reader may take bytes: all there are, or up to the next marker. */
static inline u64 readable_end(const struct vserial_stream *s,
			       const struct vserial_cursor *c)
{
	if (c->doubt)
		return c->taken;
	if (c->marker != s->marker_head)
		return min(s->head, marker_at(s, c->marker)->offset);
	return s->head;
}

/**
 * vserial_stream_view() - hand bytes to a reader where they lie
 * @s: the stream
 * @c: the reader's cursor
 * @n: how many, the rest of a page at most
 * @offset: the offset of the first
 *
 * As vserial_stream_take(), but without a copy.
 *
 * Return: the bytes, valid until the stream's lock is let go of or they are
 * acknowledged; NULL if there are none or a marker comes first.
 */
const u8 *vserial_stream_view(struct vserial_stream *s,
			      struct vserial_cursor *c, size_t *n, u64 *offset)
{
	u64 end = readable_end(s, c);
	u32 at = offset_in_page(c->taken);

	if (end <= c->taken)
		return NULL;

	*offset = c->taken;
	*n = min_t(u64, end - c->taken, PAGE_SIZE - at);
	c->taken += *n;
	return *slot_of(s, *offset) + at;
}

/**
 * vserial_stream_take() - hand bytes to a reader
 * @s: the stream
 * @c: the reader's cursor
 * @buf: where to copy them
 * @n: at most so many
 * @offset: filled with the first byte's offset
 *
 * Stops at a marker, which vserial_stream_take_marker() then returns.
 *
 * Return: bytes copied; 0 if there are none, if a marker is next, or while
 * bytes that the reader had in flight are in doubt.
 */
size_t vserial_stream_take(struct vserial_stream *s, struct vserial_cursor *c,
			   u8 *buf, size_t n, u64 *offset)
{
	u64 end = readable_end(s, c);

	*offset = c->taken;
	if (end <= c->taken)
		return 0;

	n = min_t(u64, n, end - c->taken);
	if (n == 1)
		*buf = (*slot_of(s, c->taken))[offset_in_page(c->taken)];
	else
		copy_out(s, c->taken, buf, n);
	c->taken += n;
	return n;
}

/**
 * vserial_stream_pending() - is there something to hand to a reader?
 * @s: the stream
 * @c: the reader's cursor
 * @bytes: how many bytes vserial_stream_take() would hand out at most
 *
 * Return: whether a byte or a marker can be taken.
 */
bool vserial_stream_pending(const struct vserial_stream *s,
			    const struct vserial_cursor *c, size_t *bytes)
{
	u64 end = s->head;

	*bytes = 0;
	if (c->doubt)
		return false;
	if (c->marker != s->marker_head)
		end = min(end, marker_at(s, c->marker)->offset);
	if (end > c->taken)
		*bytes = end - c->taken;
	return *bytes || c->marker != s->marker_head;
}

/**
 * vserial_stream_ack() - note which bytes a reader has dealt with
 * @s: the stream
 * @c: the reader's cursor
 * @upto: the bytes before this offset, as far as they were handed out.  Bytes
 *	in doubt among them have arrived after all.
 */
void vserial_stream_ack(struct vserial_stream *s, struct vserial_cursor *c,
			u64 upto)
{
	upto = min(upto, c->taken);
	if (c->doubt && upto > c->doubt_from) {
		u64 arrived = min(c->doubt, upto - c->doubt_from);

		c->doubt_from += arrived;
		c->doubt -= arrived;
	}
	if (upto > c->pos) {
		c->pos = upto;
		vserial_stream_advance_tail(s);
	}
}

/**
 * vserial_stream_skip() - a reader deals with all there is, unseen
 * @s: the stream
 * @c: the reader's cursor; markers are skipped too, nothing counts as dropped
 */
void vserial_stream_skip(struct vserial_stream *s, struct vserial_cursor *c)
{
	c->doubt = 0;
	c->pos = s->head;
	c->taken = s->head;
	c->marker = s->marker_head;
	c->marker_acked = s->marker_head;
	vserial_stream_advance_tail(s);
	vserial_stream_release_idle(s);
}

/**
 * vserial_stream_rewind() - hand out again what was in flight
 * @s: the stream
 * @c: the cursor of a reader that is gone; another goes on with it.  What is
 *	in doubt counts as dropped.  Markers come again with the byte they
 *	stand before, unless they were acknowledged on their own.
 */
void vserial_stream_rewind(struct vserial_stream *s, struct vserial_cursor *c)
{
	vserial_stream_give_up(c);
	c->taken = c->pos;
	c->marker = max(c->marker_acked, vserial_stream_first_marker(s, c->pos, c->marker));
}

/**
 * vserial_stream_untake() - hand out again the bytes that were taken last
 * @c: the cursor of a reader that could not pass them on
 * @from: the first of them; all before stay in flight.  Of those that were
 *	pushed out since nobody has a copy: they are dropped.
 */
void vserial_stream_untake(struct vserial_cursor *c, u64 from)
{
	u64 end = c->doubt_from + c->doubt;

	if (c->doubt && end > from) {
		u64 lost = end - max(from, c->doubt_from);

		c->doubt -= lost;
		c->dropped += lost;
	}
	/* It may have been moved meanwhile, either way. */
	c->taken = min(c->taken, max(from, c->pos));
}

/**
 * vserial_stream_discard() - throw away all that a reader has not read
 * @s: the stream
 * @c: the reader's cursor; markers are skipped too
 *
 * Return: bytes that were dropped by this.
 */
u64 vserial_stream_discard(struct vserial_stream *s, struct vserial_cursor *c)
{
	u64 dropped = s->head - c->pos + c->doubt;

	c->dropped += dropped;
	c->doubt = 0;
	c->pos = s->head;
	c->taken = s->head;
	c->marker = s->marker_head;
	c->marker_acked = s->marker_head;
	vserial_stream_advance_tail(s);
	vserial_stream_release_idle(s);
	return dropped;
}

/**
 * vserial_stream_peek() - look at bytes without a cursor
 * @s: the stream
 * @offset: the first byte wanted; moved to the oldest held if it is gone
 * @buf: where to copy them
 * @n: at most so many
 *
 * Return: bytes copied; 0 at the head.
 */
size_t vserial_stream_peek(const struct vserial_stream *s, u64 *offset, u8 *buf,
			   size_t n)
{
	*offset = clamp(*offset, s->tail, s->head);
	n = min_t(u64, n, s->head - *offset);
	copy_out(s, *offset, buf, n);
	return n;
}
