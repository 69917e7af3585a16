// SPDX-License-Identifier: GPL-2.0-or-later
/* The codec of RFC 2217: what pyserial and C-Kermit send, and what nobody should. */
#include <stdlib.h>
#include <string.h>

#include "com_port.h"
#include "unit.h"

#define BYTES(...) \
	((struct bytes){ (const uint8_t[]){ __VA_ARGS__ }, \
			 sizeof((const uint8_t[]){ __VA_ARGS__ }) })

#define IAC	0xff
#define SE	0xf0
#define SB	0xfa

/** struct bytes - some of them */
struct bytes {
	const uint8_t *v;
	size_t len;
};

static const struct bytes nothing;

static const struct com_port_guest guest = {
	.settings = { .speed = 115200, .size = 8, .parity = 1, .stop = 1 },
	.dtr = true,
	.rts = true,
};

static struct com_port port;

static int begin(void **state)
{
	(void)state;
	com_port_start(&port, &guest);
	return 0;
}

/* A command brings an answer, or none, and is an event. */
static enum com_port_event asks(struct bytes command, struct bytes answer)
{
	uint8_t got[COM_PORT_MESSAGE_MAX];
	size_t got_len;
	enum com_port_event event = com_port_receive(&port, command.v, command.len, got,
						      &got_len);

	assert_int_equal(got_len, answer.len);
	if (answer.len)
		assert_memory_equal(got, answer.v, answer.len);
	return event;
}

/* A command of one byte whose answer is @answer. */
static enum com_port_event byte(uint8_t command, uint8_t value, uint8_t answer)
{
	return asks(BYTES(command, value),
		    BYTES(IAC, SB, 44, (uint8_t)(100 + command), answer, IAC, SE));
}

static void told(struct bytes message)
{
	uint8_t got[COM_PORT_MESSAGE_MAX];

	assert_int_equal(com_port_notice(&port, got), message.len);
	if (message.len)
		assert_memory_equal(got, message.v, message.len);
}

static void told_nothing(void)
{
	told(nothing);
}

/* What pyserial sends when it opens a port. */
static void test_pyserial(void **state)
{
	(void)state;
	told(BYTES(IAC, SB, 44, 107, 0xb0, IAC, SE));
	told_nothing();
	assert_int_equal(asks(BYTES(1, 0, 0, 0x25, 0x80),
			      BYTES(IAC, SB, 44, 101, 0, 0, 0x25, 0x80, IAC, SE)),
			 COM_PORT_NOTHING);
	assert_int_equal(byte(2, 7, 7), COM_PORT_NOTHING);
	assert_int_equal(byte(3, 3, 3), COM_PORT_NOTHING);
	assert_int_equal(byte(4, 2, 2), COM_PORT_NOTHING);
	assert_int_equal(byte(5, 1, 1), COM_PORT_NOTHING);
	assert_int_equal(byte(12, 3, 3), COM_PORT_NOTHING);
	assert_int_equal(port.settings.speed, 9600);
	told_nothing();
}

static void test_questions(void **state)
{
	(void)state;
	asks(BYTES(1, 0, 0, 0, 0), BYTES(IAC, SB, 44, 101, 0, 1, 0xc2, 0, IAC, SE));
	byte(2, 0, 8);
	byte(3, 0, 1);
	byte(4, 0, 1);
	byte(5, 0, 1);
	byte(5, 4, 6);
	byte(5, 7, 8);
	byte(5, 10, 11);
	byte(5, 13, 14);
	asks(BYTES(0), BYTES(IAC, SB, 44, 100, 'v', 's', 'e', 'r', 'i', 'a', 'l', IAC, SE));
	/* Its own signature wants no answer. */
	asks(BYTES(0, 'K', '9', '5'), nothing);
}

/* What is no value is answered with the one in force. */
static void test_refused(void **state)
{
	(void)state;
	byte(2, 9, 8);
	byte(2, 4, 8);
	byte(3, 6, 1);
	byte(4, 4, 1);
	assert_int_equal(byte(5, 20, 20), COM_PORT_NOTHING);
	byte(5, 0, 1);
}

static void test_flow(void **state)
{
	(void)state;
	byte(5, 3, 3);
	byte(5, 0, 3);
	byte(5, 17, 17);
	byte(5, 0, 17);
	byte(5, 15, 15);
	byte(5, 13, 15);
	byte(5, 18, 18);
	byte(5, 13, 18);
	assert_int_equal(asks(BYTES(8), nothing), COM_PORT_FLOW);
	assert_true(port.suspended);
	assert_int_equal(asks(BYTES(8), nothing), COM_PORT_NOTHING);
	assert_int_equal(asks(BYTES(9), nothing), COM_PORT_FLOW);
	assert_false(port.suspended);
}

static void test_lines(void **state)
{
	(void)state;
	assert_true(port.dtr && port.rts);
	assert_int_equal(byte(5, 8, 8), COM_PORT_NOTHING);
	assert_int_equal(byte(5, 9, 9), COM_PORT_LINES);
	assert_false(port.dtr);
	byte(5, 7, 9);
	assert_int_equal(byte(5, 12, 12), COM_PORT_LINES);
	assert_false(port.rts);
	byte(5, 10, 12);
	assert_int_equal(byte(5, 8, 8), COM_PORT_LINES);
	assert_true(port.dtr);
}

