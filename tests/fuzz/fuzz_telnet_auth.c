// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes of the network, however they are cut, lead to the same verdict. */
#include <string.h>

#include "fuzz.h"
#include "telnet_auth.h"

#define MAX	4096u

/** struct result - what came out */
struct result {
	struct telnet_auth auth;
	uint8_t text[MAX + TELNET_AUTH_GROWTH];
	size_t len;
};

static bool decided(const struct telnet_auth *auth)
{
	return auth->verdict == TELNET_AUTH_PLAIN || auth->verdict == TELNET_AUTH_TLS;
}

static void receive(struct result *result, bool server, const uint8_t *data, size_t n,
		    size_t piece)
{
	size_t len, max, out;

	memset(result, 0, sizeof(*result));
	telnet_auth_start(&result->auth, server);
	while (n) {
		len = n < piece ? n : piece;
		max = sizeof(result->text) - result->len;
		out = telnet_auth_receive(&result->auth, data, &len,
					  result->text + result->len, max);
		RULE(out <= max);
		RULE(len);
		result->len += out;
		data += len;
		n -= len;
		telnet_auth_replies(&result->auth, &len);
		RULE(len <= TELNET_AUTH_REPLIES_MAX);
		telnet_auth_replied(&result->auth, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result whole, cut;
	uint8_t held[TELNET_AUTH_HELD_MAX];
	size_t len;

	if (size < 2 || size > MAX)
		return 0;
	receive(&whole, data[0] & 1, data + 2, size - 2, MAX);
	receive(&cut, data[0] & 1, data + 2, size - 2, 1 + data[1] % 32);
	RULE(whole.auth.verdict == cut.auth.verdict);
	RULE(whole.len == cut.len && !memcmp(whole.text, cut.text, cut.len));
	if (!decided(&whole.auth)) {
		RULE(telnet_auth_give_up(&whole.auth, held) <= sizeof(held));
		RULE(whole.auth.verdict == TELNET_AUTH_PLAIN);
	}
	RULE(telnet_auth_options(cut.text, cut.len) <= cut.len);
	len = telnet_auth_strip(cut.text, cut.len);
	RULE(len <= cut.len);
	/* What is left is commands about options and nothing else. */
	RULE(telnet_auth_options(cut.text, len) == len);
	return 0;
}
