// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers and sizes, read strictly. */
#include <errno.h>

#include "number.h"
#include "unit.h"

#define UNTOUCHED 4711

static void number_is(const char *word, uint64_t max, int rc, uint64_t expected)
{
	uint64_t n = UNTOUCHED;

	assert_int_equal(number_parse(word, max, &n), rc);
	assert_int_equal(n, rc ? UNTOUCHED : expected);
}

static void size_is(const char *word, uint64_t max, int rc, uint64_t expected)
{
	uint64_t n = UNTOUCHED;

	assert_int_equal(size_parse(word, max, &n), rc);
	assert_int_equal(n, rc ? UNTOUCHED : expected);
}

static void test_numbers(void **state)
{
	(void)state;
	number_is("0", 31, 0, 0);
	number_is("31", 31, 0, 31);
	number_is("007", 31, 0, 7);
	number_is("32", 31, -ERANGE, 0);
	number_is("18446744073709551615", UINT64_MAX, 0, UINT64_MAX);
	number_is("18446744073709551616", UINT64_MAX, -ERANGE, 0);
	number_is("99999999999999999999999999", UINT64_MAX, -ERANGE, 0);
}

static void test_no_numbers(void **state)
{
	static const char *const bad[] = {
		"", " ", "-1", "+1", " 1", "1 ", "1x", "x1", "0x10", "1.0", "1e3",
		"1\n", "99999999999999999999999999x", "-0", "\xd9\xa1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++)
		number_is(bad[i], UINT64_MAX, -EINVAL, 0);
}

static void test_sizes(void **state)
{
	(void)state;
	size_is("0", 16 << 20, 0, 0);
	size_is("65536", 16 << 20, 0, 65536);
	size_is("64K", 16 << 20, 0, 65536);
	size_is("64k", 16 << 20, 0, 65536);
	size_is("16M", 16 << 20, 0, 16 << 20);
	size_is("17M", 16 << 20, -ERANGE, 0);
	size_is("16385K", 16 << 20, -ERANGE, 0);
	size_is("16777217", 16 << 20, -ERANGE, 0);
	size_is("1G", UINT64_MAX, 0, 1 << 30);
	size_is("0M", 16 << 20, 0, 0);
	/* Would wrap around if it were multiplied first. */
	size_is("18014398509481984K", 16 << 20, -ERANGE, 0);
	size_is("17179869184G", UINT64_MAX, -ERANGE, 0);
	size_is("17179869183G", UINT64_MAX, 0, 17179869183ull << 30);
}

static void test_no_sizes(void **state)
{
	static const char *const bad[] = {
		"", "K", "-1", "-1K", "64Q", "64KB", "64K ", "64 K", "1.5M", "0x10K",
		"99999999999999999999999999Q", "64KK",
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++)
		size_is(bad[i], UINT64_MAX, -EINVAL, 0);
}

static void test_sizes_come_back(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} sizes[] = {
		{ 0, "0" },	       { 1, "1" },	       { 1023, "1023" },
		{ 1024, "1K" },	       { 1025, "1025" },       { 65536, "64K" },
		{ 1048576, "1M" },     { 1049600, "1025K" },   { 16 << 20, "16M" },
		{ 1ull << 30, "1G" },  { 1ull << 40, "1024G" }, { 1048577, "1048577" },
	};
	char text[SIZE_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		assert_string_equal(size_format(sizes[i].size, text), sizes[i].text);
		size_is(text, UINT64_MAX, 0, sizes[i].size);
	}
	size_is(size_format(UINT64_MAX, text), UINT64_MAX, 0, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_no_numbers),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_no_sizes),
		cmocka_unit_test(test_sizes_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
