// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kmod/stream.c
 *
 * The byte at offset O is pattern(O), so that a byte in a wrong place shows.
 * What must never fail for any reader is kept in one place, accounts_agree():
 *
 *	written = delivered + dropped + in doubt + unread
 */
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/tty.h>

#include "stream.h"

#define BUF_SIZE	(4 * VSERIAL_RING_SIZE)

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "replay stream_matches_a_plain_array with this seed (0: a new one)");

/* A stream, its holder, another reader, a buffer to write from and read into. */
struct fixture {
	struct kunit *test;
	struct vserial_budget budget;
	struct vserial_stream s;
	struct vserial_cursor c;
	struct vserial_cursor other;
	u8 *buf;
};

static u8 pattern(u64 offset)
{
	return (offset * 0x9e3779b97f4a7c15ULL) >> 56;
}

static u64 pages_used(struct fixture *f)
{
	return atomic_long_read(&f->budget.used);
}

/* Pages that bytes from @from up to @to lie in. */
static u64 pages_of(u64 from, u64 to)
{
	if (from == to)
		return 0;
	return ((to - 1) >> PAGE_SHIFT) - (from >> PAGE_SHIFT) + 1;
}

static int reserve(struct fixture *f, u32 history)
{
	struct vserial_stream_mem mem;
	int err = vserial_stream_prepare(&f->s, history, &mem);

	if (err)
		return err;
	vserial_stream_reserve(&f->s, history, &mem);
	vserial_stream_discard_mem(&f->s, &mem);
	return 0;
}

/* A reserved stream whose holder starts at @offset. */
static struct fixture *start_at(struct kunit *test, u32 ring, u32 history,
				u64 offset)
{
	struct fixture *f = test->priv;

	vserial_stream_init(&f->s, &f->budget, ring, history);
	vserial_stream_pass(&f->s, offset);
	KUNIT_ASSERT_EQ(test, reserve(f, history), 0);
	vserial_stream_attach(&f->s, &f->c, offset);
	vserial_stream_hold(&f->s, &f->c);
	return f;
}

static struct fixture *start(struct kunit *test, u32 ring, u32 history)
{
	return start_at(test, ring, history, 0);
}

static size_t append(struct fixture *f, size_t n,
		     enum vserial_overflow overflow)
{
	size_t i;

	for (i = 0; i < n; i++)
		f->buf[i] = pattern(f->s.head + i);
	return vserial_stream_append(&f->s, f->buf, n, overflow);
}

static size_t block(struct fixture *f, size_t n)
{
	return append(f, n, VSERIAL_OVERFLOW_BLOCK);
}

static size_t drop_old(struct fixture *f, size_t n)
{
	return append(f, n, VSERIAL_OVERFLOW_DROP_OLD);
}

static size_t drop_new(struct fixture *f, size_t n)
{
	return append(f, n, VSERIAL_OVERFLOW_DROP_NEW);
}

/* Take at most @n bytes at once; they are the right ones. */
static size_t take_by(struct fixture *f, struct vserial_cursor *c, size_t n)
{
	u64 taken = c->taken, offset;
	size_t i, got;

	memset(f->buf, 0x5a, n + 1);
	got = vserial_stream_take(&f->s, c, f->buf, n, &offset);
	KUNIT_EXPECT_LE(f->test, got, n);
	KUNIT_EXPECT_EQ(f->test, offset, taken);
	KUNIT_EXPECT_EQ(f->test, c->taken, taken + got);
	KUNIT_EXPECT_EQ(f->test, f->buf[got], 0x5a);
	for (i = 0; i < got && f->buf[i] == pattern(offset + i); i++)
		;
	KUNIT_EXPECT_EQ_MSG(f->test, i, got, "wrong byte at offset %llu",
			    offset + i);
	return got;
}

static size_t take(struct fixture *f, size_t n)
{
	return take_by(f, &f->c, n);
}

static void ack(struct fixture *f, u64 upto)
{
	vserial_stream_ack(&f->s, &f->c, upto);
}

/* The marker that comes next is @type with @arg before byte @offset. */
static void expect_marker(struct fixture *f, enum vserial_marker_type type,
			  u32 arg, u64 offset)
{
	struct vserial_marker m = { .type = U32_MAX };
	u64 unused;

	KUNIT_EXPECT_EQ(f->test, 0,
			vserial_stream_take(&f->s, &f->c, f->buf, 1, &unused));
	KUNIT_EXPECT_TRUE(f->test,
			  vserial_stream_take_marker(&f->s, &f->c, &m));
	KUNIT_EXPECT_EQ(f->test, m.type, type);
	KUNIT_EXPECT_EQ(f->test, m.arg, arg);
	KUNIT_EXPECT_EQ(f->test, m.offset, offset);
}

static bool no_marker(struct fixture *f)
{
	struct vserial_marker m;

	return !vserial_stream_take_marker(&f->s, &f->c, &m);
}

static void mark_break(struct fixture *f, u32 ms)
{
	vserial_stream_mark(&f->s, VSERIAL_MARKER_BREAK, ms);
}

static void mark_lines(struct fixture *f, u32 lines)
{
	vserial_stream_mark(&f->s, VSERIAL_MARKER_LINES, lines);
}

static void mark_error(struct fixture *f, u32 flag)
{
	vserial_stream_mark(&f->s, VSERIAL_MARKER_ERROR, flag);
}

static int stream_test_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->buf = kunit_kzalloc(test, BUF_SIZE, GFP_KERNEL);
	if (!f->buf)
		return -ENOMEM;
	f->test = test;
	f->budget.limit = ULONG_MAX;
	vserial_stream_init(&f->s, &f->budget, VSERIAL_RING_SIZE, 0);
	test->priv = f;
	return 0;
}

/* Every test ends with all memory given back. */
static void stream_test_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	while (!list_empty(&f->s.cursors))
		vserial_stream_detach(&f->s,
				      list_first_entry(&f->s.cursors,
						       struct vserial_cursor,
						       node));
	vserial_stream_destroy(&f->s);
	KUNIT_EXPECT_EQ(test, pages_used(f), 0);
}

/* Writing and reading */

static void stream_keeps_order(struct kunit *test)
{
	struct fixture *f = start(test, VSERIAL_RING_SIZE, 0);

	KUNIT_EXPECT_EQ(test, take(f, 10), 0);
	KUNIT_EXPECT_EQ(test, block(f, 0), 0);
	KUNIT_EXPECT_EQ(test, block(f, 1), 1);
	KUNIT_EXPECT_EQ(test, block(f, 9999), 9999);
	KUNIT_EXPECT_EQ(test, vserial_stream_unread(&f->s, &f->c), 10000);
	KUNIT_EXPECT_EQ(test, take(f, 1), 1);
	KUNIT_EXPECT_EQ(test, take(f, 5000), 5000);
	KUNIT_EXPECT_EQ(test, take(f, 5000), 4999);
	KUNIT_EXPECT_EQ(test, take(f, 5000), 0);
	KUNIT_EXPECT_EQ(test, vserial_stream_unread(&f->s, &f->c), 10000);
	ack(f, 10000);
	KUNIT_EXPECT_EQ(test, vserial_stream_unread(&f->s, &f->c), 0);
	KUNIT_EXPECT_EQ(test, vserial_stream_written(&f->s), 10000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
}

/* Sizes that share no factor with the page, the ring or each other. */
static void stream_wraps_around(struct kunit *test)
{
	static const u32 histories[] = { 0, 1, 3000, 3 * PAGE_SIZE };
	struct fixture *f = test->priv;
	int h, i;

	for (h = 0; h < ARRAY_SIZE(histories); h++) {
		start(test, 2 * PAGE_SIZE + 100, histories[h]);
		for (i = 0; i < 200; i++) {
			KUNIT_ASSERT_EQ(test, block(f, 997), 997);
			KUNIT_ASSERT_EQ(test, take(f, 1009), 997);
			ack(f, f->c.taken);
		}
		KUNIT_EXPECT_EQ(test, f->s.head - f->s.tail, histories[h]);
		vserial_stream_detach(&f->s, &f->c);
		vserial_stream_destroy(&f->s);
	}
}

static void stream_single_bytes(struct kunit *test)
{
	struct fixture *f = start(test, VSERIAL_RING_SIZE, 5000);
	int i;

	for (i = 0; i < 3 * VSERIAL_RING_SIZE; i++) {
		KUNIT_ASSERT_EQ(test, block(f, 1), 1);
		KUNIT_ASSERT_EQ(test, take(f, 1), 1);
		ack(f, f->c.taken);
	}
	KUNIT_EXPECT_EQ(test, f->s.tail, 3 * VSERIAL_RING_SIZE - 5000);
}

/* Offsets know no 32-bit limit, and none comes near 64 bits. */
static void stream_offsets_are_64_bits(struct kunit *test)
{
	static const u64 offsets[] = {
		(1ULL << 32) - 5000, 1ULL << 32, (1ULL << 32) + 1,
		(1ULL << 44) - 1, (1ULL << 62) - 12345,
	};
	struct fixture *f = test->priv;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		u64 at = offsets[i];

		start_at(test, 10000, 7000, at);
		KUNIT_EXPECT_EQ(test, f->s.tail, at);
		for (j = 0; j < 10; j++) {
			KUNIT_ASSERT_EQ(test, block(f, 10001), 10000);
			KUNIT_ASSERT_EQ(test, block(f, 1), 0);
			KUNIT_ASSERT_EQ(test, take(f, 20000), 10000);
			ack(f, f->c.taken);
		}
		at += 100000;
		KUNIT_EXPECT_EQ(test, f->c.pos, at);
		KUNIT_EXPECT_EQ(test, drop_old(f, 30000), 30000);
		KUNIT_EXPECT_EQ(test, f->c.pos, at + 20000);
		KUNIT_EXPECT_EQ(test, f->s.tail, at + 30000 - 10000);
		KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
		vserial_stream_detach(&f->s, &f->c);
		vserial_stream_destroy(&f->s);
	}
}

