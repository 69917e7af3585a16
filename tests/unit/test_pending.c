// SPDX-License-Identifier: GPL-2.0-or-later
/* Output that a console has yet to write: what was lost is told in its place. */
#include <stdlib.h>

#include "pending.h"
#include "unit.h"

#define ADD(offset, text, lost) \
	pending_add(&pending, offset, (const uint8_t *)(text), sizeof(text) - 1, lost)

static void test_order(void **state)
{
	struct pending pending = { 0 };

	(void)state;
	ADD(100, "abcdef", 0);
	assert_int_equal(pending.offset, 100);
	assert_int_equal(pending_gap(&pending), 0);
	assert_int_equal(pending_next(&pending, 4), 4);
	pending_written(&pending, 4);
	assert_int_equal(pending.offset, 104);
	ADD(106, "g", 0);
	assert_int_equal(pending_next(&pending, 4), 3);
	assert_memory_equal(pending.bytes, "efg", 3);
	free(pending.bytes);
}

static void test_gaps(void **state)
{
	struct pending pending = { 0 };

	(void)state;
	/* In front of all. */
	ADD(50, "ab", 20);
	assert_int_equal(pending_gap(&pending), 20);
	assert_int_equal(pending_gap(&pending), 0);
	pending_written(&pending, 1);
	/* Behind what waits: that comes first.  Two that are not told yet are one. */
	ADD(60, "cd", 8);
	ADD(70, "e", 8);
	assert_int_equal(pending_gap(&pending), 0);
	assert_int_equal(pending_next(&pending, 100), 1);
	pending_written(&pending, 1);
	assert_int_equal(pending_next(&pending, 100), 0);
	assert_int_equal(pending_gap(&pending), 16);
	assert_int_equal(pending_next(&pending, 100), 3);
	assert_memory_equal(pending.bytes, "cde", 3);
	pending_written(&pending, 3);
	assert_int_equal(pending.n, 0);
	free(pending.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
