// SPDX-License-Identifier: GPL-2.0-or-later
/* Where print jobs end. */
#include <string.h>

#include "print_job.h"
#include "unit.h"

#define UEL "\033%-12345X"

/**
 * struct row - bytes, and how they are parted
 * @text: the bytes, with a '|' where a job is to end
 * @len: how many
 * @content: whether there is something to print in what is left
 * @page_end: whether a page has just ended
 */
struct row {
	const char *text;
	size_t len;
	bool content;
	bool page_end;
};

#define ROW(text, content, page_end) { text, sizeof(text) - 1, content, page_end }

static const struct row rows[] = {
	ROW("", false, false),
	ROW("hello", true, false),
	/* ESC E ends what has something in it, and begins what has not. */
	ROW("hello\033E|", false, false),
	ROW("\033E", false, false),
	ROW("\033E\033Ehello\033E|\033Eworld\033E|", false, false),
	ROW("a\033E|b\033E|c", true, false),
	ROW("a\033\033E|", false, false),
	/* A form feed parts pages; at the end it may be the end of the job. */
	ROW("one\f", true, true),
	ROW("one\f\r", true, true),
	ROW("one\ftwo", true, false),
	ROW("one\ftwo\f", true, true),
	ROW("one\f\n", true, false),
	ROW("one\f\033", true, false),
	ROW("one\f\033E|", false, false),
	ROW("\f", true, true),
	ROW("\f\f\f", true, true),
	/* Settings print nothing. */
	ROW("\033&l0O\033(s10H", false, false),
	ROW("\033&l0O\033E", false, false),
	ROW("\033&l0Ox\033E|", false, false),
	ROW("\033&a5.5C\033E", false, false),
	/* Pictures and fonts may hold anything. */
	ROW("\033*b4W\033E\f\033\033E|", false, false),
	ROW("\033*b2m3W\033Ex\033E|", false, false),
	ROW("\033*b+3W\033E\f", true, false),
	ROW("\033*b2V\033E\033*b2W\033E\033E|", false, false),
	ROW("\033)s2W\033E", true, false),
	ROW("\033&p2X\033E", true, false),
	ROW("\033*b0W\033E", false, false),
	ROW("\033*b-2W\033E", false, false),
	/* X, V mean something else elsewhere. */
	ROW("\033&l2X\033E", false, false),
	ROW("x\033&l2X\033E|", false, false),
	/* PJL belongs to the job that follows. */
	ROW(UEL "@PJL SET COPIES=2\r\n@PJL ENTER LANGUAGE=PCL\r\n\033Etext\033E|"
	    UEL "@PJL EOJ\r\n" UEL, false, false),
	ROW(UEL "text\033E|", false, false),
	ROW(UEL "@PJL JOB\n%!PS", true, false),
	/* What is neither is text. */
	ROW("\033*\001\033E|", false, false),
	ROW("\033[1mbold\033E|", false, false),
};

/* Feeds it in pieces of @piece bytes. */
static void check(const struct row *row, size_t piece)
{
	struct print_job job = { 0 };
	const char *at = row->text, *end = row->text + row->len;

	while (at < end) {
		const char *bar = memchr(at, '|', (size_t)(end - at));
		size_t left = (size_t)((bar ? bar : end) - at), took, want;
		bool ends;

		want = left < piece ? left : piece;
		took = print_job_take(&job, at, want, &ends);
		assert_int_equal(took, want);
		at += took;
		assert_int_equal(ends, at == bar);
		if (at == bar)
			at++;
	}
	assert_int_equal(job.content, row->content);
	assert_int_equal(job.page_end, row->page_end);
}

static void test_rows(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++)
		for (piece = 1; piece <= 40; piece++)
			check(&rows[i], piece);
}

/* What is behind the end is not taken. */
static void test_rest(void **state)
{
	struct print_job job = { 0 };
	bool ends;

	(void)state;
	assert_int_equal(print_job_take(&job, "a\033Ebc\033Ed", 8, &ends), 3);
	assert_true(ends);
	assert_int_equal(print_job_take(&job, "bc\033Ed", 5, &ends), 4);
	assert_true(ends);
	assert_int_equal(print_job_take(&job, "d", 1, &ends), 1);
	assert_false(ends);
	assert_int_equal(print_job_take(&job, "", 0, &ends), 0);
	assert_false(ends);
}

/* A length that no printer has is bounded, and ends. */
static void test_length(void **state)
{
	struct print_job job = { 0 };
	char block[4096] = { 0 };
	bool ends;
	int i;

	(void)state;
	print_job_take(&job, "\033*b99999999999999999999W", 24, &ends);
	assert_true(job.data >= 400000000);
	for (i = 0; i < 100; i++)
		assert_int_equal(print_job_take(&job, block, sizeof(block), &ends), sizeof(block));
	job.data = 4096;
	print_job_take(&job, block, sizeof(block), &ends);
	assert_int_equal(print_job_take(&job, "\033Ex", 3, &ends), 2);
	assert_true(ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
