// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both sides of a connection to a concentrator: a virtual machine with bytes
 * that VMware's has seen, and with our own concentrator and each deviation,
 * in pieces of any size.
 */
#include <stdio.h>
#include <string.h>

#include "unit.h"
#include "vspc_deviation.h"
#include "vspc_proxy.h"
#include "vspc_vm.h"

#define IAC	0xff
#define SB	0xfa
#define SE	0xf0
#define WILL	0xfb
#define WONT	0xfc
#define DO	0xfd
#define DONT	0xfe

/* On the way at a time, at most. */
#define WIRE_MAX	(1 << 20)
/* More exchanges than any that ends. */
#define ROUNDS		20000

static const struct vspc_identity identity = {
	.name = "web01",
	.vc_uuid = { 0xff, 0x23, 0x45 },
	.bios_uuid = { 2 },
	.location_uuid = { 3 },
	.direction = VSPC_PROXY_SERVER,
	.service = "telnet://:7001",
};

static struct vspc_vm vm;
static struct vspc_proxy proxy;
static uint64_t now;

/* What has come out of a side. */
static struct {
	char text[4096];
	size_t len;
} vm_got, proxy_got;

static void add(char *text, size_t *len, const uint8_t *bytes, size_t n)
{
	assert_true(*len + n < sizeof(vm_got.text));
	memcpy(text + *len, bytes, n);
	*len += n;
}

/* A virtual machine alone, with bytes by hand. */

#define GIVE(...) give((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define SAYS(...) says((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void give(const uint8_t *bytes, size_t len)
{
	uint8_t to[64];
	struct telnet_received r;

	while (len) {
		r = vspc_vm_receive(&vm, now, bytes, len, to, sizeof(to));
		assert_true(r.consumed);
		bytes += r.consumed;
		len -= r.consumed;
		add(vm_got.text, &vm_got.len, to, r.len);
	}
}

static void says(const uint8_t *bytes, size_t len)
{
	assert_true(outbox_waits(&vm.out) >= len);
	assert_memory_equal(vm.out.bytes + vm.out.at, bytes, len);
	outbox_sent(&vm.out, len);
}

static void says_nothing(void)
{
	assert_int_equal(outbox_waits(&vm.out), 0);
}

static void drop_said(void)
{
	outbox_clear(&vm.out);
}

static void start(enum vspc_tls tls)
{
	now = 1000;
	vm_got.len = 0;
	proxy_got.len = 0;
	vspc_vm_start(&vm, &identity, &vspc_times_default, tls, now);
}

static int end(void **state)
{
	(void)state;
	vspc_vm_free(&vm);
	vspc_proxy_free(&proxy);
	vm = (struct vspc_vm){ 0 };
	proxy = (struct vspc_proxy){ 0 };
	return 0;
}

static void says_introduction(void)
{
	SAYS(IAC, SB, 232, 0, 0, 1, 2, 3, 0x28, 0x29, 0x2b, 0x2c, 0x2d, 0x2e, 0x30, 0x46, 0x47,
	     0x49, 0x50, 0x51, 0x54, 0x55, 0x56, 0x57, 0x52, 0x53, IAC, SE);
	SAYS(IAC, SB, 232, 70, 'S', 't', 'e', 'l', 'n', 'e', 't', ':', '/', '/', ':', '7', '0',
	     '0', '1', IAC, SE);
}

