// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A saved configuration is read back exactly: what save writes goes through
 * the splitter of lines, the table of commands and the handlers, and the
 * request they make holds what was saved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "command.h"
#include "object.h"
#include "rule.h"
#include "save.h"
#include "unit.h"
#include "words.h"

/* The request that the saved command in @line makes. */
static void restore(const char *line, struct vnl_replies *request)
{
	const struct command *command;
	struct ctl ctl = { 0 };
	struct words words;
	const char *why;

	assert_int_equal(words_split(line, &words, &why), 0);
	assert_true(words.n >= 3);
	command = command_find(object_find(words.v[0], ctl.why, sizeof(ctl.why)),
			       words.v[1], ctl.why, sizeof(ctl.why));
	assert_non_null(command);
	if (command->fill(&ctl, words.v + 2))
		fail_msg("%s: %s", line, ctl.why);
	assert_int_equal(ctl.queued, 1);
	vnl_msg_read(ctl.queue[0], request);
	ctl_close(&ctl);
	words_free(&words);
}

/* The request that comes of what save_*() writes, one of that number. */
#define RESTORE(save, object, cmd, request) do { \
	struct vnl_replies *into = (request); \
	char *line = NULL; \
	size_t size; \
	FILE *file = open_memstream(&line, &size); \
	save(file, object); \
	fclose(file); \
	restore(line, into); \
	free(line); \
	assert_int_equal(vnl_cmd(into->v[0]), cmd); \
} while (0)

static void port_comes_back(const struct port *port)
{
	struct vnl_replies request;
	struct port got;

	RESTORE(save_port, port, VSERIAL_CMD_PORT_NEW, &request);
	port_read(request.v[0], &got);
	assert_string_equal(got.guest, port->guest);
	assert_int_equal(got.index, port->index);
	assert_string_equal(got.backing, port->backing);
	assert_int_equal(got.connect_at_power_on, port->connect_at_power_on);
	assert_int_equal(got.overflow, port->overflow);
	assert_int_equal(got.stall_limit, port->stall_limit);
	assert_int_equal(got.history, port->history);
	assert_int_equal(got.carrier, port->carrier);
	assert_int_equal(got.endpoint, port->endpoint);
	assert_int_equal(got.max_clients, port->max_clients);
	assert_int_equal(got.idle_timeout, port->idle_timeout);
	assert_string_equal(got.proxy, port->proxy);
	assert_string_equal(got.log, port->log);
	assert_int_equal(got.rate, port->rate);
	assert_int_equal(got.direction, port->direction);
	assert_int_equal(got.yield_on_poll, port->yield_on_poll);
	vnl_replies_free(&request);
}

static void test_port(void **state)
{
	struct port port = {
		.guest = "web01.example-1_a", .index = 31, .backing = "null",
		.connect_at_power_on = true, .overflow = VSERIAL_OVERFLOW_BLOCK,
		.stall_limit = 1000, .history = 65536, .max_clients = 1, .proxy = "", .log = "",
	};

	(void)state;
	port_comes_back(&port);
	port.connect_at_power_on = false;
	port.overflow = VSERIAL_OVERFLOW_DROP_OLD;
	port.stall_limit = 0;
	port.history = 0;
	port_comes_back(&port);
	port.index = 0;
	port.carrier = VSERIAL_CARRIER_ALWAYS;
	port.overflow = VSERIAL_OVERFLOW_DROP_NEW;
	port.stall_limit = VSERIAL_STALL_LIMIT_MAX;
	port.history = VSERIAL_HISTORY_MAX;
	port_comes_back(&port);
	port.history = 12345;
	port.carrier = VSERIAL_CARRIER_PEER;
	port.endpoint = VSERIAL_ENDPOINT_CLIENT;
	port.max_clients = VSERIAL_MAX_CLIENTS_MAX;
	port.idle_timeout = VSERIAL_IDLE_TIMEOUT_MAX;
	port.proxy = "telnets://192.0.2.1:13370#verify";
	port.backing = "telnet://rack";
	port.log = "file:/var/log/a b#timestamps&keep=3";
	port.rate = 115200;
	port.direction = VSERIAL_DIRECTION_OUT;
	port.yield_on_poll = true;
	port_comes_back(&port);
	port.rate = UINT32_MAX;
	port.direction = VSERIAL_DIRECTION_IN;
	port_comes_back(&port);
}

static void test_backings(void **state)
{
	static const char *const backings[] = {
		"loopback",
		"file:/var/log/vserial/web01.log#truncate&max-size=64M&keep=5&timestamps",
		"file:/srv/with blank",
		"file:/srv/\"quotes\" and 'more'",
		"file:/srv/back\\slash\\n",
		"file:/srv/new\nline\ttab\rreturn",
		"file:/srv/\xff\xfe no UTF-8",
		"file:/srv/# no comment",
		"tcp+ssl://[::1]:4555 # cipherList = AES128-SHA:AES256-SHA & verify",
	};
	struct port port = { .guest = "g", .connect_at_power_on = true, .max_clients = 1, .proxy = "",
			     .log = "" };
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(backings); i++) {
		port.backing = backings[i];
		port_comes_back(&port);
	}
}

