// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/time64.h>

#include "rate.h"

#define SECOND	((u64)NSEC_PER_SEC)

static void rate_none_lets_all_pass(struct kunit *test)
{
	struct vserial_rate r = {};
	u64 wait;

	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, 0), U32_MAX);
	vserial_rate_take(&r, U32_MAX);
	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, 0), U32_MAX);
	KUNIT_EXPECT_TRUE(test, vserial_rate_ready(&r, 0, &wait));
	KUNIT_EXPECT_EQ(test, wait, 0);
}

static void rate_burst_is_a_tenth_of_a_second(struct kunit *test)
{
	static const struct {
		u32 limit;
		u32 burst;
	} cases[] = {
		{ 1, 64 }, { 640, 64 }, { 650, 65 }, { 115200, 11520 },
		{ U32_MAX, U32_MAX / 10 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vserial_rate r = {};

		vserial_rate_set(&r, cases[i].limit, 5);
		KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, 5), cases[i].burst);
		/* However long nothing passed. */
		KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, U64_MAX),
				cases[i].burst);
		vserial_rate_take(&r, cases[i].burst);
		KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, U64_MAX), 0);
	}
}

static void rate_is_kept_in_any_portion(struct kunit *test)
{
	static const u32 limits[] = { 1, 3, 960, 115200, 99999989, U32_MAX };
	/* Single bytes or more, often or rarely: primes, to hit no multiple. */
	static const u64 steps[] = { 1, 7919, 1000003, 99999989, 600000007 };
	unsigned int i, j, k;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		for (j = 0; j < ARRAY_SIZE(steps); j++) {
			struct vserial_rate r = {};
			u64 now = 12345, passed = 0, earned;
			bool full = false;
			u32 room;

			vserial_rate_set(&r, limits[i], now);
			vserial_rate_take(&r, vserial_rate_room(&r, now));
			for (k = 0; k < 2000; k++) {
				now += steps[j];
				room = vserial_rate_room(&r, now);
				full |= room == r.burst;
				room = min_t(u32, room, 1 + k % 5000);
				vserial_rate_take(&r, room);
				passed += room;
			}
			earned = mul_u64_u32_div(2000 * steps[j], limits[i],
						 NSEC_PER_SEC);
			KUNIT_EXPECT_LE(test, passed, earned);
			/* What a full bucket spilled is gone. */
			if (!full)
				KUNIT_EXPECT_EQ(test, passed +
						vserial_rate_room(&r, now),
						earned);
		}
	}
}

static void rate_time_that_goes_back_earns_nothing(struct kunit *test)
{
	struct vserial_rate r = {};

	vserial_rate_set(&r, 1000, 5 * SECOND);
	vserial_rate_take(&r, 100);
	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, 4 * SECOND), 0);
	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, 5 * SECOND), 0);
	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, 5 * SECOND + SECOND / 100),
			10);
}

static void rate_change_keeps_the_credit(struct kunit *test)
{
	struct vserial_rate r = {};

	vserial_rate_set(&r, 10000, 0);
	vserial_rate_take(&r, 1000);
	/* Setting it again is no way to a burst. */
	vserial_rate_set(&r, 10000, 0);
	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, 0), 0);
	vserial_rate_set(&r, 100000, SECOND / 100);
	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, SECOND / 100), 100);
	/* A smaller bucket spills. */
	vserial_rate_set(&r, 640, SECOND / 100);
	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, SECOND / 100), 64);
	vserial_rate_set(&r, 0, SECOND / 100);
	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, SECOND / 100), U32_MAX);
	vserial_rate_set(&r, 1000, SECOND);
	KUNIT_EXPECT_EQ(test, vserial_rate_room(&r, SECOND), 100);
}

static void rate_wakes_when_there_is_enough(struct kunit *test)
{
	static const u32 limits[] = { 1, 640, 1000, 2560, 115200, U32_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		struct vserial_rate r = {};
		u64 wait, none;
		u32 want;

		vserial_rate_set(&r, limits[i], 0);
		want = min_t(u32, r.burst, VSERIAL_RATE_WAKE);
		KUNIT_EXPECT_TRUE(test, vserial_rate_ready(&r, 0, &wait));
		vserial_rate_take(&r, r.burst);
		KUNIT_EXPECT_FALSE(test, vserial_rate_ready(&r, 0, &wait));
		KUNIT_EXPECT_EQ(test, wait, DIV_ROUND_UP_ULL(want * SECOND,
							     limits[i]));
		KUNIT_EXPECT_FALSE(test, vserial_rate_ready(&r, wait - 1,
							    &none));
		KUNIT_EXPECT_TRUE(test, vserial_rate_ready(&r, wait, &none));
		KUNIT_EXPECT_GE(test, vserial_rate_room(&r, wait), want);
	}
}

static struct kunit_case rate_cases[] = {
	KUNIT_CASE(rate_none_lets_all_pass),
	KUNIT_CASE(rate_burst_is_a_tenth_of_a_second),
	KUNIT_CASE(rate_is_kept_in_any_portion),
	KUNIT_CASE(rate_time_that_goes_back_earns_nothing),
	KUNIT_CASE(rate_change_keeps_the_credit),
	KUNIT_CASE(rate_wakes_when_there_is_enough),
	{}
};

static struct kunit_suite rate_suite = {
	.name = "vserial_rate",
	.test_cases = rate_cases,
};

kunit_test_suite(rate_suite);
