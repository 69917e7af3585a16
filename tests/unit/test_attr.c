// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words of commands: what becomes a request, and what is refused with which
 * exit status and a sentence that names the value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "command.h"
#include "object.h"
#include "unit.h"
#include "words.h"

/* Has the handler of @line queue its requests. */
static enum ctl_status fill(struct ctl *ctl, const char *line)
{
	const struct command *command;
	enum ctl_status status;
	struct words words;
	const char *why;

	*ctl = (struct ctl){ 0 };
	assert_int_equal(words_split(line, &words, &why), 0);
	command = command_find(object_find(words.v[0], ctl->why, sizeof(ctl->why)),
			       words.v[1], ctl->why, sizeof(ctl->why));
	assert_non_null(command);
	status = command->fill(ctl, words.v + 2);
	words_free(&words);
	return status;
}

/* Refused with @status, and the sentence holds @word. */
static void refused(const char *line, enum ctl_status status, const char *word)
{
	struct ctl ctl;

	assert_int_equal(fill(&ctl, line), status);
	if (!strstr(ctl.why, word))
		fail_msg("%s: '%s' is not in: %s", line, word, ctl.why);
	assert_null(strchr(ctl.why, '\n'));
	ctl_close(&ctl);
}

/* The commands that @line sends, ended by 0. */
static void sends(const char *line, ...)
{
	struct vnl_replies request;
	unsigned int n = 0;
	struct ctl ctl;
	va_list args;
	int cmd;

	if (fill(&ctl, line))
		fail_msg("%s: %s", line, ctl.why);
	va_start(args, line);
	for (; (cmd = va_arg(args, int)); n++) {
		assert_true(n < ctl.queued);
		vnl_msg_read(ctl.queue[n], &request);
		assert_int_equal(vnl_cmd(request.v[0]), cmd);
		vnl_replies_free(&request);
	}
	va_end(args);
	assert_int_equal(ctl.queued, n);
	ctl_close(&ctl);
}

static void test_sent(void **state)
{
	(void)state;
	sends("guest add a", VSERIAL_CMD_GUEST_NEW, 0);
	sends("guest set a owner none", VSERIAL_CMD_GUEST_SET, 0);
	sends("guest del a force", VSERIAL_CMD_GUEST_DEL, 0);
	sends("guest show", VSERIAL_CMD_GUEST_GET, 0);
	sends("guest show a", VSERIAL_CMD_GUEST_GET, 0);
	sends("port add a/0", VSERIAL_CMD_PORT_NEW, 0);
	sends("port set a/0 history 0", VSERIAL_CMD_PORT_SET, 0);
	sends("port del a/0", VSERIAL_CMD_PORT_DEL, 0);
	sends("port show a", VSERIAL_CMD_PORT_GET, 0);
	sends("port show a/0", VSERIAL_CMD_PORT_GET, 0);
	sends("port connect a/0", VSERIAL_CMD_PORT_CONNECT, 0);
	sends("guest add -- -a", VSERIAL_CMD_GUEST_NEW, 0);
	sends("port connect -- --/0", VSERIAL_CMD_PORT_CONNECT, 0);
	sends("port disconnect a/0", VSERIAL_CMD_PORT_DISCONNECT, 0);
}

/* "connected" is the owner's, so it must not bring a set, which is root's. */
static void test_connected(void **state)
{
	(void)state;
	sends("port set a/0 connected on", VSERIAL_CMD_PORT_CONNECT, 0);
	sends("port set a/0 connected off", VSERIAL_CMD_PORT_DISCONNECT, 0);
	sends("port set a/0 connected on backing null", VSERIAL_CMD_PORT_SET,
	      VSERIAL_CMD_PORT_CONNECT, 0);
	sends("port set a/0 backing null connected off", VSERIAL_CMD_PORT_SET,
	      VSERIAL_CMD_PORT_DISCONNECT, 0);
	refused("port set a/0 connected maybe", CTL_REFUSED, "'maybe'");
	refused("port add a/0 connected on", CTL_REFUSED, "'connected'");
}

