// SPDX-License-Identifier: GPL-2.0-or-later
/* The messages of the vSPC extension. */
#include <ctype.h>
#include <string.h>

#include "vspc.h"

#define IAC	255
#define SB	250
#define SE	240

const struct vspc_kind vspc_kinds[] = {
	{ VSPC_KNOWN_1, "KNOWN-SUBOPTIONS-1", true, VSPC_CODES },
	{ VSPC_KNOWN_2, "KNOWN-SUBOPTIONS-2", false, VSPC_CODES },
	{ VSPC_UNKNOWN_1, "UNKNOWN-SUBOPTION-RCVD-1", true, VSPC_ONE_CODE },
	{ VSPC_UNKNOWN_2, "UNKNOWN-SUBOPTION-RCVD-2", false, VSPC_ONE_CODE },
	{ VSPC_VMOTION_BEGIN, "VMOTION-BEGIN", true, VSPC_SEQUENCE },
	{ VSPC_VMOTION_GOAHEAD, "VMOTION-GOAHEAD", false, VSPC_SEQUENCE },
	{ VSPC_VMOTION_NOTNOW, "VMOTION-NOTNOW", false, VSPC_SEQUENCE },
	{ VSPC_VMOTION_PEER, "VMOTION-PEER", true, VSPC_SEQUENCE },
	{ VSPC_VMOTION_PEER_OK, "VMOTION-PEER-OK", false, VSPC_SEQUENCE },
	{ VSPC_VMOTION_COMPLETE, "VMOTION-COMPLETE", true, VSPC_SEQUENCE },
	{ VSPC_VMOTION_ABORT, "VMOTION-ABORT", true, VSPC_NOTHING },
	{ VSPC_DO_PROXY, "DO-PROXY", true, VSPC_SERVICE },
	{ VSPC_WILL_PROXY, "WILL-PROXY", false, VSPC_NOTHING },
	{ VSPC_WONT_PROXY, "WONT-PROXY", false, VSPC_NOTHING },
	{ VSPC_VM_VC_UUID, "VM-VC-UUID", true, VSPC_UUID },
	{ VSPC_GET_VM_VC_UUID, "GET-VM-VC-UUID", false, VSPC_NOTHING },
	{ VSPC_VM_NAME, "VM-NAME", true, VSPC_TEXT },
	{ VSPC_GET_VM_NAME, "GET-VM-NAME", false, VSPC_NOTHING },
	{ VSPC_VM_BIOS_UUID, "VM-BIOS-UUID", true, VSPC_UUID },
	{ VSPC_GET_VM_BIOS_UUID, "GET-VM-BIOS-UUID", false, VSPC_NOTHING },
	{ VSPC_VM_LOCATION_UUID, "VM-LOCATION-UUID", true, VSPC_UUID },
	{ VSPC_GET_VM_LOCATION_UUID, "GET-VM-LOCATION-UUID", false, VSPC_NOTHING },
	{ 0 },
};

const uint8_t vspc_known_list[22] = {
	VSPC_KNOWN_1, VSPC_KNOWN_2, VSPC_UNKNOWN_1, VSPC_UNKNOWN_2,
	VSPC_VMOTION_BEGIN, VSPC_VMOTION_GOAHEAD, VSPC_VMOTION_NOTNOW, VSPC_VMOTION_PEER,
	VSPC_VMOTION_PEER_OK, VSPC_VMOTION_COMPLETE, VSPC_VMOTION_ABORT,
	VSPC_DO_PROXY, VSPC_WILL_PROXY, VSPC_WONT_PROXY,
	VSPC_VM_VC_UUID, VSPC_GET_VM_VC_UUID, VSPC_VM_BIOS_UUID, VSPC_GET_VM_BIOS_UUID,
	VSPC_VM_LOCATION_UUID, VSPC_GET_VM_LOCATION_UUID, VSPC_VM_NAME, VSPC_GET_VM_NAME,
};

const struct vspc_kind *vspc_kind(uint8_t code)
{
	const struct vspc_kind *kind;

	for (kind = vspc_kinds; kind->name; kind++)
		if (kind->code == code)
			return kind;
	return NULL;
}

