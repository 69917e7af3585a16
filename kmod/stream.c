// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream: one direction of a port, a bounded ring of bytes and markers
 *
 * What always holds, and what the functions below rely on:
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
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "stream.h"

#define MARKERS_MIN	8
#define GFP_APPEND	(GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT)

/* Offsets start at 0, so what would lie before is cut off. */
static inline u64 before(u64 offset, u64 n)
{
	return offset > n ? offset - n : 0;
}

/* Not PAGE_MASK, which cuts an offset to 32 bits where a long has 32. */
static inline u64 page_start(u64 offset)
{
	return round_down(offset, PAGE_SIZE);
}

static inline u64 page_end(u64 offset)
{
	return page_start(offset) + PAGE_SIZE;
}

static unsigned int slots_for(u32 ring, u32 history)
{
	/* Two more: the oldest and the newest page may hold one byte each. */
	return (ring + history) / PAGE_SIZE + 2;
}

static inline u8 **slot_of(const struct vserial_stream *s, u64 offset)
{
	u32 i;

	div_u64_rem(offset >> PAGE_SHIFT, s->nr_slots, &i);
	return &s->slots[i];
}

/* Pages */

static u8 *page_get(struct vserial_budget *budget, gfp_t gfp)
{
	long used = atomic_long_read(&budget->used);
	u8 *page;

	do {
		if (used >= READ_ONCE(budget->limit))
			return NULL;
	} while (!atomic_long_try_cmpxchg(&budget->used, &used, used + 1));

	page = (u8 *)__get_free_page(gfp);
	if (!page)
		atomic_long_dec(&budget->used);
	return page;
}

/* Whatever others hold: nobody can keep a port from being opened. */
static u8 *page_get_beyond_limit(struct vserial_budget *budget)
{
	u8 *page = (u8 *)__get_free_page(GFP_KERNEL_ACCOUNT);

	if (page)
		atomic_long_inc(&budget->used);
	return page;
}

static void page_put(struct vserial_budget *budget, u8 *page)
{
	if (!page)
		return;
	free_page((unsigned long)page);
	atomic_long_dec(&budget->used);
}

/* A page that no byte lies in any more. */
static void recycle(struct vserial_stream *s, u8 *page)
{
	if (s->reserved && !s->spare)
		s->spare = page;
	else
		page_put(s->budget, page);
}

static u8 *take_spare(struct vserial_stream *s)
{
	u8 *page = s->spare;

	s->spare = NULL;
	return page;
}

/* Markers */

static inline struct vserial_marker *marker_at(const struct vserial_stream *s,
					       u64 number)
{
	return &s->markers[number & (s->markers_size - 1)];
}

/* The first marker that some cursor has yet to take. */
static u64 lowest_marker(const struct vserial_stream *s)
{
	u64 low = s->marker_head;
	struct vserial_cursor *c;

	list_for_each_entry(c, &s->cursors, node)
		low = min(low, c->marker);
	return low;
}

/* The first marker at or behind @offset among those before @number. */
static u64 first_marker(const struct vserial_stream *s, u64 offset, u64 number)
{
	while (number > s->marker_tail &&
	       marker_at(s, number - 1)->offset >= offset)
		number--;
	return number;
}

/* A closed port with nothing left to read holds no memory. */
static void release_idle(struct vserial_stream *s)
{
	if (s->reserved || s->tail != s->head)
		return;

	if (s->markers && lowest_marker(s) == s->marker_head) {
		s->marker_tail = s->marker_head;
		s->markers_size = 0;
		kfree(s->markers);
		s->markers = NULL;
	}
	/* vfree() may sleep: a large table waits for reserve or destroy. */
	if (s->slots && !is_vmalloc_addr(s->slots)) {
		s->nr_slots = 0;
		kfree(s->slots);
		s->slots = NULL;
	}
}

/* Markers go with the bytes they stand before, but not unseen. */
static void trim_markers(struct vserial_stream *s)
{
	u64 low = lowest_marker(s);

	while (s->marker_tail < low &&
	       marker_at(s, s->marker_tail)->offset < s->tail)
		s->marker_tail++;
	release_idle(s);
}

/* Tail */

/*
 * The ring goes on without @c.  The reader still has a copy of what is in
 * flight, so those bytes are in doubt until it says what became of them.
 */
static void push_out(struct vserial_cursor *c, u64 to)
{
	u64 doubt = min(to - c->pos, c->taken - c->pos);

	if (doubt && !c->doubt)
		c->doubt_from = c->pos;
	c->doubt += doubt;
	c->dropped += to - c->pos - doubt;
	c->pos = to;
	c->taken = max(c->taken, to);
}

