// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kmod/stream.c: pages, the budget they come from, and history
 */
#include <kunit/test.h>
#include <linux/mm.h>

#include "stream_fixture.h"

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

static void stream_unreserved_keeps_less(struct kunit *test)
{
	struct fixture *f = start(test, VSERIAL_RING_SIZE, 2 * PAGE_SIZE);
	u64 at = 0;

	block(f, 3 * PAGE_SIZE);
	take(f, 2 * PAGE_SIZE);
	ack(f, 2 * PAGE_SIZE);
	vserial_stream_unreserve(&f->s);
	vserial_stream_keep(&f->s, 0);
	/* What was not read stays. */
	KUNIT_EXPECT_EQ(test, vserial_stream_peek(&f->s, &at, f->buf, BUF_SIZE),
			PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, at, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pages_used(f), 1);
	take(f, PAGE_SIZE);
	ack(f, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, pages_used(f), 0);
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

static struct kunit_case stream_memory_cases[] = {
	KUNIT_CASE(stream_holds_pages_for_bytes),
	KUNIT_CASE(stream_keeps_pages_of_history),
	KUNIT_CASE(stream_unreserved_takes_nothing),
	KUNIT_CASE(stream_unreserved_can_be_read),
	KUNIT_CASE(stream_unreserved_keeps_less),
	KUNIT_CASE(stream_has_a_page_beyond_the_limit),
	KUNIT_CASE(stream_gets_on_with_its_spare),
	KUNIT_CASE(stream_gives_up_history_first),
	KUNIT_CASE(stream_drops_by_policy_without_memory),
	KUNIT_CASE(stream_history_shrinks_and_grows),
	{}
};

static struct kunit_suite stream_memory_suite = {
	.name = "vserial_stream_memory",
	.init = stream_fixture_init,
	.exit = stream_fixture_exit,
	.test_cases = stream_memory_cases,
};

kunit_test_suite(stream_memory_suite);

MODULE_DESCRIPTION("KUnit tests of vserial's stream: its memory");
MODULE_LICENSE("GPL");
