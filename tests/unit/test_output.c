// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What vserialctl prints, from messages as the module sends them: JSON by
 * the contract's names and types, text that people find their way in.
 */
#include <asm/termios.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "nl.h"
#include "output.h"
#include "table.h"
#include "unit.h"

static void put_u64(struct vnl_msg *msg, uint16_t id, uint64_t n)
{
	vnl_put_bin(msg, id, &n, sizeof(n));
}

/* A message about web01/3, as the module sends it. */
static void port_message(struct vnl_replies *replies, uint8_t cmd,
			 const char *backing, const char *reason)
{
	struct vnl_msg *msg = vnl_msg_new(cmd, false);

	vnl_put_str(msg, VSERIAL_A_PORT_GUEST, "web01");
	vnl_put_u32(msg, VSERIAL_A_PORT_INDEX, 3);
	vnl_put_str(msg, VSERIAL_A_PORT_BACKING, backing);
	vnl_put_u8(msg, VSERIAL_A_PORT_CONNECT_AT_POWER_ON, 1);
	vnl_put_u32(msg, VSERIAL_A_PORT_OVERFLOW, VSERIAL_OVERFLOW_DROP_OLD);
	vnl_put_u32(msg, VSERIAL_A_PORT_STALL_LIMIT, 1000);
	vnl_put_u32(msg, VSERIAL_A_PORT_HISTORY, 65536);
	vnl_put_u32(msg, VSERIAL_A_PORT_CARRIER, VSERIAL_CARRIER_PEER);
	vnl_put_u32(msg, VSERIAL_A_PORT_ENDPOINT, VSERIAL_ENDPOINT_CLIENT);
	vnl_put_u32(msg, VSERIAL_A_PORT_MAX_CLIENTS, 12);
	vnl_put_u32(msg, VSERIAL_A_PORT_IDLE_TIMEOUT, 600);
	vnl_put_u32(msg, VSERIAL_A_PORT_MINOR, 17);
	vnl_put_u8(msg, VSERIAL_A_PORT_CONNECTED, 1);
	vnl_put_u8(msg, VSERIAL_A_PORT_POWER, 1);
	vnl_put_u32(msg, VSERIAL_A_PORT_STATE, VSERIAL_STATE_RECOVERABLE_ERROR);
	if (*reason)
		vnl_put_str(msg, VSERIAL_A_PORT_REASON, reason);
	put_u64(msg, VSERIAL_A_PORT_TX_BYTES, 5000000000ull);
	put_u64(msg, VSERIAL_A_PORT_RX_BYTES, 12);
	put_u64(msg, VSERIAL_A_PORT_DROPPED_BYTES, 13);
	vnl_put_u32(msg, VSERIAL_A_PORT_TX_UNREAD, 14);
	vnl_put_u32(msg, VSERIAL_A_PORT_RX_UNREAD, 15);
	vnl_put_u32(msg, VSERIAL_A_PORT_LINES, TIOCM_DTR | TIOCM_CD);
	vnl_put_u32(msg, VSERIAL_A_PORT_BREAK, 1);
	vnl_put_u32(msg, VSERIAL_A_PORT_FRAME, 2);
	vnl_put_u32(msg, VSERIAL_A_PORT_PARITY, 3);
	vnl_put_u32(msg, VSERIAL_A_PORT_OVERRUN, 4);
	vnl_put_u8(msg, VSERIAL_A_PORT_YIELD_ON_POLL, 1);
	put_u64(msg, VSERIAL_A_PORT_POLLS, 7000000000ull);
	vnl_put_str(msg, VSERIAL_A_PORT_LOG, "file:/l");
	vnl_put_str(msg, VSERIAL_A_PORT_LOG_REASON, "disk gone");
	put_u64(msg, VSERIAL_A_PORT_LOG_DROPPED, 6000000000ull);
	vnl_put_u32(msg, VSERIAL_A_PORT_RATE, 11264);
	vnl_put_u32(msg, VSERIAL_A_PORT_DIRECTION, VSERIAL_DIRECTION_IN);
	/* A later module's attribute, which this program does not know. */
	vnl_put_u32(msg, VSERIAL_A_PORT_MAX + 7, 1);
	vnl_msg_read(msg, replies);
	vnl_msg_free(msg);
}

