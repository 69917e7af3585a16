// SPDX-License-Identifier: GPL-2.0-or-later
/* A file that is replaced whole, or stays as it was. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace.h"
#include "unit.h"

static char folder[] = "/tmp/vserial-replace-XXXXXX";

static int enter(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave(void **state)
{
	(void)state;
	unlink("saved");
	unlink("link");
	return chdir("/") || rmdir(folder);
}

static const char *put(const char *path, const char *text)
{
	struct replace replace;
	const char *why = replace_open(&replace, path);

	if (why)
		return why;
	fputs(text, replace.file);
	return replace_commit(&replace);
}

static void holds(const char *path, const char *text)
{
	char got[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(got, 1, sizeof(got) - 1, file), strlen(text));
	fclose(file);
	assert_string_equal(got, text);
}

/* How many files there are: nothing unfinished may stay behind. */
static int files(void)
{
	struct dirent **names;
	int i, n = scandir(".", &names, NULL, NULL);

	for (i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return n - 2;
}

static void made_and_replaced(void **state)
{
	struct stat st;

	(void)state;
	assert_null(put("saved", "one"));
	holds("saved", "one");
	assert_int_equal(stat("saved", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_null(put("./saved", "two, and longer"));
	holds("saved", "two, and longer");
	assert_int_equal(files(), 1);
}

static void old_one_while_written(void **state)
{
	struct replace replace;

	(void)state;
	assert_null(put("saved", "old"));
	assert_null(replace_open(&replace, "saved"));
	fputs("new", replace.file);
	fflush(replace.file);
	holds("saved", "old");
	assert_null(replace_commit(&replace));
	holds("saved", "new");
}

static void old_one_after_failure(void **state)
{
	const struct rlimit small = { 16384, RLIM_INFINITY };
	struct rlimit before;
	static char large[65536];

	(void)state;
	assert_null(put("saved", "old"));
	memset(large, 'x', sizeof(large) - 1);
	getrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_non_null(put("saved", large));
	setrlimit(RLIMIT_FSIZE, &before);
	holds("saved", "old");
	assert_int_equal(files(), 1);
}

static void what_a_link_points_to(void **state)
{
	struct stat st;

	(void)state;
	assert_null(put("saved", "old"));
	assert_int_equal(symlink("saved", "link"), 0);
	assert_null(put("link", "new"));
	holds("saved", "new");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink("link");
}

static void no_regular_file(void **state)
{
	(void)state;
	assert_string_equal(put("/dev/null", "x"), "it is no regular file");
	assert_string_equal(put(".", "x"), "it is no regular file");
	assert_string_equal(put("none/saved", "x"), "No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_and_replaced),
		cmocka_unit_test(old_one_while_written),
		cmocka_unit_test(old_one_after_failure),
		cmocka_unit_test(what_a_link_points_to),
		cmocka_unit_test(no_regular_file),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
