// SPDX-License-Identifier: GPL-2.0-or-later
/* Telnet's option AUTHENTICATION with the type SSL. */
#include <string.h>

#include "auth_word.h"
#include "telnet_auth.h"

/* Commands of telnet. */
#define SE		240
#define SB		250
#define WILL		251
#define WONT		252
#define DO		253
#define DONT		254
#define IAC		255

static void say(struct telnet_auth *auth, const void *bytes, size_t len)
{
	memcpy(auth->replies + auth->replies_len, bytes, len);
	auth->replies_len += len;
}

static void say_verb(struct telnet_auth *auth, uint8_t verb)
{
	const uint8_t bytes[] = { IAC, verb, AUTH_WORD_OPTION };

	say(auth, bytes, sizeof(bytes));
}

static void say_word(struct telnet_auth *auth, enum auth_word word)
{
	auth->replies_len += auth_word_say(word, auth->replies + auth->replies_len);
}

static bool is_open(const struct telnet_auth *auth)
{
	return auth->verdict == TELNET_AUTH_OPEN || auth->verdict == TELNET_AUTH_AGREED;
}

/* Says once that the other side's way of doing it is not wanted. */
static void refuse(struct telnet_auth *auth, uint8_t verb)
{
	if (auth->refused)
		return;
	auth->refused = true;
	say_verb(auth, verb);
}

/* The server's side. */

static void server_verb(struct telnet_auth *auth, uint8_t verb)
{
	if (verb == DO) {
		refuse(auth, WONT);
	} else if (verb == WONT) {
		auth->verdict = TELNET_AUTH_PLAIN;
	} else if (verb == WILL && auth->verdict == TELNET_AUTH_OPEN) {
		auth->verdict = TELNET_AUTH_AGREED;
		say_word(auth, AUTH_WORD_SEND_SSL);
	}
}

static void server_word(struct telnet_auth *auth, enum auth_word word)
{
	if (auth->verdict != TELNET_AUTH_AGREED)
		return;
	switch (word) {
	case AUTH_WORD_START:
		auth->verdict = TELNET_AUTH_TLS;
		say_word(auth, AUTH_WORD_ACCEPT);
		break;
	case AUTH_WORD_NONE:
		auth->verdict = TELNET_AUTH_PLAIN;
		break;
	case AUTH_WORD_IS_OTHER:
		auth->verdict = TELNET_AUTH_PLAIN;
		say_word(auth, AUTH_WORD_REJECT);
		break;
	default:
		break;
	}
}

/* The client's side. */

static void offer(struct telnet_auth *auth)
{
	if (auth->offered)
		return;
	auth->offered = true;
	say_verb(auth, WILL);
}

static void client_verb(struct telnet_auth *auth, uint8_t verb)
{
	if (verb == WILL) {
		refuse(auth, DONT);
	} else if (verb == DONT) {
		auth->verdict = TELNET_AUTH_PLAIN;
	} else if (verb == DO) {
		auth->verdict = TELNET_AUTH_AGREED;
		offer(auth);
	}
}

static void client_word(struct telnet_auth *auth, enum auth_word word)
{
	/* An answer is one to START, and that is said once. */
	bool answers = word == AUTH_WORD_ACCEPT || word == AUTH_WORD_REJECT;

	if (answers != auth->began)
		return;
	switch (word) {
	case AUTH_WORD_SEND_SSL:
		auth->began = true;
		auth->verdict = TELNET_AUTH_AGREED;
		say_word(auth, AUTH_WORD_START);
		break;
	case AUTH_WORD_SEND_OTHER:
		auth->verdict = TELNET_AUTH_PLAIN;
		say_word(auth, AUTH_WORD_NONE);
		break;
	case AUTH_WORD_ACCEPT:
		auth->verdict = TELNET_AUTH_TLS;
		break;
	case AUTH_WORD_REJECT:
		auth->verdict = TELNET_AUTH_PLAIN;
		break;
	default:
		break;
	}
}

/* Both. */

static void take_verb(struct telnet_auth *auth, uint8_t verb)
{
	if (auth->server)
		server_verb(auth, verb);
	else
		client_verb(auth, verb);
}

static void take_sub(struct telnet_auth *auth)
{
	enum auth_word word = auth_word_read(auth->sub, auth->sub_len);

	if (auth->server)
		server_word(auth, word);
	else
		client_word(auth, word);
}

/* The peer speaks telnet. */
static void hear_telnet(struct telnet_auth *auth)
{
	if (!auth->server)
		offer(auth);
}

static void add_sub(struct telnet_auth *auth, uint8_t byte)
{
	/* What is longer says nothing that is looked at. */
	if (auth->sub_len < TELNET_AUTH_SUB_MAX)
		auth->sub[auth->sub_len++] = byte;
}

/* Return: how many bytes of @to were used: the first @n of these. */
static size_t put(uint8_t *to, size_t n, uint8_t second, uint8_t third)
{
	const uint8_t bytes[] = { IAC, second, third, IAC };

	memcpy(to, bytes, n);
	return n;
}

/* Behind IAC, also where that stands in a subnegotiation that was not ended. */
static size_t take_command(struct telnet_auth *auth, uint8_t byte, uint8_t *to)
{
	auth->state = TELNET_AUTH_S_DATA;
	if (byte >= WILL && byte <= DONT) {
		auth->verb = byte;
		auth->state = TELNET_AUTH_S_OPTION;
		return 0;
	}
	if (byte == SB) {
		auth->state = TELNET_AUTH_S_SUB_OPTION;
		return 0;
	}
	return put(to, 2, byte, 0);
}