static void test_force_and_dump(void **state)
{
	struct vnl_replies request;
	struct ctl ctl;

	(void)state;
	assert_int_equal(fill(&ctl, "port del a/0 force"), CTL_DONE);
	vnl_msg_read(ctl.queue[0], &request);
	assert_true(vnl_has(request.v[0], VSERIAL_A_PORT_FORCE));
	vnl_replies_free(&request);
	ctl_close(&ctl);

	assert_int_equal(fill(&ctl, "port del a/0"), CTL_DONE);
	vnl_msg_read(ctl.queue[0], &request);
	assert_false(vnl_has(request.v[0], VSERIAL_A_PORT_FORCE));
	vnl_replies_free(&request);
	ctl_close(&ctl);
}

static void test_owner(void **state)
{
	struct vnl_replies request;
	struct guest guest;
	struct ctl ctl;

	(void)state;
	assert_int_equal(fill(&ctl, "guest add a owner 12:34"), CTL_DONE);
	vnl_msg_read(ctl.queue[0], &request);
	guest_read(request.v[0], &guest);
	assert_int_equal(guest.uid, 12);
	assert_int_equal(guest.gid, 34);
	vnl_replies_free(&request);
	ctl_close(&ctl);

	assert_int_equal(fill(&ctl, "guest set a owner -"), CTL_DONE);
	vnl_msg_read(ctl.queue[0], &request);
	guest_read(request.v[0], &guest);
	assert_int_equal(guest.uid, UINT32_MAX);
	assert_false(vnl_has(request.v[0], VSERIAL_A_GUEST_GID));
	vnl_replies_free(&request);
	ctl_close(&ctl);
}

static void test_refused_values(void **state)
{
	(void)state;
	refused("guest add a uuid 12", CTL_REFUSED, "'12'");
	refused("guest add a uuid 6ba7b810-9dad-11d1-80b4-00c04fd430c8x", CTL_REFUSED, "c8x'");
	refused("guest add a owner no-such-user", CTL_REFUSED, "'no-such-user'");
	refused("guest add a ports 33", CTL_REFUSED, "'33'");
	refused("guest add a ports -1", CTL_REFUSED, "'-1'");
	refused("port set a/0 history -1", CTL_REFUSED, "'-1'");
	refused("port set a/0 history 17M", CTL_REFUSED, "16M");
	refused("port set a/0 history 64Q", CTL_REFUSED, "'64Q'");
	refused("port set a/0 stall-limit 5x", CTL_REFUSED, "'5x'");
	refused("port set a/0 stall-limit 3600001", CTL_REFUSED, "3600000");
	refused("port set a/0 stall-limit ''", CTL_REFUSED, "''");
	refused("port set a/0 max-clients 0", CTL_REFUSED,
		"max-clients '0' is not a whole number from 1 to 32 (peers)");
	refused("guest set a vmotion-limit 0", CTL_REFUSED, "'0' is not a whole number from 1 to 3600000");
	refused("port break a/0 4294967296", CTL_REFUSED, "milliseconds from 0 to 4294967295");
	refused("port set a/0 overflow foo", CTL_REFUSED, "block, drop-old or drop-new");
	refused("port set a/0 overflow BLOCK", CTL_REFUSED, "'BLOCK'");
	refused("port set a/0 carrier no", CTL_REFUSED, "auto, always or peer");
	refused("guest add a owner 1:2:3", CTL_REFUSED, "'1:2:3'");
	refused("port set a/0 connect-at-power-on 1", CTL_REFUSED, "off or on");
	refused("port show a/", CTL_REFUSED, "'a/'");
	refused("port show a/-1", CTL_REFUSED, "'a/-1'");
	refused("port show a/0x1", CTL_REFUSED, "'a/0x1'");
	refused("port show a/4294967296", CTL_REFUSED, "0 to 31");
	refused("port show a//1", CTL_REFUSED, "'a//1'");
	refused("port show a/1/", CTL_REFUSED, "'a/1/'");
	refused("port show ../a/1", CTL_REFUSED, "'../a/1'");
	refused("port del a", CTL_REFUSED, "'a'");
}