/* The order in which VMware's own speaker was seen to connect. */
static void test_as_captured(void **state)
{
	(void)state;
	start(VSPC_TLS_NONE);
	SAYS(IAC, WILL, 37);
	says_nothing();
	GIVE(IAC, WILL, 0, IAC, WILL, 3, IAC, WILL, 1, IAC, DO, 0, IAC, DO, 3, IAC, DO, 232);
	SAYS(IAC, DO, 0, IAC, DO, 3, IAC, DO, 1, IAC, WILL, 0, IAC, WILL, 3);
	/* The option waits for AUTHENTICATION. */
	says_nothing();
	assert_int_equal(vm.state, VSPC_VM_AUTH);
	GIVE(IAC, DONT, 37);
	SAYS(IAC, WILL, 232);
	says_introduction();
	says_nothing();
	GIVE(IAC, SB, 232, 1, 0, 1, 40, 41, IAC, SE);
	assert_true(vspc_set_has(&vm.facts.codes, 41));
	/* Answers come in the order of the questions. */
	GIVE(IAC, SB, 232, 81, IAC, SE, IAC, SB, 232, 83, IAC, SE);
	SAYS(IAC, SB, 232, 80, 'f', 'f', ' ', '2', '3', ' ', '4', '5');
	assert_true(outbox_waits(&vm.out) == 39 + 2 + 6 + 5);
	outbox_sent(&vm.out, 39 + 2);
	SAYS(IAC, SB, 232, 82, 'w', 'e', 'b', '0', '1', IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_PROXY);
	GIVE('e', 'a', IAC, SB, 232, 71, IAC, SE, 'r', 'l', 'y');
	assert_int_equal(vm.state, VSPC_VM_SETTLE);
	assert_memory_equal(vm_got.text, "early", 5);
	/* Nothing more is asked in a while. */
	now += vspc_times_default.settle - 1;
	vspc_vm_tick(&vm, now);
	assert_int_equal(vm.state, VSPC_VM_SETTLE);
	now++;
	vspc_vm_tick(&vm, now);
	assert_int_equal(vm.state, VSPC_VM_UP);
	assert_false(vm.deadline);
	/* A port of its own is mostly refused. */
	SAYS(IAC, WILL, 44);
	GIVE(IAC, DONT, 44);
	vspc_vm_send(&vm, "\r\n\xff\0", 4);
	SAYS('\r', '\n', IAC, IAC, 0);
	says_nothing();
	assert_true(vm.facts.spoke_first);
	assert_int_equal(vm.facts.auth, VSPC_AUTH_REFUSED);
}

/* One that waits for us gets all offers, in time. */
static void test_silence(void **state)
{
	(void)state;
	start(VSPC_TLS_NONE);
	SAYS(IAC, WILL, 37);
	now += vspc_times_default.auth;
	vspc_vm_tick(&vm, now);
	SAYS(IAC, WILL, 0, IAC, WILL, 3, IAC, DO, 0, IAC, DO, 3, IAC, WILL, 232);
	says_nothing();
	assert_int_equal(vm.facts.auth, VSPC_AUTH_SILENCE);
	assert_false(vm.facts.spoke_first);
	/* Neither BINARY nor SGA has to be agreed on. */
	GIVE(IAC, DONT, 0, IAC, WONT, 0, IAC, DO, 232);
	says_introduction();
	GIVE(IAC, DO, 232, IAC, DO, 232, IAC, WILL, 0);
	/* An answer is not answered; what is new is. */
	SAYS(IAC, DO, 0);
	says_nothing();
	/* Are you there?  Yes, without a byte that is not the guest's. */
	GIVE(IAC, 246);
	GIVE(IAC, 241);
	SAYS(IAC, 241);
	says_nothing();
}

/* Encrypted from the first byte there is no AUTHENTICATION. */
static void test_encrypted(void **state)
{
	(void)state;
	start(VSPC_TLS_ALREADY);
	SAYS(IAC, WILL, 0, IAC, WILL, 3, IAC, DO, 0, IAC, DO, 3, IAC, WILL, 232);
	says_nothing();
	GIVE(IAC, DO, 232);
	says_introduction();
}

/* DO AUTHENTICATION: we have no kind of it that fits, and stay plain. */
static void test_authentication(void **state)
{
	(void)state;
	start(VSPC_TLS_NONE);
	drop_said();
	GIVE(IAC, DO, 37);
	says_nothing();
	GIVE(IAC, SB, 37, 1, 2, 2, IAC, SE);
	SAYS(IAC, SB, 37, 0, 0, 0, IAC, SE, IAC, WILL, 0);
	assert_int_equal(vm.state, VSPC_VM_OPTION);
	/* Only one question of them is answered. */
	drop_said();
	GIVE(IAC, SB, 37, 1, 7, 0, IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_OPTION);
}

static void test_refusals(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
		const char *why;
	} tries[] = {
		{ { IAC, DONT, 232 }, 3, "does not have the vSPC option" },
		{ { IAC, DO, 232, IAC, SB, 232, 73, IAC, SE }, 9, "refused by concentrator" },
		{ { IAC, DO, 232, IAC, SB, 232, 3, 70, IAC, SE }, 10, "does not know DO-PROXY" },
		{ { 0 }, 0, "does not answer the vSPC option" },
		{ { IAC, DO, 232 }, 3, "does not answer DO-PROXY" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		start(VSPC_TLS_ALREADY);
		give(tries[i].bytes, tries[i].len);
		while (vm.deadline) {
			now = vm.deadline;
			vspc_vm_tick(&vm, now);
		}
		assert_int_equal(vm.state, VSPC_VM_FAILED);
		assert_non_null(strstr(vm.why, tries[i].why));
		vspc_vm_free(&vm);
	}
}

