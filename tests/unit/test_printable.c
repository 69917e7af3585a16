// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings of others, made fit for a terminal or for JSON. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "printable.h"
#include "unit.h"

static void becomes(const char *s, const char *text, const char *json)
{
	char *p = printable(s, false);

	assert_string_equal(p, text);
	free(p);
	p = printable(s, true);
	assert_string_equal(p, json);
	free(p);
}

static void test_harmless(void **state)
{
	(void)state;
	becomes("", "", "");
	becomes("file:/var/log/a b", "file:/var/log/a b", "file:/var/log/a b");
	becomes("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80",
		"\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void test_controls(void **state)
{
	(void)state;
	becomes("a\x1b[2Jb", "a\\x1b[2Jb", "a\x1b[2Jb");
	becomes("\n\x7f", "\\x0a\\x7f", "\n\x7f");
	/* U+009B opens a control sequence as ESC [ does. */
	becomes("\xc2\x9b", "\\xc2\\x9b", "\xc2\x9b");
}

static void test_no_utf8(void **state)
{
	(void)state;
	becomes("\xff", "\\xff", "\\xff");
	becomes("a\xc3", "a\\xc3", "a\\xc3");
	becomes("\xc3z", "\\xc3z", "\\xc3z");
	/* Overlong, a surrogate, beyond the last character. */
	becomes("\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf");
	becomes("\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\xe0\\x80\\xaf");
	becomes("\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80");
	becomes("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80");
}

/* Whatever the bytes, JSON takes the string. */
static void test_json_takes_everything(void **state)
{
	char s[17];
	int i, j;

	(void)state;
	srand(3);
	for (i = 0; i < 20000; i++) {
		int len = rand() % 16;
		json_t *json;
		char *p;

		for (j = 0; j < len; j++)
			s[j] = (char)(1 + rand() % 255);
		s[len] = '\0';
		p = printable(s, true);
		json = json_string(p);
		assert_non_null(json);
		json_decref(json);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_harmless),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_no_utf8),
		cmocka_unit_test(test_json_takes_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