static void stream_passes_by(struct kunit *test)
{
	struct fixture *f = start(test, 1000, 0);

	vserial_stream_pass(&f->s, 3000);
	KUNIT_EXPECT_EQ(test, f->c.pos, 3000);
	KUNIT_EXPECT_EQ(test, f->c.taken, 3000);
	KUNIT_EXPECT_EQ(test, f->s.tail, 3000);
	KUNIT_EXPECT_EQ(test, vserial_stream_written(&f->s), 3000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);

	/* Stored and unstored bytes take turns in the middle of a page. */
	KUNIT_EXPECT_EQ(test, block(f, 10), 10);
	KUNIT_EXPECT_EQ(test, take(f, 20), 10);
	ack(f, 3010);
	vserial_stream_pass(&f->s, 5);
	KUNIT_EXPECT_EQ(test, block(f, 10), 10);
	KUNIT_EXPECT_EQ(test, take(f, 20), 10);
	KUNIT_EXPECT_EQ(test, f->c.taken, 3025);
}

/* Slow and dead readers */

static void stream_blocks_for_a_slow_reader(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 10000);
	KUNIT_EXPECT_EQ(test, block(f, 6000), 6000);
	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 4000);
	KUNIT_EXPECT_EQ(test, block(f, 6000), 4000);
	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 0);
	KUNIT_EXPECT_EQ(test, block(f, 1), 0);

	/* Only what is acknowledged makes room. */
	KUNIT_EXPECT_EQ(test, take(f, 3000), 3000);
	KUNIT_EXPECT_EQ(test, block(f, 1), 0);
	ack(f, 1);
	KUNIT_EXPECT_EQ(test, block(f, 2), 1);
	ack(f, 3000);
	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 2999);
	KUNIT_EXPECT_EQ(test, block(f, 6000), 2999);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
}

static void stream_ack_is_clamped(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 1000);
	take(f, 100);
	ack(f, 5000);
	KUNIT_EXPECT_EQ(test, f->c.pos, 100);
	ack(f, 50);
	KUNIT_EXPECT_EQ(test, f->c.pos, 100);
	KUNIT_EXPECT_EQ(test, take(f, 1000), 900);
}

static void stream_hands_out_again_after_death(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 1000);
	KUNIT_EXPECT_EQ(test, take(f, 500), 500);
	ack(f, 200);
	vserial_stream_rewind(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, f->c.taken, 200);
	KUNIT_EXPECT_EQ(test, take(f, 1000), 800);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
}

/* Overflow */

static void stream_drops_old(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	KUNIT_EXPECT_EQ(test, drop_old(f, 10000), 10000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	KUNIT_EXPECT_EQ(test, drop_old(f, 1), 1);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 1);
	KUNIT_EXPECT_EQ(test, drop_old(f, 5000), 5000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 5001);
	KUNIT_EXPECT_EQ(test, f->c.pos, 5001);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 0);
	KUNIT_EXPECT_EQ(test, f->s.refused, 0);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
}

static void stream_drops_new(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	KUNIT_EXPECT_EQ(test, drop_new(f, 9000), 9000);
	KUNIT_EXPECT_EQ(test, drop_new(f, 3000), 3000);
	KUNIT_EXPECT_EQ(test, f->s.head, 10000);
	KUNIT_EXPECT_EQ(test, f->s.refused, 2000);
	KUNIT_EXPECT_EQ(test, vserial_stream_written(&f->s), 12000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
	ack(f, 500);
	KUNIT_EXPECT_EQ(test, drop_new(f, 501), 501);
	KUNIT_EXPECT_EQ(test, f->s.refused, 2001);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 500);
}

static void stream_takes_more_than_the_ring(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 8000);

	KUNIT_EXPECT_EQ(test, block(f, 30007), 10000);
	KUNIT_EXPECT_EQ(test, drop_new(f, 30007), 30007);
	KUNIT_EXPECT_EQ(test, f->s.refused, 30007);
	KUNIT_EXPECT_EQ(test, drop_old(f, 30007), 30007);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 30007);
	KUNIT_EXPECT_EQ(test, f->c.pos, 30007);
	KUNIT_EXPECT_EQ(test, f->s.tail, 30007);
	KUNIT_EXPECT_EQ(test, take(f, 50000), 10000);
}

/* A ring smaller than a page is pushed out and filled within one. */
static void stream_keeps_a_small_ring(struct kunit *test)
{
	struct fixture *f = start(test, 1, 0);
	int i;

	for (i = 0; i < 2 * PAGE_SIZE; i++) {
		KUNIT_ASSERT_EQ(test, drop_old(f, 3), 3);
		KUNIT_ASSERT_EQ(test, block(f, 1), 0);
		KUNIT_ASSERT_EQ(test, take(f, 3), 1);
		ack(f, f->c.taken);
		KUNIT_ASSERT_EQ(test, block(f, 2), 1);
	}
	KUNIT_EXPECT_EQ(test, f->c.dropped, 6 * PAGE_SIZE - 1);
}

static void stream_without_a_holder_is_history(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 5000);

	vserial_stream_detach(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 10000);
	KUNIT_EXPECT_EQ(test, block(f, 40000), 40000);
	KUNIT_EXPECT_EQ(test, drop_new(f, 40000), 40000);
	KUNIT_EXPECT_EQ(test, f->s.refused, 0);
	KUNIT_EXPECT_EQ(test, f->s.tail, 75000);

	/* One that comes later reads what is held, and may hold it. */
	vserial_stream_attach(&f->s, &f->c, 0);
	vserial_stream_hold(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, f->c.pos, 75000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	KUNIT_EXPECT_EQ(test, block(f, 10000), 5000);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
}

/* Doubt */

static void stream_doubts_what_was_in_flight(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 10000);
	take(f, 300);
	KUNIT_EXPECT_EQ(test, drop_old(f, 200), 200);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 200);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	KUNIT_EXPECT_EQ(test, take(f, 1), 0);
	KUNIT_EXPECT_EQ(test, drop_old(f, 200), 200);
	KUNIT_EXPECT_EQ(test, f->c.doubt_from, 0);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 300);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 100);
	KUNIT_EXPECT_EQ(test, f->c.pos, 400);
	KUNIT_EXPECT_EQ(test, f->c.taken, 400);

	/* The reader gets to know the fate of the first, then dies. */
	ack(f, 120);
	KUNIT_EXPECT_EQ(test, f->c.doubt_from, 120);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 180);
	KUNIT_EXPECT_EQ(test, take(f, 1), 0);
	ack(f, 110);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 180);
	vserial_stream_rewind(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 0);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 280);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
}

/* Nobody is left to say what arrived. */
static void stream_doubt_ends_with_its_reader(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 10000);
	take(f, 300);
	drop_old(f, 200);
	vserial_stream_detach(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 0);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 200);
	KUNIT_EXPECT_EQ(test, vserial_stream_unread(&f->s, &f->c), 10000);
}

