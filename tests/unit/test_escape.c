// SPDX-License-Identifier: GPL-2.0-or-later
/* What is typed at a console: bytes for the guest, and commands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "unit.h"

/*
 * Feeds @in in pieces of @piece bytes.  What comes out is the bytes, and for
 * each command its letter in angle brackets.
 */
static const char *fed(int character, const char *in, size_t size, size_t piece)
{
	static const char letters[] = "?LZBFSH";
	struct escape escape = { .character = character };
	static char text[1024];
	size_t at = 0, n, used, len;
	uint8_t out[256];

	text[0] = '\0';
	while (size) {
		n = size < piece ? size : piece;
		while (n) {
			enum escape_command command =
				escape_feed(&escape, (const uint8_t *)in, n, &used, out, &len);

			assert_true(len <= n + 1);
			assert_true(at + len + 4 < sizeof(text));
			memcpy(text + at, out, len);
			at += len;
			if (command == ESCAPE_NOTHING)
				assert_int_equal(used, n);
			else
				at += (size_t)snprintf(text + at, 4, "<%c>", letters[command]);
			in += used;
			n -= used;
			size -= used;
		}
	}
	text[at] = '\0';
	return text;
}

/* The same, however it is cut. */
static void becomes(const char *in, const char *expected)
{
	size_t piece;

	for (piece = 1; piece <= strlen(in); piece++)
		assert_string_equal(fed('~', in, strlen(in), piece), expected);
}

static void test_bytes(void **state)
{
	(void)state;
	becomes("hello\r", "hello\r");
	becomes("a~.b~B", "a~.b~B");
	becomes("\033[A\003\004", "\033[A\003\004");
}

static void test_commands(void **state)
{
	(void)state;
	becomes("~.", "<L>");
	becomes("ls\r~.", "ls\r<L>");
	becomes("ls\n~.", "ls\n<L>");
	becomes("~B~f~s~?~\032", "<B><F><S><H><Z>");
	/* A command begins no line, and ends none. */
	becomes("ls\r~Bx~.", "ls\r<B>x~.");
}

static void test_escape_itself(void **state)
{
	(void)state;
	becomes("~~", "~");
	becomes("~~.", "~.");
	becomes("~~~", "~~");
	becomes("~~\r~.", "~\r<L>");
	becomes("~/x\r", "~/x\r");
	becomes("~\r~.", "~\r<L>");
}

/* One that waits is not lost, and is not sent before what follows. */
static void test_pending(void **state)
{
	(void)state;
	assert_string_equal(fed('~', "~", 1, 1), "");
	assert_string_equal(fed('~', "x\r~", 3, 2), "x\r");
}

static void test_other_characters(void **state)
{
	(void)state;
	assert_string_equal(fed('%', "~.\r%.", 5, 5), "~.\r<L>");
	assert_string_equal(fed(0x1d, "\035.", 2, 1), "<L>");
	assert_string_equal(fed(ESCAPE_NONE, "~.\r~.\377", 6, 6), "~.\r~.\377");
}

/* All values, but for the two that make a command. */
static void test_eight_bits(void **state)
{
	struct escape escape = { .character = '~' };
	uint8_t in[256], out[257];
	size_t i, used, len;

	(void)state;
	for (i = 0; i < 256; i++)
		in[i] = (uint8_t)i;
	assert_int_equal(escape_feed(&escape, in, 256, &used, out, &len), ESCAPE_NOTHING);
	assert_int_equal(used, 256);
	assert_int_equal(len, 256);
	assert_memory_equal(in, out, 256);
}

static void parses(const char *word, int expected)
{
	char text[ESCAPE_TEXT];
	int character = 1000, again;

	assert_int_equal(escape_parse(word, &character), 0);
	assert_int_equal(character, expected);
	/* What is written is read back. */
	assert_int_equal(escape_parse(escape_name(character, text), &again), 0);
	assert_int_equal(again, expected);
}

static void test_parse(void **state)
{
	static const char *const bad[] = { "", "ab", "^ab", "^1", "nonesuch", "~~",
					   "\xc3\xa4" };
	int character = 1000;
	size_t i;

	(void)state;
	parses("~", '~');
	parses("%", '%');
	parses("^]", 0x1d);
	parses("^a", 1);
	parses("^A", 1);
	parses("^@", 0);
	parses("^?", 0x7f);
	parses("none", ESCAPE_NONE);
	for (i = 0; i < LENGTH(bad); i++)
		assert_int_equal(escape_parse(bad[i], &character), -EINVAL);
	assert_int_equal(character, 1000);
	parses("^", '^');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_escape_itself),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_other_characters),
		cmocka_unit_test(test_eight_bits),
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
