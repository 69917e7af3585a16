// SPDX-License-Identifier: GPL-2.0-or-later
/* The option AUTHENTICATION: exchanges of real programs, and what goes wrong. */
#include <string.h>

#include "telnet_auth.h"
#include "unit.h"

/* For literals, which may hold a NUL. */
#define TAKE(text) take(text, sizeof(text) - 1)
#define SAYS(text) says(text, sizeof(text) - 1)
#define PASSED(text) passed(text, sizeof(text) - 1)

#define WILL_AUTH	"\xff\xfb\x25"
#define WONT_AUTH	"\xff\xfc\x25"
#define DO_AUTH		"\xff\xfd\x25"
#define DONT_AUTH	"\xff\xfe\x25"
#define SEND_SSL	"\xff\xfa\x25\x01\x07\x00\xff\xf0"
#define IS_START	"\xff\xfa\x25\x00\x07\x00\x01\xff\xf0"
#define IS_NULL		"\xff\xfa\x25\x00\x00\x00\xff\xf0"
#define ACCEPT		"\xff\xfa\x25\x02\x07\x00\x02\xff\xf0"
#define REJECT		"\xff\xfa\x25\x02\x07\x00\x03\xff\xf0"

static struct telnet_auth auth;
static uint8_t out[4096];
static size_t out_len;

static void begin(bool server)
{
	telnet_auth_start(&auth, server);
	out_len = 0;
}

static void take(const void *bytes, size_t len)
{
	size_t used = len;

	out_len += telnet_auth_receive(&auth, bytes, &used, out + out_len, sizeof(out) - out_len);
	assert_int_equal(used, len);
}

static void says(const void *bytes, size_t len)
{
	const uint8_t *replies;
	size_t have;

	replies = telnet_auth_replies(&auth, &have);
	assert_int_equal(have, len);
	assert_memory_equal(replies, bytes, len);
	telnet_auth_replied(&auth, len);
}

static void passed(const void *bytes, size_t len)
{
	assert_int_equal(out_len, len);
	assert_memory_equal(out, bytes, len);
}

#define is(what) assert_int_equal(auth.verdict, TELNET_AUTH_##what)

static void test_server(void **state)
{
	(void)state;
	begin(true);
	SAYS(DO_AUTH);
	is(OPEN);
	TAKE(WILL_AUTH);
	is(AGREED);
	SAYS(SEND_SSL);
	TAKE(IS_START);
	is(TLS);
	SAYS(ACCEPT);
	assert_int_equal(out_len, 0);
}

/* As telnet-ssl says it where it has been given "-PORT", and plink. */
static void test_client_speaks_first(void **state)
{
	static const char all[] = "\xff\xfb\x27\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f"
		"\xff\xfd\x05KL\r\0ls\xff\xff\xff\xf3";
	static const char options[] = "\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\xff\xfd\x05";

	(void)state;
	begin(true);
	TAKE("\xff\xfb\x27" WILL_AUTH);
	TAKE(options);
	SAYS(DO_AUTH SEND_SSL);
	TAKE("KL" WILL_AUTH IS_START "\r\0ls\xff\xff\xff\xf3");
	is(TLS);
	SAYS(ACCEPT);
	PASSED(all);
	/* Of what came in front of TLS only options count. */
	out_len = telnet_auth_strip(out, out_len);
	PASSED("\xff\xfb\x27\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f\xff\xfd\x05");
}

static void test_server_plain(void **state)
{
	(void)state;
	begin(true);
	SAYS(DO_AUTH);
	TAKE("a" WONT_AUTH "b\xff\xfb\x1f" WILL_AUTH);
	is(PLAIN);
	SAYS("");
	PASSED("ab\xff\xfb\x1f" WILL_AUTH);

	begin(true);
	SAYS(DO_AUTH);
	TAKE(WILL_AUTH);
	SAYS(SEND_SSL);
	TAKE(IS_NULL);
	is(PLAIN);
	SAYS("");
}

