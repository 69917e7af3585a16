// SPDX-License-Identifier: GPL-2.0-or-later
/* What one who sits at a console is told of its port. */
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "nl.h"
#include "unit.h"
#include "watch.h"

#define ME	7u
#define OTHER	9u

static void feed(struct watch *watch, struct vnl_msg *msg)
{
	struct vnl_replies replies;

	vnl_msg_read(msg, &replies);
	watch_message(watch, replies.v[0]);
	vnl_replies_free(&replies);
	vnl_msg_free(msg);
}

static void session(struct watch *watch, uint8_t cmd, uint32_t id, uint32_t index,
		    bool writer)
{
	struct vnl_msg *msg = vnl_msg_new(cmd, false);
	char peer[16];

	vnl_put_u32(msg, VSERIAL_A_SESSION_ID, id);
	vnl_put_str(msg, VSERIAL_A_SESSION_GUEST, "web01");
	vnl_put_u32(msg, VSERIAL_A_SESSION_INDEX, index);
	vnl_put_u8(msg, VSERIAL_A_SESSION_WRITER, writer);
	vnl_put_u32(msg, VSERIAL_A_SESSION_UID, 0);
	snprintf(peer, sizeof(peer), "cat[%u]", 100 + id);
	vnl_put_str(msg, VSERIAL_A_SESSION_PEER, peer);
	feed(watch, msg);
}

static void changed(struct watch *watch, uint32_t id, bool writer)
{
	session(watch, VSERIAL_CMD_SESSION_NTF, id, 3, writer);
}

static void ended(struct watch *watch, uint32_t id)
{
	session(watch, VSERIAL_CMD_SESSION_DEL_NTF, id, 3, false);
}

static void port(struct watch *watch, uint8_t cmd, uint32_t index, bool power)
{
	struct vnl_msg *msg = vnl_msg_new(cmd, false);

	vnl_put_str(msg, VSERIAL_A_PORT_GUEST, "web01");
	vnl_put_u32(msg, VSERIAL_A_PORT_INDEX, index);
	vnl_put_u8(msg, VSERIAL_A_PORT_POWER, power);
	feed(watch, msg);
}

/* One who just attached to a guest that is on. */
static struct watch begin(bool writes)
{
	struct watch watch = { .guest = "web01", .index = 3, .id = ME };

	port(&watch, VSERIAL_CMD_PORT_GET, 3, true);
	session(&watch, VSERIAL_CMD_SESSION_GET, ME, 3, writes);
	if (!writes)
		session(&watch, VSERIAL_CMD_SESSION_GET, OTHER, 3, true);
	return watch;
}

static void tells(struct watch *watch, const char *expected)
{
	char text[512];

	if (!expected) {
		if (watch_tell(watch, "~f", text, sizeof(text)))
			fail_msg("told: %s", text);
		return;
	}
	assert_true(watch_tell(watch, "~f", text, sizeof(text)));
	assert_string_equal(text, expected);
}

static void test_begin(void **state)
{
	struct watch watch = begin(true);

	(void)state;
	assert_true(watch.writes);
	tells(&watch, "you write");
	tells(&watch, NULL);

	watch = begin(false);
	assert_false(watch.writes);
	tells(&watch, "reading only: root (cat[109]) writes; ~f takes over");
	tells(&watch, NULL);

	/* That it is off is worth a word. */
	watch = begin(true);
	port(&watch, VSERIAL_CMD_PORT_NTF, 3, false);
	tells(&watch, "you write");
	tells(&watch, "the guest is powered off");
	tells(&watch, NULL);
}