const char *vspc_name(uint8_t code)
{
	const struct vspc_kind *kind = vspc_kind(code);

	return kind ? kind->name : "an unknown suboption";
}

/* Sets. */

void vspc_set_add(struct vspc_set *set, uint8_t code)
{
	set->bits[code / 64] |= 1ull << code % 64;
}

void vspc_set_remove(struct vspc_set *set, uint8_t code)
{
	set->bits[code / 64] &= ~(1ull << code % 64);
}

bool vspc_set_has(const struct vspc_set *set, uint8_t code)
{
	return set->bits[code / 64] >> code % 64 & 1;
}

bool vspc_set_empty(const struct vspc_set *set)
{
	return !(set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]);
}

struct vspc_set vspc_set_of(const uint8_t *codes, size_t n)
{
	struct vspc_set set = { 0 };

	while (n--)
		vspc_set_add(&set, *codes++);
	return set;
}

/* Messages. */

bool vspc_decode(const uint8_t *sub, size_t len, struct vspc_message *message)
{
	if (len < 2 || sub[0] != VSPC_OPTION)
		return false;
	*message = (struct vspc_message){ .code = sub[1], .params = sub + 2, .len = len - 2 };
	return true;
}

bool vspc_valid(const struct vspc_message *message)
{
	const struct vspc_kind *kind = vspc_kind(message->code);
	uint8_t uuid[VSPC_UUID_SIZE];

	if (!kind)
		return false;
	switch (kind->params) {
	case VSPC_NOTHING:
		return !message->len;
	case VSPC_ONE_CODE:
		return message->len == 1;
	case VSPC_SEQUENCE:
		return message->len;
	case VSPC_SERVICE:
		return message->len && (*message->params == VSPC_PROXY_CLIENT ||
					*message->params == VSPC_PROXY_SERVER) &&
		       !memchr(message->params, '\0', message->len);
	case VSPC_UUID:
		return vspc_uuid_parse(message->params, message->len, uuid);
	case VSPC_TEXT:
		return !memchr(message->params, '\0', message->len);
	case VSPC_CODES:
		break;
	}
	return true;
}

static uint8_t *put(uint8_t *to, uint8_t byte)
{
	*to++ = byte;
	if (byte == IAC)
		*to++ = byte;
	return to;
}

size_t vspc_encode(const struct vspc_message *message, uint8_t *to)
{
	uint8_t *at = to;
	size_t i;

	*at++ = IAC;
	*at++ = SB;
	*at++ = VSPC_OPTION;
	/* No code is IAC. */
	*at++ = message->code;
	for (i = 0; i < message->len; i++)
		at = put(at, message->params[i]);
	*at++ = IAC;
	*at++ = SE;
	return (size_t)(at - to);
}

bool vspc_same_sequence(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t len = a_len < b_len ? a_len : b_len;

	return len && !memcmp(a, b, len);
}

/* UUIDs. */

void vspc_uuid_format(const uint8_t uuid[VSPC_UUID_SIZE], char text[VSPC_UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	unsigned int i;

	for (i = 0; i < VSPC_UUID_SIZE; i++) {
		*text++ = digits[uuid[i] >> 4];
		*text++ = digits[uuid[i] & 15];
		*text++ = i == 7 ? '-' : ' ';
	}
	text[-1] = '\0';
}

static uint8_t digit(uint8_t c)
{
	return (uint8_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
}

bool vspc_uuid_parse(const uint8_t *text, size_t len, uint8_t uuid[VSPC_UUID_SIZE])
{
	unsigned int digits = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == ' ' || text[i] == '-')
			continue;
		if (!isxdigit(text[i]) || digits == 2 * VSPC_UUID_SIZE)
			return false;
		if (digits % 2)
			uuid[digits / 2] = (uint8_t)(uuid[digits / 2] << 4 | digit(text[i]));
		else
			uuid[digits / 2] = digit(text[i]);
		digits++;
	}
	return digits == 2 * VSPC_UUID_SIZE;
}
