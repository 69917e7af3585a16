// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines as words, and words quoted so that they come back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "words.h"

/* Splits @line and compares with the words behind it, ended by NULL. */
static void splits(const char *line, ...)
{
	const char *why = NULL, *expected;
	struct words words;
	size_t n = 0;
	va_list args;

	assert_int_equal(words_split(line, &words, &why), 0);
	va_start(args, line);
	for (; (expected = va_arg(args, const char *)); n++) {
		assert_true(n < words.n);
		assert_string_equal(words.v[n], expected);
	}
	va_end(args);
	assert_int_equal(words.n, n);
	assert_null(words.v[n]);
	words_free(&words);
}

static void fails(const char *line, int rc)
{
	const char *why = NULL;
	struct words words;

	assert_int_equal(words_split(line, &words, &why), rc);
	if (rc == -EINVAL)
		assert_non_null(why);
}

static void test_blanks(void **state)
{
	(void)state;
	splits("", NULL);
	splits("\n", NULL);
	splits(" \t \r\n", NULL);
	splits("a", "a", NULL);
	splits("  guest\tshow  web01 \r\n", "guest", "show", "web01", NULL);
	splits("a b c d e f g h i j", "a", "b", "c", "d", "e", "f", "g", "h", "i",
	       "j", NULL);
}

static void test_comments(void **state)
{
	(void)state;
	splits("# all of it\n", NULL);
	splits("  # indented", NULL);
	splits("a #b c", "a", NULL);
	splits("# a 'quote left open \\", NULL);
	/* Inside a word it is part of a specification. */
	splits("file:/x#append&keep=5 b", "file:/x#append&keep=5", "b", NULL);
	splits("'#a' \"#b\" \\#c", "#a", "#b", "#c", NULL);
}

static void test_quotes(void **state)
{
	(void)state;
	splits("'a b' \"c d\"", "a b", "c d", NULL);
	splits("'' \"\" a", "", "", "a", NULL);
	splits("a'b c'd\"e f\"g", "ab cde fg", NULL);
	splits("'\\n\"'", "\\n\"", NULL);
	splits("\"it's\"", "it's", NULL);
	splits("\"\\\\ \\\" \\n\\r\\t \\x41\\xc3\\xbc\"", "\\ \" \n\r\t A\xc3\xbc", NULL);
	splits("\\a\\ b\\\\ \\'", "a b\\", "'", NULL);
}

static void test_joined_lines(void **state)
{
	(void)state;
	splits("a \\\nb", "a", "b", NULL);
	splits("a\\\nb", "ab", NULL);
	splits("a \\\r\n  b\n", "a", "b", NULL);
	splits("\\\n a", "a", NULL);
	splits("\"a\\\nb\"", "ab", NULL);
	fails("a \\\n", -EAGAIN);
	fails("a \\", -EAGAIN);
	fails("\\", -EAGAIN);
	fails("a\\\r\n", -EAGAIN);
	fails("\"a\\\n", -EAGAIN);
	splits("a \\\\\n", "a", "\\", NULL);
}

static void test_refused(void **state)
{
	(void)state;
	fails("'a", -EINVAL);
	fails("'a\nb'", -EINVAL);
	fails("\"a", -EINVAL);
	fails("\"a\n", -EINVAL);
	fails("\"\\d\"", -EINVAL);
	fails("\"\\x4\"", -EINVAL);
	fails("\"\\xg0\"", -EINVAL);
	fails("\"\\x\"", -EINVAL);
	/* A word cannot hold a NUL. */
	fails("\"\\x00\"", -EINVAL);
}

static void comes_back(const char *word)
{
	char *quoted = word_quote(word);
	char *line = malloc(strlen(quoted) + 16);

	sprintf(line, "one %s three\n", quoted);
	/* One line, whatever the word holds. */
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	splits(line, "one", word, "three", NULL);
	free(line);
	free(quoted);
}

static void test_plain_words_stay(void **state)
{
	static const char *const plain[] = {
		"web01", "web01/0", "file:/var/log/vserial/web01.log#append",
		"tcp://[::1]:4555", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "64K",
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(plain); i++) {
		char *quoted = word_quote(plain[i]);

		if (!strchr(plain[i], '['))
			assert_string_equal(quoted, plain[i]);
		free(quoted);
		comes_back(plain[i]);
	}
}

static void test_every_byte_comes_back(void **state)
{
	char word[4] = "";
	int c;

	(void)state;
	comes_back("");
	for (c = 1; c < 256; c++) {
		word[0] = (char)c;
		word[1] = '\0';
		comes_back(word);
		word[1] = 'f';
		word[2] = (char)c;
		comes_back(word);
	}
}

static void test_random_words_come_back(void **state)
{
	/* Those that mean something come up more often. */
	static const char special[] = "\\\\\"\"''##  \n\r\tnxrt0f&;$";
	char word[33];
	int i, j;

	(void)state;
	srand(1);
	for (i = 0; i < 20000; i++) {
		int len = rand() % 32;

		for (j = 0; j < len; j++)
			word[j] = rand() % 2 ? special[(size_t)rand() % (sizeof(special) - 1)] :
					       (char)(1 + rand() % 255);
		word[len] = '\0';
		comes_back(word);
	}
}

static void test_random_lines_are_safe(void **state)
{
	static const char special[] = "\\\"'# \n\r\txab4";
	const char *why;
	char line[25];
	int i, j, rc;

	(void)state;
	srand(2);
	for (i = 0; i < 50000; i++) {
		/* On the heap and no longer than it is, for ASan to watch. */
		struct words words;
		char *copy;
		int len = rand() % 24;

		for (j = 0; j < len; j++)
			line[j] = special[(size_t)rand() % (sizeof(special) - 1)];
		line[len] = '\0';
		copy = strdup(line);
		rc = words_split(copy, &words, &why);
		assert_true(!rc || rc == -EINVAL || rc == -EAGAIN);
		if (!rc)
			words_free(&words);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_joined_lines),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_plain_words_stay),
		cmocka_unit_test(test_every_byte_comes_back),
		cmocka_unit_test(test_random_words_come_back),
		cmocka_unit_test(test_random_lines_are_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