static void guest_message(struct vnl_replies *replies, uint8_t cmd, int uid)
{
	struct vnl_msg *msg = vnl_msg_new(cmd, false);

	vnl_put_str(msg, VSERIAL_A_GUEST_NAME, "web01");
	vnl_put_bin(msg, VSERIAL_A_GUEST_UUID, "\x6b\xa7\xb8\x10\x9d\xad\x11\xd1"
		    "\x80\xb4\x00\xc0\x4f\xd4\x30\xc8", VSERIAL_UUID_SIZE);
	if (uid >= 0) {
		vnl_put_u32(msg, VSERIAL_A_GUEST_UID, (uint32_t)uid);
		vnl_put_u32(msg, VSERIAL_A_GUEST_GID, 0);
	}
	vnl_put_u32(msg, VSERIAL_A_GUEST_NR_PORTS, 4);
	vnl_put_u8(msg, VSERIAL_A_GUEST_POWER, 1);
	vnl_msg_read(msg, replies);
	vnl_msg_free(msg);
}

/* What is printed between capture() and captured(). */
static FILE *terminal;
static char *printed;
static size_t printed_size;

static void capture(void)
{
	terminal = stdout;
	stdout = open_memstream(&printed, &printed_size);
}

static const char *captured(void)
{
	fclose(stdout);
	stdout = terminal;
	return printed;
}

/* The JSON that was printed, one value on one line. */
static json_t *captured_json(void)
{
	const char *text = captured();
	json_t *json;

	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	free(printed);
	return json;
}

static void string_is(json_t *json, const char *name, const char *expected)
{
	json_t *value = json_object_get(json, name);

	if (!expected)
		assert_true(json_is_null(value));
	else
		assert_string_equal(json_string_value(value), expected);
}

static void number_is(json_t *json, const char *name, long long expected)
{
	json_t *value = json_object_get(json, name);

	assert_true(json_is_integer(value));
	assert_int_equal(json_integer_value(value), expected);
}

static void switch_is(json_t *json, const char *name, bool expected)
{
	assert_true(expected ? json_is_true(json_object_get(json, name)) :
			       json_is_false(json_object_get(json, name)));
}

static void port_is_right(json_t *json)
{
	json_t *lines = json_object_get(json, "lines");

	string_is(json, "port", "web01/3");
	string_is(json, "guest", "web01");
	number_is(json, "index", 3);
	string_is(json, "device", "/dev/vserial/web01/3");
	string_is(json, "tty", "ttyVS17");
	string_is(json, "backing", "file:/x");
	switch_is(json, "connect-at-power-on", true);
	string_is(json, "overflow", "drop-old");
	number_is(json, "stall-limit", 1000);
	number_is(json, "history", 65536);
	string_is(json, "carrier", "peer");
	string_is(json, "endpoint", "client");
	number_is(json, "max-clients", 12);
	number_is(json, "idle-timeout", 600);
	switch_is(json, "connected", true);
	switch_is(json, "power", true);
	string_is(json, "state", "recoverable-error");
	string_is(json, "reason", "no space");
	string_is(json, "peer", NULL);
	string_is(json, "log", "file:/l");
	string_is(json, "log_reason", "disk gone");
	number_is(json, "log_dropped", 6000000000ll);
	number_is(json, "rate", 11264);
	string_is(json, "direction", "in");
	switch_is(json, "yield-on-poll", true);
	number_is(json, "polls", 7000000000ll);
	number_is(json, "tx_bytes", 5000000000ll);
	number_is(json, "rx_bytes", 12);
	number_is(json, "dropped_bytes", 13);
	number_is(json, "tx_unread", 14);
	number_is(json, "rx_unread", 15);
	number_is(json, "break", 1);
	number_is(json, "frame", 2);
	number_is(json, "parity", 3);
	number_is(json, "overrun", 4);
	assert_int_equal(json_array_size(lines), 2);
	assert_string_equal(json_string_value(json_array_get(lines, 0)), "DTR");
	assert_string_equal(json_string_value(json_array_get(lines, 1)), "CD");
}

static void test_json_port(void **state)
{
	struct vnl_replies replies;
	json_t *json;

	(void)state;
	port_message(&replies, VSERIAL_CMD_PORT_GET, "file:/x", "no space");
	capture();
	json_ports(&replies, false);
	json = captured_json();
	port_is_right(json);
	json_decref(json);

	capture();
	json_ports(&replies, true);
	json = captured_json();
	assert_int_equal(json_array_size(json), 1);
	port_is_right(json_array_get(json, 0));
	json_decref(json);
	vnl_replies_free(&replies);

	/* No ports are an empty array. */
	capture();
	json_ports(&replies, true);
	json = captured_json();
	assert_true(json_is_array(json));
	assert_int_equal(json_array_size(json), 0);
	json_decref(json);
}