static void overrun(struct vserial_stream *s)
{
	struct vserial_cursor *c;

	list_for_each_entry(c, &s->cursors, node)
		if (c->pos < s->tail)
			push_out(c, s->tail);
}

/* Let go of the bytes before @to, which is beyond the tail. */
static noinline void set_tail(struct vserial_stream *s, u64 to)
{
	u64 end = to == s->head ? page_end(to - 1) : page_start(to);
	u64 at;

	for (at = page_start(s->tail); at < end; at += PAGE_SIZE) {
		u8 **slot = slot_of(s, at);

		recycle(s, *slot);
		*slot = NULL;
	}
	s->tail = to;
}

/* Move the tail to where it belongs after anything else has moved. */
static void advance_tail(struct vserial_stream *s)
{
	struct vserial_cursor *c;
	u64 low = s->head, tail;

	list_for_each_entry(c, &s->cursors, node)
		low = min(low, c->pos);

	tail = min(low, before(s->head, s->history));
	tail = max(tail, before(s->head, (u64)s->ring + s->history));
	if (tail > s->tail) {
		if (tail != s->head && tail < page_end(s->tail))
			s->tail = tail;
		else
			set_tail(s, tail);
		if (low < tail)
			overrun(s);
		release_idle(s);
	}
	if (s->marker_tail != s->marker_head)
		trim_markers(s);
}

/* The oldest page, if all of it lies before @limit; its bytes are gone. */
static u8 *steal_oldest(struct vserial_stream *s, u64 limit)
{
	u64 end = page_end(s->tail);
	u8 **slot, *page;

	if (end > limit)
		return NULL;

	slot = slot_of(s, s->tail);
	page = *slot;
	*slot = NULL;
	s->tail = end;
	overrun(s);
	if (s->marker_tail != s->marker_head)
		trim_markers(s);
	return page;
}

/* Life */

/**
 * vserial_stream_init() - set up a stream that holds nothing
 * @s: the stream
 * @budget: where its pages are counted; must outlive the stream
 * @ring: bytes the holder may leave unread, not 0
 * @history: bytes to keep behind the cursors; may change at each
 *	vserial_stream_reserve()
 *
 * Allocates nothing.  End with vserial_stream_destroy().
 */
void vserial_stream_init(struct vserial_stream *s,
			 struct vserial_budget *budget, u32 ring, u32 history)
{
	memset(s, 0, sizeof(*s));
	s->budget = budget;
	s->ring = ring;
	s->history = history;
	INIT_LIST_HEAD(&s->cursors);
}

/**
 * vserial_stream_destroy() - free what a stream holds
 * @s: the stream; all its cursors have been detached
 *
 * Context: process context; may sleep.
 */
void vserial_stream_destroy(struct vserial_stream *s)
{
	unsigned int i;

	WARN_ON_ONCE(!list_empty(&s->cursors));
	for (i = 0; i < s->nr_slots; i++)
		page_put(s->budget, s->slots[i]);
	page_put(s->budget, s->spare);
	kvfree(s->slots);
	kfree(s->markers);
	vserial_stream_init(s, s->budget, s->ring, s->history);
}

/* Memory */

/**
 * vserial_stream_prepare() - allocate what a reservation needs
 * @s: the stream; the caller keeps it from being reserved or unreserved until
 *	it calls vserial_stream_reserve()
 * @history: the history it is going to be reserved for, in bytes
 * @mem: filled; the caller gives it to vserial_stream_discard_mem() when done
 *
 * Context: process context, without the stream's lock; may sleep.
 *
 * The page that a reserved stream keeps is counted in the budget, but had even
 * if the budget is exhausted.
 *
 * Return: 0, or -ENOMEM if memory is exhausted; @mem is empty then.
 */
int vserial_stream_prepare(const struct vserial_stream *s, u32 history,
			   struct vserial_stream_mem *mem)
{
	mem->spare = NULL;
	mem->nr_slots = slots_for(s->ring, history);
	mem->slots = kvcalloc(mem->nr_slots, sizeof(*mem->slots),
			      GFP_KERNEL_ACCOUNT);
	if (!mem->slots)
		goto fail;