static void come_up(void)
{
	start(VSPC_TLS_ALREADY);
	GIVE(IAC, DO, 232, IAC, SB, 232, 81, IAC, SE, IAC, SB, 232, 83, IAC, SE, IAC, SB, 232, 85,
	     IAC, SE, IAC, SB, 232, 71, IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_SETTLE);
	/* Who has asked for everything asks for no more. */
	GIVE(IAC, SB, 232, 87, IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_UP);
	assert_true(vspc_set_has(&vm.facts.asked_late, 87));
	assert_false(vspc_set_has(&vm.facts.asked_late, 85));
	drop_said();
}

/* One that asks the same again and again is answered, and waited for no longer. */
static void test_asks_for_ever(void **state)
{
	const uint64_t step = vspc_times_default.settle / 2;
	uint64_t since;

	(void)state;
	start(VSPC_TLS_ALREADY);
	GIVE(IAC, DO, 232, IAC, SB, 232, 71, IAC, SE);
	drop_said();
	for (since = now; vm.state == VSPC_VM_SETTLE && now < since + 100 * step; now += step) {
		GIVE(IAC, SB, 232, 83, IAC, SE);
		assert_true(outbox_waits(&vm.out));
		drop_said();
	}
	assert_int_equal(vm.state, VSPC_VM_UP);
}

/* What it does not know it says so of, once each. */
static void test_unknown(void **state)
{
	(void)state;
	come_up();
	GIVE(IAC, SB, 232, 99, 1, IAC, SE, IAC, SB, 232, 99, IAC, SE, IAC, SB, 232, 255, 255, IAC,
	     SE);
	SAYS(IAC, SB, 232, 2, 99, IAC, SE, IAC, SB, 232, 2, IAC, IAC, IAC, SE);
	says_nothing();
	/* Of other options, empty, or far too long: passed over. */
	GIVE(IAC, SB, 24, 1, IAC, SE, IAC, SB, IAC, SE, IAC, SB, 232, IAC, SE, 'x');
	says_nothing();
	assert_int_equal(vm.state, VSPC_VM_UP);
	/* A break comes in its place. */
	GIVE('a', IAC, 0xf3, 'b');
	assert_memory_equal(vm_got.text, "xab", 3);
}

/* A byte 255 that was not doubled ends nothing. */
static void test_undoubled(void **state)
{
	(void)state;
	come_up();
	vspc_vm_begin(&vm, (const uint8_t *)"\x01\x02", 2, now);
	SAYS(IAC, SB, 232, 40, 1, 2, IAC, SE);
	GIVE(IAC, SB, 232, 41, 1, 2, IAC, 7, IAC, IAC, 8, IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_MOVING);
	assert_int_equal(vm.blob_len, 6);
	assert_memory_equal(vm.blob, "\x01\x02\xff\x07\xff\x08", 6);
	assert_int_equal(vm.telnet.undoubled, 1);
	vspc_vm_abort(&vm);
	SAYS(IAC, SB, 232, 48, IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_UP);
}

static void test_not_now(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
	} answers[] = {
		{ { IAC, SB, 232, 43, 1, 2, 3, 4, IAC, SE }, 10 },
		{ { IAC, SB, 232, 43, 1, 2, 3, 4, 5, 6, IAC, SE }, 12 },
		{ { IAC, SB, 232, 3, IAC, SE }, 6 },
		{ { IAC, SB, 232, 3, 99, IAC, SE }, 7 },
	};
	size_t i;

	(void)state;
	come_up();
	for (i = 0; i < LENGTH(answers); i++) {
		vspc_vm_begin(&vm, (const uint8_t *)"\x01\x02\x03\x04", 4, now);
		drop_said();
		/* That of another hand-over is none. */
		GIVE(IAC, SB, 232, 43, 9, 9, 9, 9, IAC, SE);
		assert_int_equal(vm.state, VSPC_VM_BEGUN);
		give(answers[i].bytes, answers[i].len);
		assert_int_equal(vm.state, VSPC_VM_UP);
		assert_true(vm.not_now);
		says_nothing();
	}
	/* No answer at all: it stays, and says so. */
	vspc_vm_begin(&vm, (const uint8_t *)"\x01\x02\x03\x04", 4, now);
	drop_said();
	vspc_vm_tick(&vm, now + vspc_times_default.vmotion);
	assert_int_equal(vm.state, VSPC_VM_UP);
	assert_true(vm.not_now);
	SAYS(IAC, SB, 232, 48, IAC, SE);
	GIVE(IAC, SB, 232, 41, 1, 2, 3, 4, 5, 6, 7, 8, IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_UP);
}

