// SPDX-License-Identifier: GPL-2.0-or-later
/* The numbers behind a socket's data path: nothing twice, nothing left out. */
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "unit.h"

/* Output. */

static void test_output_in_order(void **state)
{
	struct flow_output output;
	uint64_t lost = 1, told;

	(void)state;
	flow_output_start(&output, 100);
	assert_int_equal(flow_output_accept(&output, 100, 10, &lost), 0);
	assert_int_equal(lost, 0);
	assert_int_equal(flow_output_accept(&output, 110, 1, &lost), 0);
	assert_int_equal(lost, 0);

	/* Nothing to tell until something is settled, and then once. */
	assert_false(flow_output_tell(&output, &told));
	flow_output_settle(&output, 105);
	assert_true(flow_output_tell(&output, &told));
	assert_int_equal(told, 105);
	assert_false(flow_output_tell(&output, &told));
	/* What is settled stays so. */
	flow_output_settle(&output, 103);
	assert_false(flow_output_tell(&output, &told));
}

static void test_output_lost(void **state)
{
	struct flow_output output;
	uint64_t lost;

	(void)state;
	flow_output_start(&output, 0);
	assert_int_equal(flow_output_accept(&output, 5000000000ull, 10, &lost), 0);
	assert_int_equal(lost, 5000000000ull);
	assert_int_equal(flow_output_accept(&output, 5000000010ull, 10, &lost), 0);
	assert_int_equal(lost, 0);
}

static void test_output_again(void **state)
{
	struct flow_output output;
	uint64_t lost;

	(void)state;
	flow_output_start(&output, 100);
	flow_output_accept(&output, 100, 50, &lost);
	/* All of it, some of it, none of it was there before. */
	assert_int_equal(flow_output_accept(&output, 100, 50, &lost), 50);
	assert_int_equal(flow_output_accept(&output, 120, 10, &lost), 10);
	assert_int_equal(flow_output_accept(&output, 140, 20, &lost), 10);
	assert_int_equal(lost, 0);
	assert_int_equal(flow_output_accept(&output, 160, 5, &lost), 0);
	assert_int_equal(lost, 0);
}

/* Input: a kernel that takes as much as it likes. */

static void test_input_taken(void **state)
{
	struct flow_input input;
	struct flow_piece piece;

	(void)state;
	flow_input_start(&input, 10);
	assert_true(flow_input_empty(&input));
	assert_false(flow_input_next(&input, 4, &piece));
	assert_int_equal(flow_input_put(&input, "abcdef", 6), 6);
	/* What there is no room for stays with the caller. */
	assert_int_equal(flow_input_put(&input, "ghijkl", 6), 4);

	assert_true(flow_input_next(&input, 4, &piece));
	assert_int_equal(piece.kind, FLOW_BYTES);
	assert_int_equal(piece.offset, 0);
	assert_int_equal(piece.n, 4);
	assert_memory_equal(piece.bytes, "abcd", 4);
	/* One at a time. */
	assert_false(flow_input_next(&input, 4, &piece));
	flow_input_answer(&input, true);
	assert_true(flow_input_next(&input, 100, &piece));
	assert_int_equal(piece.offset, 4);
	assert_int_equal(piece.n, 6);
	assert_memory_equal(piece.bytes, "efghij", 6);
	flow_input_answer(&input, true);
	assert_true(flow_input_empty(&input));
	flow_input_free(&input);
}

static void test_input_blocked(void **state)
{
	struct flow_input input;
	struct flow_piece piece;

	(void)state;
	flow_input_start(&input, 10);
	flow_input_put(&input, "abcdefghij", 10);
	flow_input_next(&input, 10, &piece);
	flow_input_answer(&input, false);
	/* Until the kernel says where to go on. */
	assert_false(flow_input_next(&input, 10, &piece));
	flow_input_room(&input, 3);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_int_equal(piece.offset, 3);
	assert_memory_equal(piece.bytes, "defghij", 7);

	/* Room that is found before the answer comes is not told of again. */
	flow_input_room(&input, 5);
	flow_input_answer(&input, false);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_int_equal(piece.offset, 5);
	/* The answer to an earlier piece may be that all was taken, too. */
	flow_input_room(&input, 6);
	flow_input_answer(&input, true);
	assert_true(flow_input_empty(&input));
	flow_input_free(&input);
}