	/* A reserved stream has its page already. */
	if (!READ_ONCE(s->reserved)) {
		mem->spare = page_get_beyond_limit(s->budget);
		if (!mem->spare)
			goto fail_slots;
	}
	return 0;

fail_slots:
	kvfree(mem->slots);
	mem->slots = NULL;
fail:
	mem->nr_slots = 0;
	return -ENOMEM;
}

/* Every page finds its place in a table of another size. */
static void move_pages(struct vserial_stream *s,
		       const struct vserial_stream_mem *old)
{
	u64 at;
	u32 i;

	if (s->tail == s->head)
		return;
	for (at = page_start(s->tail); at < s->head; at += PAGE_SIZE) {
		div_u64_rem(at >> PAGE_SHIFT, old->nr_slots, &i);
		*slot_of(s, at) = old->slots[i];
	}
}

/**
 * vserial_stream_reserve() - make a stream take bytes, or change its history
 * @s: the stream
 * @history: bytes to keep behind the cursors; with fewer than before the
 *	oldest history is dropped, nothing that the holder has not read
 * @mem: from vserial_stream_prepare() with the same @history; what the stream
 *	did not need, and what it needs no longer, is left in it
 */
void vserial_stream_reserve(struct vserial_stream *s, u32 history,
			    struct vserial_stream_mem *mem)
{
	if (WARN_ON_ONCE(mem->nr_slots != slots_for(s->ring, history)))
		return;

	if (!s->reserved) {
		s->spare = mem->spare;
		mem->spare = NULL;
		WRITE_ONCE(s->reserved, true);
	}
	s->history = history;
	advance_tail(s);
	if (s->nr_slots != mem->nr_slots) {
		swap(s->slots, mem->slots);
		swap(s->nr_slots, mem->nr_slots);
		move_pages(s, mem);
	}
}

/**
 * vserial_stream_discard_mem() - free what a reservation did not need
 * @s: the stream
 * @mem: from vserial_stream_prepare()
 *
 * Context: process context, without the stream's lock; may sleep.
 */
void vserial_stream_discard_mem(struct vserial_stream *s,
				struct vserial_stream_mem *mem)
{
	page_put(s->budget, mem->spare);
	kvfree(mem->slots);
	memset(mem, 0, sizeof(*mem));
}

/**
 * vserial_stream_unreserve() - make a stream take no more bytes
 * @s: the stream
 *
 * What it holds stays readable; its pages go as their bytes go.
 */
void vserial_stream_unreserve(struct vserial_stream *s)
{
	WRITE_ONCE(s->reserved, false);
	page_put(s->budget, take_spare(s));
	release_idle(s);
}

/* The writer */

/* Does the next byte go into a page that is there? */
static inline bool has_page(const struct vserial_stream *s)
{
	return offset_in_page(s->head) && s->head != s->tail;
}

static inline u64 ring_room(const struct vserial_stream *s)
{
	return s->holder ? s->ring - (s->head - s->holder->pos) : U64_MAX;
}

/* What lies before may make room when memory is short. */
static inline u64 settled(const struct vserial_stream *s)
{
	return s->holder ? s->holder->pos : s->head;
}

/* Into the page that is there; the caller has seen to it that it fits. */
static inline void store(struct vserial_stream *s, const u8 *buf, size_t n)
{
	u8 *to = *slot_of(s, s->head) + offset_in_page(s->head);

	if (n == 1)
		*to = *buf;
	else
		memcpy(to, buf, n);
	s->head += n;
	if (s->head - s->tail > s->history)
		advance_tail(s);
}

static bool add_page(struct vserial_stream *s, enum vserial_overflow overflow)
{
	u8 *page;

	/* In a stream that is as long as it may be, the page let go of last. */
	page = take_spare(s);
	if (!page)
		page = page_get(s->budget, GFP_APPEND);
	if (!page)
		page = steal_oldest(s, settled(s));
	if (!page && overflow == VSERIAL_OVERFLOW_DROP_OLD)
		page = steal_oldest(s, s->head);
	if (!page)
		return false;

	*slot_of(s, s->head) = page;
	return true;
}

static noinline size_t append_slowly(struct vserial_stream *s, const u8 *buf,
				     size_t n, enum vserial_overflow overflow)
{
	size_t done = 0;

	while (done < n && s->reserved) {
		size_t chunk = min_t(size_t, s->ring, n - done);
		u64 room = ring_room(s);

		chunk = min_t(size_t, chunk,
			      PAGE_SIZE - offset_in_page(s->head));
		if (chunk > room && overflow == VSERIAL_OVERFLOW_DROP_OLD) {
			push_out(s->holder, s->head + chunk - s->ring);
			advance_tail(s);
		} else if (chunk > room) {
			chunk = room;
		}
		if (!chunk || (!has_page(s) && !add_page(s, overflow)))
			break;

		store(s, buf + done, chunk);
		done += chunk;
	}

	if (overflow == VSERIAL_OVERFLOW_BLOCK)
		return done;
	s->refused += n - done;
	return n;
}