static void test_taken_over(void **state)
{
	struct watch watch = begin(true);

	(void)state;
	tells(&watch, "you write");
	/* In whichever order the two are told of. */
	changed(&watch, ME, false);
	tells(&watch, NULL);
	changed(&watch, OTHER, true);
	tells(&watch, "root (cat[109]) took over: reading only; ~f takes it back");
	tells(&watch, NULL);

	changed(&watch, ME, true);
	changed(&watch, OTHER, false);
	assert_true(watch.writes);
	tells(&watch, "you write now");

	changed(&watch, OTHER, true);
	tells(&watch, "root (cat[109]) took over: reading only; ~f takes it back");
	changed(&watch, ME, false);
	tells(&watch, NULL);
}

static void test_promoted(void **state)
{
	struct watch watch = begin(false);

	(void)state;
	tells(&watch, "reading only: root (cat[109]) writes; ~f takes over");
	ended(&watch, OTHER);
	tells(&watch, NULL);
	changed(&watch, ME, true);
	tells(&watch, "you write now");
	tells(&watch, NULL);
}

static void test_others_among_themselves(void **state)
{
	struct watch watch = begin(false);

	(void)state;
	tells(&watch, "reading only: root (cat[109]) writes; ~f takes over");
	changed(&watch, 11, true);
	changed(&watch, OTHER, false);
	tells(&watch, "reading only: root (cat[111]) writes; ~f takes over");
	/* One who only reads comes and goes. */
	changed(&watch, 12, false);
	ended(&watch, 12);
	tells(&watch, NULL);
}

static void test_other_ports(void **state)
{
	struct watch watch = begin(true);

	(void)state;
	tells(&watch, "you write");
	session(&watch, VSERIAL_CMD_SESSION_NTF, OTHER, 4, true);
	port(&watch, VSERIAL_CMD_PORT_NTF, 4, false);
	port(&watch, VSERIAL_CMD_PORT_DEL_NTF, 4, false);
	tells(&watch, NULL);
	assert_true(watch.writes);
	assert_false(watch.gone);
	port(&watch, VSERIAL_CMD_PORT_DEL_NTF, 3, false);
	assert_true(watch.gone);
}

static void test_power(void **state)
{
	struct watch watch = begin(true);

	(void)state;
	tells(&watch, "you write");
	port(&watch, VSERIAL_CMD_PORT_NTF, 3, false);
	tells(&watch, "the guest is powered off");
	port(&watch, VSERIAL_CMD_PORT_NTF, 3, false);
	tells(&watch, NULL);
	port(&watch, VSERIAL_CMD_PORT_NTF, 3, true);
	tells(&watch, "the guest is powered on");
}

/* A peer's name comes from afar, and must not move the cursor. */
static void test_peer(void **state)
{
	struct watch watch = begin(true);
	struct vnl_msg *msg = vnl_msg_new(VSERIAL_CMD_SESSION_NTF, false);

	(void)state;
	tells(&watch, "you write");
	vnl_put_u32(msg, VSERIAL_A_SESSION_ID, OTHER);
	vnl_put_str(msg, VSERIAL_A_SESSION_GUEST, "web01");
	vnl_put_u32(msg, VSERIAL_A_SESSION_INDEX, 3);
	vnl_put_u8(msg, VSERIAL_A_SESSION_WRITER, 1);
	vnl_put_u32(msg, VSERIAL_A_SESSION_BACKING, 3);
	vnl_put_str(msg, VSERIAL_A_SESSION_PEER, "192.0.2.1:\033[2J");
	feed(&watch, msg);
	tells(&watch, "192.0.2.1:\\x1b[2J took over: reading only; ~f takes it back");
}

static void test_read_only(void **state)
{
	struct watch watch = begin(false);
	char text[512];

	(void)state;
	watch.read_only = true;
	watch_role(&watch, "~f", text, sizeof(text));
	assert_string_equal(text, "reading only: root (cat[109]) writes");
	ended(&watch, OTHER);
	watch_role(&watch, "~f", text, sizeof(text));
	assert_string_equal(text, "reading only");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_promoted),
		cmocka_unit_test(test_others_among_themselves),
		cmocka_unit_test(test_other_ports),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_peer),
		cmocka_unit_test(test_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
