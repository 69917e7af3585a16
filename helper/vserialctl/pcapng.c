// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets of a serial line in a file that Wireshark reads
 * (draft-ietf-opsawg-pcapng).  A block is a type, its length, a body of words
 * of four bytes and its length again, all in the order of this machine, which
 * the first block tells.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/ioctl.h>

#include "memory.h"
#include "pcapng.h"

#define SECTION_BLOCK	0x0a0d0d0au
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define INTERFACE_BLOCK	1u
#define STATISTICS_BLOCK 5u
#define PACKET_BLOCK	6u

#define LINKTYPE_RTAC_SERIAL 250u

/* Options, by the block that they are of. */
#define OPTION_END	0u
#define OPTION_COMMENT	1u
#define SECTION_APPLICATION 4u
#define INTERFACE_NAME	2u
#define INTERFACE_RESOLUTION 9u
#define PACKET_FLAGS	2u
#define STATISTICS_RECEIVED 4u

#define NANOSECONDS	9u

/**
 * struct block - a block as it grows
 * @type: its type
 * @body: its body
 * @n: how many bytes that has
 */
struct block {
	uint32_t type;
	uint8_t *body;
	size_t n;
};

static void put(struct block *block, const void *bytes, size_t n)
{
	size_t padded = (n + 3) & ~(size_t)3;

	block->body = xrealloc(block->body, block->n + padded + 1, 1);
	memset(block->body + block->n, 0, padded);
	if (n)
		memcpy(block->body + block->n, bytes, n);
	block->n += padded;
}

static void put_u32(struct block *block, uint32_t value)
{
	put(block, &value, sizeof(value));
}

/* Times are written as two words, the high one first whatever the byte order. */
static void put_time(struct block *block, uint64_t time)
{
	put_u32(block, (uint32_t)(time >> 32));
	put_u32(block, (uint32_t)time);
}

static void put_option(struct block *block, uint16_t code, const void *bytes, size_t n)
{
	const uint16_t head[2] = { code, (uint16_t)n };

	put(block, head, sizeof(head));
	put(block, bytes, n);
}

static void put_text(struct block *block, uint16_t code, const char *text)
{
	put_option(block, code, text, strlen(text));
}

static void end_block(FILE *file, struct block *block)
{
	uint32_t length = (uint32_t)(block->n + 3 * sizeof(uint32_t));

	fwrite(&block->type, sizeof(block->type), 1, file);
	fwrite(&length, sizeof(length), 1, file);
	fwrite(block->body, 1, block->n, file);
	fwrite(&length, sizeof(length), 1, file);
	free(block->body);
}

static void write_section(FILE *file)
{
	struct block block = { .type = SECTION_BLOCK };
	const uint16_t version[2] = { 1, 0 };

	put_u32(&block, BYTE_ORDER_MAGIC);
	put(&block, version, sizeof(version));
	/* Nobody knows how long it is going to be. */
	put_u32(&block, UINT32_MAX);
	put_u32(&block, UINT32_MAX);
	put_text(&block, SECTION_APPLICATION, "vserialctl " VSERIAL_VERSION);
	put_u32(&block, OPTION_END);
	end_block(file, &block);
}

void pcapng_begin(FILE *file, const char *name)
{
	struct block block = { .type = INTERFACE_BLOCK };
	const uint16_t type[2] = { LINKTYPE_RTAC_SERIAL, 0 };
	const uint8_t resolution = NANOSECONDS;

	write_section(file);
	put(&block, type, sizeof(type));
	/* No packet is cut. */
	put_u32(&block, 0);
	put_text(&block, INTERFACE_NAME, name);
	put_option(&block, INTERFACE_RESOLUTION, &resolution, 1);
	put_u32(&block, OPTION_END);
	end_block(file, &block);
}

static uint8_t line_bits(uint32_t lines)
{
	static const uint32_t order[] = {
		TIOCM_CTS, TIOCM_CAR, TIOCM_DSR, TIOCM_RTS, TIOCM_DTR, TIOCM_RNG,
	};
	uint8_t bits = 0;
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (lines & order[i])
			bits |= (uint8_t)(1u << i);
	return bits;
}

/* The header of LINKTYPE_RTAC_SERIAL: time, event, lines, and two bytes of nothing. */
static void put_bytes(struct block *block, const struct pcapng_packet *packet)
{
	uint8_t *all = xcalloc(12 + packet->n, 1);
	const uint32_t time[2] = {
		htonl((uint32_t)(packet->time / 1000000000)),
		htonl((uint32_t)(packet->time % 1000000000 / 1000)),
	};

	memcpy(all, time, sizeof(time));
	all[8] = (uint8_t)packet->event;
	all[9] = line_bits(packet->lines);
	if (packet->n)
		memcpy(all + 12, packet->bytes, packet->n);
	put_u32(block, (uint32_t)(12 + packet->n));
	put_u32(block, (uint32_t)(12 + packet->n));
	put(block, all, 12 + packet->n);
	free(all);
}

void pcapng_packet(FILE *file, const struct pcapng_packet *packet)
{
	struct block block = { .type = PACKET_BLOCK };
	const uint32_t flags = packet->way;

	/* The number of the interface: there is one. */
	put_u32(&block, 0);
	put_time(&block, packet->time);
	put_bytes(&block, packet);
	if (packet->comment)
		put_text(&block, OPTION_COMMENT, packet->comment);
	if (packet->way != PCAPNG_NO_WAY)
		put_option(&block, PACKET_FLAGS, &flags, sizeof(flags));
	put_u32(&block, OPTION_END);
	end_block(file, &block);
}

void pcapng_end(FILE *file, uint64_t time, uint64_t packets, uint64_t lost)
{
	struct block block = { .type = STATISTICS_BLOCK };
	char text[64];

	put_u32(&block, 0);
	put_time(&block, time);
	if (lost) {
		snprintf(text, sizeof(text), "%llu bytes were lost", (unsigned long long)lost);
		put_text(&block, OPTION_COMMENT, text);
	}
	put_option(&block, STATISTICS_RECEIVED, &packets, sizeof(packets));
	put_u32(&block, OPTION_END);
	end_block(file, &block);
}
