// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/mm.h>

#include "tap.h"

static void nobody(struct work_struct *work)
{
}

static int tap_start(struct kunit *test)
{
	struct vserial_tap *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	test->priv = t;
	return t ? vserial_tap_init(t, nobody) : -ENOMEM;
}

static void tap_end(struct kunit *test)
{
	vserial_tap_destroy(test->priv);
}

/* Takes a record; its bytes are expected to be @n times @byte. */
static void take_record(struct kunit *test, struct vserial_record_head *r,
			u8 byte)
{
	u8 *buf = kunit_kmalloc(test, VSERIAL_TAP_RECORD, GFP_KERNEL);
	struct vserial_tap *t = test->priv;
	u64 offset;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_EQ(test, vserial_tap_take(t, (u8 *)r, sizeof(*r), &offset),
			sizeof(*r));
	KUNIT_ASSERT_LE(test, r->length, VSERIAL_TAP_RECORD);
	KUNIT_ASSERT_EQ(test, vserial_tap_take(t, buf, r->length, &offset),
			r->length);
	for (i = 0; i < r->length; i++)
		KUNIT_ASSERT_EQ(test, buf[i], byte);
	vserial_tap_settle(t, offset + r->length);
}

static void tap_keeps_records_in_order(struct kunit *test)
{
	struct vserial_tap *t = test->priv;
	struct vserial_record_head r;

	KUNIT_EXPECT_EQ(test, vserial_tap_pending(t), 0);
	vserial_tap_put(t, 7, VSERIAL_RECORD_OUTPUT, 0, "aaa", 3);
	vserial_tap_put(t, U64_MAX, VSERIAL_RECORD_INPUT_BREAK, 250, NULL, 0);
	vserial_tap_put(t, 8, VSERIAL_RECORD_INPUT, 0, "b", 1);
	KUNIT_EXPECT_EQ(test, vserial_tap_pending(t), 3 * sizeof(r) + 4);

	take_record(test, &r, 'a');
	KUNIT_EXPECT_EQ(test, r.time, 7);
	KUNIT_EXPECT_EQ(test, r.type, VSERIAL_RECORD_OUTPUT);
	KUNIT_EXPECT_EQ(test, r.length, 3);
	KUNIT_EXPECT_EQ(test, r.lost, 0);
	take_record(test, &r, 0);
	KUNIT_EXPECT_EQ(test, r.time, U64_MAX);
	KUNIT_EXPECT_EQ(test, r.type, VSERIAL_RECORD_INPUT_BREAK);
	KUNIT_EXPECT_EQ(test, r.arg, 250);
	KUNIT_EXPECT_EQ(test, r.length, 0);
	take_record(test, &r, 'b');
	KUNIT_EXPECT_EQ(test, r.type, VSERIAL_RECORD_INPUT);
	KUNIT_EXPECT_EQ(test, vserial_tap_pending(t), 0);
}

/* Many times round the ring, in pieces that divide nothing. */
static void tap_goes_round(struct kunit *test)
{
	struct vserial_tap *t = test->priv;
	struct vserial_record_head r;
	u8 buf[251];
	u32 i;

	for (i = 0; i < 4 * VSERIAL_TAP_SIZE / sizeof(buf); i++) {
		memset(buf, i, sizeof(buf));
		vserial_tap_put(t, i, VSERIAL_RECORD_OUTPUT, 0, buf,
				sizeof(buf));
		take_record(test, &r, i);
		KUNIT_ASSERT_EQ(test, r.time, i);
		KUNIT_ASSERT_EQ(test, r.length, sizeof(buf));
		KUNIT_ASSERT_EQ(test, r.lost, 0);
	}
}

