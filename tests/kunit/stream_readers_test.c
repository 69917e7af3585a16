// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kmod/stream.c: what was in flight, and several readers
 */
#include <kunit/test.h>

#include "stream_fixture.h"

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

/* Who was told that it is lost cannot be told that it is not. */
static void stream_gives_up_what_is_in_doubt(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 10000);
	take(f, 300);
	drop_old(f, 200);
	vserial_stream_give_up(&f->c);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 0);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 200);
	ack(f, 250);
	KUNIT_EXPECT_EQ(test, f->c.pos, 250);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 200);
	KUNIT_EXPECT_EQ(test, take(f, 20000), 9900);
}

/* What was not passed on comes again, and what was is as it was. */
static void stream_untakes(struct kunit *test)
{
	struct fixture *f = start(test, 10000, 0);

	block(f, 1000);
	take(f, 300);
	take(f, 200);
	vserial_stream_untake(&f->c, 300);
	KUNIT_EXPECT_EQ(test, f->c.pos, 0);
	KUNIT_EXPECT_EQ(test, f->c.taken, 300);
	/* The first may be settled before the second comes again, or after. */
	ack(f, 250);
	KUNIT_EXPECT_EQ(test, take(f, 200), 200);
	ack(f, 500);
	KUNIT_EXPECT_EQ(test, f->c.pos, 500);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 0);

	/* Discarded, or taken back, meanwhile: it does not come again. */
	take(f, 100);
	vserial_stream_discard(&f->s, &f->c);
	vserial_stream_untake(&f->c, 500);
	KUNIT_EXPECT_EQ(test, f->c.taken, 1000);
	block(f, 100);
	take(f, 100);
	vserial_stream_rewind(&f->s, &f->c);
	vserial_stream_untake(&f->c, 1050);
	KUNIT_EXPECT_EQ(test, f->c.taken, 1000);
}

/* Pushed out meanwhile: nobody has a copy of the last, so there is no doubt. */
static void stream_untakes_what_was_pushed_out(struct kunit *test)
{
	struct fixture *f = start(test, 1000, 0);

	block(f, 1000);
	take(f, 300);
	take(f, 200);
	drop_old(f, 400);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 400);
	vserial_stream_untake(&f->c, 300);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 300);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 100);
	KUNIT_EXPECT_EQ(test, f->c.taken, 400);
	KUNIT_EXPECT_EQ(test, take(f, 1), 0);
	ack(f, 300);
	KUNIT_EXPECT_EQ(test, take(f, 2000), 1000);

	/* All of what is in doubt. */
	ack(f, 1400);
	block(f, 1000);
	take(f, 200);
	drop_old(f, 100);
	vserial_stream_untake(&f->c, 1400);
	KUNIT_EXPECT_EQ(test, f->c.doubt, 0);
	KUNIT_EXPECT_EQ(test, f->c.dropped, 200);
	KUNIT_EXPECT_EQ(test, take(f, 2000), 1000);
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

static struct kunit_case stream_readers_cases[] = {
	KUNIT_CASE(stream_doubts_what_was_in_flight),
	KUNIT_CASE(stream_doubt_ends_with_its_reader),
	KUNIT_CASE(stream_doubt_may_arrive),
	KUNIT_CASE(stream_gives_up_what_is_in_doubt),
	KUNIT_CASE(stream_untakes),
	KUNIT_CASE(stream_untakes_what_was_pushed_out),
	KUNIT_CASE(stream_discards),
	KUNIT_CASE(stream_skips),
	KUNIT_CASE(stream_overruns_others),
	KUNIT_CASE(stream_attaches_where_bytes_are),
	KUNIT_CASE(stream_changes_hands),
	{}
};

static struct kunit_suite stream_readers_suite = {
	.name = "vserial_stream_readers",
	.init = stream_fixture_init,
	.exit = stream_fixture_exit,
	.test_cases = stream_readers_cases,
};

kunit_test_suite(stream_readers_suite);

MODULE_DESCRIPTION("KUnit tests of vserial's stream: its readers");
MODULE_LICENSE("GPL");
