// SPDX-License-Identifier: GPL-2.0-or-later
/* Owners: names, numbers, nobody.  Uses the system's root, daemon, nobody. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "owner.h"
#include "unit.h"

static void owner_is(const char *word, uint32_t uid, uint32_t gid)
{
	struct owner owner = { 1, 1 };
	char why[256] = "";

	assert_int_equal(owner_parse(word, &owner, why, sizeof(why)), 0);
	assert_int_equal(owner.uid, uid);
	assert_int_equal(owner.gid, gid);
	assert_string_equal(why, "");
}

/* Refused with a sentence that holds @word, and nothing is touched. */
static void refused(const char *owner_word, const char *word)
{
	struct owner owner = { 47, 11 };
	char why[256] = "";

	assert_int_equal(owner_parse(owner_word, &owner, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, word));
	assert_int_equal(owner.uid, 47);
	assert_int_equal(owner.gid, 11);
}

/* A number that is no user here. */
static uint32_t no_user(void)
{
	uint32_t uid = 4000000000u;

	while (getpwuid(uid))
		uid++;
	return uid;
}

static void test_names(void **state)
{
	const struct passwd *pw = getpwnam("nobody");
	uint32_t uid = pw->pw_uid, gid = pw->pw_gid;
	uint32_t daemon_gid = getgrnam("daemon")->gr_gid;

	(void)state;
	owner_is("root", 0, 0);
	owner_is("nobody", uid, gid);
	owner_is("nobody:daemon", uid, daemon_gid);
	owner_is("root:root", 0, 0);
}

static void test_numbers(void **state)
{
	char word[64];

	(void)state;
	owner_is("0:0", 0, 0);
	/* A user's number brings his login group, as his name does. */
	owner_is("0", 0, 0);
	owner_is("4294967294:4294967294", 4294967294u, 4294967294u);
	snprintf(word, sizeof(word), "%u:7", no_user());
	owner_is(word, no_user(), 7);
	owner_is("root:7", 0, 7);
	owner_is("7:root", 7, 0);
}

static void test_nobody(void **state)
{
	(void)state;
	owner_is("none", OWNER_NONE, OWNER_NONE);
	owner_is("-", OWNER_NONE, OWNER_NONE);
}

static void test_refused(void **state)
{
	char word[64];

	(void)state;
	refused("", "user");
	refused(":", "user");
	refused(":root", "user");
	refused("root:", "group");
	refused("no-such-user", "no-such-user");
	refused("root:no-such-group", "no-such-group");
	refused("root:root:root", "root:root");
	refused("-1", "-1");
	refused("4294967295", "4294967295");
	refused("0:4294967295", "4294967295");
	refused("99999999999999999999", "99999999999999999999");
	refused("0x0", "0x0");
	/* No login group to take. */
	snprintf(word, sizeof(word), "%u", no_user());
	refused(word, word);
}

static void test_names_of_numbers(void **state)
{
	char *name = owner_user(0);

	(void)state;
	assert_string_equal(name, "root");
	free(name);
	name = owner_group(0);
	assert_string_equal(name, "root");
	free(name);
	assert_null(owner_user(no_user()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_names_of_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