static void test_input_breaks(void **state)
{
	struct flow_input input;
	struct flow_piece piece;
	int i;

	(void)state;
	flow_input_start(&input, 10);
	flow_input_put(&input, "ab", 2);
	assert_true(flow_input_break(&input, 250));
	flow_input_put(&input, "cd", 2);

	assert_true(flow_input_next(&input, 10, &piece));
	assert_int_equal(piece.n, 2);
	flow_input_answer(&input, true);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_int_equal(piece.kind, FLOW_BREAK);
	assert_int_equal(piece.offset, 2);
	assert_int_equal(piece.ms, 250);
	assert_int_equal(piece.n, 0);
	/* No room: the same again. */
	flow_input_answer(&input, false);
	assert_false(flow_input_next(&input, 10, &piece));
	flow_input_room(&input, 2);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_int_equal(piece.kind, FLOW_BREAK);
	flow_input_answer(&input, true);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_memory_equal(piece.bytes, "cd", 2);
	flow_input_answer(&input, true);
	assert_true(flow_input_empty(&input));

	/* Alone, and more than there is room for. */
	for (i = 0; i < FLOW_BREAKS_MAX; i++)
		assert_true(flow_input_break(&input, 1));
	assert_false(flow_input_break(&input, 1));
	assert_false(flow_input_empty(&input));
	flow_input_free(&input);
}

static void test_input_retry(void **state)
{
	struct flow_input input;
	struct flow_piece piece;

	(void)state;
	flow_input_start(&input, 10);
	flow_input_put(&input, "abcd", 4);
	flow_input_next(&input, 10, &piece);
	/* The answer was lost.  The kernel knows the first two already. */
	flow_input_retry(&input);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_int_equal(piece.offset, 0);
	flow_input_answer(&input, false);
	flow_input_room(&input, 2);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_memory_equal(piece.bytes, "cd", 2);
	flow_input_free(&input);
}

/* What was forgotten must not make the kernel's numbers eat what follows. */
static void test_input_forgotten(void **state)
{
	struct flow_input input;
	struct flow_piece piece;

	(void)state;
	flow_input_start(&input, 10);
	flow_input_put(&input, "abcd", 4);
	flow_input_next(&input, 10, &piece);
	flow_input_clear(&input);
	assert_true(flow_input_empty(&input));

	flow_input_put(&input, "xy", 2);
	flow_input_break(&input, 7);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_int_equal(piece.offset, 0);
	flow_input_answer(&input, false);
	/* Two of the forgotten had been taken. */
	flow_input_room(&input, 2);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_int_equal(piece.offset, 2);
	assert_int_equal(piece.n, 2);
	assert_memory_equal(piece.bytes, "xy", 2);
	flow_input_answer(&input, true);
	assert_true(flow_input_next(&input, 10, &piece));
	assert_int_equal(piece.kind, FLOW_BREAK);
	assert_int_equal(piece.offset, 4);
	flow_input_free(&input);
}

/*
 * A kernel that takes some, tells of room early or late, and loses answers:
 * the guest gets every byte once and in order, with the breaks in place.
 */
static void test_input_whatever_comes(void **state)
{
	enum { TOTAL = 20000 };
	struct flow_input input;
	struct flow_piece piece;
	uint64_t taken = 0, put = 0;
	unsigned int breaks = 0, breaks_put = 0;
	size_t i, n;

	(void)state;
	srand(4);
	flow_input_start(&input, 512);
	while (taken < TOTAL || !flow_input_empty(&input)) {
		uint8_t bytes[64];

		n = (size_t)(rand() % 64);
		if (n > TOTAL - put)
			n = (size_t)(TOTAL - put);
		for (i = 0; i < n; i++)
			bytes[i] = (uint8_t)((put + i) * 7);
		put += flow_input_put(&input, bytes, n);
		if (!(rand() % 16) && put < TOTAL && flow_input_break(&input, (uint32_t)put))
			breaks_put++;

		if (!flow_input_next(&input, 100, &piece)) {
			flow_input_room(&input, taken);
			continue;
		}
		if (piece.kind == FLOW_BREAK) {
			assert_int_equal(piece.offset, taken);
			assert_int_equal(piece.ms, taken);
			breaks++;
			flow_input_answer(&input, true);
			continue;
		}
		/* The kernel skips what it has, and takes some of the rest. */
		assert_true(piece.offset <= taken);
		n = (size_t)(piece.offset + piece.n - taken);
		if (rand() % 2)
			n = (size_t)rand() % (n + 1);
		for (i = 0; i < n; i++, taken++)
			assert_int_equal(piece.bytes[taken - piece.offset],
					 (uint8_t)(taken * 7));
		if (!(rand() % 8))
			flow_input_retry(&input);
		else
			flow_input_answer(&input, taken == piece.offset + piece.n);
	}
	assert_int_equal(taken, TOTAL);
	assert_int_equal(breaks, breaks_put);
	assert_true(breaks > 10);
	flow_input_free(&input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_in_order),
		cmocka_unit_test(test_output_lost),
		cmocka_unit_test(test_output_again),
		cmocka_unit_test(test_input_taken),
		cmocka_unit_test(test_input_blocked),
		cmocka_unit_test(test_input_breaks),
		cmocka_unit_test(test_input_retry),
		cmocka_unit_test(test_input_forgotten),
		cmocka_unit_test(test_input_whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