/**
 * vserial_stream_room() - bytes that vserial_stream_append() would take
 * @s: the stream
 *
 * Return: bytes that fit without anything being dropped; append may take fewer
 * when memory runs out on the way, but takes some.
 */
u32 vserial_stream_room(const struct vserial_stream *s)
{
	u32 room, in_page;

	if (!s->reserved)
		return 0;

	room = min_t(u64, ring_room(s), s->ring);
	in_page = has_page(s) ? PAGE_SIZE - offset_in_page(s->head) : 0;
	if (room > in_page && !s->spare &&
	    atomic_long_read(&s->budget->used) >= READ_ONCE(s->budget->limit) &&
	    page_end(s->tail) > settled(s))
		return in_page;
	return room;
}

/**
 * vserial_stream_append() - write bytes
 * @s: the stream
 * @buf: the bytes
 * @n: how many; may exceed the ring
 * @overflow: what to do with bytes for which the holder, or memory, leaves no
 *	room: leave them to the caller (BLOCK), push out the holder's oldest
 *	(DROP_OLD) or discard them (DROP_NEW).  A stream that is not reserved
 *	has no room, and discards them with either of the latter.
 *
 * Without a holder nothing pushes back and all are taken.  Pages are the
 * stream's spare, then from the budget, then from the stream's own history.
 *
 * Return: bytes taken or discarded, which with VSERIAL_OVERFLOW_BLOCK may be
 * fewer than @n, else @n.
 */
size_t vserial_stream_append(struct vserial_stream *s, const u8 *buf, size_t n,
			     enum vserial_overflow overflow)
{
	if (likely(s->reserved && n <= PAGE_SIZE - offset_in_page(s->head) &&
		   n <= ring_room(s) && has_page(s))) {
		store(s, buf, n);
		return n;
	}
	return append_slowly(s, buf, n, overflow);
}

/**
 * vserial_stream_pass() - count bytes that went to the reader unstored
 * @s: the stream; it keeps no history, and its holder, the only cursor, has
 *	taken and acknowledged all
 * @n: how many
 *
 * Needs no reservation.
 */
void vserial_stream_pass(struct vserial_stream *s, size_t n)
{
	/* Nothing behind a gap can be kept, whoever might have wanted it. */
	if (s->tail != s->head)
		set_tail(s, s->head);
	s->head += n;
	s->tail = s->head;
	if (s->holder) {
		s->holder->pos = s->head;
		s->holder->taken = s->head;
	}
	overrun(s);
	if (s->marker_tail != s->marker_head)
		trim_markers(s);
	else
		release_idle(s);
}

/**
 * vserial_stream_refuse() - count bytes that are discarded instead of appended
 * @s: the stream
 * @n: how many
 */
void vserial_stream_refuse(struct vserial_stream *s, size_t n)
{
	s->refused += n;
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
	u64 first = first_marker(s, s->head, s->marker_head);
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
	markers = kmalloc_array(size, sizeof(*markers), GFP_APPEND);
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
	if (s->marker_tail < lowest_marker(s)) {
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
	release_idle(s);
}

/* Readers */

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
		.marker = first_marker(s, from, s->marker_head),
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
		push_out(c, s->head - s->ring);
		advance_tail(s);
	}
}

/**
 * vserial_stream_detach() - remove a reader
 * @s: the stream
 * @c: one of its cursors.  What is in doubt counts as dropped; what it did not
 *	read can be told from its other members, which stay as they are.
 */
void vserial_stream_detach(struct vserial_stream *s, struct vserial_cursor *c)
{
	c->dropped += c->doubt;
	c->doubt = 0;
	list_del_init(&c->node);
	if (s->holder == c)
		s->holder = NULL;
	advance_tail(s);
	release_idle(s);
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
	trim_markers(s);
	return true;
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
		advance_tail(s);
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
	advance_tail(s);
	release_idle(s);
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
	c->dropped += c->doubt;
	c->doubt = 0;
	c->taken = c->pos;
	c->marker = max(c->marker_acked, first_marker(s, c->pos, c->marker));
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
	advance_tail(s);
	release_idle(s);
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
