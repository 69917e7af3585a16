// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "stream_pattern.h"

/* The output function of splitmix64: eight bytes of the pattern. */
static uint64_t word(uint64_t seed, uint64_t number)
{
	uint64_t z = (seed + number + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

void pattern_fill(uint64_t seed, uint64_t offset, uint8_t *buf, size_t n)
{
	while (n) {
		uint64_t w = word(seed, offset / 8) >> (offset % 8 * 8);
		size_t piece = 8 - offset % 8;

		if (piece > n)
			piece = n;
		offset += piece;
		n -= piece;
		for (; piece; piece--, w >>= 8)
			*buf++ = (uint8_t)w;
	}
}

size_t pattern_match(uint64_t seed, uint64_t offset, const uint8_t *buf,
		     size_t n)
{
	uint8_t want[4096] = {0};
	size_t done = 0;

	while (done < n) {
		size_t piece = n - done < sizeof(want) ? n - done : sizeof(want);

		pattern_fill(seed, offset + done, want, piece);
		if (memcmp(buf + done, want, piece)) {
			size_t i = 0;

			while (buf[done + i] == want[i])
				i++;
			return done + i;
		}
		done += piece;
	}
	return n;
}

uint32_t crc32_add(uint32_t crc, const uint8_t *buf, size_t n)
{
	static uint32_t table[256];

	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (int bit = 0; bit < 8; bit++)
				c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
			table[i] = c;
		}
	}
	crc = ~crc;
	while (n--)
		crc = table[(crc ^ *buf++) & 0xff] ^ (crc >> 8);
	return ~crc;
}