static void test_moved(void **state)
{
	(void)state;
	start(VSPC_TLS_ALREADY);
	vspc_vm_start_moved(&vm, (const uint8_t *)"\x01\x02\x03\x04secret", 10, 4);
	drop_said();
	GIVE(IAC, DO, 232);
	assert_true(outbox_waits(&vm.out) > 28);
	outbox_sent(&vm.out, 28);
	SAYS(IAC, SB, 232, 44, 1, 2, 3, 4, 's', 'e', 'c', 'r', 'e', 't', IAC, SE);
	says_nothing();
	GIVE(IAC, SB, 232, 45, 1, 2, 3, 9, IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_PROXY);
	GIVE(IAC, SB, 232, 45, 1, 2, 3, 4, 's', 'e', IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_PEERED);
	assert_true(vm.facts.padded);
	vspc_vm_complete(&vm);
	SAYS(IAC, SB, 232, 46, 1, 2, 3, 4, IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_UP);
}

static void test_peer_refused(void **state)
{
	(void)state;
	start(VSPC_TLS_ALREADY);
	vspc_vm_start_moved(&vm, (const uint8_t *)"\x01\x02\x03\x04secret", 10, 4);
	GIVE(IAC, DO, 232, IAC, SB, 232, 3, 44, IAC, SE);
	assert_int_equal(vm.state, VSPC_VM_FAILED);
	assert_string_equal(vm.why, "the concentrator refused VMOTION-PEER");
}

/* A flood of questions makes it stop reading, not grow. */
static void test_flood(void **state)
{
	static const uint8_t question[] = { IAC, SB, 232, 81, IAC, SE };
	uint8_t to[16];
	unsigned int i;

	(void)state;
	come_up();
	for (i = 0; i < 10000 && !vspc_vm_full(&vm); i++)
		vspc_vm_receive(&vm, now, question, sizeof(question), to, sizeof(to));
	assert_in_range(i, 100, 1000);
	assert_int_equal(vspc_vm_receive(&vm, now, question, 6, to, sizeof(to)).consumed, 0);
	assert_in_range(outbox_waits(&vm.out), 16384, 16384 + 256);
}

/* Both sides. */

static enum vspc_proxy_event last;

static void proxy_takes(const uint8_t *bytes, size_t len)
{
	struct vspc_proxy_received r;
	uint8_t to[64];

	while (len && last != VSPC_PROXY_CLOSE) {
		r = vspc_proxy_receive(&proxy, now, bytes, len, to, sizeof(to));
		bytes += r.consumed;
		len -= r.consumed;
		add(proxy_got.text, &proxy_got.len, to, r.len);
		if (r.event)
			last = r.event;
		if (r.event == VSPC_PROXY_KNOWN)
			vspc_proxy_accept(&proxy);
		if (!r.consumed && !r.event)
			return;
	}
}

/* Carries up to @piece bytes each way.  Return: whether there was anything. */
static bool carry(size_t piece)
{
	uint8_t bytes[64];
	size_t n = outbox_waits(&vm.out) < piece ? outbox_waits(&vm.out) : piece;
	bool any = n;

	if (n) {
		memcpy(bytes, vm.out.bytes + vm.out.at, n);
		outbox_sent(&vm.out, n);
		proxy_takes(bytes, n);
	}
	n = outbox_waits(&proxy.out) < piece ? outbox_waits(&proxy.out) : piece;
	if (n) {
		memcpy(bytes, proxy.out.bytes + proxy.out.at, n);
		outbox_sent(&proxy.out, n);
		give(bytes, n);
	}
	return any || n;
}

