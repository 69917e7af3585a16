// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>
#include <linux/serial.h>
#include <linux/termios.h>

#include "line.h"

#define UP	(TIOCM_CTS | TIOCM_DSR | TIOCM_CAR)

static void line_msr_follows_carrier(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vserial_line_msr(VSERIAL_CARRIER_AUTO, false), UP);
	KUNIT_EXPECT_EQ(test, vserial_line_msr(VSERIAL_CARRIER_AUTO, true), UP);
	KUNIT_EXPECT_EQ(test, vserial_line_msr(VSERIAL_CARRIER_ALWAYS, false), UP);
	KUNIT_EXPECT_EQ(test, vserial_line_msr(VSERIAL_CARRIER_ALWAYS, true), UP);
	KUNIT_EXPECT_EQ(test, vserial_line_msr(VSERIAL_CARRIER_PEER, false), 0);
	KUNIT_EXPECT_EQ(test, vserial_line_msr(VSERIAL_CARRIER_PEER, true), UP);
}

static void line_count_counts_each_change(struct kunit *test)
{
	struct async_icount icount = {};

	KUNIT_EXPECT_EQ(test, vserial_line_count(&icount, 0, UP), UP);
	KUNIT_EXPECT_EQ(test, vserial_line_count(&icount, UP, UP & ~TIOCM_CTS),
			TIOCM_CTS);
	KUNIT_EXPECT_EQ(test, vserial_line_count(&icount, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, icount.cts, 2);
	KUNIT_EXPECT_EQ(test, icount.dsr, 1);
	KUNIT_EXPECT_EQ(test, icount.dcd, 1);
	KUNIT_EXPECT_EQ(test, icount.rng, 0);
}

static void line_count_takes_ring_by_its_trailing_edge(struct kunit *test)
{
	struct async_icount icount = {};

	KUNIT_EXPECT_EQ(test, vserial_line_count(&icount, 0, TIOCM_RNG), 0);
	KUNIT_EXPECT_EQ(test, icount.rng, 0);
	KUNIT_EXPECT_EQ(test, vserial_line_count(&icount, TIOCM_RNG, 0),
			TIOCM_RNG);
	KUNIT_EXPECT_EQ(test, icount.rng, 1);
}

static void line_cross_is_a_null_modem(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, vserial_line_cross(0), 0);
	KUNIT_EXPECT_EQ(test, vserial_line_cross(TIOCM_DTR),
			TIOCM_DSR | TIOCM_CAR);
	KUNIT_EXPECT_EQ(test, vserial_line_cross(TIOCM_RTS), TIOCM_CTS);
	KUNIT_EXPECT_EQ(test, vserial_line_cross(TIOCM_DTR | TIOCM_RTS |
						 TIOCM_OUT1), UP);
}

static struct kunit_case line_cases[] = {
	KUNIT_CASE(line_cross_is_a_null_modem),
	KUNIT_CASE(line_msr_follows_carrier),
	KUNIT_CASE(line_count_counts_each_change),
	KUNIT_CASE(line_count_takes_ring_by_its_trailing_edge),
	{}
};

static struct kunit_suite line_suite = {
	.name = "vserial_line",
	.test_cases = line_cases,
};

kunit_test_suite(line_suite);
