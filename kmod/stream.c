// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream: one direction of a port, a bounded ring of bytes and markers
 *
 * Its memory, its tail and its writer; markers and readers have files of their
 * own.  What always holds stands in stream_parts.h.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "stream_parts.h"

/* Offsets start at 0, so what would lie before is cut off. */
static inline u64 before(u64 offset, u64 n)
{
	return offset > n ? offset - n : 0;
}

static unsigned int slots_for(u32 ring, u32 history)
{
	/* Two more: the oldest and the newest page may hold one byte each. */
	return (ring + history) / PAGE_SIZE + 2;
}

/* A page that no byte lies in any more. */
static void recycle(struct vserial_stream *s, u8 *page)
{
	if (s->reserved && !s->spare)
		s->spare = page;
	else
		vserial_budget_put(s->budget, page);
}

static u8 *take_spare(struct vserial_stream *s)
{
	u8 *page = s->spare;

	s->spare = NULL;
	return page;
}

/**
 * vserial_stream_release_idle() - a closed port with nothing left to read holds
 * no memory
 * @s: the stream
 */
void vserial_stream_release_idle(struct vserial_stream *s)
{
	if (s->reserved || s->tail != s->head)
		return;

	if (s->markers && vserial_stream_lowest_marker(s) == s->marker_head) {
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

/* Tail */

/**
 * vserial_stream_push_out() - the ring goes on without a reader
 * @c: its cursor
 * @to: the first byte that it still has
 *
 * The reader has a copy of what is in flight, so those bytes are in doubt until
 * it says what became of them.
 */
void vserial_stream_push_out(struct vserial_cursor *c, u64 to)
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
			vserial_stream_push_out(c, s->tail);
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

/**
 * vserial_stream_advance_tail() - move the tail to where it belongs
 * @s: the stream, in which anything else has moved
 */
void vserial_stream_advance_tail(struct vserial_stream *s)
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
		vserial_stream_release_idle(s);
	}
	if (s->marker_tail != s->marker_head)
		vserial_stream_trim_markers(s);
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
		vserial_stream_trim_markers(s);
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
		vserial_budget_put(s->budget, s->slots[i]);
	vserial_budget_put(s->budget, s->spare);
	kvfree(s->slots);
	kfree(s->markers);
	vserial_stream_init(s, s->budget, s->ring, s->history);
}

/**
 * vserial_stream_adopt() - have what another stream has
 * @s: the stream, reserved or not; what it held, pages and memory, is in @from
 *	afterwards, which the caller destroys where it may sleep
 * @c: its holder, which goes on where @fc is
 * @from: a reserved stream with the same budget and ring
 * @fc: its holder and only cursor, which is detached
 *
 * Other cursors of @s have dealt with all that is there.  What counts as dropped
 * stays with each.
 */
void vserial_stream_adopt(struct vserial_stream *s, struct vserial_cursor *c,
			  struct vserial_stream *from,
			  struct vserial_cursor *fc)
{
	struct vserial_cursor *each;
	LIST_HEAD(cursors);

	list_splice_init(&s->cursors, &cursors);
	list_del_init(&fc->node);
	swap(*s, *from);
	INIT_LIST_HEAD(&from->cursors);
	from->holder = NULL;
	INIT_LIST_HEAD(&s->cursors);
	list_splice(&cursors, &s->cursors);
	s->holder = c;
	list_for_each_entry(each, &s->cursors, node) {
		each->doubt = 0;
		each->pos = s->head;
		each->taken = s->head;
		each->marker = s->marker_head;
		each->marker_acked = s->marker_head;
	}
	c->pos = fc->pos;
	c->taken = fc->pos;
	c->marker = fc->marker;
	c->marker_acked = fc->marker;
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
		mem->spare = vserial_budget_get_beyond_limit(s->budget);
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
 * vserial_stream_keep() - change the history of a stream that is not reserved
 * @s: the stream
 * @history: bytes to keep behind the cursors; what is more is dropped
 */
void vserial_stream_keep(struct vserial_stream *s, u32 history)
{
	s->history = history;
	vserial_stream_advance_tail(s);
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
	vserial_stream_keep(s, history);
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
	vserial_budget_put(s->budget, mem->spare);
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
	vserial_budget_put(s->budget, take_spare(s));
	vserial_stream_release_idle(s);
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
		vserial_stream_advance_tail(s);
}

static bool add_page(struct vserial_stream *s, enum vserial_overflow overflow)
{
	u8 *page;

	/* In a stream that is as long as it may be, the page let go of last. */
	page = take_spare(s);
	if (!page)
		page = vserial_budget_get(s->budget);
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
			vserial_stream_push_out(s->holder, s->head + chunk - s->ring);
			vserial_stream_advance_tail(s);
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
	if (room > in_page && !s->spare && vserial_budget_spent(s->budget) &&
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
void vserial_stream_pass(struct vserial_stream *s, u64 n)
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
		vserial_stream_trim_markers(s);
	else
		vserial_stream_release_idle(s);
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
