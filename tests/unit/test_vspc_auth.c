// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtual machine's way into TLS by telnet's option AUTHENTICATION. */
#include <string.h>

#include "auth_word.h"
#include "unit.h"
#include "vspc_vm.h"

#define WILL_AUTH	"\xff\xfb\x25"
#define DO_AUTH		"\xff\xfd\x25"
#define DONT_AUTH	"\xff\xfe\x25"
#define SEND_SSL	"\xff\xfa\x25\x01\x07\x00\xff\xf0"
#define SEND_OTHER	"\xff\xfa\x25\x01\x02\x02\x06\x00\xff\xf0"
#define SEND_BOTH	"\xff\xfa\x25\x01\x02\x02\x07\x00\xff\xf0"
#define SEND_NOTHING	"\xff\xfa\x25\x01\xff\xf0"
#define START		"\xff\xfa\x25\x00\x07\x00\x01\xff\xf0"
#define NONE		"\xff\xfa\x25\x00\x00\x00\xff\xf0"
#define ACCEPT		"\xff\xfa\x25\x02\x07\x00\x02\xff\xf0"
#define REJECT		"\xff\xfa\x25\x02\x07\x00\x03\xff\xf0"
/* BINARY and SGA both ways, and the option. */
#define OFFERS		"\xff\xfb\x00\xff\xfb\x03\xff\xfd\x00\xff\xfd\x03\xff\xfb\xe8"
#define DO_VSPC		"\xff\xfd\xe8"
#define GET_NAME	"\xff\xfa\xe8\x53\xff\xf0"
#define WILL_PROXY	"\xff\xfa\xe8\x47\xff\xf0"

static const struct vspc_identity identity = {
	.name = "web01", .direction = VSPC_PROXY_SERVER, .service = "x",
};

static struct vspc_vm vm;
static uint64_t now;

static void start(enum vspc_tls tls)
{
	now = 1000;
	vspc_vm_start(&vm, &identity, &vspc_times_default, tls, now);
}

static int end(void **state)
{
	(void)state;
	vspc_vm_free(&vm);
	return 0;
}

/* Return: how many bytes were taken. */
static size_t give(const char *bytes, size_t len)
{
	uint8_t to[64];
	size_t at = 0;
	struct telnet_received r;

	do {
		r = vspc_vm_receive(&vm, now, (const uint8_t *)bytes + at, len - at, to,
				    sizeof(to));
		at += r.consumed;
	} while (r.consumed);
	return at;
}

#define GIVE(text) assert_int_equal(give(text, sizeof(text) - 1), sizeof(text) - 1)

static void says(const char *bytes, size_t len)
{
	assert_true(outbox_waits(&vm.out) >= len);
	assert_memory_equal(vm.out.bytes + vm.out.at, bytes, len);
	outbox_sent(&vm.out, len);
}

#define SAYS(text) says(text, sizeof(text) - 1)

static void says_nothing(void)
{
	assert_int_equal(outbox_waits(&vm.out), 0);
}

static void test_words(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum auth_word word;
		bool ours;
	} words[] = {
#define WORD(text, ...) { text, sizeof(text) - 1, __VA_ARGS__ }
		WORD(SEND_SSL, AUTH_WORD_SEND_SSL, true),
		WORD(SEND_BOTH, AUTH_WORD_SEND_SSL, false),
		WORD(SEND_OTHER, AUTH_WORD_SEND_OTHER, false),
		WORD(SEND_NOTHING, AUTH_WORD_SEND_OTHER, false),
		WORD(START, AUTH_WORD_START, true),
		WORD(NONE, AUTH_WORD_NONE, true),
		WORD("\xff\xfa\x25\x00\x02\x02\x01\xff\xf0", AUTH_WORD_IS_OTHER, false),
		WORD("\xff\xfa\x25\x00\x07\x02\x01\xff\xf0", AUTH_WORD_IS_OTHER, false),
		WORD("\xff\xfa\x25\x00\x07\x00\xff\xf0", AUTH_WORD_IS_OTHER, false),
		WORD("\xff\xfa\x25\x00\xff\xf0", AUTH_WORD_OTHER, false),
		WORD(ACCEPT, AUTH_WORD_ACCEPT, true),
		WORD(REJECT, AUTH_WORD_REJECT, true),
		WORD("\xff\xfa\x25\x02\x02\x00\x02\xff\xf0", AUTH_WORD_OTHER, false),
		WORD("\xff\xfa\x25\x02\x07\x00\x09\xff\xf0", AUTH_WORD_OTHER, false),
		WORD("\xff\xfa\x25\x03user\xff\xf0", AUTH_WORD_OTHER, false),
		WORD("\xff\xfa\x25\xff\xf0", AUTH_WORD_OTHER, false),
	};
	uint8_t to[AUTH_WORD_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(words); i++) {
		const uint8_t *bytes = (const uint8_t *)words[i].bytes;

		/* Between IAC SB AUTHENTICATION and IAC SE. */
		assert_int_equal(auth_word_read(bytes + 3, words[i].len - 5), words[i].word);
		if (!words[i].ours)
			continue;
		assert_int_equal(auth_word_say(words[i].word, to), words[i].len);
		assert_memory_equal(to, bytes, words[i].len);
	}
}