/* Another type, other modifiers, nothing at all, and what nobody asked for. */
static void test_server_refuses(void **state)
{
	static const char *const bad[] = {
		"\x00\x02\x02\x01", "\x00\x07\x02\x01", "\x00\x07\x00\x02",
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++) {
		begin(true);
		TAKE(WILL_AUTH);
		SAYS(DO_AUTH SEND_SSL);
		TAKE("\xff\xfa\x25");
		take(bad[i], 4);
		TAKE("\xff\xf0");
		is(PLAIN);
		SAYS(REJECT);
	}
	begin(true);
	TAKE(IS_START "\xff\xfa\x25\xff\xf0" DO_AUTH DO_AUTH DONT_AUTH);
	is(OPEN);
	SAYS(DO_AUTH WONT_AUTH);
	TAKE(WILL_AUTH);
	SAYS(SEND_SSL);
	/* It begins again, or says what it said. */
	TAKE(WILL_AUTH "\xff\xfa\x25\xff\xf0\xff\xfa\x25\x00\xff\xf0" ACCEPT SEND_SSL);
	is(AGREED);
	SAYS("");
	assert_int_equal(out_len, 0);
}

/* in.telnetd-ssl asks for the environment first, and waits for an answer. */
static void test_client(void **state)
{
	(void)state;
	begin(false);
	SAYS("");
	TAKE("\xff\xfd\x27");
	SAYS(WILL_AUTH);
	PASSED("\xff\xfd\x27");
	assert_int_equal(telnet_auth_options(out, out_len), 3);
	TAKE(DO_AUTH);
	is(AGREED);
	SAYS("");
	TAKE("\xff\xfa\x25\x01\x02\x02\x07\x00\xff\xf0");
	SAYS(IS_START);
	TAKE(ACCEPT);
	is(TLS);
	SAYS("");

	/* It asks at once. */
	begin(false);
	TAKE(DO_AUTH SEND_SSL SEND_SSL ACCEPT);
	is(TLS);
	SAYS(WILL_AUTH IS_START);
}

static void test_client_plain(void **state)
{
	static const char *const lists[] = {
		"\x01", "\x01\x02\x02\x02\x00", "\x01\x07\x02", "\x01\x07",
	};
	static const size_t lens[] = { 1, 5, 3, 2 };
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(lists); i++) {
		begin(false);
		TAKE(DO_AUTH "\xff\xfa\x25");
		take(lists[i], lens[i]);
		TAKE("\xff\xf0login: ");
		is(PLAIN);
		SAYS(WILL_AUTH IS_NULL);
		PASSED("login: ");
	}
	begin(false);
	TAKE("\xff\xfb\x01\xff\xfb\x03" DONT_AUTH);
	is(PLAIN);
	SAYS(WILL_AUTH);
	assert_int_equal(telnet_auth_options(out, out_len), 6);
	begin(false);
	TAKE(DO_AUTH SEND_SSL REJECT);
	is(PLAIN);
	/* What has not been asked for is not accepted. */
	begin(false);
	TAKE(ACCEPT DO_AUTH ACCEPT WILL_AUTH WILL_AUTH);
	is(AGREED);
	SAYS(WILL_AUTH DONT_AUTH);
	/* One that speaks no telnet is left alone. */
	begin(false);
	TAKE("login: \xff\xff");
	is(OPEN);
	SAYS("");
	assert_int_equal(telnet_auth_options(out, out_len), 0);
}

/* Pieces of any size make no difference. */
static void test_pieces(void **state)
{
	static const char wire[] =
		"a\xff\xff\xff\xf3\xff\xfa\x1f\x00\x50\xff\xff\x18\xff\xf0" WILL_AUTH
		"\xff\xfd\x06\xff\xfa\x25\x00\x07\xff\xff\xff\xfb\x03" IS_START "z\xff";
	static const char rest[] = "a\xff\xff\xff\xf3\xff\xfa\x1f\x00\x50\xff\xff\x18\xff\xf0"
		"\xff\xfd\x06\xff\xfb\x03z\xff";
	size_t piece, at, n;

	(void)state;
	for (piece = 1; piece < sizeof(wire); piece++) {
		begin(true);
		for (at = 0; at < sizeof(wire) - 1; at += n) {
			n = sizeof(wire) - 1 - at < piece ? sizeof(wire) - 1 - at : piece;
			take(wire + at, n);
		}
		is(TLS);
		SAYS(DO_AUTH SEND_SSL ACCEPT);
		PASSED(rest);
		out_len = telnet_auth_strip(out, out_len);
		PASSED("\xff\xfd\x06\xff\xfb\x03");
	}
}

