/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How concentrators deviate from what VMware's virtual machines expect.  Ours
 * can do each of it, so that virtual machines can be tested with it.
 */
#ifndef HELPER_VSPC_DEVIATION_H
#define HELPER_VSPC_DEVIATION_H

#include <stdint.h>

/* Each a bit of a set. */
enum vspc_deviation {
	VSPC_SILENT		= 1u << 0,
	VSPC_MUTE		= 1u << 1,
	VSPC_NO_BINARY		= 1u << 2,
	VSPC_ACK_LOOP		= 1u << 3,
	VSPC_NO_DOUBLING	= 1u << 4,
	VSPC_NO_KNOWN		= 1u << 5,
	VSPC_NO_VMOTION		= 1u << 6,
	VSPC_NO_GET		= 1u << 7,
	VSPC_LATE_GET		= 1u << 8,
	VSPC_CLOSE_UNKNOWN	= 1u << 9,
	VSPC_WONT_KEEP		= 1u << 10,
	VSPC_WONT_CLOSE		= 1u << 11,
	VSPC_PADDED		= 1u << 12,
	VSPC_DROP_EARLY		= 1u << 13,
	VSPC_CLOSE_EARLY	= 1u << 14,
	VSPC_NOT_NOW		= 1u << 15,
	VSPC_MUTE_BEGIN		= 1u << 16,
	VSPC_UNKNOWN_BEGIN	= 1u << 17,
	VSPC_REFUSE_PEER	= 1u << 18,
	VSPC_MUTE_PEER		= 1u << 19,
	VSPC_NO_BUFFER		= 1u << 20,
	VSPC_COM_PORT		= 1u << 21,
};

/**
 * struct vspc_deviation_name - how a deviation is called
 * @name: its name; NULL behind the last
 * @bit: enum vspc_deviation
 * @what: what it is, in a few words
 */
struct vspc_deviation_name {
	const char *name;
	uint32_t bit;
	const char *what;
};

/* All of them. */
extern const struct vspc_deviation_name vspc_deviations[];

/** vspc_deviation_find() - the bit of a name, or 0. */
uint32_t vspc_deviation_find(const char *name);

#endif