static void tap_parts_what_is_long(struct kunit *test)
{
	struct vserial_tap *t = test->priv;
	size_t n = 2 * VSERIAL_TAP_RECORD + 1;
	u8 *buf = kunit_kzalloc(test, n, GFP_KERNEL);
	struct vserial_record_head r;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	vserial_tap_put(t, 5, VSERIAL_RECORD_INPUT, 0, buf, n);
	take_record(test, &r, 0);
	KUNIT_EXPECT_EQ(test, r.length, VSERIAL_TAP_RECORD);
	take_record(test, &r, 0);
	KUNIT_EXPECT_EQ(test, r.length, VSERIAL_TAP_RECORD);
	take_record(test, &r, 0);
	KUNIT_EXPECT_EQ(test, r.length, 1);
	KUNIT_EXPECT_EQ(test, r.time, 5);
	KUNIT_EXPECT_EQ(test, vserial_tap_pending(t), 0);
}

/* Whole records are lost, and the next one tells. */
static void tap_tells_what_is_lost(struct kunit *test)
{
	struct vserial_tap *t = test->priv;
	u32 i, kept = 0, each = sizeof(struct vserial_record_head) + 1000;
	struct vserial_record_head r;
	u8 buf[1000] = {};
	size_t pending;

	for (i = 0; i < 300; i++) {
		pending = vserial_tap_pending(t);
		vserial_tap_put(t, i, VSERIAL_RECORD_OUTPUT, 0, buf,
				sizeof(buf));
		kept += vserial_tap_pending(t) > pending;
	}
	KUNIT_EXPECT_EQ(test, kept, VSERIAL_TAP_SIZE / each);
	KUNIT_EXPECT_EQ(test, vserial_tap_pending(t), kept * each);
	take_record(test, &r, 0);
	KUNIT_EXPECT_EQ(test, r.lost, 0);
	vserial_tap_put(t, 300, VSERIAL_RECORD_OUTPUT, 0, buf, 1);
	for (i = 1; i < kept; i++) {
		take_record(test, &r, 0);
		KUNIT_EXPECT_EQ(test, r.lost, 0);
	}
	take_record(test, &r, 0);
	KUNIT_EXPECT_EQ(test, r.time, 300);
	KUNIT_EXPECT_EQ(test, r.lost, (300 - kept) * sizeof(buf));
	vserial_tap_put(t, 301, VSERIAL_RECORD_OUTPUT, 0, buf, 1);
	take_record(test, &r, 0);
	KUNIT_EXPECT_EQ(test, r.lost, 0);
}

static void tap_gives_again_what_was_not_sent(struct kunit *test)
{
	struct vserial_tap *t = test->priv;
	struct vserial_record_head r;
	u64 offset, again;
	u8 buf[64];
	size_t n;

	vserial_tap_put(t, 1, VSERIAL_RECORD_OUTPUT, 0, "aa", 2);
	n = vserial_tap_take(t, buf, 10, &offset);
	KUNIT_EXPECT_EQ(test, n, 10);
	vserial_tap_untake(t, offset);
	take_record(test, &r, 'a');
	KUNIT_EXPECT_EQ(test, r.time, 1);
	/* What is settled does not come again, what was not taken is not settled. */
	vserial_tap_untake(t, offset);
	KUNIT_EXPECT_EQ(test, vserial_tap_pending(t), 0);
	vserial_tap_put(t, 2, VSERIAL_RECORD_OUTPUT, 0, "b", 1);
	vserial_tap_settle(t, U64_MAX);
	n = vserial_tap_take(t, buf, 1, &again);
	KUNIT_EXPECT_EQ(test, n, 1);
	KUNIT_EXPECT_EQ(test, again, sizeof(r) + 2);
	vserial_tap_untake(t, again);
	take_record(test, &r, 'b');
	KUNIT_EXPECT_EQ(test, r.time, 2);
}

static struct kunit_case tap_cases[] = {
	KUNIT_CASE(tap_keeps_records_in_order),
	KUNIT_CASE(tap_goes_round),
	KUNIT_CASE(tap_parts_what_is_long),
	KUNIT_CASE(tap_tells_what_is_lost),
	KUNIT_CASE(tap_gives_again_what_was_not_sent),
	{}
};

static struct kunit_suite tap_suite = {
	.name = "vserial_tap",
	.init = tap_start,
	.exit = tap_end,
	.test_cases = tap_cases,
};

kunit_test_suite(tap_suite);