/* As far as TLS; what was asked for in plain text counts for nothing. */
static void test_encrypted(void **state)
{
	enum vspc_tls tls;

	(void)state;
	for (tls = VSPC_TLS_POSSIBLE; tls <= VSPC_TLS_REQUIRED; tls++) {
		start(tls);
		SAYS(WILL_AUTH);
		GIVE(DO_AUTH SEND_BOTH);
		SAYS(START);
		says_nothing();
		/* It has more time than one that says nothing. */
		now += vspc_times_default.auth + 1;
		vspc_vm_tick(&vm, now);
		assert_int_equal(vm.state, VSPC_VM_AUTH);
		/* Not to one that could be anybody. */
		GIVE(GET_NAME);
		if (tls == VSPC_TLS_REQUIRED)
			says_nothing();
		else
			SAYS("\xff\xfa\xe8\x52web01\xff\xf0");
		/* Bytes behind it are nobody's. */
		assert_int_equal(give(ACCEPT WILL_PROXY, sizeof(ACCEPT WILL_PROXY) - 1),
				 sizeof(ACCEPT) - 1);
		assert_int_equal(vm.state, VSPC_VM_TLS);
		says_nothing();
		assert_int_equal(vm.deadline, 0);
		vspc_vm_encrypted(&vm, now);
		SAYS(OFFERS);
		assert_int_equal(vm.facts.auth, VSPC_AUTH_TLS);
		assert_true(vspc_set_empty(&vm.facts.asked));
		GIVE(DO_VSPC);
		outbox_clear(&vm.out);
		GIVE(GET_NAME WILL_PROXY);
		SAYS("\xff\xfa\xe8\x52web01\xff\xf0");
		/* TLS is had once. */
		GIVE(SEND_SSL SEND_SSL ACCEPT);
		SAYS(NONE);
		says_nothing();
		now = vm.deadline;
		vspc_vm_tick(&vm, now);
		assert_int_equal(vm.state, VSPC_VM_UP);
		vspc_vm_free(&vm);
	}
}

/* Where there is no TLS the connection stays plain, or comes to nothing. */
static void test_plain(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *answer;
		size_t answer_len;
	} tries[] = {
#define TRY(bytes, answer) { bytes, sizeof(bytes) - 1, answer, sizeof(answer) - 1 }
		TRY("", ""),
		TRY(DONT_AUTH, ""),
		TRY(DO_AUTH, ""),
		TRY(DO_AUTH SEND_OTHER, NONE),
		TRY(DO_AUTH SEND_NOTHING, NONE),
		TRY(DO_AUTH SEND_SSL, START),
		TRY(DO_AUTH SEND_SSL REJECT, START),
		/* It accepts what was not begun. */
		TRY(DO_AUTH ACCEPT, ""),
		TRY(ACCEPT SEND_SSL, ""),
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		enum vspc_tls tls;

		for (tls = VSPC_TLS_POSSIBLE; tls <= VSPC_TLS_REQUIRED; tls++) {
			start(tls);
			SAYS(WILL_AUTH);
			assert_int_equal(give(tries[i].bytes, tries[i].len), tries[i].len);
			while (vm.state == VSPC_VM_AUTH) {
				now = vm.deadline;
				vspc_vm_tick(&vm, now);
			}
			says(tries[i].answer, tries[i].answer_len);
			if (tls == VSPC_TLS_POSSIBLE) {
				assert_int_equal(vm.state, VSPC_VM_OPTION);
				SAYS(OFFERS);
			} else {
				assert_int_equal(vm.state, VSPC_VM_FAILED);
				assert_non_null(strstr(vm.why, "the keys of the proxy demand"));
			}
			says_nothing();
			vspc_vm_free(&vm);
		}
	}
}

/* Where there can be no TLS, SSL is declined, also late. */
static void test_none(void **state)
{
	(void)state;
	start(VSPC_TLS_NONE);
	SAYS(WILL_AUTH);
	GIVE(DO_AUTH SEND_SSL);
	SAYS(NONE OFFERS);
	GIVE(SEND_SSL);
	says_nothing();
	vspc_vm_free(&vm);
	start(VSPC_TLS_POSSIBLE);
	now = vm.deadline;
	vspc_vm_tick(&vm, now);
	SAYS(WILL_AUTH OFFERS);
	GIVE(DO_AUTH SEND_SSL);
	SAYS(NONE);
	assert_int_equal(vm.state, VSPC_VM_OPTION);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test_teardown(test_encrypted, end),
		cmocka_unit_test_teardown(test_plain, end),
		cmocka_unit_test_teardown(test_none, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
