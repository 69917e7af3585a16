// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes of a concentrator, or of a virtual machine, however they are cut,
 * bring the same bytes of the port; what is to be said to them stays within
 * bounds; and a message with any parameters arrives as it was sent.
 */
#include <string.h>

#include "fuzz.h"
#include "vspc_proxy.h"
#include "vspc_vm.h"

#define MAX	4096u
/* What one message can cause beside what makes a side stop to listen. */
#define OUT_MAX	(16384u + 2 * (MAX + 64))

/** struct result - what came out */
struct result {
	uint8_t text[2 * MAX];
	size_t len;
};

static const struct vspc_identity identity = {
	.name = "fuzzed", .direction = VSPC_PROXY_SERVER, .service = "telnet://:1\xff",
};

static void vm_takes(const uint8_t *data, size_t n, size_t piece, enum vspc_tls tls,
		     struct result *result)
{
	static struct vspc_vm vm;
	uint64_t now = 1;

	result->len = 0;
	vspc_vm_start(&vm, &identity, &vspc_times_default, tls, now);
	while (n) {
		size_t given = n < piece ? n : piece;
		struct telnet_received r = vspc_vm_receive(&vm, now, data, given,
							   result->text + result->len,
							   sizeof(result->text) - result->len);

		RULE(r.consumed <= given);
		RULE(r.consumed || vspc_vm_full(&vm) || vm.state == VSPC_VM_TLS);
		RULE(vm.state != VSPC_VM_TLS || tls == VSPC_TLS_POSSIBLE ||
		     tls == VSPC_TLS_REQUIRED);
		RULE(outbox_waits(&vm.out) <= OUT_MAX);
		RULE((vm.state == VSPC_VM_FAILED) == !!vm.why);
		if (vm.state == VSPC_VM_TLS)
			vspc_vm_encrypted(&vm, now);
		if (vspc_vm_full(&vm))
			outbox_clear(&vm.out);
		result->len += r.len;
		data += r.consumed;
		n -= r.consumed;
	}
	/* It comes to an end, whatever it was told. */
	while (vm.deadline) {
		RULE(vm.deadline > now);
		now = vm.deadline;
		vspc_vm_tick(&vm, now);
	}
	RULE(vm.state == VSPC_VM_UP || vm.state == VSPC_VM_FAILED);
	RULE(vm.state == VSPC_VM_FAILED || tls != VSPC_TLS_REQUIRED ||
	     vm.facts.auth == VSPC_AUTH_TLS);
	vspc_vm_free(&vm);
}

static void proxy_takes(const uint8_t *data, size_t n, size_t piece, uint32_t deviations,
			struct result *result)
{
	static const uint8_t secret[VSPC_SECRET_SIZE] = "secrets";
	static struct vspc_proxy proxy;

	result->len = 0;
	vspc_proxy_start(&proxy, deviations);
	while (n) {
		size_t given = n < piece ? n : piece;
		struct vspc_proxy_received r =
			vspc_proxy_receive(&proxy, 1, data, given, result->text + result->len,
					   sizeof(result->text) - result->len);

		RULE(r.consumed <= given);
		RULE(r.consumed || vspc_proxy_full(&proxy));
		RULE(outbox_waits(&proxy.out) <= OUT_MAX);
		RULE(strlen(proxy.name) <= VSPC_NAME_MAX);
		RULE(strlen(proxy.service) <= VSPC_SERVICE_MAX);
		if (vspc_proxy_full(&proxy))
			outbox_clear(&proxy.out);
		if (r.event == VSPC_PROXY_KNOWN)
			vspc_proxy_accept(&proxy);
		else if (r.event == VSPC_PROXY_BEGIN)
			vspc_proxy_go_ahead(&proxy, secret);
		result->len += r.len;
		data += r.consumed;
		n -= r.consumed;
	}
	vspc_proxy_free(&proxy);
}

static void round_trip(uint8_t code, const uint8_t *params, size_t len)
{
	static uint8_t wire[2 * MAX + 64], room[MAX + 64], to[64];
	const struct vspc_message message = { .code = code % 100, .params = params, .len = len };
	size_t n = vspc_encode(&message, wire), got;
	struct vspc_message back;
	struct telnet_received r;
	struct telnet telnet;
	const uint8_t *sub;

	RULE(n <= vspc_encoded_max(len));
	telnet_start_vspc(&telnet, TELNET_PROXY, room, sizeof(room));
	r = telnet_receive(&telnet, wire, n, to, sizeof(to));
	RULE(r.consumed == n && !r.len && r.event == TELNET_SUB && !telnet.undoubled);
	sub = telnet_sub(&telnet, &got);
	RULE(vspc_decode(sub, got, &back) && back.code == message.code && back.len == len);
	RULE(!memcmp(back.params, params, len));
	vspc_valid(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result whole, cut;
	enum vspc_tls tls;
	size_t piece;

	if (size < 5 || size > MAX)
		return 0;
	piece = 1 + data[0] % 64;
	round_trip(data[4], data + 5, size - 5);
	tls = data[0] >> 6;
	vm_takes(data + 5, size - 5, MAX, tls, &whole);
	vm_takes(data + 5, size - 5, piece, tls, &cut);
	RULE(whole.len == cut.len && !memcmp(whole.text, cut.text, cut.len));
	proxy_takes(data + 5, size - 5, MAX, 0, &whole);
	proxy_takes(data + 5, size - 5, piece, 0, &cut);
	RULE(whole.len == cut.len && !memcmp(whole.text, cut.text, cut.len));
	proxy_takes(data + 5, size - 5, piece,
		    (uint32_t)data[1] | (uint32_t)data[2] << 8 | (uint32_t)data[3] << 16, &cut);
	return 0;
}