/* What was held back when time is over means what it would have meant. */
static void test_give_up(void **state)
{
	static const struct {
		const char *wire;
		size_t len;
		const char *rest;
		size_t rest_len;
	} tries[] = {
		{ "ab", 2, "ab", 2 },
		{ "a\xff", 2, "a\xff", 2 },
		{ "a\xff\xfb", 3, "a\xff\xfb", 3 },
		{ "a\xff\xfa", 3, "a\xff\xfa", 3 },
		{ "a\xff\xfa\x25", 4, "a\xff\xfa\x25", 4 },
		{ "a\xff\xfa\x25\x00\x07", 6, "a\xff\xfa\x25", 4 },
		{ "a\xff\xfa\x25\x00\xff", 6, "a\xff\xfa\x25\xff", 5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		begin(true);
		take(tries[i].wire, tries[i].len);
		out_len += telnet_auth_give_up(&auth, out + out_len);
		is(PLAIN);
		passed(tries[i].rest, tries[i].rest_len);
		/* And nothing is understood any more. */
		out_len = 0;
		TAKE(WILL_AUTH);
		PASSED(WILL_AUTH);
		is(PLAIN);
	}
}

/* No room, a subnegotiation without an end, and a peer that repeats itself. */
static void test_limits(void **state)
{
	uint8_t room[TELNET_AUTH_GROWTH], flood[3000];
	size_t len, i;

	(void)state;
	begin(true);
	len = 4;
	assert_int_equal(telnet_auth_receive(&auth, (const uint8_t *)"abcd", &len, room,
					     sizeof(room)), 1);
	assert_int_equal(len, 1);
	len = 3;
	assert_int_equal(telnet_auth_receive(&auth, (const uint8_t *)"abc", &len, room, 2), 0);
	assert_int_equal(len, 0);

	memset(flood, 7, sizeof(flood));
	TAKE(WILL_AUTH "\xff\xfa\x25\x00");
	take(flood, sizeof(flood));
	TAKE("\xff\xf0");
	is(PLAIN);
	SAYS(DO_AUTH SEND_SSL REJECT);
	assert_int_equal(out_len, 0);

	for (i = 0; i < 2; i++) {
		static const char all[] = WILL_AUTH WONT_AUTH DO_AUTH DONT_AUTH SEND_SSL IS_NULL
			IS_START ACCEPT REJECT "\xff\xfa\x25\x02\xff\xf0"
			"\xff\xfa\x25\x01\x07\x00\xff\xf0";
		size_t at, n, most = 0;

		begin(i);
		for (n = 0; n < 1000; n++)
			for (at = 0; at < sizeof(all); at++)
				take(all + (at * 7 + n) % sizeof(all),
				     out_len < 3000);
		telnet_auth_replies(&auth, &most);
		assert_in_range(most, 3, TELNET_AUTH_REPLIES_MAX);
	}
}

/* Nothing that is no option survives, however it is cut off. */
static void test_strip(void **state)
{
	static const struct {
		const char *wire;
		size_t len;
		const char *left;
		size_t left_len;
	} tries[] = {
		{ "", 0, "", 0 },
		{ "\xff\xff\xff\xfb\x01\xff", 6, "\xff\xfb\x01", 3 },
		{ "\xff\xfb", 2, "", 0 },
		{ "\xff\xf3\xff\xf4x\xff\xfd\x06", 8, "\xff\xfd\x06", 3 },
		{ "\xff\xfa\x1f\xff\xff\xff\xf0\xff\xfe\x01", 10, "\xff\xfe\x01", 3 },
		{ "\xff\xfa\x1f\xff\xfb\x01", 6, "", 0 },
		{ "\xff\xfa\x1f\xff", 4, "", 0 },
		{ "\xff\xfa", 2, "", 0 },
		{ "\xff\xfa\xff\xf0\xff\xfc\x03", 7, "\xff\xfc\x03", 3 },
	};
	uint8_t bytes[16];
	size_t i, n;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		memcpy(bytes, tries[i].wire, tries[i].len);
		n = telnet_auth_strip(bytes, tries[i].len);
		assert_int_equal(n, tries[i].left_len);
		assert_memory_equal(bytes, tries[i].left, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_client_speaks_first),
		cmocka_unit_test(test_server_plain),
		cmocka_unit_test(test_server_refuses),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_client_plain),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_give_up),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_strip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
