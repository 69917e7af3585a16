// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said in telnet's option AUTHENTICATION. */
#include <string.h>

#include "auth_word.h"

/* Commands of telnet. */
#define SE		240
#define SB		250
#define IAC		255

/* What subnegotiations are. */
#define IS		0
#define SEND		1
#define REPLY		2

/* Types, each with a byte of modifiers, of which all peers use 0 with SSL. */
#define TYPE_NULL	0
#define TYPE_SSL	7
#define MODIFIERS	0

/* What an exchange of type SSL consists of. */
#define START		1
#define ACCEPT		2
#define REJECT		3

/* SEND, and types with their modifiers. */
static enum auth_word read_send(const uint8_t *sub, size_t len)
{
	size_t i;

	for (i = 1; i + 1 < len; i += 2)
		if (sub[i] == TYPE_SSL && sub[i + 1] == MODIFIERS)
			return AUTH_WORD_SEND_SSL;
	return AUTH_WORD_SEND_OTHER;
}

/* IS, type, modifiers, and what that type says. */
static enum auth_word read_is(const uint8_t *sub, size_t len)
{
	if (len < 2)
		return AUTH_WORD_OTHER;
	if (sub[1] == TYPE_NULL)
		return AUTH_WORD_NONE;
	return len >= 4 && sub[1] == TYPE_SSL && sub[2] == MODIFIERS && sub[3] == START ?
		AUTH_WORD_START : AUTH_WORD_IS_OTHER;
}

static enum auth_word read_reply(const uint8_t *sub, size_t len)
{
	if (len < 4 || sub[1] != TYPE_SSL)
		return AUTH_WORD_OTHER;
	return sub[3] == ACCEPT ? AUTH_WORD_ACCEPT :
	       sub[3] == REJECT ? AUTH_WORD_REJECT : AUTH_WORD_OTHER;
}

enum auth_word auth_word_read(const uint8_t *sub, size_t len)
{
	switch (len ? sub[0] : UINT8_MAX) {
	case SEND:
		return read_send(sub, len);
	case IS:
		return read_is(sub, len);
	case REPLY:
		return read_reply(sub, len);
	default:
		return AUTH_WORD_OTHER;
	}
}

size_t auth_word_say(enum auth_word word, uint8_t *to)
{
	static const struct {
		uint8_t len;
		uint8_t bytes[4];
	} words[] = {
		[AUTH_WORD_SEND_SSL] = { 3, { SEND, TYPE_SSL, MODIFIERS } },
		[AUTH_WORD_START] = { 4, { IS, TYPE_SSL, MODIFIERS, START } },
		[AUTH_WORD_NONE] = { 3, { IS, TYPE_NULL, MODIFIERS } },
		[AUTH_WORD_ACCEPT] = { 4, { REPLY, TYPE_SSL, MODIFIERS, ACCEPT } },
		[AUTH_WORD_REJECT] = { 4, { REPLY, TYPE_SSL, MODIFIERS, REJECT } },
	};
	size_t len = words[word].len;

	to[0] = IAC;
	to[1] = SB;
	to[2] = AUTH_WORD_OPTION;
	memcpy(to + 3, words[word].bytes, len);
	to[3 + len] = IAC;
	to[4 + len] = SE;
	return 5 + len;
}