static void stream_doubt_may_arrive(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 10000);
	take(f, 300);
	drop_old(f, 200);
	ack(f, 250);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 0);
	KUNIT_EXPECT_EQ(test, f->c.pos, 250);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 50);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 9900);

	/* A second doubt starts anew. */
	drop_old(f, 150);
	KUNIT_EXPECT_EQ(test, f->c.doubt_from, 250);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 100);
	ack(f, 350);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 0);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 150);
}

static void stream_discards(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 10000);
	take(f, 300);
	drop_old(f, 400);
	mark_break(f, 0);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 100);
	KUNIT_EXPECT_EQ(test, vserial_stream_discard(&f->s, &f->c), 10300);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 10400);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 0);
	KUNIT_EXPECT_EQ(test, vserial_stream_unread(&f->s, &f->c), 0);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
	KUNIT_EXPECT_EQ(test, vserial_stream_discard(&f->s, &f->c), 0);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);
	KUNIT_EXPECT_EQ(test, block(f, 20000), 10000);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
}

static void stream_skips(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 10000);
	take(f, 300);
	drop_old(f, 400);
	mark_break(f, 0);
	vserial_stream_skip(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 100);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 0);
	KUNIT_EXPECT_EQ(test, vserial_stream_unread(&f->s, &f->c), 0);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);
	KUNIT_EXPECT_EQ(test, block(f, 20000), 10000);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
}

/* Several readers */

static void stream_overruns_others(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 2000);
	int i;

	vserial_stream_attach(&f->s, &f->other, 0);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, block(f, 4000), 4000);
		take(f, 4000);
		ack(f, f->c.taken);
	}
	/* It holds nobody back, but is waited for as long as there is room. */
	KUNIT_EXPECT_EQ(test, f->s.tail, 0);
	KUNIT_EXPECT_EQ(test, take_by(f, &f->other, 1000), 1000);
	KUNIT_EXPECT_EQ(test, block(f, 10000), 10000);
	KUNIT_EXPECT_EQ(test, f->s.tail, 10000);
	KUNIT_EXPECT_EQ(test, f->other.pos, 10000);
	KUNIT_EXPECT_EQ(test, f->other.doubt, 1000);
	KUNIT_EXPECT_EQ(test, f->other.dropped, 9000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	vserial_stream_ack(&f->s, &f->other, 1000);
	KUNIT_EXPECT_EQ(test, take_by(f, &f->other, 20000), 12000);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
	vserial_stream_ack(&f->s, &f->other, f->other.taken);
	ack(f, f->c.taken);
	KUNIT_EXPECT_EQ(test, f->s.tail, 20000);
	vserial_stream_detach(&f->s, &f->other);
}

static void stream_attaches_where_bytes_are(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 2000);

	block(f, 8000);
	take(f, 8000);
	ack(f, 8000);
	vserial_stream_attach(&f->s, &f->other, 0);
	KUNIT_EXPECT_EQ(test, f->other.pos, 6000);
	KUNIT_EXPECT_EQ(test, take_by(f, &f->other, 10000), 2000);
	vserial_stream_detach(&f->s, &f->other);
	vserial_stream_attach(&f->s, &f->other, 6500);
	KUNIT_EXPECT_EQ(test, take_by(f, &f->other, 10000), 1500);
	vserial_stream_detach(&f->s, &f->other);
	vserial_stream_attach(&f->s, &f->other, U64_MAX);
	KUNIT_EXPECT_EQ(test, f->other.pos, 8000);
	vserial_stream_detach(&f->s, &f->other);
}

static void stream_changes_hands(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 5000);

	vserial_stream_attach(&f->s, &f->other, 0);
	block(f, 10000);
	take(f, 10000);
	ack(f, 10000);
	block(f, 5000);

	/* The new holder lags behind by more than a ring. */
	vserial_stream_hold(&f->s, &f->other);
	KUNIT_EXPECT_EQ(test, f->other.pos, 5000);
	KUNIT_EXPECT_EQ(test, f->other.dropped, 5000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 0);
	vserial_stream_hold(&f->s, NULL);
	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 10000);
	vserial_stream_hold(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 5000);
	vserial_stream_detach(&f->s, &f->c);
	KUNIT_EXPECT_PTR_EQ(test, f->s.holder, NULL);
	vserial_stream_detach(&f->s, &f->other);
}

/* Memory */

static void stream_shows_bytes_where_they_lie(struct kunit *test)
{
	struct fixture *f = start(test, VSERIAL_RING_SIZE, 0);
	const u8 *at;
	u64 offset;
	size_t n;

	KUNIT_EXPECT_NULL(test, vserial_stream_view(&f->s, &f->c, &n, &offset));

	/* To the end of a page, and to a marker. */
	block(f, PAGE_SIZE + 10);
	vserial_stream_mark(&f->s, VSERIAL_MARKER_BREAK, 0);
	block(f, 5);
	at = vserial_stream_view(&f->s, &f->c, &n, &offset);
	KUNIT_ASSERT_NOT_NULL(test, at);
	KUNIT_EXPECT_EQ(test, n, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, offset, 0);
	KUNIT_EXPECT_EQ(test, at[0], pattern(0));
	KUNIT_EXPECT_EQ(test, at[n - 1], pattern(n - 1));

	/* In flight until it is acknowledged, so it comes again. */
	ack(f, 7);
	vserial_stream_rewind(&f->s, &f->c);
	at = vserial_stream_view(&f->s, &f->c, &n, &offset);
	KUNIT_ASSERT_NOT_NULL(test, at);
	KUNIT_EXPECT_EQ(test, n, PAGE_SIZE - 7);
	KUNIT_EXPECT_EQ(test, offset, 7);
	KUNIT_EXPECT_EQ(test, at[0], pattern(7));
	ack(f, PAGE_SIZE);

	at = vserial_stream_view(&f->s, &f->c, &n, &offset);
	KUNIT_ASSERT_NOT_NULL(test, at);
	KUNIT_EXPECT_EQ(test, n, 10);
	ack(f, PAGE_SIZE + 10);
	KUNIT_EXPECT_NULL(test, vserial_stream_view(&f->s, &f->c, &n, &offset));
}

static void stream_holds_pages_for_bytes(struct kunit *test)
{
	struct fixture *f = test->priv;

	/* Nothing before it is reserved, one page after. */
	vserial_stream_init(&f->s, &f->budget, VSERIAL_RING_SIZE, 0);
	KUNIT_EXPECT_EQ(test, pages_used(f), 0);
	start(test, VSERIAL_RING_SIZE, 0);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);

	block(f, 1);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);
	block(f, PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);
	block(f, 1);
	KUNIT_EXPECT_EQ(test, pages_used(f), 2);
	block(f, VSERIAL_RING_SIZE);
	KUNIT_EXPECT_EQ(test, f->s.head, VSERIAL_RING_SIZE);
	KUNIT_EXPECT_EQ(test, pages_used(f), VSERIAL_RING_SIZE / PAGE_SIZE);

	/* The first page that is let go is kept as the spare. */
	take(f, VSERIAL_RING_SIZE);
	ack(f, PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, pages_used(f), VSERIAL_RING_SIZE / PAGE_SIZE);
	ack(f, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pages_used(f), VSERIAL_RING_SIZE / PAGE_SIZE);
	ack(f, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pages_used(f), VSERIAL_RING_SIZE / PAGE_SIZE - 1);
	ack(f, VSERIAL_RING_SIZE);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);
	KUNIT_EXPECT_NOT_NULL(test, f->s.spare);

	vserial_stream_unreserve(&f->s);
	KUNIT_EXPECT_EQ(test, pages_used(f), 0);
	KUNIT_EXPECT_PTR_EQ(test, f->s.slots, NULL);
}

static void stream_keeps_pages_of_history(struct kunit *test)
{
	struct fixture *f = start(test, VSERIAL_RING_SIZE, 2 * PAGE_SIZE);
	int i;

	for (i = 0; i < 10; i++) {
		block(f, PAGE_SIZE);
		take(f, PAGE_SIZE);
		ack(f, f->c.taken);
	}
	KUNIT_EXPECT_EQ(test, pages_used(f), 3);
	/* The page that was let go last is written to next. */
	KUNIT_EXPECT_NOT_NULL(test, f->s.spare);
	block(f, 1);
	take(f, 1);
	ack(f, f->c.taken);
	KUNIT_EXPECT_PTR_EQ(test, f->s.spare, NULL);
	KUNIT_EXPECT_EQ(test, pages_used(f), 3);
	vserial_stream_unreserve(&f->s);
	KUNIT_EXPECT_EQ(test, pages_used(f), 3);
}