/* Time passes only where nothing is on its way. */
static void meet(uint32_t deviations, enum vspc_tls tls, size_t piece)
{
	unsigned int i;

	last = VSPC_PROXY_NOTHING;
	start(tls);
	vspc_proxy_start(&proxy, deviations);
	for (i = 0; i < ROUNDS; i++) {
		if (carry(piece))
			continue;
		if (vm.state >= VSPC_VM_PEERED || last == VSPC_PROXY_CLOSE)
			return;
		assert_true(vm.deadline);
		now = vm.deadline;
		vspc_vm_tick(&vm, now);
		if (vspc_proxy_tick(&proxy, now) == VSPC_PROXY_KNOWN)
			vspc_proxy_accept(&proxy);
	}
	fail_msg("deviations 0x%x, pieces of %zu: it does not end", deviations, piece);
}

static void part(void)
{
	vspc_vm_free(&vm);
	vspc_proxy_free(&proxy);
}

static void test_all_deviations(void **state)
{
	const struct vspc_deviation_name *deviation;
	size_t piece;

	(void)state;
	/* The entry without a name stands for none. */
	for (deviation = vspc_deviations; ; deviation++) {
		for (piece = 1; piece <= 64; piece *= 2) {
			meet(deviation->bit, piece & 4 ? VSPC_TLS_ALREADY : VSPC_TLS_NONE, piece);
			assert_int_equal(vm.state, VSPC_VM_UP);
			vspc_vm_send(&vm, "guest\xff\r", 7);
			vspc_proxy_send(&proxy, "viewer\xff\r", 8);
			while (carry(piece) && proxy_got.len < 7)
				;
			while (carry(piece) && vm_got.len < 8)
				;
			assert_int_equal(proxy_got.len, 7);
			assert_memory_equal(proxy_got.text, "guest\xff\r", 7);
			assert_int_equal(vm_got.len, 8);
			assert_memory_equal(vm_got.text, "viewer\xff\r", 8);
			if (deviation->bit != VSPC_NO_GET) {
				assert_string_equal(proxy.name, "web01");
				assert_true(proxy.has_uuid);
				assert_memory_equal(proxy.uuid, identity.vc_uuid, VSPC_UUID_SIZE);
			}
			assert_string_equal(proxy.service, "telnet://:7001");
			part();
		}
		if (!deviation->name)
			break;
	}
}

/* What a deviation shows of itself. */
static void test_facts(void **state)
{
	(void)state;
	meet(0, VSPC_TLS_NONE, 64);
	assert_true(vm.facts.spoke_first && vm.facts.known && !vm.telnet.undoubled);
	assert_int_equal(vm.facts.auth, VSPC_AUTH_REFUSED);
	assert_true(vspc_set_has(&vm.facts.codes, VSPC_VMOTION_BEGIN));
	assert_true(vspc_set_empty(&vm.facts.asked_late));
	part();
	meet(VSPC_SILENT, VSPC_TLS_NONE, 64);
	assert_false(vm.facts.spoke_first);
	assert_int_equal(vm.facts.auth, VSPC_AUTH_REFUSED);
	part();
	meet(VSPC_MUTE, VSPC_TLS_NONE, 64);
	assert_int_equal(vm.facts.auth, VSPC_AUTH_SILENCE);
	part();
	meet(VSPC_NO_KNOWN, VSPC_TLS_NONE, 64);
	assert_false(vm.facts.known);
	part();
	meet(VSPC_NO_VMOTION, VSPC_TLS_NONE, 64);
	assert_false(vspc_set_has(&vm.facts.codes, VSPC_VMOTION_BEGIN));
	part();
	meet(VSPC_NO_GET, VSPC_TLS_NONE, 64);
	assert_true(vspc_set_empty(&vm.facts.asked));
	part();
	meet(VSPC_LATE_GET, VSPC_TLS_NONE, 64);
	assert_true(vspc_set_has(&vm.facts.asked_late, VSPC_GET_VM_NAME));
}

