// SPDX-License-Identifier: GPL-2.0-or-later
/* A serial port of the peer, driven through telnet; and with a port as the peer. */
#include <string.h>

#include "com_client.h"
#include "unit.h"

static const struct com_port_guest guest = { { 9600, 7, 3, 2 }, .dtr = true, .rts = false };

static struct com_client client;
static uint8_t wire[512];
static size_t len;

/* All that the peer has to be told. */
static void commands(void)
{
	size_t n;

	for (len = 0; (n = com_client_command(&client, wire + len)); len += n)
		assert_true(len + COM_PORT_MESSAGE_MAX < sizeof(wire));
}

static void says(const char *bytes, size_t n)
{
	commands();
	assert_int_equal(len, n);
	assert_memory_equal(wire, bytes, n);
}

#define SAYS(text) says(text, sizeof(text) - 1)
#define COM(text) "\xff\xfa\x2c" text "\xff\xf0"

static void test_commands(void **state)
{
	struct com_port_guest now = guest;

	(void)state;
	com_client_start(&client, &guest);
	SAYS(COM("\x01\x00\x00\x25\x80") COM("\x02\x07") COM("\x03\x03") COM("\x04\x02")
	     COM("\x05\x08") COM("\x05\x0c") COM("\x0a\x10") COM("\x0b\xff\xff"));
	SAYS("");
	com_client_guest(&client, &guest);
	SAYS("");
	/* Only what has changed, and what has changed twice once. */
	now.dtr = false;
	com_client_guest(&client, &now);
	now.rts = true;
	now.settings.speed = 0xffff;
	com_client_guest(&client, &now);
	SAYS(COM("\x01\x00\x00\xff\xff\xff\xff") COM("\x05\x09") COM("\x05\x0b"));
	assert_int_equal(com_client_break(wire), 14);
	assert_memory_equal(wire, COM("\x05\x05") COM("\x05\x06"), 14);
}

static void test_told(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum com_port_event event;
		bool there;
		bool ready;
		bool suspended;
	} tries[] = {
#define TRY(text, ...) { text, sizeof(text) - 1, __VA_ARGS__ }
		/* The first one tells, also that nothing is there. */
		TRY("\x6b\x00", COM_PORT_LINES, false, false, false),
		TRY("\x6b\x00", COM_PORT_NOTHING, false, false, false),
		TRY("\x6b\xa2", COM_PORT_LINES, true, false, false),
		TRY("\x6b\x20", COM_PORT_NOTHING, true, false, false),
		TRY("\x6b\x30", COM_PORT_LINES, true, true, false),
		TRY("\x6b\x40", COM_PORT_LINES, false, false, false),
		TRY("\x6c", COM_PORT_FLOW, false, false, true),
		TRY("\x6c", COM_PORT_NOTHING, false, false, true),
		TRY("\x6d", COM_PORT_FLOW, false, false, false),
		TRY("\x6a\x10", COM_PORT_BREAK, false, false, false),
		TRY("\x6a\x60", COM_PORT_NOTHING, false, false, false),
		/* Answers, commands, and what is too short. */
		TRY("\x65\x00\x00\x25\x80", COM_PORT_NOTHING, false, false, false),
		TRY("\x07\xff", COM_PORT_NOTHING, false, false, false),
		TRY("\x6b", COM_PORT_NOTHING, false, false, false),
		TRY("\x6b\xff\xff", COM_PORT_NOTHING, false, false, false),
		TRY("", COM_PORT_NOTHING, false, false, false),
	};
	size_t i;

	(void)state;
	com_client_start(&client, &guest);
	assert_false(client.told);
	for (i = 0; i < LENGTH(tries); i++) {
		assert_int_equal(com_client_receive(&client, (const uint8_t *)tries[i].bytes,
						    tries[i].len), tries[i].event);
		assert_true(client.told);
		assert_int_equal(client.there, tries[i].there);
		assert_int_equal(client.ready, tries[i].ready);
		assert_int_equal(client.suspended, tries[i].suspended);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