static size_t take_option(struct telnet_auth *auth, uint8_t option, uint8_t *to)
{
	auth->state = TELNET_AUTH_S_DATA;
	hear_telnet(auth);
	if (option != AUTH_WORD_OPTION)
		return put(to, 3, auth->verb, option);
	take_verb(auth, auth->verb);
	return 0;
}

static size_t take_sub_option(struct telnet_auth *auth, uint8_t option, uint8_t *to)
{
	hear_telnet(auth);
	/* In those of other options nothing can be told from data but their end. */
	auth->state = option == AUTH_WORD_OPTION ? TELNET_AUTH_S_SUB : TELNET_AUTH_S_DATA;
	auth->sub_len = 0;
	return option == AUTH_WORD_OPTION ? 0 : put(to, 3, SB, option);
}

/* Behind IAC in a subnegotiation of ours. */
static size_t take_sub_command(struct telnet_auth *auth, uint8_t byte, uint8_t *to)
{
	auth->state = TELNET_AUTH_S_SUB;
	if (byte == IAC) {
		add_sub(auth, IAC);
	} else if (byte == SE) {
		auth->state = TELNET_AUTH_S_DATA;
		take_sub(auth);
	} else {
		return take_command(auth, byte, to);
	}
	return 0;
}

/* Return: how many bytes of @to were used. */
static size_t take_byte(struct telnet_auth *auth, uint8_t byte, uint8_t *to)
{
	switch (auth->state) {
	case TELNET_AUTH_S_DATA:
		if (byte != IAC || !is_open(auth)) {
			*to = byte;
			return 1;
		}
		auth->state = TELNET_AUTH_S_IAC;
		return 0;
	case TELNET_AUTH_S_IAC:
		return take_command(auth, byte, to);
	case TELNET_AUTH_S_OPTION:
		return take_option(auth, byte, to);
	case TELNET_AUTH_S_SUB_OPTION:
		return take_sub_option(auth, byte, to);
	case TELNET_AUTH_S_SUB:
		if (byte == IAC)
			auth->state = TELNET_AUTH_S_SUB_IAC;
		else
			add_sub(auth, byte);
		return 0;
	case TELNET_AUTH_S_SUB_IAC:
		return take_sub_command(auth, byte, to);
	}
	return 0;
}

size_t telnet_auth_receive(struct telnet_auth *auth, const uint8_t *from, size_t *len,
			   uint8_t *to, size_t max)
{
	size_t n, out = 0;

	for (n = 0; n < *len && out + TELNET_AUTH_GROWTH <= max; n++)
		out += take_byte(auth, from[n], to + out);
	*len = n;
	return out;
}

size_t telnet_auth_give_up(struct telnet_auth *auth, uint8_t *to)
{
	enum telnet_auth_state state = auth->state;

	auth->verdict = TELNET_AUTH_PLAIN;
	auth->state = TELNET_AUTH_S_DATA;
	switch (state) {
	case TELNET_AUTH_S_DATA:
		return 0;
	case TELNET_AUTH_S_IAC:
		return put(to, 1, 0, 0);
	case TELNET_AUTH_S_OPTION:
		return put(to, 2, auth->verb, 0);
	case TELNET_AUTH_S_SUB_OPTION:
		return put(to, 2, SB, 0);
	case TELNET_AUTH_S_SUB:
	case TELNET_AUTH_S_SUB_IAC:
		break;
	}
	/* Whoever goes on reading passes over the rest of it. */
	return put(to, state == TELNET_AUTH_S_SUB ? 3 : 4, SB, AUTH_WORD_OPTION);
}

const uint8_t *telnet_auth_replies(const struct telnet_auth *auth, size_t *len)
{
	*len = auth->replies_len;
	return auth->replies;
}

void telnet_auth_replied(struct telnet_auth *auth, size_t n)
{
	auth->replies_len -= n;
	memmove(auth->replies, auth->replies + n, auth->replies_len);
}

static bool is_option(const uint8_t *bytes, size_t len)
{
	return len >= 3 && bytes[0] == IAC && bytes[1] >= WILL && bytes[1] <= DONT;
}

size_t telnet_auth_options(const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	while (is_option(bytes + n, len - n))
		n += 3;
	return n;
}

/* Return: how long what stands there is: a byte, or a command of telnet. */
static size_t unit_len(const uint8_t *bytes, size_t len)
{
	size_t n = 2;

	if (bytes[0] != IAC || len == 1)
		return 1;
	if (bytes[1] >= WILL && bytes[1] <= DONT)
		return len < 3 ? len : 3;
	if (bytes[1] != SB)
		return 2;
	while (n + 1 < len && (bytes[n] != IAC || bytes[n + 1] != SE))
		n += bytes[n] == IAC ? 2 : 1;
	return n + 2 < len ? n + 2 : len;
}

size_t telnet_auth_strip(uint8_t *bytes, size_t len)
{
	size_t n, at, out = 0;

	for (at = 0; at < len; at += n) {
		n = unit_len(bytes + at, len - at);
		if (!is_option(bytes + at, n))
			continue;
		memmove(bytes + out, bytes + at, n);
		out += n;
	}
	return out;
}

void telnet_auth_start(struct telnet_auth *auth, bool server)
{
	*auth = (struct telnet_auth){ .server = server };
	if (server)
		say_verb(auth, DO);
}