static void stream_unreserved_takes_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;

	vserial_stream_init(&f->s, &f->budget, 10000, 0);
	KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 0);
	KUNIT_EXPECT_EQ(test, block(f, 100), 0);
	KUNIT_EXPECT_EQ(test, vserial_stream_written(&f->s), 0);
	KUNIT_EXPECT_EQ(test, drop_new(f, 100), 100);
	KUNIT_EXPECT_EQ(test, drop_old(f, 100), 100);
	KUNIT_EXPECT_EQ(test, f->s.refused, 200);
	KUNIT_EXPECT_EQ(test, f->s.head, 0);
	vserial_stream_pass(&f->s, 10);
	KUNIT_EXPECT_EQ(test, vserial_stream_written(&f->s), 210);
	KUNIT_EXPECT_EQ(test, pages_used(f), 0);
}

static void stream_unreserved_can_be_read(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 6000);
	vserial_stream_unreserve(&f->s);
	KUNIT_EXPECT_EQ(test, pages_used(f), 2);
	KUNIT_EXPECT_EQ(test, block(f, 1), 0);
	KUNIT_EXPECT_EQ(test, take(f, 5000), 5000);
	ack(f, 5000);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);

	/* Reserved again it goes on where it was. */
	KUNIT_ASSERT_EQ(test, reserve(f, 0), 0);
	KUNIT_EXPECT_EQ(test, pages_used(f), 2);
	KUNIT_EXPECT_EQ(test, block(f, 10000), 9000);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
	vserial_stream_unreserve(&f->s);
	ack(f, 15000);
	KUNIT_EXPECT_EQ(test, pages_used(f), 0);
	KUNIT_EXPECT_PTR_EQ(test, f->s.slots, NULL);
	KUNIT_ASSERT_EQ(test, reserve(f, 0), 0);
	KUNIT_EXPECT_EQ(test, block(f, 10), 10);
	KUNIT_EXPECT_EQ(test, take(f, 10), 10);
}

/* Whoever exhausts the budget keeps nobody from having a first page. */
static void stream_has_a_page_beyond_the_limit(struct kunit *test)
{
	struct fixture *f = test->priv;

	vserial_stream_init(&f->s, &f->budget, 10000, 0);
	f->budget.limit = 0;
	KUNIT_EXPECT_EQ(test, reserve(f, 0), 0);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);

	/* A new history for a reserved stream needs no further page. */
	KUNIT_EXPECT_EQ(test, reserve(f, 100000), 0);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);
}

/* With a single page the reader's progress is what lets the writer go on. */
static void stream_gets_on_with_its_spare(struct kunit *test)
{
	static const u32 histories[] = { 0, 5000 };
	struct fixture *f = test->priv;
	int h, i;

	for (h = 0; h < ARRAY_SIZE(histories); h++) {
		start(test, VSERIAL_RING_SIZE, histories[h]);
		f->budget.limit = 0;
		for (i = 0; i < 5; i++) {
			KUNIT_EXPECT_GT(test, vserial_stream_room(&f->s), 0);
			KUNIT_EXPECT_EQ(test, block(f, 5000), PAGE_SIZE);
			KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 0);
			KUNIT_EXPECT_EQ(test, block(f, 1), 0);
			take(f, PAGE_SIZE);
			ack(f, f->c.taken - 1);
			KUNIT_EXPECT_EQ(test, vserial_stream_room(&f->s), 0);
			KUNIT_EXPECT_EQ(test, block(f, 1), 0);
			ack(f, f->c.taken);
			KUNIT_EXPECT_EQ(test, pages_used(f), 1);
		}
		f->budget.limit = 2;
		KUNIT_EXPECT_EQ(test, block(f, 20000), 2 * PAGE_SIZE);
		vserial_stream_detach(&f->s, &f->c);
		vserial_stream_destroy(&f->s);
		f->budget.limit = ULONG_MAX;
	}
}

static void stream_gives_up_history_first(struct kunit *test)
{
	struct fixture *f = start(test, VSERIAL_RING_SIZE, 4 * PAGE_SIZE);

	vserial_stream_attach(&f->s, &f->other, 0);
	block(f, 4 * PAGE_SIZE);
	take(f, 3 * PAGE_SIZE - 1);
	ack(f, f->c.taken);
	f->budget.limit = pages_used(f);
	KUNIT_EXPECT_EQ(test, pages_used(f), 4);

	/* Two pages of history are there to be had, the third is not. */
	KUNIT_EXPECT_EQ(test, block(f, 4 * PAGE_SIZE), 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, f->s.tail, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, f->other.pos, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, f->other.dropped, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);
	KUNIT_EXPECT_EQ(test, pages_used(f), 4);
	KUNIT_EXPECT_EQ(test, take(f, VSERIAL_RING_SIZE), 3 * PAGE_SIZE + 1);
	KUNIT_EXPECT_EQ(test, take_by(f, &f->other, VSERIAL_RING_SIZE),
			4 * PAGE_SIZE);
	vserial_stream_detach(&f->s, &f->other);
}

static void stream_drops_by_policy_without_memory(struct kunit *test)
{
	struct fixture *f = start(test, VSERIAL_RING_SIZE, 0);

	f->budget.limit = 2;
	KUNIT_EXPECT_EQ(test, drop_new(f, 10000), 10000);
	KUNIT_EXPECT_EQ(test, f->s.head, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, f->s.refused, 10000 - 2 * PAGE_SIZE);

	take(f, 100);
	KUNIT_EXPECT_EQ(test, drop_old(f, 10), 10);
	KUNIT_EXPECT_EQ(test, f->c.pos, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 100);
	KUNIT_EXPECT_EQ(test, f->c.dropped, PAGE_SIZE - 100);
	vserial_stream_rewind(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, take(f, 10000), PAGE_SIZE + 10);
	KUNIT_EXPECT_EQ(test, pages_used(f), 2);
}

static void stream_history_shrinks_and_grows(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 20000);

	block(f, 10000);
	take(f, 10000);
	ack(f, 10000);
	block(f, 10000);
	take(f, 10000);
	ack(f, 20000);
	block(f, 10000);
	KUNIT_EXPECT_EQ(test, f->s.tail, 10000);

	/* Full: the ring stays, whatever happens to the history. */
	KUNIT_ASSERT_EQ(test, reserve(f, 40000), 0);
	KUNIT_EXPECT_EQ(test, f->s.tail, 10000);
	KUNIT_ASSERT_EQ(test, reserve(f, 15000), 0);
	KUNIT_EXPECT_EQ(test, f->s.tail, 15000);
	KUNIT_EXPECT_EQ(test, f->s.history, 15000);
	KUNIT_ASSERT_EQ(test, reserve(f, 0), 0);
	KUNIT_EXPECT_EQ(test, f->s.tail, 20000);
	KUNIT_EXPECT_EQ(test, pages_used(f), pages_of(20000, 30000) + 1);
	KUNIT_EXPECT_EQ(test, take(f, 3000), 3000);
	ack(f, 22000);
	KUNIT_ASSERT_EQ(test, reserve(f, VSERIAL_HISTORY_MAX), 0);
	KUNIT_EXPECT_EQ(test, f->s.tail, 22000);
	KUNIT_EXPECT_EQ(test, take(f, 10000), 7000);
	ack(f, 30000);
	KUNIT_EXPECT_EQ(test, block(f, 10000), 10000);
	KUNIT_EXPECT_EQ(test, f->s.tail, 22000);

	/* Others lose what no longer fits. */
	vserial_stream_rewind(&f->s, &f->c);
	vserial_stream_detach(&f->s, &f->c);
	vserial_stream_attach(&f->s, &f->c, 0);
	KUNIT_ASSERT_EQ(test, reserve(f, 0), 0);
	KUNIT_EXPECT_EQ(test, f->c.pos, 30000);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 8000);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 10000);
}

/* Markers */

static void stream_markers_keep_their_place(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	mark_lines(f, 1);
	block(f, 10);
	mark_break(f, 250);
	mark_error(f, TTY_PARITY);
	block(f, 10);
	mark_lines(f, 2);

	expect_marker(f, VSERIAL_MARKER_LINES, 1, 0);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
	KUNIT_EXPECT_EQ(test, take(f, 4), 4);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
	KUNIT_EXPECT_EQ(test, take(f, 100), 6);
	expect_marker(f, VSERIAL_MARKER_BREAK, 250, 10);
	expect_marker(f, VSERIAL_MARKER_ERROR, TTY_PARITY, 10);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
	KUNIT_EXPECT_EQ(test, take(f, 100), 10);
	expect_marker(f, VSERIAL_MARKER_LINES, 2, 20);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
	KUNIT_EXPECT_EQ(test, take(f, 100), 0);
	ack(f, 20);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
}

