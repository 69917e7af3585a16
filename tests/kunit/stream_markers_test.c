// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kmod/stream.c: markers among the bytes
 */
#include <kunit/test.h>
#include <linux/tty.h>

#include "stream_fixture.h"

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

/* One that was not passed on comes again, and no other does. */
static void stream_markers_are_untaken(struct kunit *test)
{
	const struct vserial_marker brk = { 10, VSERIAL_MARKER_BREAK, 1 };
	const struct vserial_marker end = { 20, VSERIAL_MARKER_BREAK, 2 };
	struct fixture *f = start(test, 10000, 0);

	block(f, 10);
	mark_lines(f, 1);
	mark_break(f, 1);
	block(f, 10);
	take(f, 10);
	expect_marker(f, VSERIAL_MARKER_LINES, 1, 10);
	vserial_stream_ack_markers(&f->c);
	expect_marker(f, VSERIAL_MARKER_BREAK, 1, 10);
	vserial_stream_ack_markers(&f->c);
	vserial_stream_untake_marker(&f->s, &f->c, &brk);
	expect_marker(f, VSERIAL_MARKER_BREAK, 1, 10);
	KUNIT_EXPECT_EQ(test, take(f, 10), 10);
	ack(f, 20);

	/* With nothing else to keep, a closed port has forgotten it already. */
	mark_break(f, 2);
	vserial_stream_unreserve(&f->s);
	expect_marker(f, VSERIAL_MARKER_BREAK, 2, 20);
	KUNIT_EXPECT_PTR_EQ(test, f->s.markers, NULL);
	vserial_stream_untake_marker(&f->s, &f->c, &end);
	expect_marker(f, VSERIAL_MARKER_BREAK, 2, 20);

	/* It has gone with its bytes. */
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, 0);
	vserial_stream_untake_marker(&f->s, &f->c, &brk);
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, 1);
	KUNIT_EXPECT_TRUE(test, no_marker(f));
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

static struct kunit_case stream_markers_cases[] = {
	KUNIT_CASE(stream_markers_keep_their_place),
	KUNIT_CASE(stream_markers_merge),
	KUNIT_CASE(stream_markers_merge_for_everyone),
	KUNIT_CASE(stream_markers_come_again),
	KUNIT_CASE(stream_markers_come_once),
	KUNIT_CASE(stream_markers_are_untaken),
	KUNIT_CASE(stream_markers_outlive_bytes),
	KUNIT_CASE(stream_markers_are_bounded),
	KUNIT_CASE(stream_markers_give_way),
	KUNIT_CASE(stream_markers_free_their_memory),
	{}
};

static struct kunit_suite stream_markers_suite = {
	.name = "vserial_stream_markers",
	.init = stream_fixture_init,
	.exit = stream_fixture_exit,
	.test_cases = stream_markers_cases,
};

kunit_test_suite(stream_markers_suite);

MODULE_DESCRIPTION("KUnit tests of vserial's stream: its markers");
MODULE_LICENSE("GPL");