static void test_break(void **state)
{
	(void)state;
	assert_int_equal(byte(5, 5, 5), COM_PORT_BREAK);
	assert_int_equal(byte(5, 5, 5), COM_PORT_NOTHING);
	byte(5, 4, 5);
	assert_int_equal(byte(5, 6, 6), COM_PORT_NOTHING);
	assert_int_equal(byte(5, 5, 5), COM_PORT_BREAK);
}

/* Bytes that are 0xff are doubled, as all in a subnegotiation. */
static void test_doubled(void **state)
{
	(void)state;
	asks(BYTES(1, 0xff, 0, 0xff, 0xff),
	     BYTES(IAC, SB, 44, 101, IAC, IAC, 0, IAC, IAC, IAC, IAC, IAC, SE));
	asks(BYTES(11, 0xff), BYTES(IAC, SB, 44, 111, IAC, IAC, IAC, SE));
}

static void test_guest_changes(void **state)
{
	struct com_port_guest now = guest, padded;

	(void)state;
	told(BYTES(IAC, SB, 44, 107, 0xb0, IAC, SE));
	now.settings = (struct com_port_settings){ 9600, .size = 7, .parity = 3, .stop = 2 };
	com_port_guest(&port, &now);
	told(BYTES(IAC, SB, 44, 101, 0, 0, 0x25, 0x80, IAC, SE));
	told(BYTES(IAC, SB, 44, 102, 7, IAC, SE));
	told(BYTES(IAC, SB, 44, 103, 3, IAC, SE));
	told(BYTES(IAC, SB, 44, 104, 2, IAC, SE));
	told_nothing();
	com_port_guest(&port, &now);
	told_nothing();
	/* The client's stay until the guest changes something. */
	byte(2, 8, 8);
	com_port_guest(&port, &now);
	byte(2, 0, 8);
	/* What lies between the members is none. */
	memset(&padded, 0xa5, sizeof(padded));
	padded.settings.speed = now.settings.speed;
	padded.settings.size = now.settings.size;
	padded.settings.parity = now.settings.parity;
	padded.settings.stop = now.settings.stop;
	padded.dtr = padded.rts = true;
	com_port_guest(&port, &padded);
	byte(2, 0, 8);
	now.settings.speed = 19200;
	com_port_guest(&port, &now);
	told(BYTES(IAC, SB, 44, 101, 0, 0, 0x4b, 0, IAC, SE));
	told_nothing();
	byte(2, 0, 7);
}

static void test_modem_state(void **state)
{
	struct com_port_guest now = guest;

	(void)state;
	told(BYTES(IAC, SB, 44, 107, 0xb0, IAC, SE));
	now.dtr = false;
	com_port_guest(&port, &now);
	told(BYTES(IAC, SB, 44, 107, 0x1a, IAC, SE));
	now.rts = false;
	com_port_guest(&port, &now);
	told(BYTES(IAC, SB, 44, 107, 0x01, IAC, SE));
	/* Of CTS alone it wants to be told. */
	byte(11, 0x10, 0x10);
	told(BYTES(IAC, SB, 44, 107, 0, IAC, SE));
	now.dtr = true;
	com_port_guest(&port, &now);
	told_nothing();
	now.rts = true;
	com_port_guest(&port, &now);
	told(BYTES(IAC, SB, 44, 107, 0xbb, IAC, SE));
	byte(11, 0, 0);
	com_port_guest(&port, &guest);
	now.rts = false;
	com_port_guest(&port, &now);
	told_nothing();
}

static void test_guest_breaks(void **state)
{
	(void)state;
	told(BYTES(IAC, SB, 44, 107, 0xb0, IAC, SE));
	com_port_break(&port);
	told_nothing();
	byte(10, 0x10, 0x10);
	com_port_break(&port);
	told(BYTES(IAC, SB, 44, 106, 0x10, IAC, SE));
	told_nothing();
}

/* Whatever comes, an answer keeps to its room, and begins and ends as it should. */
static void test_noise(void **state)
{
	uint8_t command[8], answer[COM_PORT_MESSAGE_MAX];
	size_t i, len, n;

	(void)state;
	srandom(44);
	for (i = 0; i < 200000; i++) {
		len = (size_t)random() % (sizeof(command) + 1);
		for (n = 0; n < len; n++)
			command[n] = (uint8_t)(random() % (n ? 256 : 16));
		com_port_receive(&port, command, len, answer, &n);
		assert_true(n <= sizeof(answer));
		if (n) {
			assert_memory_equal(answer, "\xff\xfa\x2c", 3);
			assert_memory_equal(answer + n - 2, "\xff\xf0", 2);
		}
		assert_in_range(port.settings.size, 5, 8);
		assert_true(port.settings.speed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pyserial, begin),
		cmocka_unit_test_setup(test_questions, begin),
		cmocka_unit_test_setup(test_refused, begin),
		cmocka_unit_test_setup(test_flow, begin),
		cmocka_unit_test_setup(test_lines, begin),
		cmocka_unit_test_setup(test_break, begin),
		cmocka_unit_test_setup(test_doubled, begin),
		cmocka_unit_test_setup(test_guest_changes, begin),
		cmocka_unit_test_setup(test_modem_state, begin),
		cmocka_unit_test_setup(test_guest_breaks, begin),
		cmocka_unit_test_setup(test_noise, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
