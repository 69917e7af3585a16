// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include "reason.h"
#include "words.h"

static void words_split_at_blanks(struct kunit *test)
{
	struct vserial_reason reason;
	struct vserial_words w;

	KUNIT_ASSERT_EQ(test, vserial_words_split(&w, " a \t b\n", 3, &reason),
			0);
	KUNIT_ASSERT_EQ(test, w.nr, 2);
	KUNIT_EXPECT_STREQ(test, w.word[0], "a");
	KUNIT_EXPECT_STREQ(test, w.word[1], "b");
	vserial_words_free(&w);
}

static void words_last_is_the_rest(struct kunit *test)
{
	struct vserial_reason reason;
	struct vserial_words w;

	KUNIT_ASSERT_EQ(test,
			vserial_words_split(&w, "0 file:/a b # append\n", 2,
					    &reason), 0);
	KUNIT_ASSERT_EQ(test, w.nr, 2);
	KUNIT_EXPECT_STREQ(test, w.word[0], "0");
	KUNIT_EXPECT_STREQ(test, w.word[1], "file:/a b # append");
	vserial_words_free(&w);
}

static void words_of_nothing_are_none(struct kunit *test)
{
	static const char *const lines[] = { "", "\n", " \t ", "\t" };
	struct vserial_reason reason;
	struct vserial_words w;
	int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		KUNIT_ASSERT_EQ(test, vserial_words_split(&w, lines[i], 1,
							  &reason), 0);
		KUNIT_EXPECT_EQ(test, w.nr, 0);
		vserial_words_free(&w);
	}
}

static void words_force_is_taken_to_the_letter(struct kunit *test)
{
	static const struct {
		const char *line;
		int err;
		bool force;
	} cases[] = {
		{ "demo", 0, false },
		{ "demo force", 0, true },
		{ "", -EINVAL },
		{ "demo by force", -EINVAL },
		{ "demo Force", -EINVAL },
	};
	struct vserial_reason reason;
	struct vserial_words w;
	bool force;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_ASSERT_EQ(test, vserial_words_split(&w, cases[i].line, 3,
							  &reason), 0);
		KUNIT_EXPECT_EQ_MSG(test,
				    vserial_words_force(&w, "del_guest",
							"a name", &force,
							&reason),
				    cases[i].err, "'%s'", cases[i].line);
		if (!cases[i].err)
			KUNIT_EXPECT_EQ(test, force, cases[i].force);
		else
			KUNIT_EXPECT_STREQ(test, reason.text,
					   "del_guest takes a name, and 'force' after it if need be");
		vserial_words_free(&w);
	}
}

static struct kunit_case words_cases[] = {
	KUNIT_CASE(words_split_at_blanks),
	KUNIT_CASE(words_last_is_the_rest),
	KUNIT_CASE(words_of_nothing_are_none),
	KUNIT_CASE(words_force_is_taken_to_the_letter),
	{}
};

static struct kunit_suite words_suite = {
	.name = "vserial_words",
	.test_cases = words_cases,
};

kunit_test_suite(words_suite);