static void stream_markers_merge(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	/* Lines: the latest, unless something stands between. */
	mark_lines(f, 1);
	mark_lines(f, 3);
	mark_error(f, TTY_FRAME);
	mark_error(f, TTY_FRAME);
	mark_lines(f, 2);
	/* Breaks: the longest, wherever it stands. */
	mark_break(f, 100);
	mark_break(f, 300);
	mark_break(f, 200);
	mark_lines(f, 1);
	mark_break(f, 250);
	expect_marker(f, VSERIAL_MARKER_LINES, 3, 0);
	expect_marker(f, VSERIAL_MARKER_ERROR, TTY_FRAME, 0);
	expect_marker(f, VSERIAL_MARKER_ERROR, TTY_FRAME, 0);
	expect_marker(f, VSERIAL_MARKER_LINES, 2, 0);
	expect_marker(f, VSERIAL_MARKER_BREAK, 300, 0);
	expect_marker(f, VSERIAL_MARKER_LINES, 1, 0);
	KUNIT_EXPECT_TRUE(test, no_marker(f));

	/* A reader that has taken one is told of the next. */
	mark_lines(f, 5);
	expect_marker(f, VSERIAL_MARKER_LINES, 5, 0);
	mark_break(f, 7);
	expect_marker(f, VSERIAL_MARKER_BREAK, 7, 0);
	mark_break(f, 6);
	expect_marker(f, VSERIAL_MARKER_BREAK, 6, 0);
	KUNIT_EXPECT_TRUE(test, no_marker(f));

	/* Not across bytes. */
	mark_break(f, 1);
	block(f, 1);
	mark_break(f, 2);
	expect_marker(f, VSERIAL_MARKER_BREAK, 1, 0);
	KUNIT_EXPECT_EQ(test, take(f, 1), 1);
	expect_marker(f, VSERIAL_MARKER_BREAK, 2, 1);
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, 0);
}

/* A cursor that waits and one that does not: both are told all. */
static void stream_markers_merge_for_everyone(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);
	struct vserial_marker m;

	vserial_stream_attach(&f->s, &f->other, 0);
	mark_break(f, 300);
	mark_lines(f, 1);
	expect_marker(f, VSERIAL_MARKER_BREAK, 300, 0);
	expect_marker(f, VSERIAL_MARKER_LINES, 1, 0);
	/* To change the break that is taken would hide this one. */
	mark_break(f, 100);
	expect_marker(f, VSERIAL_MARKER_BREAK, 100, 0);
	KUNIT_EXPECT_TRUE(test, no_marker(f));

	KUNIT_EXPECT_TRUE(test, vserial_stream_take_marker(&f->s, &f->other, &m));
	KUNIT_EXPECT_EQ(test, m.arg, 300);
	KUNIT_EXPECT_TRUE(test, vserial_stream_take_marker(&f->s, &f->other, &m));
	KUNIT_EXPECT_EQ(test, m.type, VSERIAL_MARKER_LINES);
	KUNIT_EXPECT_TRUE(test, vserial_stream_take_marker(&f->s, &f->other, &m));
	KUNIT_EXPECT_EQ(test, m.arg, 100);
	KUNIT_EXPECT_FALSE(test, vserial_stream_take_marker(&f->s, &f->other, &m));
	vserial_stream_detach(&f->s, &f->other);
}

static void stream_markers_come_again(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);
	struct vserial_marker m;

	mark_break(f, 1);
	block(f, 10);
	mark_break(f, 2);
	block(f, 10);
	mark_break(f, 3);
	expect_marker(f, VSERIAL_MARKER_BREAK, 1, 0);
	take(f, 10);
	expect_marker(f, VSERIAL_MARKER_BREAK, 2, 10);
	take(f, 5);
	ack(f, 10);
	vserial_stream_rewind(&f->s, &f->c);
	expect_marker(f, VSERIAL_MARKER_BREAK, 2, 10);
	KUNIT_EXPECT_EQ(test, take(f, 100), 10);

	/* What was acknowledged beyond it brings it back no more. */
	ack(f, 11);
	vserial_stream_rewind(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, take(f, 100), 9);
	expect_marker(f, VSERIAL_MARKER_BREAK, 3, 20);

	/* Who attaches gets those at and behind its place. */
	vserial_stream_attach(&f->s, &f->other, 20);
	KUNIT_EXPECT_TRUE(test, vserial_stream_take_marker(&f->s, &f->other, &m));
	KUNIT_EXPECT_EQ(test, m.arg, 3);
	vserial_stream_detach(&f->s, &f->other);
}

/* A reader that gets on with a marker but not with the byte behind it. */
static void stream_markers_come_once(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 10);
	mark_break(f, 1);
	mark_error(f, TTY_FRAME);
	block(f, 10);
	take(f, 10);
	ack(f, 10);
	expect_marker(f, VSERIAL_MARKER_BREAK, 1, 10);
	vserial_stream_ack_markers(&f->c);
	expect_marker(f, VSERIAL_MARKER_ERROR, TTY_FRAME, 10);
	vserial_stream_rewind(&f->s, &f->c);
	expect_marker(f, VSERIAL_MARKER_ERROR, TTY_FRAME, 10);
	vserial_stream_ack_markers(&f->c);
	KUNIT_EXPECT_EQ(test, take(f, 10), 10);
	vserial_stream_rewind(&f->s, &f->c);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
	KUNIT_EXPECT_EQ(test, take(f, 10), 10);

	/* A new one that merges with it is new all the same. */
	mark_lines(f, 1);
	expect_marker(f, VSERIAL_MARKER_LINES, 1, 20);
	vserial_stream_ack_markers(&f->c);
	mark_lines(f, 2);
	expect_marker(f, VSERIAL_MARKER_LINES, 2, 20);
	vserial_stream_rewind(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, take(f, 20), 10);
	expect_marker(f, VSERIAL_MARKER_LINES, 2, 20);
}

/* Bytes that are dropped do not take their markers with them. */
static void stream_markers_outlive_bytes(struct kunit *test)
{
	struct fixture *f = start(test, 100, 0);

	block(f, 50);
	mark_lines(f, 1);
	block(f, 50);
	mark_lines(f, 2);
	take(f, 20);
	drop_old(f, 75);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 20);
	KUNIT_EXPECT_EQ(test, f->c.pos, 75);
	/* Nothing is handed out in doubt. */
	KUNIT_EXPECT_TRUE(test, no_marker(f));
	ack(f, 20);
	expect_marker(f, VSERIAL_MARKER_LINES, 1, 50);
	KUNIT_EXPECT_EQ(test, take(f, 100), 25);
	expect_marker(f, VSERIAL_MARKER_LINES, 2, 100);
	KUNIT_EXPECT_EQ(test, take(f, 100), 75);
	KUNIT_EXPECT_TRUE(test, no_marker(f));

	/* The same for a reader that dies. */
	ack(f, 175);
	block(f, 10);
	mark_lines(f, 3);
	drop_old(f, 100);
	vserial_stream_rewind(&f->s, &f->c);
	expect_marker(f, VSERIAL_MARKER_LINES, 3, 185);
	KUNIT_EXPECT_EQ(test, take(f, 100), 100);
}

static void fill_with_breaks(struct fixture *f)
{
	int i;

	for (i = 0; i < VSERIAL_MARKERS_MAX; i++) {
		KUNIT_ASSERT_EQ(f->test, block(f, 1), 1);
		mark_break(f, i);
	}
	KUNIT_EXPECT_EQ(f->test, f->s.markers_size, VSERIAL_MARKERS_MAX);
	KUNIT_EXPECT_EQ(f->test, f->s.markers_lost, 0);
}

static void stream_markers_are_bounded(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);
	int i;

	fill_with_breaks(f);
	block(f, 1);
	mark_break(f, 1000);
	mark_error(f, TTY_OVERRUN);
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, 2);

	/* How the lines are now takes the place of the latest break. */
	mark_lines(f, 1);
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, 3);
	block(f, 1);
	mark_lines(f, 2);
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, 3);
	KUNIT_EXPECT_EQ(test, f->s.markers_size, VSERIAL_MARKERS_MAX);

	for (i = 0; i < VSERIAL_MARKERS_MAX - 1; i++) {
		KUNIT_ASSERT_EQ(test, take(f, 10), 1);
		expect_marker(f, VSERIAL_MARKER_BREAK, i, i + 1);
	}
	KUNIT_EXPECT_EQ(test, take(f, 10), 3);
	expect_marker(f, VSERIAL_MARKER_LINES, 2, 258);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
}

