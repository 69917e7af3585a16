// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kmod/stamp.c
 */
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "stamp.h"

#define TEXT	"2026-01-31T12:34:56.789Z "
#define LATER	"2026-01-31T12:34:57.000Z "
#define ROOM	4096

/* What a file would hold after merges of which @room bytes were written. */
struct fixture {
	struct kunit *test;
	struct vserial_stamp st;
	u8 out[ROOM];
	char file[ROOM];
	size_t len;
};

static struct fixture *fixture(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->test = test;
	f->st.line_start = true;
	return f;
}

/* Merges @in, of which @room bytes fit.  Return: bytes of @in that did. */
static size_t merge(struct fixture *f, const char *text, const char *in,
		    size_t room)
{
	size_t used, n;

	n = vserial_stamp_merge(&f->st, text, in, strlen(in), f->out, room,
				&used);
	KUNIT_ASSERT_LE(f->test, n, room);
	KUNIT_ASSERT_LT(f->test, f->len + n, (size_t)ROOM);
	memcpy(f->file + f->len, f->out, n);
	f->len += n;
	f->file[f->len] = 0;
	return used;
}

static void stamp_formats_times(struct kunit *test)
{
	static const struct {
		struct timespec64 time;
		const char *text;
	} cases[] = {
		{ { 0, 0 }, "1970-01-01T00:00:00.000Z " },
		{ { 951782399, 999999999 }, "2000-02-28T23:59:59.999Z " },
		{ { 951782400, 1000000 }, "2000-02-29T00:00:00.001Z " },
		{ { 1769862896, 789999999 }, TEXT },
		{ { 4102444800, 0 }, "2100-01-01T00:00:00.000Z " },
		{ { 253402300799, 999999999 }, "9999-12-31T23:59:59.999Z " },
	};
	char text[VSERIAL_STAMP_LEN + 2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(text, '#', sizeof(text));
		vserial_stamp_format(text, &cases[i].time);
		KUNIT_EXPECT_EQ(test, text[VSERIAL_STAMP_LEN], '#');
		text[VSERIAL_STAMP_LEN] = 0;
		KUNIT_EXPECT_STREQ(test, text, cases[i].text);
	}
}

static void stamp_begins_each_line(struct kunit *test)
{
	struct fixture *f = fixture(test);

	KUNIT_EXPECT_EQ(test, merge(f, TEXT, "one\r\ntwo\n\nthree", ROOM), 15);
	KUNIT_EXPECT_STREQ(test, f->file,
			   TEXT "one\r\n" TEXT "two\n" TEXT "\n" TEXT "three");
}

static void stamp_goes_on_with_a_line(struct kunit *test)
{
	struct fixture *f = fixture(test);

	merge(f, TEXT, "login: ", ROOM);
	merge(f, LATER, "root\n", ROOM);
	merge(f, LATER, "x", ROOM);
	KUNIT_EXPECT_STREQ(test, f->file, TEXT "login: root\n" LATER "x");
}

static void stamp_may_start_within_a_line(struct kunit *test)
{
	struct fixture *f = fixture(test);

	f->st.line_start = false;
	merge(f, TEXT, "rest\nnext", ROOM);
	KUNIT_EXPECT_STREQ(test, f->file, "rest\n" TEXT "next");
}

static void stamp_of_nothing_is_nothing(struct kunit *test)
{
	struct fixture *f = fixture(test);

	KUNIT_EXPECT_EQ(test, merge(f, TEXT, "", ROOM), 0);
	merge(f, LATER, "x\n", ROOM);
	merge(f, LATER, "", ROOM);
	KUNIT_EXPECT_STREQ(test, f->file, LATER "x\n");
}

static void stamp_is_of_the_first_try(struct kunit *test)
{
	struct fixture *f = fixture(test);

	KUNIT_EXPECT_EQ(test, merge(f, TEXT, "x", 0), 0);
	KUNIT_EXPECT_EQ(test, merge(f, LATER, "x", 10), 0);
	KUNIT_EXPECT_EQ(test, merge(f, LATER, "x\ny", ROOM), 3);
	KUNIT_EXPECT_STREQ(test, f->file, TEXT "x\n" LATER "y");
}

/* Wherever a file system stops, going on gives the same file. */
static void stamp_survives_short_writes(struct kunit *test)
{
	static const char in[] = "\none\n\n\ntwo and more\r\nthree";
	struct fixture *whole = fixture(test);
	struct rnd_state rnd;
	size_t most;

	merge(whole, TEXT, in, ROOM);
	prandom_seed_state(&rnd, 1);
	for (most = 1; most < 60; most++) {
		struct fixture *f = fixture(test);
		size_t done = 0;

		while (done < strlen(in)) {
			/* As the writer does: a copy first, for all of it. */
			struct vserial_stamp copy = f->st;
			size_t used;

			vserial_stamp_merge(&copy, TEXT, in + done,
					    strlen(in + done), f->out, ROOM,
					    &used);
			done += merge(f, TEXT, in + done,
				      prandom_u32_state(&rnd) % (most + 1));
		}
		KUNIT_EXPECT_STREQ(test, f->file, whole->file);
		KUNIT_EXPECT_EQ(test, f->len, strlen(in) + 6 * VSERIAL_STAMP_LEN);
	}
}

static struct kunit_case stamp_cases[] = {
	KUNIT_CASE(stamp_formats_times),
	KUNIT_CASE(stamp_begins_each_line),
	KUNIT_CASE(stamp_goes_on_with_a_line),
	KUNIT_CASE(stamp_may_start_within_a_line),
	KUNIT_CASE(stamp_of_nothing_is_nothing),
	KUNIT_CASE(stamp_is_of_the_first_try),
	KUNIT_CASE(stamp_survives_short_writes),
	{}
};

static struct kunit_suite stamp_suite = {
	.name = "vserial_stamp",
	.test_cases = stamp_cases,
};

kunit_test_suite(stamp_suite);

MODULE_DESCRIPTION("KUnit tests of vserial's time stamps");
MODULE_LICENSE("GPL");
