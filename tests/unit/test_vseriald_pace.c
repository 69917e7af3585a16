// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits between tries, limits in time, and objects by number. */
#include <stdlib.h>

#include "backoff.h"
#include "rate.h"
#include "table.h"
#include "unit.h"

static void test_backoff(void **state)
{
	struct backoff backoff = { .min = 1000, .max = 10000 };
	static const uint64_t waits[] = { 1000, 2000, 4000, 8000, 10000, 10000, 10000 };
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(waits); i++)
		assert_int_equal(backoff_next(&backoff, UINT32_MAX), waits[i]);
	backoff_reset(&backoff);
	for (i = 0; i < LENGTH(waits); i++)
		assert_int_equal(backoff_next(&backoff, 0), waits[i] / 2);
	/* However often it fails, it stays within its bounds. */
	for (i = 0; i < 1000; i++)
		assert_in_range(backoff_next(&backoff, (uint32_t)random()), 5000, 10000);
}

static void test_backoff_of_hours(void **state)
{
	struct backoff backoff = { .min = 3600000000ull, .max = 86400000000ull };
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		backoff_next(&backoff, 0);
	assert_int_equal(backoff_next(&backoff, UINT32_MAX), 86400000000ull);
}

static void test_rate(void **state)
{
	struct rate rate = { .per_second = 10 };
	uint64_t now = 5000000, wait;
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_int_equal(rate_wait(&rate, now), 0);
	wait = rate_wait(&rate, now);
	assert_int_equal(wait, 100000);
	/* Asking costs nothing. */
	assert_int_equal(rate_wait(&rate, now), wait);
	assert_int_equal(rate_wait(&rate, now + wait), 0);
	assert_int_not_equal(rate_wait(&rate, now + wait), 0);
	/* A pause does not save up more than a second's worth. */
	now += 100000000;
	for (i = 0; i < 10; i++)
		assert_int_equal(rate_wait(&rate, now), 0);
	assert_int_not_equal(rate_wait(&rate, now), 0);
}

static void test_no_rate(void **state)
{
	struct rate rate = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_int_equal(rate_wait(&rate, 1), 0);
}

static void test_table(void **state)
{
	static char objects[4000];
	struct table table = { 0 };
	uint32_t id;

	(void)state;
	assert_null(table_find(&table, 1));
	table_remove(&table, 1);
	for (id = 1; id < LENGTH(objects); id++)
		table_set(&table, id * 16, &objects[id]);
	assert_int_equal(table.n, LENGTH(objects) - 1);
	for (id = 1; id < LENGTH(objects); id += 3)
		table_remove(&table, id * 16);
	for (id = 1; id < LENGTH(objects); id++)
		assert_ptr_equal(table_find(&table, id * 16), id % 3 == 1 ? NULL : &objects[id]);
	table_set(&table, 32, &objects[0]);
	assert_ptr_equal(table_find(&table, 32), &objects[0]);
	for (id = 1; id < LENGTH(objects); id++)
		table_remove(&table, id * 16);
	assert_int_equal(table.n, 0);
	table_free(&table);
	assert_null(table_find(&table, 32));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_backoff_of_hours),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_no_rate),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
