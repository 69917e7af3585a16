// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pattern: makes, checks and finds the bytes that loopguest sends
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream_pattern.h"

static const char usage[] =
"usage: pattern make  SEED OFFSET N    write N bytes of the pattern to stdout\n"
"       pattern check SEED OFFSET      check that stdin is the pattern from OFFSET\n"
"                                      on; print how many bytes and their CRC-32\n"
"       pattern runs  SEED             print stdin as the runs it consists of, one\n"
"                                      \"OFFSET LENGTH\" a line (a run starts wherever\n"
"                                      bytes are missing or repeated)\n"
"\n"
"The pattern is the one that loopguest --seed=SEED sends.  Exit status: 0 it\n"
"matched; 1 it did not, stderr says where; 2 usage or input error.\n";

/* A run is recognised by this many bytes; a stray match is unlikely. */
#define KEY 16

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end) {
		fprintf(stderr, "pattern: \"%s\" is not a number\n", text);
		exit(2);
	}
	return n;
}

static int make(uint64_t seed, uint64_t offset, uint64_t n)
{
	uint8_t buf[65536];

	while (n) {
		size_t piece = n < sizeof(buf) ? n : sizeof(buf);

		pattern_fill(seed, offset, buf, piece);
		if (fwrite(buf, 1, piece, stdout) != piece)
			return 2;
		offset += piece;
		n -= piece;
	}
	return fflush(stdout) ? 2 : 0;
}

static int check(uint64_t seed, uint64_t offset)
{
	uint8_t buf[65536];
	uint64_t done = 0;
	uint32_t crc = 0;
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0) {
		size_t good = pattern_match(seed, offset + done, buf, n);

		crc = crc32_add(crc, buf, n);
		done += good;
		if (good < n) {
			fprintf(stderr, "pattern: the byte at %" PRIu64
				" of the input is not the pattern's byte %"
				PRIu64 "\n", done, offset + done);
			return 1;
		}
	}
	printf("%" PRIu64 " %08" PRIx32 "\n", done, crc);
	return ferror(stdin) ? 2 : 0;
}

/*
 * The offset a piece of input came from, searched onwards from @from and then
 * from the beginning; -1 if it is no pattern within 1 GiB.
 */
static int64_t locate(uint64_t seed, uint64_t from, const uint8_t *key, size_t n)
{
	uint8_t buf[65536 + KEY];

	for (int round = 0; round < 2; round++) {
		uint64_t end = round ? from : from + (1u << 30);

		for (uint64_t at = round ? 0 : from; at < end; at += 65536) {
			uint8_t *hit;

			pattern_fill(seed, at, buf, sizeof(buf));
			hit = memmem(buf, sizeof(buf), key, n);
			if (hit)
				return (int64_t)(at + (uint64_t)(hit - buf));
		}
	}
	return -1;
}

static int runs(uint64_t seed)
{
	size_t size = 0, used = 0, n;
	uint8_t *input = NULL;
	uint64_t next = 0;

	do {
		size += 1 << 20;
		input = realloc(input, size);
		if (!input)
			return 2;
		n = fread(input + used, 1, size - used, stdin);
		used += n;
	} while (n);

	for (size_t at = 0; at < used;) {
		size_t key = used - at < KEY ? used - at : KEY;
		int64_t offset = locate(seed, next, input + at, key);
		size_t good;

		if (offset < 0) {
			fprintf(stderr, "pattern: the input at %zu is no pattern\n",
				at);
			return 1;
		}
		good = pattern_match(seed, (uint64_t)offset, input + at,
				     used - at);
		printf("%" PRId64 " %zu\n", offset, good);
		next = (uint64_t)offset + good;
		at += good;
	}
	free(input);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "make"))
		return make(number(argv[2]), number(argv[3]), number(argv[4]));
	if (argc == 4 && !strcmp(argv[1], "check"))
		return check(number(argv[2]), number(argv[3]));
	if (argc == 3 && !strcmp(argv[1], "runs"))
		return runs(number(argv[2]));
	fputs(usage, stderr);
	return 2;
}
