// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kmod/stream.c: bytes, and what becomes of those without room
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "stream_fixture.h"

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
	KUNIT_CASE(stream_shows_bytes_where_they_lie),
	KUNIT_CASE(stream_blocks_for_a_slow_reader),
	KUNIT_CASE(stream_ack_is_clamped),
	KUNIT_CASE(stream_hands_out_again_after_death),
	KUNIT_CASE(stream_drops_old),
	KUNIT_CASE(stream_drops_new),
	KUNIT_CASE(stream_takes_more_than_the_ring),
	KUNIT_CASE(stream_keeps_a_small_ring),
	KUNIT_CASE(stream_without_a_holder_is_history),
	KUNIT_CASE(stream_refuse_counts_and_keeps_nothing),
	{}
};

static struct kunit_suite stream_suite = {
	.name = "vserial_stream",
	.init = stream_fixture_init,
	.exit = stream_fixture_exit,
	.test_cases = stream_cases,
};

kunit_test_suite(stream_suite);

MODULE_DESCRIPTION("KUnit tests of vserial's stream");
MODULE_LICENSE("GPL");
