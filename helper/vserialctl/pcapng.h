/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of a serial line in a file that Wireshark reads: pcapng, with the
 * header of LINKTYPE_RTAC_SERIAL before each packet's bytes.  libpcap reads the
 * format but does not write it, and Wireshark's own library is for Wireshark
 * alone; the four blocks that it takes are here.
 */
#ifndef VSERIALCTL_PCAPNG_H
#define VSERIALCTL_PCAPNG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What happened, by the numbers of LINKTYPE_RTAC_SERIAL. */
enum pcapng_event {
	PCAPNG_LINES = 0x00,
	PCAPNG_OUT = 0x01,
	PCAPNG_IN = 0x02,
	PCAPNG_LOST = 0x05,
	PCAPNG_FRAME = 0x07,
	PCAPNG_PARITY = 0x08,
	PCAPNG_BREAK = 0x09,
	PCAPNG_OVERRUN = 0x0a,
};

/* Which way, as the flags of a packet say it. */
enum pcapng_way {
	PCAPNG_NO_WAY = 0,
	PCAPNG_INWARDS = 1,
	PCAPNG_OUTWARDS = 2,
};

/**
 * struct pcapng_packet - a packet
 * @time: when, in nanoseconds since 1970
 * @event: what
 * @way: which way it went
 * @lines: TIOCM_* lines as they were then
 * @comment: a sentence, or NULL
 * @bytes: the bytes
 * @n: how many
 */
struct pcapng_packet {
	uint64_t time;
	enum pcapng_event event;
	enum pcapng_way way;
	uint32_t lines;
	const char *comment;
	const uint8_t *bytes;
	size_t n;
};

/** pcapng_begin() - begin a file.  @name: of the line. */
void pcapng_begin(FILE *file, const char *name);

/** pcapng_packet() - write a packet. */
void pcapng_packet(FILE *file, const struct pcapng_packet *packet);

/**
 * pcapng_end() - end a file
 * @file: the file
 * @time: when, in nanoseconds since 1970
 * @packets: how many came
 * @lost: how many bytes were lost
 */
void pcapng_end(FILE *file, uint64_t time, uint64_t packets, uint64_t lost);

#endif