/* A concentrator never sees a byte before it has its answers. */
static void test_nothing_early(void **state)
{
	static const uint32_t deviations[] = {
		VSPC_CLOSE_EARLY, VSPC_CLOSE_EARLY | VSPC_LATE_GET, VSPC_DROP_EARLY | VSPC_LATE_GET,
		VSPC_CLOSE_EARLY | VSPC_LATE_GET | VSPC_SILENT | VSPC_MUTE | VSPC_NO_KNOWN,
	};
	size_t i, piece;

	(void)state;
	for (i = 0; i < LENGTH(deviations); i++)
		for (piece = 1; piece <= 64; piece *= 4) {
			meet(deviations[i], VSPC_TLS_NONE, piece);
			assert_int_equal(vm.state, VSPC_VM_UP);
			vspc_vm_send(&vm, "at once", 7);
			while (carry(piece))
				;
			assert_int_not_equal(last, VSPC_PROXY_CLOSE);
			assert_int_equal(proxy_got.len, 7);
			part();
		}
}

/* A hand-over, with all that a concentrator answers. */
static void test_hand_over(void **state)
{
	static const uint8_t secret[VSPC_SECRET_SIZE] = "\xffsecret!";
	uint8_t blob[VSPC_BLOB_MAX];
	size_t len;

	(void)state;
	meet(0, VSPC_TLS_NONE, 64);
	vspc_vm_begin(&vm, (const uint8_t *)"\x01\xff\x03", 3, now);
	while (carry(1))
		;
	assert_int_equal(last, VSPC_PROXY_BEGIN);
	vspc_proxy_go_ahead(&proxy, secret);
	while (carry(1))
		;
	assert_int_equal(vm.state, VSPC_VM_MOVING);
	assert_int_equal(vm.blob_len, 3 + VSPC_SECRET_SIZE);
	len = vm.blob_len;
	memcpy(blob, vm.blob, len);
	vspc_vm_abort(&vm);
	while (carry(1))
		;
	assert_int_equal(last, VSPC_PROXY_ABORT);
	/* It may be begun again, and be refused. */
	vspc_vm_begin(&vm, (const uint8_t *)"\x05", 1, now);
	while (carry(64))
		;
	assert_int_equal(last, VSPC_PROXY_BEGIN);
	vspc_proxy_not_now(&proxy);
	while (carry(64))
		;
	assert_int_equal(vm.state, VSPC_VM_UP);
	part();
	/* The other host. */
	start(VSPC_TLS_ALREADY);
	vspc_vm_start_moved(&vm, blob, len, 3);
	vspc_proxy_start(&proxy, 0);
	last = VSPC_PROXY_NOTHING;
	while (carry(64) && last != VSPC_PROXY_KNOWN)
		;
	assert_true(proxy.peer);
	assert_int_equal(proxy.blob_len, len);
	assert_memory_equal(proxy.blob, blob, len);
	outbox_clear(&proxy.out);
	proxy.sequence_len = 3;
	proxy.state = VSPC_PROXY_ASKED;
	vspc_proxy_accept(&proxy);
	while (carry(1))
		;
	assert_int_equal(vm.state, VSPC_VM_PEERED);
	vspc_vm_complete(&vm);
	while (carry(1))
		;
	assert_int_equal(last, VSPC_PROXY_COMPLETE);
	assert_int_equal(proxy.state, VSPC_PROXY_UP);
}

/* A concentrator with a port of its own, which is driven as the guest drives its own. */
static void test_com_port(void **state)
{
	struct com_port_guest guest = { { 9600, 7, 3, 2 }, .dtr = true };
	int i;

	(void)state;
	meet(VSPC_COM_PORT, VSPC_TLS_NONE, 64);
	while (carry(1))
		;
	assert_true(vm.has_port && proxy.has_port && vm.port.told);
	vspc_vm_cable(&vm, &guest);
	while (carry(1))
		;
	assert_memory_equal(&proxy.port.settings, &guest.settings, sizeof(guest.settings));
	assert_true(proxy.port.dtr && !proxy.port.rts);
	assert_true(vm.port.ready && !vm.port.there);
	vspc_proxy_attend(&proxy, true);
	while (carry(1))
		;
	assert_true(vm.port.there);
	/* However often it changes, one that takes nothing is owed no more than that. */
	for (i = 0; i < 10000; i++) {
		guest.rts = i % 2;
		vspc_vm_cable(&vm, &guest);
	}
	assert_true(outbox_waits(&vm.out) < 20000);
	while (carry(1))
		;
	vspc_vm_written(&vm);
	while (carry(1))
		;
	assert_true(proxy.port.rts);
	/* That is no reason to set anything. */
	assert_memory_equal(&proxy.port.settings, &guest.settings, sizeof(guest.settings));
	vspc_vm_send(&vm, "a", 1);
	vspc_vm_send_break(&vm);
	vspc_vm_send(&vm, "b", 1);
	while (carry(64) && last != VSPC_PROXY_BREAK)
		;
	assert_int_equal(last, VSPC_PROXY_BREAK);
	while (carry(64))
		;
	assert_memory_equal(proxy_got.text, "ab", 2);
	/* Without it a break is telnet's. */
	part();
	meet(0, VSPC_TLS_NONE, 64);
	while (carry(64))
		;
	assert_false(vm.has_port || proxy.has_port);
	vspc_vm_cable(&vm, &guest);
	says_nothing();
	vspc_vm_send_break(&vm);
	SAYS(IAC, 243);
}