/* The change that gives way was in the middle, and some had taken it. */
static void stream_markers_give_way(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);
	struct vserial_marker m;
	int i;

	vserial_stream_attach(&f->s, &f->other, 0);
	mark_lines(f, 1);
	expect_marker(f, VSERIAL_MARKER_LINES, 1, 0);
	vserial_stream_ack_markers(&f->c);
	for (i = 1; i < VSERIAL_MARKERS_MAX; i++) {
		block(f, 1);
		mark_break(f, i);
	}
	take(f, 1);
	expect_marker(f, VSERIAL_MARKER_BREAK, 1, 1);
	block(f, 1);
	mark_lines(f, 2);
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, 0);
	/* The one that was dealt with is gone, not one behind it. */
	vserial_stream_rewind(&f->s, &f->c);
	KUNIT_EXPECT_EQ(test, take(f, 10), 1);
	expect_marker(f, VSERIAL_MARKER_BREAK, 1, 1);
	for (i = 2; i < VSERIAL_MARKERS_MAX; i++) {
		KUNIT_ASSERT_EQ(test, take(f, 10), 1);
		expect_marker(f, VSERIAL_MARKER_BREAK, i, i);
	}
	KUNIT_EXPECT_EQ(test, take(f, 10), 1);
	expect_marker(f, VSERIAL_MARKER_LINES, 2, VSERIAL_MARKERS_MAX);
	KUNIT_EXPECT_TRUE(test, no_marker(f));

	/* The other one is told of no change it cannot see the bytes of. */
	KUNIT_EXPECT_FALSE(test, vserial_stream_take_marker(&f->s, &f->other, &m));
	KUNIT_EXPECT_EQ(test, take_by(f, &f->other, 10), 1);
	KUNIT_EXPECT_TRUE(test, vserial_stream_take_marker(&f->s, &f->other, &m));
	KUNIT_EXPECT_EQ(test, m.arg, 1);

	/* What all have taken gives way before anything else. */
	block(f, 1);
	mark_break(f, 999);
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, 0);
	vserial_stream_detach(&f->s, &f->other);
}

static void stream_markers_free_their_memory(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);
	int i;

	fill_with_breaks(f);
	for (i = 0; i < VSERIAL_MARKERS_MAX; i++) {
		take(f, 10);
		expect_marker(f, VSERIAL_MARKER_BREAK, i, i + 1);
	}
	ack(f, f->c.taken);
	vserial_stream_unreserve(&f->s);
	KUNIT_EXPECT_PTR_EQ(test, f->s.markers, NULL);
	KUNIT_EXPECT_EQ(test, f->s.markers_size, 0);

	/* One that is still to be taken stays, then goes. */
	KUNIT_ASSERT_EQ(test, reserve(f, 0), 0);
	mark_lines(f, 1);
	vserial_stream_unreserve(&f->s);
	expect_marker(f, VSERIAL_MARKER_LINES, 1, VSERIAL_MARKERS_MAX);
	KUNIT_EXPECT_PTR_EQ(test, f->s.markers, NULL);
	KUNIT_EXPECT_PTR_EQ(test, f->s.slots, NULL);

	/* One that nobody is there to take is not kept at all. */
	vserial_stream_detach(&f->s, &f->c);
	mark_lines(f, 2);
	KUNIT_EXPECT_PTR_EQ(test, f->s.markers, NULL);
}

/*
 * The randomised check: everything a stream may do, in any order, against a
 * model that knows nothing of rings and pages.
 */

#define MODEL_OPERATIONS	200000
#define MODEL_CURSORS		3
#define MODEL_BYTES		(4 * VSERIAL_RING_SIZE)
#define MODEL_MARKERS		1024

struct model_cursor {
	struct vserial_cursor c;
	bool attached;
	u64 from;
	u64 pos;
	u64 taken;
	u64 doubt_from;
	u64 doubt;
	u64 dropped;
	u64 delivered;
	u64 marker;
	u64 marker_acked;
};

/**
 * struct model - what a stream should be
 * @f: the stream under test
 * @rnd: where the operations come from
 * @seed: what @rnd started with
 * @operation: how many operations were done
 * @bytes: the byte at offset O is at O modulo MODEL_BYTES
 * @tail: see struct vserial_stream, as @refused
 * @head: see @tail
 * @refused: see @tail
 * @reserved: see @tail
 * @starved: the present operation may have found too few pages
 * @holder: the cursor that pushes back
 * @cursors: the readers
 * @markers: number of markers written
 * @first_marker: oldest marker that is certain to be held
 * @marker_offset: marker M is at marker_offset[M modulo MODEL_MARKERS]
 */
struct model {
	struct fixture *f;
	struct rnd_state rnd;
	u32 seed;
	u32 operation;
	u8 bytes[MODEL_BYTES];
	u64 tail;
	u64 head;
	u64 refused;
	bool reserved;
	bool starved;
	struct model_cursor *holder;
	struct model_cursor cursors[MODEL_CURSORS];
	u64 markers;
	u64 first_marker;
	u64 marker_offset[MODEL_MARKERS];
};

#define SAME(m, got, want)	same(m, __LINE__, #got, got, want)
#define HOLDS(m, what)		same(m, __LINE__, #what, what, true)

static noinline void same(struct model *m, int line, const char *what, u64 got,
			  u64 want)
{
	if (got == want)
		return;
	kunit_info(m->f->test, "replay with stream_test.seed=%u\n", m->seed);
	KUNIT_ASSERT_EQ_MSG(m->f->test, got, want,
			    "line %d: %s, at operation %u of seed %u", line,
			    what, m->operation, m->seed);
}

/* A number from 0 to @max, often one of the ends. */
static u64 pick(struct model *m, u64 max)
{
	switch (prandom_u32_state(&m->rnd) % 8) {
	case 0:
		return 0;
	case 1:
		return max;
	case 2:
		return min(max, 1ULL);
	default:
		return prandom_u32_state(&m->rnd) % (max + 1);
	}
}

static u64 model_next_marker(struct model *m, u64 offset, u64 from)
{
	while (from > m->first_marker &&
	       m->marker_offset[(from - 1) % MODEL_MARKERS] >= offset)
		from--;
	return from;
}

static void model_push_out(struct model_cursor *c, u64 to)
{
	u64 doubt = c->taken > c->pos ? min(to, c->taken) - c->pos : 0;

	if (doubt && !c->doubt)
		c->doubt_from = c->pos;
	c->doubt += doubt;
	c->dropped += to - c->pos - doubt;
	c->pos = to;
	c->taken = max(c->taken, to);
}

/* Every byte written since it was attached is accounted for. */
static void accounts_agree(struct model *m, struct model_cursor *c)
{
	SAME(m, c->c.pos, c->pos);
	SAME(m, c->c.taken, c->taken);
	SAME(m, c->c.doubt, c->doubt);
	if (c->doubt)
		SAME(m, c->c.doubt_from, c->doubt_from);
	SAME(m, c->c.dropped, c->dropped);
	SAME(m, m->head - c->from,
	     c->delivered + c->c.dropped + c->c.doubt +
	     vserial_stream_unread(&m->f->s, &c->c));
}

static void model_check_memory(struct model *m)
{
	struct vserial_stream *s = &m->f->s;
	u64 held = pages_of(s->tail, s->head);
	u64 in_slots = 0;
	unsigned int i;

	for (i = 0; i < s->nr_slots; i++)
		in_slots += !!s->slots[i];
	SAME(m, in_slots, held);
	SAME(m, pages_used(m->f), held + !!s->spare);
	if (s->reserved)
		HOLDS(m, held || s->spare);
	else
		HOLDS(m, !s->spare);
	if (!s->reserved && !held)
		HOLDS(m, !s->slots || is_vmalloc_addr(s->slots));
	HOLDS(m, s->marker_head - s->marker_tail <= s->markers_size);
}

