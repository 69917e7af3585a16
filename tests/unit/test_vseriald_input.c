// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes on their way to the guest: each taken once, in order. */
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "unit.h"

static char *copy(const char *text)
{
	char *bytes = malloc(strlen(text));

	memcpy(bytes, text, strlen(text));
	return bytes;
}

static void sends(struct input *input, const char *text, uint64_t offset)
{
	const char *bytes;
	uint64_t at;
	size_t len = input_to_send(input, &bytes, &at);

	assert_int_equal(len, strlen(text));
	if (!len)
		return;
	assert_memory_equal(bytes, text, len);
	assert_int_equal(at, offset);
}

static void test_taken(void **state)
{
	struct input input = { 0 };

	(void)state;
	assert_true(input_idle(&input));
	sends(&input, "", 0);
	input_add(&input, copy("hello"), 5);
	assert_false(input_idle(&input));
	/* An answer to nothing takes nothing. */
	input_answered(&input);
	assert_false(input_idle(&input));
	sends(&input, "hello", 0);
	sends(&input, "", 0);
	input_answered(&input);
	assert_true(input_idle(&input));
	input_add(&input, copy("x"), 1);
	sends(&input, "x", 5);
	input_answered(&input);
	assert_int_equal(input.offset, 6);
}

static void test_refused(void **state)
{
	struct input input = { .offset = 100 };

	(void)state;
	input_add(&input, copy("hello"), 5);
	sends(&input, "hello", 100);
	input_refused(&input);
	input_answered(&input);
	assert_false(input_idle(&input));
	/* Nothing is sent until there is room. */
	sends(&input, "", 0);
	input_rewind(&input, 102);
	sends(&input, "llo", 102);
	input_refused(&input);
	input_answered(&input);
	input_rewind(&input, 104);
	sends(&input, "o", 104);
	input_answered(&input);
	assert_true(input_idle(&input));
	assert_int_equal(input.offset, 105);

	/* All of it was taken after all. */
	input_add(&input, copy("ab"), 2);
	sends(&input, "ab", 105);
	input_refused(&input);
	input_rewind(&input, 107);
	assert_true(input_idle(&input));
	assert_int_equal(input.offset, 107);
}

static void test_room_without_refusal(void **state)
{
	struct input input = { 0 };

	(void)state;
	/* The kernel's count is what counts. */
	input_rewind(&input, 50);
	assert_int_equal(input.offset, 50);
	input_add(&input, copy("ab"), 2);
	sends(&input, "ab", 50);
	input_refused(&input);
	input_rewind(&input, 1000);
	sends(&input, "ab", 1000);
	input_refused(&input);
	input_rewind(&input, 7);
	sends(&input, "ab", 7);
	input_clear(&input);
	assert_true(input_idle(&input));
}

/* The guest read between the refusal and its way here. */
static void test_room_overtakes_refusal(void **state)
{
	struct input input = { 0 };

	(void)state;
	input_add(&input, copy("hello"), 5);
	sends(&input, "hello", 0);
	input_rewind(&input, 2);
	input_refused(&input);
	input_answered(&input);
	assert_false(input_idle(&input));
	sends(&input, "llo", 2);
	input_answered(&input);
	assert_true(input_idle(&input));
	assert_int_equal(input.offset, 5);

	/* Also where nothing is left to be sent. */
	input_add(&input, copy("ab"), 2);
	sends(&input, "ab", 5);
	input_rewind(&input, 7);
	input_refused(&input);
	input_answered(&input);
	assert_true(input_idle(&input));
	input_add(&input, copy("c"), 1);
	sends(&input, "c", 7);
	input_refused(&input);
	input_answered(&input);
	sends(&input, "", 0);
	input_rewind(&input, 7);
	sends(&input, "c", 7);
	input_clear(&input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_room_without_refusal),
		cmocka_unit_test(test_room_overtakes_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