static void test_random_backings(void **state)
{
	struct port port = { .guest = "g", .max_clients = 1, .proxy = "", .log = "" };
	char backing[65];
	int i, j;

	(void)state;
	srand(4);
	for (i = 0; i < 5000; i++) {
		int len = rand() % 64;

		for (j = 0; j < len; j++)
			backing[j] = (char)(1 + rand() % 255);
		backing[len] = '\0';
		port.backing = backing;
		port_comes_back(&port);
	}
}

static void test_longest_backing(void **state)
{
	struct port port = { .guest = "g", .max_clients = 1, .proxy = "", .log = "" };
	char backing[VSERIAL_SPEC_MAX + 1];

	(void)state;
	memset(backing, '\1', VSERIAL_SPEC_MAX);
	backing[VSERIAL_SPEC_MAX] = '\0';
	port.backing = backing;
	port_comes_back(&port);
}

static void same_uuid(const void *got, const void *expected)
{
	if (expected)
		assert_memory_equal(got, expected, VSERIAL_UUID_SIZE);
	else
		assert_null(got);
}

static void guest_comes_back(const struct guest *guest)
{
	struct vnl_replies request;
	struct guest got;

	RESTORE(save_guest, guest, VSERIAL_CMD_GUEST_NEW, &request);
	guest_read(request.v[0], &got);
	assert_string_equal(got.name, guest->name);
	same_uuid(got.uuid, guest->uuid);
	same_uuid(got.vc_uuid, guest->vc_uuid);
	same_uuid(got.location_uuid, guest->location_uuid);
	assert_int_equal(got.owned, guest->owned);
	if (guest->owned) {
		assert_int_equal(got.uid, guest->uid);
		assert_int_equal(got.gid, guest->gid);
	}
	assert_int_equal(got.vmotion_limit, guest->vmotion_limit);
	/* Its ports have lines of their own. */
	assert_int_equal(got.ports, 0);
	vnl_replies_free(&request);
}

static void test_guest(void **state)
{
	static const unsigned char uuid[] = "0123456789abcdef";
	static const unsigned char nil[VSERIAL_UUID_SIZE], ones[VSERIAL_UUID_SIZE] = { 255 };
	struct guest guest = { .name = "web01", .ports = 4, .power = true };

	(void)state;
	guest_comes_back(&guest);
	guest.uuid = uuid;
	guest.vc_uuid = nil;
	guest.location_uuid = ones;
	guest_comes_back(&guest);
	guest.owned = true;
	guest.vmotion_limit = VSERIAL_MIGRATION_LIMIT_MAX;
	guest_comes_back(&guest);
	/* Numbers no name belongs to. */
	guest.uid = 4294967294u;
	guest.gid = 4294967293u;
	guest_comes_back(&guest);
	guest.name = "help";
	guest_comes_back(&guest);
}

static void rule_comes_back(const struct rule *rule)
{
	struct vnl_replies request;
	struct rule got;

	RESTORE(save_rule, rule, VSERIAL_CMD_SERVICE_NEW, &request);
	rule_read(request.v[0], &got);
	assert_string_equal(got.guest, rule->guest);
	assert_true(got.ranked);
	assert_int_equal(got.rank, rule->rank);
	assert_int_equal(got.action, rule->action);
	assert_int_equal(got.service, rule->service);
	assert_int_equal(got.direction, rule->direction);
	assert_int_equal(got.ported, rule->ported);
	if (rule->ported) {
		assert_int_equal(got.port, rule->port);
		/* One port alone is told without a last one. */
		if (rule->port_last != rule->port)
			assert_int_equal(got.port_last, rule->port_last);
	}
	assert_int_equal(got.has_uid, rule->has_uid);
	assert_int_equal(got.uid, rule->uid);
	assert_string_equal(got.exe, rule->exe);
	vnl_replies_free(&request);
}

static void test_rule(void **state)
{
	struct rule rule = { .guest = "web01", .exe = "" };
	uint32_t service;

	(void)state;
	for (service = 0; service <= VSERIAL_SERVICE_CONTROL; service++) {
		rule.service = service;
		rule_comes_back(&rule);
	}
	rule.action = VSERIAL_ACTION_DENY;
	rule.rank = UINT32_MAX;
	rule.direction = VSERIAL_TOWARDS_GUEST;
	rule_comes_back(&rule);
	rule.direction = VSERIAL_TOWARDS_HOST;
	rule.has_uid = true;
	rule.uid = 0;
	rule.exe = "/opt/a b/\"c\"\\d";
	rule_comes_back(&rule);
	/* A number no name belongs to. */
	rule.uid = 4294967294u;
	rule_comes_back(&rule);
	rule.ported = true;
	rule.port = 23;
	rule.port_last = 23;
	rule_comes_back(&rule);
	rule.port = 0;
	rule.port_last = UINT32_MAX;
	rule_comes_back(&rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port),
		cmocka_unit_test(test_backings),
		cmocka_unit_test(test_random_backings),
		cmocka_unit_test(test_longest_backing),
		cmocka_unit_test(test_guest),
		cmocka_unit_test(test_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
