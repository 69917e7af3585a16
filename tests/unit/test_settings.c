// SPDX-License-Identifier: GPL-2.0-or-later
/* What another host says of a guest's ports, and what is believed of it. */
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "settings.h"
#include "unit.h"

static const struct guest web01 = { .name = "web01" };

static struct port a_port(const char *guest, uint32_t index, const char *backing)
{
	return (struct port){
		.guest = guest, .index = index, .backing = backing, .proxy = "", .log = "",
		.connect_at_power_on = true, .stall_limit = 1000, .history = 65536,
		.max_clients = 8,
	};
}

static void read_refused(const char *text, const char *word)
{
	struct settings settings;
	char why[1024] = "";

	assert_int_equal(settings_read(text, &settings, why, sizeof(why)), -1);
	if (!strstr(why, word))
		fail_msg("'%s' does not say '%s'", why, word);
	settings_free(&settings);
}

static void test_come_back(void **nothing)
{
	struct port ports[] = {
		a_port("web01", 0, "telnet://:4000#allow=10.0.0.0/8"),
		a_port("web01", 7, "console one"),
	};
	struct settings settings;
	char why[1024], *text;

	(void)nothing;
	ports[1].proxy = "telnet://vspc:13370";
	text = settings_write(&web01, ports, 2);
	if (settings_read(text, &settings, why, sizeof(why)))
		fail_msg("%s", why);
	assert_string_equal(settings.guest.name, "web01");
	assert_int_equal(settings.n, 2);
	assert_int_equal(settings.ports[1].index, 7);
	assert_string_equal(settings.ports[1].backing, "console one");
	assert_int_equal(settings_agree(&settings.ports[0], &ports[0], why, sizeof(why)), 0);
	assert_int_equal(settings_agree(&settings.ports[1], &ports[1], why, sizeof(why)), 0);
	settings_free(&settings);
	free(text);
}

static void test_nothing_else_is_read(void **nothing)
{
	(void)nothing;
	read_refused("", "name no guest");
	read_refused("\n\n", "name no guest");
	read_refused("port add web01/0\n", "'port add' where 'guest add' is due");
	read_refused("guest del web01\n", "'guest del' where 'guest add' is due");
	read_refused("guest\n", "'guest ' where 'guest add' is due");
	read_refused("guest add web01 ports 4\n", "4 ports without settings");
	read_refused("guest add web01 colour red\n", "no attribute 'colour'");
	read_refused("guest add web01\nguest add web02\n", "'guest add' where 'port add' is due");
	read_refused("guest add web01\nrestore /etc/passwd\n", "where 'port add' is due");
	read_refused("guest add web01\nport add web02/0\n", "port 'web02/0' at guest 'web01'");
	read_refused("guest add web01\nport add web01/0\nport add web01/0\n", "'web01/0' twice");
	read_refused("guest add 'web01\n", "cannot be read");
}

static void test_differences(void **nothing)
{
	struct port there = a_port("web01", 0, "tcp://:4000"), here = there;
	char why[1024];

	(void)nothing;
	here.rate = 100;
	assert_int_equal(settings_agree(&there, &here, why, sizeof(why)), -1);
	assert_string_equal(why, "port 'web01/0' has rate '100' here and '0' on the host it comes from: 'vserialctl port set' makes them the same");
	here = there;
	here.backing = "tcp://:4001";
	assert_int_equal(settings_agree(&there, &here, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "backing 'tcp://:4001' here"));

	/* Each host's own. */
	here = there;
	here.log = "file:/var/log/web01";
	assert_int_equal(settings_agree(&there, &here, why, sizeof(why)), 0);
	there.backing = "file:/a";
	here.backing = "file:/b";
	assert_int_equal(settings_agree(&there, &here, why, sizeof(why)), 0);
	here.backing = "null";
	assert_int_equal(settings_agree(&there, &here, why, sizeof(why)), -1);
}

static void test_what_a_stranger_may_make(void **nothing)
{
	static const struct {
		const char *backing, *proxy, *log;
		int rc;
	} cases[] = {
		{ "null", "", "", 0 },
		{ "tcp://:4000", "", "", 0 },
		{ "pipe:cable", "", "", 0 },
		{ "pipe:console#far=application", "", "", 0 },
		{ "/etc/passwd", "telnet://vspc", "", 0 }, /* a word for a concentrator */
		{ "file:/etc/passwd", "", "", -1 },
		{ "uart:/dev/ttyS1", "", "", -1 },
		{ "pipe:/tmp/x#far=application", "", "", -1 },
		/* The kernel passes over blanks. */
		{ " file:/etc/passwd", "", "", -1 },
		{ "  uart:/dev/ttyS1", "", "", -1 },
		{ " pipe:/tmp/x#far=application", "", "", -1 },
		{ "null", "", "file:/var/log/x", -1 },
	};
	struct port port;
	char why[1024];
	size_t i;

	(void)nothing;
	for (i = 0; i < LENGTH(cases); i++) {
		port = a_port("web01", 0, cases[i].backing);
		port.proxy = cases[i].proxy;
		port.log = cases[i].log;
		if (settings_may_create(&port, why, sizeof(why)) != cases[i].rc)
			fail_msg("%s: %s", cases[i].backing, why);
	}
}

static void test_what_may_leave(void **nothing)
{
	struct port ports[] = {
		a_port("web01", 0, "tcp://:4000"),
		a_port("web01", 1, "pipe:cable #near=server"),
		a_port("db01", 0, "pipe:cable2"),
		a_port("web01", 2, "pipe:cable"),
		a_port("db01", 1, "uart:/dev/ttyS1"),
		a_port("db01", 2, "pipe:cable#far=application"),
	};
	char why[1024] = "";

	(void)nothing;
	/* Both ends of the null modem move, and what others have is theirs. */
	if (settings_may_leave("web01", ports, LENGTH(ports), why, sizeof(why)))
		fail_msg("%s", why);
	assert_int_equal(settings_may_leave("db01", ports, LENGTH(ports), why, sizeof(why)), -1);
	assert_string_equal(why, "port 'db01/1' has backing 'uart:/dev/ttyS1', a UART of this host, which cannot move: give it another backing before its guest moves");
	ports[4].backing = " uart:/dev/ttyS1";
	assert_int_equal(settings_may_leave("db01", ports, LENGTH(ports), why, sizeof(why)), -1);
	ports[2].backing = " pipe:cable #near=client";
	assert_int_equal(settings_may_leave("web01", ports, LENGTH(ports), why, sizeof(why)), -1);
	ports[2].backing = "pipe:cable#near=client";
	assert_int_equal(settings_may_leave("web01", ports, LENGTH(ports), why, sizeof(why)), -1);
	assert_string_equal(why, "port 'web01/1' has a null modem, 'pipe:cable #near=server', to port 'db01/0', which stays here: give it another backing before its guest moves");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_come_back),
		cmocka_unit_test(test_nothing_else_is_read),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_what_a_stranger_may_make),
		cmocka_unit_test(test_what_may_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
