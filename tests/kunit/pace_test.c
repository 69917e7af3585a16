// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include "pace.h"

/* What a poll takes, in ns. */
#define POLL	20000

/* Polls until it sleeps, at most @n times.  Return: polls that did not. */
static unsigned int poll_until_sleep(struct vserial_pace *p, u64 *now,
				     unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		*now += POLL;
		if (vserial_pace_poll(p, *now))
			break;
	}
	return i;
}

static void pace_a_few_polls_are_free(struct kunit *test)
{
	struct vserial_pace p = {};
	u64 now = 0;

	KUNIT_EXPECT_EQ(test, poll_until_sleep(&p, &now, 100),
			VSERIAL_PACE_FREE);
	KUNIT_EXPECT_EQ(test, p.sleep, VSERIAL_PACE_FIRST);
}

static void pace_sleeps_grow_to_a_limit(struct kunit *test)
{
	struct vserial_pace p = {};
	u32 sleep, before = 0;
	u64 now = 0;
	int i;

	poll_until_sleep(&p, &now, 100);
	for (i = 0; i < 10; i++) {
		now += POLL;
		sleep = vserial_pace_poll(&p, now);
		KUNIT_EXPECT_GE(test, sleep, before);
		KUNIT_EXPECT_LE(test, sleep, VSERIAL_PACE_LONGEST);
		before = sleep;
	}
	KUNIT_EXPECT_EQ(test, before, VSERIAL_PACE_LONGEST);
}

static void pace_starts_again_after_news(struct kunit *test)
{
	struct vserial_pace p = {};
	u64 now = 0;

	poll_until_sleep(&p, &now, 100);
	vserial_pace_poll(&p, now += POLL);
	vserial_pace_reset(&p, now);
	KUNIT_EXPECT_EQ(test, poll_until_sleep(&p, &now, 100),
			VSERIAL_PACE_FREE);
	KUNIT_EXPECT_EQ(test, p.sleep, VSERIAL_PACE_FIRST);
}

static void pace_lets_be_who_looks_now_and_then(struct kunit *test)
{
	struct vserial_pace p = {};
	u64 now = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		now += VSERIAL_PACE_GAP + 1;
		KUNIT_EXPECT_FALSE(test, vserial_pace_counts(&p, now));
		KUNIT_EXPECT_EQ(test, vserial_pace_poll(&p, now), 0);
	}
	/* A pause ends a row, too. */
	poll_until_sleep(&p, &now, 100);
	now += VSERIAL_PACE_GAP + 1;
	KUNIT_EXPECT_EQ(test, vserial_pace_poll(&p, now), 0);
}

static void pace_clock_may_lag(struct kunit *test)
{
	struct vserial_pace p = {};

	vserial_pace_reset(&p, 1000 * POLL);
	KUNIT_EXPECT_TRUE(test, vserial_pace_counts(&p, 999 * POLL));
}

static struct kunit_case pace_cases[] = {
	KUNIT_CASE(pace_a_few_polls_are_free),
	KUNIT_CASE(pace_sleeps_grow_to_a_limit),
	KUNIT_CASE(pace_starts_again_after_news),
	KUNIT_CASE(pace_lets_be_who_looks_now_and_then),
	KUNIT_CASE(pace_clock_may_lag),
	{}
};

static struct kunit_suite pace_suite = {
	.name = "vserial_pace",
	.test_cases = pace_cases,
};

kunit_test_suite(pace_suite);