static void test_policies(void **state)
{
	(void)state;
	refused("port set a/0 rate -1", CTL_REFUSED, "rate '-1'");
	refused("port set a/0 rate 4G", CTL_REFUSED, "0 to 4294967295");
	refused("port set a/0 direction up", CTL_REFUSED, "both, out or in");
}

/* Behind a concentrator a backing is in the concentrator's words, whichever is named first. */
static void test_concentrator(void **state)
{
	(void)state;
	sends("port set a/0 backing telnet://rack proxy telnet://vspc:13370", VSERIAL_CMD_PORT_SET, 0);
	sends("port add a/0 proxy telnets://vspc:13370#verify backing tcp://x", VSERIAL_CMD_PORT_NEW, 0);
	sends("port set a/0 proxy none", VSERIAL_CMD_PORT_SET, 0);
	refused("port set a/0 backing telnet://rack proxy none", CTL_REFUSED,
		"backing 'telnet://rack': the port is missing");
	refused("port set a/0 backing telnet://rack", CTL_REFUSED, "the port is missing");
	refused("port set a/0 proxy telnet://vspc:99999", CTL_REFUSED,
		"proxy 'telnet://vspc:99999': the port '99999' is not a number from 1 to 65535");
	refused("port set a/0 proxy http://vspc", CTL_REFUSED,
		"proxy 'http://vspc' is neither telnet://HOST:PORT nor telnets://HOST:PORT");
	refused("port set a/0 proxy telnet://:13370", CTL_REFUSED, "is neither telnet://HOST:PORT");
}

static void test_unknown_attribute(void **state)
{
	(void)state;
	refused("port set a/0 colour red", CTL_REFUSED, "'colour'");
	refused("port set a/0 colour red", CTL_REFUSED,
		"backing, connect-at-power-on, overflow, stall-limit, history, carrier, endpoint, max-clients, idle-timeout, proxy, log, rate, direction, yield-on-poll, connected");
	refused("guest set a ports 3", CTL_REFUSED, "'ports'");
	refused("guest set a ports 3", CTL_REFUSED, "uuid, vc-uuid, location-uuid, owner");
	/* Attributes are written out. */
	refused("port set a/0 back null", CTL_REFUSED, "'back'");
}

static void test_usage(void **state)
{
	(void)state;
	refused("guest add", CTL_USAGE, "missing");
	refused("guest set a", CTL_USAGE, "nothing to set");
	refused("port set a/0", CTL_USAGE, "nothing to set");
	refused("port set a/0 backing", CTL_USAGE, "backing needs a value");
	refused("port set a/0 history 0 history 1", CTL_USAGE, "history is given twice");
	refused("port set a/0 connected on connected off", CTL_USAGE, "twice");
	refused("guest del a forc", CTL_USAGE, "'forc'");
	refused("guest del a force force", CTL_USAGE, "'force'");
	refused("guest show a b", CTL_USAGE, "'b'");
	refused("port show a/0 b", CTL_USAGE, "'b'");
	refused("port connect a/0 b", CTL_USAGE, "'b'");
	refused("port show -j", CTL_USAGE, "options stand before the object");
	refused("port show --", CTL_USAGE, "missing");
}

/* The kernel judges names and specifications: they are passed on. */
static void test_passed_on(void **state)
{
	struct vnl_replies request;
	struct port port;
	struct ctl ctl;

	(void)state;
	assert_int_equal(fill(&ctl, "port add .a/32 backing '../x y#'"), CTL_DONE);
	vnl_msg_read(ctl.queue[0], &request);
	port_read(request.v[0], &port);
	assert_string_equal(port.guest, ".a");
	assert_int_equal(port.index, 32);
	assert_string_equal(port.backing, "../x y#");
	vnl_replies_free(&request);
	ctl_close(&ctl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_connected),
		cmocka_unit_test(test_force_and_dump),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_refused_values),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_concentrator),
		cmocka_unit_test(test_unknown_attribute),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
