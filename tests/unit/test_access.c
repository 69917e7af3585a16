// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of networks. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "access.h"
#include "unit.h"

static bool allows(const char *text, const char *from)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct access_list list;
	char why[256] = "";
	bool allowed;

	assert_int_equal(access_parse(text, &list, why, sizeof(why)), 0);
	assert_string_equal(why, "");
	if (strchr(from, ':')) {
		assert_int_equal(inet_pton(AF_INET6, from, &in6.sin6_addr), 1);
		allowed = access_allows(&list, (struct sockaddr *)&in6);
	} else {
		assert_int_equal(inet_pton(AF_INET, from, &in.sin_addr), 1);
		allowed = access_allows(&list, (struct sockaddr *)&in);
	}
	access_free(&list);
	return allowed;
}

static void test_ipv4(void **state)
{
	(void)state;
	assert_true(allows("192.0.2.0/24", "192.0.2.255"));
	assert_false(allows("192.0.2.0/24", "192.0.3.0"));
	assert_true(allows("192.0.2.128/25", "192.0.2.128"));
	assert_false(allows("192.0.2.128/25", "192.0.2.127"));
	assert_true(allows("0.0.0.0/0", "203.0.113.9"));
	assert_true(allows("192.0.2.7", "192.0.2.7"));
	assert_false(allows("192.0.2.7", "192.0.2.6"));
	assert_true(allows("10.0.0.0/8 , 192.0.2.7/32", "192.0.2.7"));
	assert_false(allows("10.0.0.0/8,192.0.2.7/32", "192.0.2.8"));
}

static void test_ipv6(void **state)
{
	(void)state;
	assert_true(allows("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(allows("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(allows("::/0", "2001:db8::1"));
	assert_true(allows("::1", "::1"));
	/* The families are apart, however an IPv4 address is written. */
	assert_false(allows("::/0", "192.0.2.1"));
	assert_false(allows("::/0", "::ffff:192.0.2.1"));
	assert_false(allows("0.0.0.0/0", "2001:db8::1"));
	assert_true(allows("192.0.2.0/24", "::ffff:192.0.2.1"));
	assert_false(allows("192.0.2.0/24", "::ffff:192.0.3.1"));
}

static void test_everybody(void **state)
{
	const struct sockaddr unix_socket = { .sa_family = AF_UNIX };
	const struct sockaddr_in in = { .sin_family = AF_INET };
	struct access_list list = { 0 };
	char why[64];

	(void)state;
	assert_true(access_allows(&list, (const struct sockaddr *)&in));
	assert_true(access_allows(&list, &unix_socket));
	assert_int_equal(access_parse("0.0.0.0/0,::/0", &list, why, sizeof(why)), 0);
	assert_false(access_allows(&list, &unix_socket));
	access_free(&list);
	assert_int_equal(list.n, 0);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", ",", "192.0.2.0/24,", ",192.0.2.0/24", "192.0.2.0/", "192.0.2.0/33",
		"192.0.2.0/-1", "192.0.2.0/24/24", "192.0.2.1/24", "192.0.2.128/24", "192.0.2",
		"192.0.2.0.0", "example.org", "::/129", "2001:db8::1/32", "[::1]", "fe80::1%lo",
		"192.0.2.0 /24", "1111:1111:1111:1111:1111:1111:1111:1111:1111/128",
		"192.0.2.000000000000000000000000000000000000000000000000000000000000001",
	};
	struct access_list list;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++) {
		*why = '\0';
		assert_int_equal(access_parse(bad[i], &list, why, sizeof(why)), -EINVAL);
		assert_string_not_equal(why, "");
		assert_int_equal(list.n, 0);
		assert_null(list.networks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_everybody),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
