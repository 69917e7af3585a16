// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's state that another host sends is read or refused in words; one that
 * is read says the same when it is written again.
 */
#include <string.h>

#include "fuzz.h"
#include "state.h"

static int read_state(const void *bytes, size_t len, struct state *state, char *why, size_t size)
{
	FILE *file = fmemopen((void *)bytes, len, "r");
	int rc;

	RULE(file);
	rc = state_read(file, state, why, size);
	fclose(file);
	return rc;
}

static void write_again(const struct state *state, char **bytes, size_t *len)
{
	FILE *file = open_memstream(bytes, len);

	RULE(file);
	state_write(file, state);
	RULE(!fclose(file));
}

/* What is in the sections, with the checksum that they need. */
static void whole(const uint8_t *data, size_t size)
{
	struct state state = { 0 }, again;
	char why[256] = "", *bytes;
	size_t len, i;

	state.settings = strndup((const char *)data, size);
	for (i = 0; i < 3 && i < size; i++)
		state.ports[state.n++] = (struct state_port){
			.index = data[i] + 1000 * (uint32_t)i,
			.bytes = (uint8_t *)data + i, .len = size - i,
		};
	write_again(&state, &bytes, &len);
	RULE(!read_state(bytes, len, &again, why, sizeof(why)));
	RULE(!strcmp(state.settings, again.settings) && state.n == again.n);
	for (i = 0; i < state.n; i++)
		RULE(state.ports[i].index == again.ports[i].index &&
		     state.ports[i].len == again.ports[i].len &&
		     !memcmp(state.ports[i].bytes, again.ports[i].bytes, again.ports[i].len));
	state_free(&again);
	free(state.settings);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state state;
	char why[256] = "", *bytes;
	size_t len;

	if (!size)
		return 0;
	if (!read_state(data, size, &state, why, sizeof(why))) {
		write_again(&state, &bytes, &len);
		RULE(len == size && !memcmp(bytes, data, len));
		free(bytes);
	} else {
		RULE(*why && memchr(why, '\0', sizeof(why)));
	}
	state_free(&state);
	whole(data, size);
	return 0;
}