/* Let the model's tail follow, and compare all. */
static void model_settle(struct model *m)
{
	struct vserial_stream *s = &m->f->s;
	u64 low = m->head, low_marker = m->markers, tail, least;
	int i;

	SAME(m, s->head, m->head);
	SAME(m, s->refused, m->refused);
	SAME(m, s->reserved, m->reserved);

	for (i = 0; i < MODEL_CURSORS; i++)
		if (m->cursors[i].attached)
			low = min(low, m->cursors[i].pos);
	least = m->head - min_t(u64, m->head, (u64)s->ring + s->history);
	tail = min(low, m->head - min_t(u64, m->head, s->history));
	tail = max3(tail, least, m->tail);
	if (m->starved && s->tail > tail) {
		/* Whole pages were given up; more than had to be, never. */
		HOLDS(m, offset_in_page(s->tail) == 0);
		HOLDS(m, s->tail <= m->head);
		tail = s->tail;
	}
	SAME(m, s->tail, tail);
	m->tail = tail;

	for (i = 0; i < MODEL_CURSORS; i++) {
		struct model_cursor *c = &m->cursors[i];

		if (!c->attached)
			continue;
		if (c->pos < tail)
			model_push_out(c, tail);
		low_marker = min(low_marker, c->marker);
		accounts_agree(m, c);
	}
	if (m->holder)
		HOLDS(m, m->head - m->holder->pos <= s->ring);

	/* Closed, empty and all told: nothing is kept. */
	if (!m->reserved && tail == m->head && low_marker == m->markers)
		m->first_marker = m->markers;
	while (m->first_marker < low_marker &&
	       m->marker_offset[m->first_marker % MODEL_MARKERS] < tail)
		m->first_marker++;
	SAME(m, s->marker_head - s->marker_tail, m->markers - m->first_marker);
	model_check_memory(m);
}

static void model_append(struct model *m)
{
	struct fixture *f = m->f;
	struct vserial_stream *s = &f->s;
	u64 n = pick(m, prandom_u32_state(&m->rnd) % 4 ? 300 : 3 * s->ring);
	enum vserial_overflow overflow = prandom_u32_state(&m->rnd) % 3;
	u64 old_head = m->head, old_pos = m->holder ? m->holder->pos : 0;
	u64 fits, room, got, i;

	n = min_t(u64, n, BUF_SIZE);
	prandom_bytes_state(&m->rnd, f->buf, n);

	fits = !m->reserved ? 0 : !m->holder ? n :
	       min(n, s->ring - (m->head - m->holder->pos));
	room = vserial_stream_room(s);
	/* Without a holder there are always pages of the stream's own. */
	m->starved = f->budget.limit < pages_used(f) + n / PAGE_SIZE + 2;

	got = vserial_stream_append(s, f->buf, n, overflow);

	m->head = s->head;
	switch (overflow) {
	case VSERIAL_OVERFLOW_BLOCK:
		SAME(m, got, m->head - old_head);
		break;
	case VSERIAL_OVERFLOW_DROP_NEW:
		SAME(m, got, n);
		m->refused += n - (m->head - old_head);
		break;
	case VSERIAL_OVERFLOW_DROP_OLD:
		SAME(m, got, n);
		if (m->reserved)
			fits = n;
		else
			m->refused += n;
		SAME(m, m->head, old_head + fits);
		if (m->holder && m->head - old_pos > s->ring)
			model_push_out(m->holder, m->head - s->ring);
		break;
	}
	if (m->starved && m->holder) {
		HOLDS(m, m->head - old_head <= fits);
		if (overflow != VSERIAL_OVERFLOW_DROP_OLD) {
			HOLDS(m, s->tail <= old_pos);
			/* A stream that says it has room gets on. */
			SAME(m, m->head > old_head, n && room);
		}
	} else {
		SAME(m, m->head - old_head, fits);
		if (m->holder)
			SAME(m, room, !m->reserved ? 0 :
			     s->ring - (old_head - old_pos));
	}
	for (i = 0; i < m->head - old_head; i++)
		m->bytes[(old_head + i) % MODEL_BYTES] = f->buf[i];
}

static void model_take(struct model *m, struct model_cursor *c)
{
	struct fixture *f = m->f;
	u64 n = pick(m, prandom_u32_state(&m->rnd) % 4 ? 300 : BUF_SIZE - 1);
	u64 want, offset, got, i;
	size_t pending;

	want = c->doubt ? 0 : m->head - c->taken;
	if (c->marker < m->markers) {
		u64 at = m->marker_offset[c->marker % MODEL_MARKERS];

		want = at <= c->taken ? 0 : min(want, at - c->taken);
	}
	SAME(m, vserial_stream_pending(&f->s, &c->c, &pending),
	     !c->doubt && (want || c->marker < m->markers));
	SAME(m, pending, want);
	want = min(n, want);
	got = vserial_stream_take(&f->s, &c->c, f->buf, n, &offset);
	SAME(m, got, want);
	SAME(m, offset, c->taken);
	for (i = 0; i < got; i++)
		if (f->buf[i] != m->bytes[(offset + i) % MODEL_BYTES])
			break;
	SAME(m, i, got);
	c->taken += got;
}

/* Without a cursor one may ask for anything, held or not. */
static void model_peek(struct model *m)
{
	struct fixture *f = m->f;
	u64 offset = m->tail / 2 + pick(m, m->head - m->tail / 2 + 10);
	u64 n = pick(m, 5000), from = clamp(offset, m->tail, m->head);
	u64 got = vserial_stream_peek(&f->s, &offset, f->buf, n), i;

	SAME(m, offset, from);
	SAME(m, got, min(n, m->head - from));
	for (i = 0; i < got; i++)
		if (f->buf[i] != m->bytes[(from + i) % MODEL_BYTES])
			break;
	SAME(m, i, got);
}

static void model_take_marker(struct model *m, struct model_cursor *c)
{
	struct vserial_marker marker;
	bool got = vserial_stream_take_marker(&m->f->s, &c->c, &marker);
	u64 offset = m->marker_offset[c->marker % MODEL_MARKERS];

	SAME(m, got, !c->doubt && c->marker < m->markers && offset <= c->taken);
	if (!got)
		return;
	SAME(m, marker.offset, offset);
	SAME(m, marker.arg, (u32)c->marker);
	c->marker++;
}

/* Errors never merge, and their argument can say which one it is. */
static void model_mark(struct model *m)
{
	struct vserial_stream *s = &m->f->s;

	if (s->marker_head - s->marker_tail == VSERIAL_MARKERS_MAX)
		return;
	vserial_stream_mark(s, VSERIAL_MARKER_ERROR, m->markers);
	m->marker_offset[m->markers++ % MODEL_MARKERS] = m->head;
}

static void model_ack(struct model *m, struct model_cursor *c)
{
	u64 base = c->doubt ? c->doubt_from : c->pos;
	u64 upto = base + pick(m, c->taken - base + 10);

	vserial_stream_ack(&m->f->s, &c->c, upto);

	upto = min(upto, c->taken);
	if (c->doubt && upto > c->doubt_from) {
		u64 arrived = min(upto - c->doubt_from, c->doubt);

		c->delivered += arrived;
		c->doubt_from += arrived;
		c->doubt -= arrived;
	}
	if (upto > c->pos) {
		c->delivered += upto - c->pos;
		c->pos = upto;
	}
}

static void model_ack_markers(struct model *m, struct model_cursor *c)
{
	vserial_stream_ack_markers(&c->c);
	c->marker_acked = c->marker;
}

static void model_rewind(struct model *m, struct model_cursor *c)
{
	vserial_stream_rewind(&m->f->s, &c->c);
	c->dropped += c->doubt;
	c->doubt = 0;
	c->taken = c->pos;
	c->marker = max(model_next_marker(m, c->pos, c->marker),
			c->marker_acked);
}

static void model_discard(struct model *m, struct model_cursor *c)
{
	u64 lost = m->head - c->pos + c->doubt;

	SAME(m, vserial_stream_discard(&m->f->s, &c->c), lost);
	c->dropped += lost;
	c->doubt = 0;
	c->pos = m->head;
	c->taken = m->head;
	c->marker = m->markers;
	c->marker_acked = m->markers;
}

static void model_skip(struct model *m, struct model_cursor *c)
{
	vserial_stream_skip(&m->f->s, &c->c);
	c->delivered += m->head - c->pos + c->doubt;
	c->doubt = 0;
	c->pos = m->head;
	c->taken = m->head;
	c->marker = m->markers;
	c->marker_acked = m->markers;
}

