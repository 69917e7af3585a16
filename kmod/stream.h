/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stream: one direction of a port, a bounded ring of bytes and markers
 *
 * Every byte has a 64-bit offset, counted from the port's creation.  Markers
 * (a break, a line change, a receive error) stand between bytes: a marker at
 * offset O comes before the byte at O.  Readers hold cursors.
 *
 *            tail                 pos        taken        head
 *             |      history       | in flight |  unread    |
 *   ----------+--------------------+-----------+------------+--> offset
 *    gone     |<------------------ held in pages ---------->|
 *
 * A reader is handed bytes at .taken and acknowledges them, which moves .pos;
 * if it dies in between, what was in flight is handed out again.  One cursor,
 * the holder, pushes back: what lies in front of its .pos is unread, never
 * more than .ring bytes.  Bytes behind all cursors are history.
 *
 * Pure code: no I/O, no sleeping, no locks of its own.  The caller serialises
 * all calls on one stream; those that may sleep say so.
 */
#ifndef _VSERIAL_STREAM_H
#define _VSERIAL_STREAM_H

#include <linux/list.h>
#include <linux/types.h>

#include <linux/vserial.h>

#include "budget.h"

/* Unread bytes a stream holds before it is full. */
#define VSERIAL_RING_SIZE	65536
#define VSERIAL_HISTORY_DEFAULT	65536
/* Markers a stream holds; see vserial_stream_mark() for what gives way. */
#define VSERIAL_MARKERS_MAX	256

enum vserial_marker_type {
	VSERIAL_MARKER_BREAK,	/* arg: milliseconds, 0 if not known */
	VSERIAL_MARKER_LINES,	/* arg: TIOCM_* lines the sender now asserts */
	VSERIAL_MARKER_ERROR,	/* arg: TTY_PARITY, TTY_FRAME or TTY_OVERRUN, and
				 * above its 8 bits the byte that was in error
				 */
};

/**
 * struct vserial_marker - something that is not a byte, in its place
 * @offset: it comes before the byte that has this offset
 * @type: enum vserial_marker_type
 * @arg: by @type
 */
struct vserial_marker {
	u64 offset;
	u32 type;
	u32 arg;
};

/**
 * struct vserial_cursor - a reader's place in a stream
 * @node: in &vserial_stream.cursors
 * @pos: what lies before is settled: acknowledged or dropped
 * @taken: what lies before was handed to the reader, so @pos ... @taken is in
 *	flight
 * @doubt_from: first byte that was in flight when it was pushed out of the
 *	ring; the reader has a copy and may still acknowledge it
 * @doubt: how many such bytes; while there are any, nothing is handed out, so
 *	that an acknowledgment says exactly which of them arrived
 * @marker: number of the next marker for this reader
 * @marker_acked: markers before this number were dealt with, and do not come
 *	again even if the bytes around them do
 * @dropped: bytes this reader lost
 */
struct vserial_cursor {
	struct list_head node;
	u64 pos;
	u64 taken;
	u64 doubt_from;
	u64 doubt;
	u64 marker;
	u64 marker_acked;
	u64 dropped;
};

/**
 * struct vserial_stream - one direction of a port
 * @budget: the host's pages, shared
 * @slots: @nr_slots pages or NULL; byte O lives in slot (O / PAGE_SIZE) modulo
 *	@nr_slots; NULL until vserial_stream_reserve()
 * @nr_slots: see @slots
 * @spare: the page a reserved stream keeps so that it always gets on
 * @ring: bytes the holder may leave unread
 * @history: bytes kept behind the cursors
 * @head: offset of the next byte to be written
 * @tail: oldest byte still held
 * @refused: bytes that VSERIAL_OVERFLOW_DROP_NEW or vserial_stream_refuse()
 *	discarded; they got no offset
 * @cursors: struct vserial_cursor.node
 * @holder: the cursor that pushes back, or NULL
 * @markers: a ring of @markers_size entries, grown on demand
 * @markers_size: a power of two, or 0
 * @marker_head: number of the next marker; entry number modulo @markers_size
 * @marker_tail: number of the oldest marker held
 * @markers_lost: markers for which there was no room
 * @reserved: between vserial_stream_reserve() and vserial_stream_unreserve()
 */
