/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vSPC extension of telnet (option 232), by which a virtual machine tells
 * a concentrator of serial ports who it is, and moves between hosts.
 *
 *	IAC SB 232 CODE PARAMETERS IAC SE
 *
 * Parameters have no lengths and no separators; a byte 255 in them is doubled.
 * Pure code: what the messages are.  vspc_vm.h and vspc_proxy.h say when they
 * are sent.
 */
#ifndef HELPER_VSPC_H
#define HELPER_VSPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VSPC_OPTION		232
#define VSPC_UUID_SIZE		16
/* 16 pairs of digits, parted by single characters, and a NUL. */
#define VSPC_UUID_TEXT		48
/* What DO-PROXY has in front of the service's URI. */
#define VSPC_PROXY_CLIENT	'C'
#define VSPC_PROXY_SERVER	'S'

enum vspc_code {
	VSPC_KNOWN_1 = 0,
	VSPC_KNOWN_2 = 1,
	VSPC_UNKNOWN_1 = 2,
	VSPC_UNKNOWN_2 = 3,
	VSPC_VMOTION_BEGIN = 40,
	VSPC_VMOTION_GOAHEAD = 41,
	VSPC_VMOTION_NOTNOW = 43,
	VSPC_VMOTION_PEER = 44,
	VSPC_VMOTION_PEER_OK = 45,
	VSPC_VMOTION_COMPLETE = 46,
	VSPC_VMOTION_ABORT = 48,
	VSPC_DO_PROXY = 70,
	VSPC_WILL_PROXY = 71,
	VSPC_WONT_PROXY = 73,
	VSPC_VM_VC_UUID = 80,
	VSPC_GET_VM_VC_UUID = 81,
	VSPC_VM_NAME = 82,
	VSPC_GET_VM_NAME = 83,
	VSPC_VM_BIOS_UUID = 84,
	VSPC_GET_VM_BIOS_UUID = 85,
	VSPC_VM_LOCATION_UUID = 86,
	VSPC_GET_VM_LOCATION_UUID = 87,
};

/**
 * enum vspc_params - what stands behind a code
 * @VSPC_NOTHING: nothing
 * @VSPC_CODES: any number of codes
 * @VSPC_ONE_CODE: a code
 * @VSPC_SEQUENCE: bytes that mean something to the sender of the first of them
 *	alone, at least one
 * @VSPC_SERVICE: 'C' or 'S', and a URI
 * @VSPC_UUID: a UUID as text
 * @VSPC_TEXT: text
 */
enum vspc_params {
	VSPC_NOTHING,
	VSPC_CODES,
	VSPC_ONE_CODE,
	VSPC_SEQUENCE,
	VSPC_SERVICE,
	VSPC_UUID,
	VSPC_TEXT,
};

/**
 * struct vspc_kind - a message that exists
 * @code: its number
 * @name: its name
 * @of_vm: the virtual machine sends it; otherwise the concentrator does
 * @params: what stands behind the code
 */
struct vspc_kind {
	uint8_t code;
	const char *name;
	bool of_vm;
	enum vspc_params params;
};

/* All of them, in the order of their numbers, and one without a name. */
extern const struct vspc_kind vspc_kinds[];

/** vspc_kind() - the message of a number, or NULL. */
const struct vspc_kind *vspc_kind(uint8_t code);

/** vspc_name() - its name, or "an unknown suboption". */
const char *vspc_name(uint8_t code);

/** struct vspc_set - some codes */
struct vspc_set {
	uint64_t bits[4];
};

/** vspc_set_add() - add one. */
void vspc_set_add(struct vspc_set *set, uint8_t code);

/** vspc_set_remove() - remove one. */
void vspc_set_remove(struct vspc_set *set, uint8_t code);

/** vspc_set_has() - whether one is in it. */
bool vspc_set_has(const struct vspc_set *set, uint8_t code);

/** vspc_set_empty() - whether none is in it. */
bool vspc_set_empty(const struct vspc_set *set);

/** vspc_set_of() - the set of some codes. */
struct vspc_set vspc_set_of(const uint8_t *codes, size_t n);

/* What a virtual machine tells that it knows, as those of VMware list it. */
extern const uint8_t vspc_known_list[22];

/**
 * struct vspc_message - a message that came
 * @code: its number
 * @params: what stands behind it
 * @len: how many bytes
 */
struct vspc_message {
	uint8_t code;
	const uint8_t *params;
	size_t len;
};

/**
 * vspc_decode() - understand a subnegotiation
 * @sub: its bytes, the option first, nothing doubled any more
 * @len: how many
 * @message: receives the message; it points into @sub
 *
 * Return: false if it is of another option, or has no code.
 */
bool vspc_decode(const uint8_t *sub, size_t len, struct vspc_message *message);

/** vspc_valid() - whether there is such a message, and its parameters are such. */
bool vspc_valid(const struct vspc_message *message);

/** vspc_encoded_max() - how many bytes vspc_encode() makes at most. */
static inline size_t vspc_encoded_max(size_t len)
{
	return 6 + 2 * len;
}

/**
 * vspc_encode() - make a message
 * @message: the message
 * @to: receives bytes of the network, at most vspc_encoded_max()
 *
 * Return: how many.
 */
size_t vspc_encode(const struct vspc_message *message, uint8_t *to);

/**
 * vspc_uuid_format() - a UUID as the messages have it
 * @uuid: its bytes, in the order they are written
 * @text: receives "01 23 45 67 89 ab cd ef-fe dc ba 98 00 00 00 00"
 */
void vspc_uuid_format(const uint8_t uuid[VSPC_UUID_SIZE], char text[VSPC_UUID_TEXT]);

/**
 * vspc_uuid_parse() - read a UUID
 * @text: as above; digits of either case, and blanks or '-' anywhere between
 * @len: how many characters
 * @uuid: receives its bytes
 *
 * Return: false if it is none.
 */
bool vspc_uuid_parse(const uint8_t *text, size_t len, uint8_t uuid[VSPC_UUID_SIZE]);

/**
 * vspc_same_sequence() - whether two sequences are of one hand-over
 * @a: one
 * @a_len: its length
 * @b: the other
 * @b_len: its length
 *
 * Some add to what they send back: the shorter has to begin the longer.
 */
bool vspc_same_sequence(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

#endif