static void model_attach(struct model *m, struct model_cursor *c)
{
	u64 from = m->tail + pick(m, m->head - m->tail);

	vserial_stream_attach(&m->f->s, &c->c, from);
	*c = (struct model_cursor){
		.c = c->c,
		.attached = true,
		.from = from,
		.pos = from,
		.taken = from,
		.marker = model_next_marker(m, from, m->markers),
	};
}

static void model_detach(struct model *m, struct model_cursor *c)
{
	vserial_stream_detach(&m->f->s, &c->c);
	c->attached = false;
	if (m->holder == c)
		m->holder = NULL;
}

static void model_hold(struct model *m, struct model_cursor *c)
{
	u32 ring = m->f->s.ring;

	vserial_stream_hold(&m->f->s, &c->c);
	m->holder = c;
	if (m->head - c->pos > ring)
		model_push_out(c, m->head - ring);
}

static void model_pass(struct model *m)
{
	u64 n = pick(m, 5000);
	struct model_cursor *c = m->holder;

	if (m->f->s.history || !c || c->pos != m->head || c->doubt)
		return;
	vserial_stream_pass(&m->f->s, n);
	m->head += n;
	c->pos = m->head;
	c->taken = m->head;
	c->delivered += n;
	m->tail = m->head;
}

static void model_reserve(struct model *m)
{
	static const u32 histories[] = { 0, 0, 1, 4095, 5000, 65536 };
	u32 i = prandom_u32_state(&m->rnd) % ARRAY_SIZE(histories);
	struct fixture *f = m->f;

	SAME(m, reserve(f, histories[i]), 0);
	m->reserved = true;
}

static void model_limit(struct model *m)
{
	struct fixture *f = m->f;

	f->budget.limit = prandom_u32_state(&m->rnd) % 2 ? ULONG_MAX :
			  pages_used(f) + pick(m, 3);
}

static void model_unreserve(struct model *m)
{
	vserial_stream_unreserve(&m->f->s);
	m->reserved = false;
}

/* What may happen, to the stream or to one of its readers, and how often. */
static const struct {
	u32 weight;
	void (*stream)(struct model *m);
	void (*reader)(struct model *m, struct model_cursor *c);
} model_operations[] = {
	{ 350, .stream = model_append },
	{ 10, .stream = model_pass },
	{ 30, .stream = model_mark },
	{ 5, .stream = model_reserve },
	{ 2, .stream = model_unreserve },
	{ 8, .stream = model_limit },
	{ 20, .stream = model_peek },
	{ 200, .reader = model_take },
	{ 100, .reader = model_take_marker },
	{ 220, .reader = model_ack },
	{ 50, .reader = model_ack_markers },
	{ 10, .reader = model_rewind },
	{ 3, .reader = model_discard },
	{ 3, .reader = model_skip },
	{ 10, .reader = model_hold },
	{ 5, .reader = model_detach },
};

static void model_operate(struct model *m)
{
	struct model_cursor *c =
		&m->cursors[prandom_u32_state(&m->rnd) % MODEL_CURSORS];
	u32 all = 0, i;

	for (i = 0; i < ARRAY_SIZE(model_operations); i++)
		all += model_operations[i].weight;
	all = prandom_u32_state(&m->rnd) % all;
	for (i = 0; all >= model_operations[i].weight; i++)
		all -= model_operations[i].weight;

	m->starved = false;
	if (model_operations[i].stream)
		model_operations[i].stream(m);
	else if (c->attached)
		model_operations[i].reader(m, c);
	else
		model_attach(m, c);
	model_settle(m);
	m->operation++;
}

static void stream_matches_a_plain_array(struct kunit *test)
{
	static const u32 rings[] = { 1, 100, 4096, 10000, 12289, 65536 };
	static const u64 starts[] = {
		0, 1, 4095, (1ULL << 32) - 70000, (1ULL << 40) + 77,
	};
	struct fixture *f = test->priv;
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	u32 rounds = ARRAY_SIZE(rings) * ARRAY_SIZE(starts), round, i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->f = f;
	m->seed = seed ?: get_random_u32();
	prandom_seed_state(&m->rnd, m->seed);

	for (round = 0; round < rounds; round++) {
		u64 at = starts[round % ARRAY_SIZE(starts)];

		vserial_stream_init(&f->s, &f->budget,
				    rings[round / ARRAY_SIZE(starts)], 0);
		f->budget.limit = ULONG_MAX;
		vserial_stream_pass(&f->s, at);
		m->head = at;
		m->tail = at;
		m->refused = 0;
		m->markers = 0;
		m->first_marker = 0;
		m->reserved = false;
		model_attach(m, &m->cursors[0]);
		model_hold(m, &m->cursors[0]);

		for (i = 0; i < MODEL_OPERATIONS / rounds; i++)
			model_operate(m);

		for (i = 0; i < MODEL_CURSORS; i++)
			if (m->cursors[i].attached)
				model_detach(m, &m->cursors[i]);
		vserial_stream_destroy(&f->s);
		SAME(m, pages_used(f), 0);
	}
}

static void stream_refuse_counts_and_keeps_nothing(struct kunit *test)
{
	struct vserial_budget budget = { .limit = 10 };
	struct vserial_stream s;

	vserial_stream_init(&s, &budget, VSERIAL_RING_SIZE, 0);
	vserial_stream_refuse(&s, 5);
	vserial_stream_refuse(&s, 7);
	KUNIT_EXPECT_EQ(test, s.refused, 12);
	KUNIT_EXPECT_EQ(test, s.head, 0);
	KUNIT_EXPECT_EQ(test, vserial_stream_written(&s), 12);
	vserial_stream_destroy(&s);
}

static struct kunit_case stream_cases[] = {
	KUNIT_CASE(stream_keeps_order),
	KUNIT_CASE(stream_wraps_around),
	KUNIT_CASE(stream_single_bytes),
	KUNIT_CASE(stream_offsets_are_64_bits),
	KUNIT_CASE(stream_passes_by),
	KUNIT_CASE(stream_blocks_for_a_slow_reader),
	KUNIT_CASE(stream_ack_is_clamped),
	KUNIT_CASE(stream_hands_out_again_after_death),
	KUNIT_CASE(stream_drops_old),
	KUNIT_CASE(stream_drops_new),
	KUNIT_CASE(stream_takes_more_than_the_ring),
	KUNIT_CASE(stream_keeps_a_small_ring),
	KUNIT_CASE(stream_without_a_holder_is_history),
	KUNIT_CASE(stream_doubts_what_was_in_flight),
	KUNIT_CASE(stream_doubt_ends_with_its_reader),
	KUNIT_CASE(stream_doubt_may_arrive),
	KUNIT_CASE(stream_discards),
	KUNIT_CASE(stream_skips),
	KUNIT_CASE(stream_overruns_others),
	KUNIT_CASE(stream_attaches_where_bytes_are),
	KUNIT_CASE(stream_changes_hands),
	KUNIT_CASE(stream_shows_bytes_where_they_lie),
	KUNIT_CASE(stream_holds_pages_for_bytes),
	KUNIT_CASE(stream_keeps_pages_of_history),
	KUNIT_CASE(stream_unreserved_takes_nothing),
	KUNIT_CASE(stream_unreserved_can_be_read),
	KUNIT_CASE(stream_has_a_page_beyond_the_limit),
	KUNIT_CASE(stream_gets_on_with_its_spare),
	KUNIT_CASE(stream_gives_up_history_first),
	KUNIT_CASE(stream_drops_by_policy_without_memory),
	KUNIT_CASE(stream_history_shrinks_and_grows),
	KUNIT_CASE(stream_markers_keep_their_place),
	KUNIT_CASE(stream_markers_merge),
	KUNIT_CASE(stream_markers_merge_for_everyone),
	KUNIT_CASE(stream_markers_come_again),
	KUNIT_CASE(stream_markers_come_once),
	KUNIT_CASE(stream_markers_outlive_bytes),
	KUNIT_CASE(stream_markers_are_bounded),
	KUNIT_CASE(stream_markers_give_way),
	KUNIT_CASE(stream_markers_free_their_memory),
	KUNIT_CASE(stream_matches_a_plain_array),
	KUNIT_CASE(stream_refuse_counts_and_keeps_nothing),
	{}
};

static struct kunit_suite stream_suite = {
	.name = "vserial_stream",
	.init = stream_test_init,
	.exit = stream_test_exit,
	.test_cases = stream_cases,
};

kunit_test_suite(stream_suite);

MODULE_DESCRIPTION("KUnit tests of vserial's stream");
MODULE_LICENSE("GPL");