static void test_json_guest(void **state)
{
	struct vnl_replies replies;
	json_t *json, *owner;

	(void)state;
	guest_message(&replies, VSERIAL_CMD_GUEST_GET, 0);
	capture();
	json_guests(&replies, false);
	json = captured_json();
	vnl_replies_free(&replies);
	string_is(json, "name", "web01");
	string_is(json, "uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
	string_is(json, "vc-uuid", NULL);
	string_is(json, "location-uuid", NULL);
	number_is(json, "ports", 4);
	switch_is(json, "power", true);
	owner = json_object_get(json, "owner");
	number_is(owner, "uid", 0);
	number_is(owner, "gid", 0);
	string_is(owner, "user", "root");
	string_is(owner, "group", "root");
	json_decref(json);

	guest_message(&replies, VSERIAL_CMD_GUEST_GET, -1);
	capture();
	json_guests(&replies, false);
	json = captured_json();
	vnl_replies_free(&replies);
	string_is(json, "owner", NULL);
	json_decref(json);
}

static void test_json_events(void **state)
{
	struct vnl_replies replies;
	json_t *json;

	(void)state;
	port_message(&replies, VSERIAL_CMD_PORT_NTF, "file:/x", "no space");
	capture();
	json_event(replies.v[0]);
	json = captured_json();
	vnl_replies_free(&replies);
	string_is(json, "event", "port");
	port_is_right(json);
	json_decref(json);

	port_message(&replies, VSERIAL_CMD_PORT_DEL_NTF, "", "");
	capture();
	json_event(replies.v[0]);
	json = captured_json();
	vnl_replies_free(&replies);
	string_is(json, "event", "port-del");
	string_is(json, "port", "web01/3");
	string_is(json, "guest", "web01");
	number_is(json, "index", 3);
	json_decref(json);

	guest_message(&replies, VSERIAL_CMD_GUEST_DEL_NTF, -1);
	capture();
	json_event(replies.v[0]);
	json = captured_json();
	vnl_replies_free(&replies);
	string_is(json, "event", "guest-del");
	string_is(json, "name", "web01");
	json_decref(json);
}

/* Bytes that are no UTF-8 and control characters do not break the JSON. */
static void test_json_odd_bytes(void **state)
{
	struct vnl_replies replies;
	json_t *json;

	(void)state;
	port_message(&replies, VSERIAL_CMD_PORT_GET, "file:/a\xff\n\"\\b", "");
	capture();
	json_ports(&replies, false);
	json = captured_json();
	vnl_replies_free(&replies);
	string_is(json, "backing", "file:/a\\xff\n\"\\b");
	string_is(json, "reason", NULL);
	json_decref(json);
}

static void holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void test_text_port(void **state)
{
	struct vnl_replies replies;

	(void)state;
	port_message(&replies, VSERIAL_CMD_PORT_GET, "file:/a\033[2J", "no\nspace");
	capture();
	text_ports(&replies, true);
	captured();
	holds(printed, "web01/3\n");
	holds(printed, "ttyVS17 (/dev/vserial/web01/3)\n");
	holds(printed, "state                recoverable-error\n");
	holds(printed, "reason               no\\x0aspace\n");
	holds(printed, "backing              file:/a\\x1b[2J\n");
	holds(printed, "tx                   5000000000 bytes, 14 unread\n");
	holds(printed, "history              64K\n");
	holds(printed, "endpoint             client\n"
		       "    max-clients          12\n"
		       "    idle-timeout         600 s\n");
	holds(printed, "rate                 11K bytes/s\n"
		       "    direction            in\n"
		       "    yield-on-poll        on\n");
	holds(printed, "polls                7000000000\n");
	holds(printed, "log                  file:/l\n"
		       "    log-reason           disk gone\n"
		       "    log-dropped          6000000000 bytes\n");
	holds(printed, "lines                DTR CD\n");
	free(printed);

	capture();
	text_ports(&replies, false);
	captured();
	holds(printed, "PORT     DEVICE   POWER  STATE              TX          RX  DROPPED  BACKING\n");
	holds(printed, "web01/3  ttyVS17  on     recoverable-error  5000000000  12  13       file:/a\\x1b[2J\n"
		       "    no\\x0aspace\n");
	free(printed);
	vnl_replies_free(&replies);

	/* Nothing there, nothing printed. */
	capture();
	text_ports(&replies, false);
	assert_string_equal(captured(), "");
	free(printed);
}

static void test_text_guest(void **state)
{
	struct vnl_replies replies;

	(void)state;
	guest_message(&replies, VSERIAL_CMD_GUEST_GET, 0);
	capture();
	text_guests(&replies, false);
	captured();
	holds(printed, "GUEST  POWER  PORTS  OWNER      UUID\n");
	holds(printed, "web01  on     4      root:root  6ba7b810-9dad-11d1-80b4-00c04fd430c8\n");
	free(printed);
	vnl_replies_free(&replies);
}

static void test_text_events(void **state)
{
	struct vnl_replies replies;

	(void)state;
	port_message(&replies, VSERIAL_CMD_PORT_NTF, "null", "a\nb");
	capture();
	text_event(replies.v[0]);
	captured();
	assert_string_equal(printed, "port web01/3 ttyVS17 power on connected on state "
				     "recoverable-error backing null reason a\\x0ab\n");
	free(printed);
	vnl_replies_free(&replies);

	guest_message(&replies, VSERIAL_CMD_GUEST_DEL_NTF, -1);
	capture();
	text_event(replies.v[0]);
	captured();
	assert_string_equal(printed, "deleted guest web01\n");
	free(printed);
	vnl_replies_free(&replies);
}

/* One with a @peer has a backing as well. */
static void session_message(struct vnl_replies *replies, uint8_t cmd, const char *peer,
			    const char *reason)
{
	struct vnl_msg *msg = vnl_msg_new(cmd, false);

	vnl_put_u32(msg, VSERIAL_A_SESSION_ID, 7);
	vnl_put_str(msg, VSERIAL_A_SESSION_GUEST, "web01");
	vnl_put_u32(msg, VSERIAL_A_SESSION_INDEX, 3);
	vnl_put_u8(msg, VSERIAL_A_SESSION_WRITER, 0);
	vnl_put_flag(msg, VSERIAL_A_SESSION_READ_ONLY);
	if (*peer)
		vnl_put_str(msg, VSERIAL_A_SESSION_PEER, peer);
	if (*peer)
		vnl_put_u32(msg, VSERIAL_A_SESSION_BACKING, 12);
	vnl_put_u32(msg, VSERIAL_A_SESSION_UID, 0);
	vnl_put_u32(msg, VSERIAL_A_SESSION_PID, 123);
	vnl_put_u64(msg, VSERIAL_A_SESSION_SINCE, 1000000000);
	vnl_put_u64(msg, VSERIAL_A_SESSION_OFFSET, 5000000000ull);
	if (*reason)
		vnl_put_str(msg, VSERIAL_A_SESSION_REASON, reason);
	vnl_msg_read(msg, replies);
	vnl_msg_free(msg);
}

static void test_json_session(void **state)
{
	struct vnl_replies replies;
	json_t *json, *list;

	(void)state;
	session_message(&replies, VSERIAL_CMD_SESSION_GET, "192.0.2.1:4000", "");
	capture();
	json_sessions(&replies, true);
	list = captured_json();
	vnl_replies_free(&replies);
	assert_int_equal(json_array_size(list), 1);
	json = json_array_get(list, 0);
	number_is(json, "id", 7);
	string_is(json, "port", "web01/3");
	string_is(json, "guest", "web01");
	number_is(json, "index", 3);
	switch_is(json, "writer", false);
	switch_is(json, "read-only", true);
	string_is(json, "peer", "192.0.2.1:4000");
	number_is(json, "backing", 12);
	number_is(json, "uid", 0);
	string_is(json, "user", "root");
	number_is(json, "pid", 123);
	number_is(json, "since", 1000000000);
	number_is(json, "offset", 5000000000ll);
	string_is(json, "reason", NULL);
	json_decref(list);

	session_message(&replies, VSERIAL_CMD_SESSION_NTF, "", "");
	capture();
	json_event(replies.v[0]);
	json = captured_json();
	vnl_replies_free(&replies);
	string_is(json, "event", "session");
	string_is(json, "backing", NULL);
	json_decref(json);

	session_message(&replies, VSERIAL_CMD_SESSION_DEL_NTF, "", "kicked");
	capture();
	json_event(replies.v[0]);
	json = captured_json();
	vnl_replies_free(&replies);
	string_is(json, "event", "session-del");
	number_is(json, "id", 7);
	string_is(json, "port", "web01/3");
	string_is(json, "reason", "kicked");
	json_decref(json);
}

static void test_text_session(void **state)
{
	struct vnl_replies replies;

	(void)state;
	setenv("TZ", "UTC", 1);
	session_message(&replies, VSERIAL_CMD_SESSION_GET, "a\033b", "");
	capture();
	text_sessions(&replies, false);
	captured();
	holds(printed, "ID  PORT     ROLE       USER  PID  SINCE                PEER\n");
	holds(printed, "7   web01/3  read-only  root  123  2001-09-09 01:46:40  a\\x1bb\n");
	free(printed);
	capture();
	text_sessions(&replies, true);
	captured();
	holds(printed, "session 7\n    port                 web01/3\n");
	holds(printed, "role                 read-only\n");
	holds(printed, "backing              12\n");
	free(printed);
	vnl_replies_free(&replies);

	session_message(&replies, VSERIAL_CMD_SESSION_NTF, "", "x");
	capture();
	text_event(replies.v[0]);
	captured();
	assert_string_equal(printed, "session 7 port web01/3 read-only user root pid 123 reason x\n");
	free(printed);
	vnl_replies_free(&replies);

	session_message(&replies, VSERIAL_CMD_SESSION_DEL_NTF, "", "kicked\n");
	capture();
	text_event(replies.v[0]);
	captured();
	assert_string_equal(printed, "deleted session 7 port web01/3 reason kicked\\x0a\n");
	free(printed);
	vnl_replies_free(&replies);
}

/* A rule with everything, or the answer to a test that no rule decides. */
static void rule_message(struct vnl_replies *replies, uint8_t cmd, bool whole)
{
	struct vnl_msg *msg = vnl_msg_new(cmd, false);

	vnl_put_str(msg, VSERIAL_A_SERVICE_GUEST, "web01");
	vnl_put_u32(msg, VSERIAL_A_SERVICE_ACTION, VSERIAL_ACTION_DENY);
	vnl_put_u32(msg, VSERIAL_A_SERVICE_SERVICE, VSERIAL_SERVICE_NET_SERVER);
	vnl_put_u32(msg, VSERIAL_A_SERVICE_DIRECTION, VSERIAL_TOWARDS_HOST);
	if (whole) {
		vnl_put_u32(msg, VSERIAL_A_SERVICE_RANK, 4000000000u);
		vnl_put_u32(msg, VSERIAL_A_SERVICE_PORT, 2300);
		vnl_put_u32(msg, VSERIAL_A_SERVICE_PORT_LAST, 2399);
		vnl_put_u32(msg, VSERIAL_A_SERVICE_UID, 0);
		vnl_put_str(msg, VSERIAL_A_SERVICE_EXE, "/bin/a\033b");
		put_u64(msg, VSERIAL_A_SERVICE_HITS, 5000000000ull);
	}
	vnl_msg_read(msg, replies);
	vnl_msg_free(msg);
}

static void test_json_rule(void **state)
{
	struct vnl_replies replies;
	json_t *json, *list;

	(void)state;
	rule_message(&replies, VSERIAL_CMD_SERVICE_GET, true);
	capture();
	json_rules(&replies);
	list = captured_json();
	vnl_replies_free(&replies);
	assert_int_equal(json_array_size(list), 1);
	json = json_array_get(list, 0);
	string_is(json, "guest", "web01");
	number_is(json, "rank", 4000000000ll);
	string_is(json, "action", "deny");
	string_is(json, "service", "net-server");
	string_is(json, "direction", "host");
	string_is(json, "port", "2300-2399");
	number_is(json, "uid", 0);
	string_is(json, "user", "root");
	number_is(json, "hits", 5000000000ll);
	json_decref(list);

	rule_message(&replies, VSERIAL_CMD_SERVICE_NTF, false);
	capture();
	json_event(replies.v[0]);
	json = captured_json();
	string_is(json, "event", "service");
	string_is(json, "rank", NULL);
	string_is(json, "port", NULL);
	string_is(json, "uid", NULL);
	string_is(json, "exe", NULL);
	json_decref(json);

	capture();
	json_test(&replies);
	list = captured_json();
	vnl_replies_free(&replies);
	json = json_array_get(list, 0);
	string_is(json, "rank", NULL);
	string_is(json, "action", "deny");
	string_is(json, "direction", "host");
	json_decref(list);

	rule_message(&replies, VSERIAL_CMD_SERVICE_DEL_NTF, true);
	capture();
	json_event(replies.v[0]);
	json = captured_json();
	vnl_replies_free(&replies);
	string_is(json, "event", "service-del");
	number_is(json, "rank", 4000000000ll);
	json_decref(json);
}

static void test_text_rule(void **state)
{
	struct vnl_replies replies;

	(void)state;
	rule_message(&replies, VSERIAL_CMD_SERVICE_GET, true);
	capture();
	text_rules(&replies);
	captured();
	assert_string_equal(printed,
			    "GUEST  RANK        ACTION  SERVICE     DIRECTION  PORT       USER  HITS        EXECUTABLE\n"
			    "web01  4000000000  deny    net-server  host       2300-2399  root  5000000000  /bin/a\\x1bb\n");
	free(printed);
	capture();
	text_test(&replies);
	captured();
	assert_string_equal(printed, "net-server towards the host: deny, by rule 4000000000\n");
	free(printed);
	vnl_replies_free(&replies);

	rule_message(&replies, VSERIAL_CMD_SERVICE_NTF, false);
	capture();
	text_test(&replies);
	text_event(replies.v[0]);
	captured();
	assert_string_equal(printed, "net-server towards the host: deny, by default: no rule matches\n"
			    "service web01 rank 0 deny net-server direction host\n");
	free(printed);
	vnl_replies_free(&replies);

	rule_message(&replies, VSERIAL_CMD_SERVICE_DEL_NTF, true);
	capture();
	text_event(replies.v[0]);
	captured();
	assert_string_equal(printed, "deleted service web01 rank 4000000000\n");
	free(printed);
	vnl_replies_free(&replies);
}

/* Attributes shorter than they should be read as absent, not beyond them. */
static void test_short_attributes(void **state)
{
	struct vnl_msg *msg = vnl_msg_new(VSERIAL_CMD_PORT_GET, false);
	struct vnl_replies replies;
	const struct vnl_reply *reply;

	(void)state;
	vnl_put_bin(msg, VSERIAL_A_PORT_GUEST, "web", 3);
	vnl_put_bin(msg, VSERIAL_A_PORT_INDEX, "\1\2", 2);
	vnl_put_u32(msg, VSERIAL_A_PORT_TX_BYTES, 1);
	vnl_put_bin(msg, VSERIAL_A_PORT_REASON, "", 0);
	vnl_msg_read(msg, &replies);
	reply = replies.v[0];
	assert_string_equal(vnl_str(reply, VSERIAL_A_PORT_GUEST), "");
	assert_int_equal(vnl_u32(reply, VSERIAL_A_PORT_INDEX), 0);
	assert_int_equal(vnl_u64(reply, VSERIAL_A_PORT_TX_BYTES), 0);
	assert_string_equal(vnl_str(reply, VSERIAL_A_PORT_REASON), "");
	assert_null(vnl_bin(reply, VSERIAL_A_PORT_GUEST, 16));
	assert_false(vnl_has(reply, VSERIAL_A_PORT_PEER));
	assert_false(vnl_has(reply, 60000));
	assert_int_equal(vnl_len(reply, VSERIAL_A_PORT_GUEST), 3);
	assert_int_equal(vnl_len(reply, VSERIAL_A_PORT_PEER), 0);
	vnl_replies_free(&replies);
	vnl_msg_free(msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_port),
		cmocka_unit_test(test_json_guest),
		cmocka_unit_test(test_json_events),
		cmocka_unit_test(test_json_odd_bytes),
		cmocka_unit_test(test_text_port),
		cmocka_unit_test(test_text_guest),
		cmocka_unit_test(test_text_events),
		cmocka_unit_test(test_json_session),
		cmocka_unit_test(test_text_session),
		cmocka_unit_test(test_json_rule),
		cmocka_unit_test(test_text_rule),
		cmocka_unit_test(test_short_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
