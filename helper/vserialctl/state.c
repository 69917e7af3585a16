// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest's state as a file, which goes from one host to another. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "memory.h"
#include "state.h"

#define HEAD		"vserial state 1\n"
#define HEAD_LEN	(sizeof(HEAD) - 1)
#define SUM_LEN		32u

enum section {
	SECTION_SETTINGS = 1,
	SECTION_PORT,
	SECTION_END,
};

static EVP_MD_CTX *begin_sum(void)
{
	EVP_MD_CTX *sum = EVP_MD_CTX_new();

	if (!sum || EVP_DigestInit_ex(sum, EVP_sha256(), NULL) != 1)
		errx(MEMORY_STATUS, "OpenSSL has no SHA-256");
	return sum;
}

/* Writing */

static void put(FILE *file, EVP_MD_CTX *sum, const void *bytes, size_t len)
{
	EVP_DigestUpdate(sum, bytes, len);
	fwrite(bytes, 1, len, file);
}

static void put_head(FILE *file, EVP_MD_CTX *sum, enum section type, size_t len)
{
	const uint32_t head[2] = { htonl(type), htonl((uint32_t)len) };

	put(file, sum, head, sizeof(head));
}

void state_write(FILE *file, const struct state *state)
{
	EVP_MD_CTX *sum = begin_sum();
	uint8_t digest[SUM_LEN];
	size_t len = strlen(state->settings), i;
	uint32_t index;

	put(file, sum, HEAD, HEAD_LEN);
	put_head(file, sum, SECTION_SETTINGS, len);
	put(file, sum, state->settings, len);
	for (i = 0; i < state->n; i++) {
		index = htonl(state->ports[i].index);
		put_head(file, sum, SECTION_PORT, sizeof(index) + state->ports[i].len);
		put(file, sum, &index, sizeof(index));
		put(file, sum, state->ports[i].bytes, state->ports[i].len);
	}
	put_head(file, sum, SECTION_END, SUM_LEN);
	EVP_DigestFinal_ex(sum, digest, NULL);
	EVP_MD_CTX_free(sum);
	fwrite(digest, 1, SUM_LEN, file);
}

/* Reading */

/**
 * struct source - a file that is read
 * @file: the file
 * @sum: of what was read of it
 * @why: where a sentence goes
 * @size: of @why
 */
struct source {
	FILE *file;
	EVP_MD_CTX *sum;
	char *why;
	size_t size;
};

__attribute__((format(printf, 2, 3)))
static int refuse(const struct source *source, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(source->why, source->size, format, args);
	va_end(args);
	return -1;
}

static int get(struct source *source, void *bytes, size_t len)
{
	if (fread(bytes, 1, len, source->file) != len)
		return ferror(source->file) ?
		       refuse(source, "the state cannot be read: %s", strerror(errno)) :
		       refuse(source, "the state is cut off");
	EVP_DigestUpdate(source->sum, bytes, len);
	return 0;
}

/*
 * Reads so many bytes and a NUL.  Memory grows with what comes, not with what is
 * announced.
 */
static int get_long(struct source *source, size_t len, uint8_t **bytes)
{
	size_t have = 0, step;

	*bytes = xcalloc(1, 1);
	while (have < len) {
		step = len - have < 65536 ? len - have : 65536;
		*bytes = xrealloc(*bytes, have + step + 1, 1);
		if (get(source, *bytes + have, step))
			return -1;
		have += step;
	}
	(*bytes)[have] = '\0';
	return 0;
}

static int read_settings(struct source *source, size_t len, struct state *state)
{
	uint8_t *bytes;
	int rc;

	if (state->settings)
		return refuse(source, "the state has settings twice");
	if (len > STATE_SETTINGS_MAX)
		return refuse(source, "the state has settings of %zu bytes; %u are the most", len,
			      STATE_SETTINGS_MAX);
	rc = get_long(source, len, &bytes);
	state->settings = (char *)bytes;
	if (!rc && strlen(state->settings) != len)
		return refuse(source, "the state's settings hold a NUL byte");
	return rc;
}

static int read_port(struct source *source, size_t len, struct state *state)
{
	struct state_port *port = &state->ports[state->n];
	uint32_t index;
	size_t i;

	if (!state->settings)
		return refuse(source, "the state has a port in front of its settings");
	if (state->n == VSERIAL_PORTS_PER_GUEST)
		return refuse(source, "the state has more than %u ports", VSERIAL_PORTS_PER_GUEST);
	if (len <= sizeof(index) || len - sizeof(index) > STATE_PORT_MAX)
		return refuse(source, "the state has a port of %zu bytes; it has 5 to %u", len,
			      STATE_PORT_MAX + 4);
	if (get(source, &index, sizeof(index)))
		return -1;
	port->index = ntohl(index);
	for (i = 0; i < state->n; i++)
		if (state->ports[i].index == port->index)
			return refuse(source, "the state has port %u twice", port->index);
	port->len = len - sizeof(index);
	state->n++;
	return get_long(source, port->len, &port->bytes);
}

static int read_end(struct source *source, size_t len, const struct state *state)
{
	uint8_t expected[SUM_LEN], found[SUM_LEN];

	EVP_DigestFinal_ex(source->sum, expected, NULL);
	if (len != SUM_LEN || fread(found, 1, SUM_LEN, source->file) != SUM_LEN)
		return refuse(source, "the state is cut off");
	if (memcmp(expected, found, SUM_LEN))
		return refuse(source, "the state was damaged on its way: its checksum is another");
	if (getc(source->file) != EOF)
		return refuse(source, "something follows the state");
	if (!state->settings)
		return refuse(source, "the state has no settings");
	return 0;
}

static int read_all(struct source *source, struct state *state)
{
	char head[HEAD_LEN];
	uint32_t section[2];
	size_t len;
	int rc;

	if (get(source, head, HEAD_LEN))
		return -1;
	if (memcmp(head, HEAD, HEAD_LEN))
		return refuse(source, "this is no state that this version understands: it does not begin with '%.*s'",
			      (int)HEAD_LEN - 1, HEAD);
	for (;;) {
		if (get(source, section, sizeof(section)))
			return -1;
		len = ntohl(section[1]);
		switch (ntohl(section[0])) {
		case SECTION_SETTINGS:
			rc = read_settings(source, len, state);
			break;
		case SECTION_PORT:
			rc = read_port(source, len, state);
			break;
		case SECTION_END:
			return read_end(source, len, state);
		default:
			return refuse(source, "the state has a section of unknown type %u",
				      ntohl(section[0]));
		}
		if (rc)
			return rc;
	}
}

int state_read(FILE *file, struct state *state, char *why, size_t size)
{
	struct source source = { .file = file, .sum = begin_sum(), .why = why, .size = size };
	int rc;

	*state = (struct state){ 0 };
	rc = read_all(&source, state);
	EVP_MD_CTX_free(source.sum);
	return rc;
}

void state_free(struct state *state)
{
	size_t i;

	free(state->settings);
	for (i = 0; i < state->n; i++)
		free(state->ports[i].bytes);
	*state = (struct state){ 0 };
}
