// SPDX-License-Identifier: GPL-2.0-or-later
/* The newest output of a port. */
#include <stdlib.h>
#include <string.h>

#include "ring.h"
#include "unit.h"

#define MAX 16384

/* What stands at an offset, so that every byte can be checked. */
static char pattern(uint64_t offset)
{
	return (char)(offset * 7 + offset / 251);
}

static uint64_t append(struct ring *ring, uint64_t offset, size_t len)
{
	char *bytes = malloc(len ? len : 1);
	uint64_t lost;
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = pattern(offset + i);
	lost = ring_append(ring, offset, bytes, len);
	free(bytes);
	return lost;
}

/* All bytes from @position on are those that ring_offset() says. */
static void check_from(const struct ring *ring, uint64_t position)
{
	struct iovec iov[2];
	int i, n = ring_peek(ring, position, iov);
	size_t k;

	for (i = 0; i < n; i++)
		for (k = 0; k < iov[i].iov_len; k++, position++)
			assert_int_equal(((char *)iov[i].iov_base)[k],
					 pattern(ring_offset(ring, position)));
	assert_int_equal(position, ring->head);
}

static void test_grows_and_drops(void **state)
{
	struct ring ring;
	uint64_t offset = 1000;
	size_t i;

	(void)state;
	ring_init(&ring, MAX, offset);
	assert_int_equal(ring_offset(&ring, ring.head), 1000);
	for (i = 1; i < 3000; i += 97, offset += i - 97) {
		assert_int_equal(append(&ring, offset, i), 0);
		check_from(&ring, ring.tail);
		assert_in_range(ring.head - ring.tail, 1, MAX);
	}
	assert_int_equal(ring.size, MAX);
	assert_int_equal(ring.head - ring.tail, MAX);
	ring_drop(&ring, ring.head - 5);
	check_from(&ring, ring.tail);
	assert_int_equal(ring.head - ring.tail, 5);
	/* With the last byte the memory goes. */
	ring_drop(&ring, ring.head);
	assert_null(ring.data);
	assert_int_equal(append(&ring, offset, 1), 0);
	check_from(&ring, ring.tail);
	ring_free(&ring);
}

static void test_overlap_and_loss(void **state)
{
	struct ring ring;

	(void)state;
	ring_init(&ring, MAX, 100);
	append(&ring, 100, 50);
	/* Known bytes are passed over, wholly and in part. */
	assert_int_equal(append(&ring, 90, 60), 0);
	assert_int_equal(ring.head, 50);
	assert_int_equal(append(&ring, 140, 20), 0);
	assert_int_equal(ring.head, 60);
	/* A jump is told once; positions go on without it. */
	assert_int_equal(append(&ring, 1160, 10), 1000);
	assert_int_equal(ring.head, 70);
	assert_int_equal(ring_offset(&ring, 60), 1160);
	assert_int_equal(ring_offset(&ring, 59), 159);
	assert_int_equal(ring_position(&ring, 159), 59);
	assert_int_equal(ring_position(&ring, 160), 60);
	assert_int_equal(ring_position(&ring, 700), 60);
	assert_int_equal(ring_position(&ring, 1165), 65);
	assert_int_equal(ring_position(&ring, 5000), 70);
	assert_int_equal(ring_position(&ring, 5), 0);
	check_from(&ring, 0);
	/* What is in front of the jump is not known once it is gone. */
	assert_true(ring_knows(&ring, 10));
	ring_drop(&ring, 65);
	assert_false(ring_knows(&ring, 59));
	assert_true(ring_knows(&ring, 60));
	assert_int_equal(ring_offset(&ring, 62), 1162);
	check_from(&ring, 65);
	ring_free(&ring);
}

static void test_jumps_that_meet(void **state)
{
	struct ring ring;

	(void)state;
	ring_init(&ring, MAX, 0);
	/* Lost before anything came. */
	assert_int_equal(append(&ring, 500, 1), 500);
	assert_int_equal(ring_offset(&ring, 0), 500);
	assert_int_equal(ring.n_jumps, 1);
	assert_int_equal(append(&ring, 600, 1), 99);
	assert_int_equal(append(&ring, 700, 1), 99);
	assert_int_equal(ring.n_jumps, 3);
	check_from(&ring, 0);
	ring_free(&ring);
}

static void test_more_than_it_holds(void **state)
{
	struct ring ring;

	(void)state;
	ring_init(&ring, MAX, 0);
	append(&ring, 0, 100);
	append(&ring, 100, 3 * MAX);
	assert_int_equal(ring.head, 100 + 3 * MAX);
	assert_int_equal(ring.head - ring.tail, MAX);
	check_from(&ring, ring.tail);
	ring_free(&ring);
}

static void test_marks(void **state)
{
	struct ring ring;
	uint64_t seen = 0, late = 0;
	int i;

	(void)state;
	ring_init(&ring, MAX, 1000);
	assert_int_equal(ring_next_mark(&ring, 0, &seen), UINT64_MAX);
	append(&ring, 1000, 5);
	ring_mark(&ring);
	append(&ring, 1005, 5);
	ring_mark(&ring);
	ring_mark(&ring);
	/* It stays the next one until it is told that it was seen. */
	assert_int_equal(ring_next_mark(&ring, 0, &seen), 5);
	assert_int_equal(ring_next_mark(&ring, 5, &seen), 5);
	assert_int_equal(seen, 0);
	seen++;
	assert_int_equal(ring_next_mark(&ring, 5, &seen), 10);
	seen++;
	assert_int_equal(ring_next_mark(&ring, 10, &seen), 10);
	seen++;
	assert_int_equal(ring_next_mark(&ring, 10, &seen), UINT64_MAX);
	/* Those in front of a viewer are passed. */
	assert_int_equal(ring_next_mark(&ring, 6, &late), 10);
	assert_int_equal(late, 1);
	/* Of more than are remembered the newest count. */
	late = 0;
	for (i = 0; i < 40; i++)
		ring_mark(&ring);
	for (i = 0; ring_next_mark(&ring, 0, &late) == 10; i++)
		late++;
	assert_int_equal(i, RING_MARKS_MAX);
	ring_free(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_drops),
		cmocka_unit_test(test_overlap_and_loss),
		cmocka_unit_test(test_jumps_that_meet),
		cmocka_unit_test(test_more_than_it_holds),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
