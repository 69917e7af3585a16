// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes of the network, however they are cut, bring the same bytes of the
 * console, and what is sent comes out at the other end as it was.
 */
#include <string.h>

#include "fuzz.h"
#include "telnet.h"

#define MAX	4096u

/** struct result - what came out */
struct result {
	uint8_t text[2 * MAX];
	size_t len;
	unsigned int events;
};

/* Takes @n bytes, up to @piece at a time, into up to @room. */
static void receive(struct telnet *telnet, const uint8_t *data, size_t n, size_t piece,
		    size_t room, struct result *result)
{
	struct telnet_received r;
	size_t len, given;

	while (n) {
		given = n < piece ? n : piece;
		len = sizeof(result->text) - result->len;
		r = telnet_receive(telnet, data, given, result->text + result->len,
				   len < room ? len : room);
		RULE(r.consumed <= given && r.len <= room);
		result->len += r.len;
		result->events += r.event != TELNET_NOTHING;
		if (r.event == TELNET_SUB) {
			telnet_sub(telnet, &len);
			RULE(len && len <= TELNET_SUB_MAX);
		}
		telnet_replies(telnet, &len);
		RULE(len <= TELNET_REPLIES_MAX);
		RULE(r.consumed || telnet_full(telnet));
		if (telnet_full(telnet))
			telnet_replied(telnet, len);
		data += r.consumed;
		n -= r.consumed;
	}
}

/* What is sent in pieces, the other end has whole. */
static void round_trip(struct telnet *from, enum telnet_role role, const uint8_t *data, size_t n,
		       size_t piece)
{
	static struct result result;
	static uint8_t wire[2 * MAX];
	struct telnet to;
	size_t at = 0, len, out = 0;

	from->us[TELNET_BINARY] = TELNET_Q_YES;
	while (at < n) {
		len = n - at < piece ? n - at : piece;
		out += telnet_send(from, data + at, &len, wire + out, sizeof(wire) - out);
		at += len;
	}
	telnet_start(&to, role == TELNET_SERVER ? TELNET_CLIENT : TELNET_SERVER);
	to.him[TELNET_BINARY] = TELNET_Q_YES;
	result.len = 0;
	receive(&to, wire, out, out ? out : 1, sizeof(result.text), &result);
	RULE(result.len == n && !memcmp(result.text, data, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result whole, cut;
	enum telnet_role role;
	struct telnet telnet;
	size_t piece, room;

	if (size < 3 || size > MAX)
		return 0;
	role = data[0] & 1 ? TELNET_CLIENT : TELNET_SERVER;
	piece = 1 + data[1] % 64;
	room = 2 + data[2] % 64;
	data += 3;
	size -= 3;
	memset(&whole, 0, sizeof(whole));
	memset(&cut, 0, sizeof(cut));
	telnet_start(&telnet, role);
	receive(&telnet, data, size, MAX, sizeof(whole.text), &whole);
	telnet_start(&telnet, role);
	receive(&telnet, data, size, piece, room, &cut);
	RULE(whole.len == cut.len && !memcmp(whole.text, cut.text, cut.len));
	RULE(whole.events == cut.events);
	round_trip(&telnet, role, data, size, piece);
	return 0;
}