struct vserial_stream {
	struct vserial_budget *budget;
	u8 **slots;
	unsigned int nr_slots;
	u8 *spare;
	u32 ring;
	u32 history;
	u64 head;
	u64 tail;
	u64 refused;
	struct list_head cursors;
	struct vserial_cursor *holder;
	struct vserial_marker *markers;
	u32 markers_size;
	u64 marker_head;
	u64 marker_tail;
	u64 markers_lost;
	bool reserved;
};

/* stream.c: life. */
void vserial_stream_init(struct vserial_stream *s,
			 struct vserial_budget *budget, u32 ring, u32 history);
void vserial_stream_destroy(struct vserial_stream *s);
void vserial_stream_adopt(struct vserial_stream *s, struct vserial_cursor *c,
			  struct vserial_stream *from,
			  struct vserial_cursor *fc);

/* stream.c: memory.  prepare may sleep and is called without the stream's lock. */
struct vserial_stream_mem {
	u8 **slots;
	unsigned int nr_slots;
	u8 *spare;
};

int vserial_stream_prepare(const struct vserial_stream *s, u32 history,
			   struct vserial_stream_mem *mem);
void vserial_stream_keep(struct vserial_stream *s, u32 history);
void vserial_stream_reserve(struct vserial_stream *s, u32 history,
			    struct vserial_stream_mem *mem);
void vserial_stream_discard_mem(struct vserial_stream *s,
				struct vserial_stream_mem *mem);
void vserial_stream_unreserve(struct vserial_stream *s);

/* stream.c: the writer. */
u32 vserial_stream_room(const struct vserial_stream *s);
size_t vserial_stream_append(struct vserial_stream *s, const u8 *buf, size_t n,
			     enum vserial_overflow overflow);
void vserial_stream_pass(struct vserial_stream *s, u64 n);
void vserial_stream_refuse(struct vserial_stream *s, size_t n);

/* stream_marker.c */
void vserial_stream_mark(struct vserial_stream *s,
			 enum vserial_marker_type type, u32 arg);
bool vserial_stream_take_marker(struct vserial_stream *s,
				struct vserial_cursor *c,
				struct vserial_marker *m);
void vserial_stream_untake_marker(struct vserial_stream *s,
				  struct vserial_cursor *c,
				  const struct vserial_marker *m);
void vserial_stream_ack_markers(struct vserial_cursor *c);
u32 vserial_stream_peek_markers(const struct vserial_stream *s,
				const struct vserial_cursor *c,
				struct vserial_marker *m, u32 n);

/* stream_reader.c */
void vserial_stream_attach(struct vserial_stream *s, struct vserial_cursor *c,
			   u64 from);
void vserial_stream_hold(struct vserial_stream *s, struct vserial_cursor *c);
void vserial_stream_give_up(struct vserial_cursor *c);
void vserial_stream_detach(struct vserial_stream *s, struct vserial_cursor *c);
const u8 *vserial_stream_view(struct vserial_stream *s,
			      struct vserial_cursor *c, size_t *n, u64 *offset);
size_t vserial_stream_take(struct vserial_stream *s, struct vserial_cursor *c,
			   u8 *buf, size_t n, u64 *offset);
bool vserial_stream_pending(const struct vserial_stream *s,
			    const struct vserial_cursor *c, size_t *bytes);
void vserial_stream_ack(struct vserial_stream *s, struct vserial_cursor *c,
			u64 upto);
void vserial_stream_skip(struct vserial_stream *s, struct vserial_cursor *c);
void vserial_stream_rewind(struct vserial_stream *s, struct vserial_cursor *c);
void vserial_stream_untake(struct vserial_cursor *c, u64 from);
u64 vserial_stream_discard(struct vserial_stream *s, struct vserial_cursor *c);
size_t vserial_stream_peek(const struct vserial_stream *s, u64 *offset, u8 *buf,
			   size_t n);

/**
 * vserial_stream_unread() - bytes a reader has not settled
 * @s: the stream
 * @c: one of its cursors
 *
 * Return: bytes written and neither acknowledged by @c nor dropped.
 */
static inline u64 vserial_stream_unread(const struct vserial_stream *s,
					const struct vserial_cursor *c)
{
	return s->head - c->pos;
}

/**
 * vserial_stream_written() - bytes that were handed to a stream for good
 * @s: the stream
 *
 * Return: bytes appended, passed or discarded.
 */
static inline u64 vserial_stream_written(const struct vserial_stream *s)
{
	return s->head + s->refused;
}

#endif /* _VSERIAL_STREAM_H */