/* What no virtual machine sends does not confuse the concentrator. */
static void test_odd_machines(void **state)
{
	static const uint8_t odd[] = {
		IAC, DO, 232, IAC, WILL, 232,
		IAC, SB, 232, 46, 'x', IAC, SE,		/* COMPLETE of nothing */
		IAC, SB, 232, 48, IAC, SE,		/* ABORT of nothing */
		IAC, SB, 232, 40, 'x', IAC, SE,		/* BEGIN before it is known */
		IAC, SB, 232, 70, IAC, SE,		/* DO-PROXY of no direction */
		IAC, SB, 232, 71, IAC, SE,		/* the other side's */
		IAC, SB, 232, 82, 'a', 0, IAC, SE,	/* a name with a NUL */
		IAC, SB, 232, 0, 80, 81, IAC, SE,	/* knows a UUID alone */
		IAC, SB, 232, 70, 'C', 'u', IAC, SE,
		IAC, SB, 232, 80, 'x', IAC, SE,		/* and answers nonsense */
	};
	unsigned int i;

	(void)state;
	last = VSPC_PROXY_NOTHING;
	vspc_proxy_start(&proxy, 0);
	for (i = 0; i < sizeof(odd); i++)
		proxy_takes(odd + i, 1);
	assert_int_equal(last, VSPC_PROXY_KNOWN);
	assert_string_equal(proxy.name, "");
	assert_false(proxy.has_uuid);
	assert_int_equal(proxy.direction, 'C');
	assert_string_equal(proxy.service, "u");
	assert_int_equal(proxy.state, VSPC_PROXY_UP);
}

/* One that answers nothing is known by what it said. */
static void test_no_answers(void **state)
{
	static const uint8_t bytes[] = {
		IAC, WILL, 232, IAC, SB, 232, 70, 'S', 'u', IAC, SE,
	};

	(void)state;
	last = VSPC_PROXY_NOTHING;
	now = 5;
	vspc_proxy_start(&proxy, 0);
	proxy_takes(bytes, sizeof(bytes));
	assert_int_equal(last, VSPC_PROXY_NOTHING);
	assert_true(proxy.deadline > now);
	assert_int_equal(vspc_proxy_tick(&proxy, proxy.deadline - 1), VSPC_PROXY_NOTHING);
	assert_int_equal(vspc_proxy_tick(&proxy, proxy.deadline), VSPC_PROXY_KNOWN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_as_captured, end),
		cmocka_unit_test_teardown(test_silence, end),
		cmocka_unit_test_teardown(test_encrypted, end),
		cmocka_unit_test_teardown(test_authentication, end),
		cmocka_unit_test_teardown(test_refusals, end),
		cmocka_unit_test_teardown(test_asks_for_ever, end),
		cmocka_unit_test_teardown(test_unknown, end),
		cmocka_unit_test_teardown(test_undoubled, end),
		cmocka_unit_test_teardown(test_not_now, end),
		cmocka_unit_test_teardown(test_moved, end),
		cmocka_unit_test_teardown(test_peer_refused, end),
		cmocka_unit_test_teardown(test_flood, end),
		cmocka_unit_test_teardown(test_all_deviations, end),
		cmocka_unit_test_teardown(test_facts, end),
		cmocka_unit_test_teardown(test_nothing_early, end),
		cmocka_unit_test_teardown(test_hand_over, end),
		cmocka_unit_test_teardown(test_com_port, end),
		cmocka_unit_test_teardown(test_odd_machines, end),
		cmocka_unit_test_teardown(test_no_answers, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
