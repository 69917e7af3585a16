// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest's state as a file: it comes back as it was, or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"
#include "unit.h"

static uint8_t zeros[100000] = { 1, 2, 0, 255, 'x' };

/* A state of two ports, written. */
static char *written(size_t *len)
{
	const struct state state = {
		.settings = (char *)"guest add web01\nport add web01/0 backing null\n",
		.ports = {
			{ .index = 31, .bytes = zeros, .len = sizeof(zeros) },
			{ .index = 0, .bytes = zeros, .len = 3 },
		},
		.n = 2,
	};
	char *bytes;
	FILE *file = open_memstream(&bytes, len);

	state_write(file, &state);
	assert_int_equal(fclose(file), 0);
	return bytes;
}

static int read_back(const void *bytes, size_t len, struct state *state, char why[256])
{
	FILE *file = fmemopen((void *)bytes, len ? len : 1, "r");
	int rc;

	if (!len)
		getc(file);
	rc = state_read(file, state, why, 256);
	fclose(file);
	return rc;
}

static void refused(const void *bytes, size_t len, const char *word)
{
	struct state state;
	char why[256] = "";

	assert_int_equal(read_back(bytes, len, &state, why), -1);
	if (!strstr(why, word))
		fail_msg("'%s' does not say '%s'", why, word);
	state_free(&state);
}

static void test_round_trip(void **nothing)
{
	struct state state;
	char why[256] = "";
	size_t len;
	char *bytes = written(&len);

	(void)nothing;
	if (read_back(bytes, len, &state, why))
		fail_msg("%s", why);
	assert_string_equal(state.settings, "guest add web01\nport add web01/0 backing null\n");
	assert_int_equal(state.n, 2);
	assert_int_equal(state.ports[0].index, 31);
	assert_int_equal(state.ports[0].len, sizeof(zeros));
	assert_memory_equal(state.ports[0].bytes, zeros, sizeof(zeros));
	assert_int_equal(state.ports[1].index, 0);
	assert_int_equal(state.ports[1].len, 3);
	state_free(&state);
	free(bytes);
}

static void test_cut_off_anywhere(void **nothing)
{
	size_t len, n;
	char *bytes = written(&len);

	(void)nothing;
	for (n = 0; n < len; n += n < 200 || len - n < 200 ? 1 : 9973)
		refused(bytes, n, "cut off");
	free(bytes);
}

/* Whatever a damaged byte is taken for, the checksum is another. */
static void test_damaged_anywhere(void **nothing)
{
	struct state state;
	char why[256];
	size_t len, n;
	char *bytes = written(&len);

	(void)nothing;
	for (n = 0; n < len; n += n < 200 || len - n < 200 ? 1 : 9973) {
		bytes[n] ^= 0x10;
		assert_int_equal(read_back(bytes, len, &state, why), -1);
		state_free(&state);
		bytes[n] ^= 0x10;
	}
	bytes[200] ^= 1;
	refused(bytes, len, "checksum is another");
	free(bytes);
}

static void test_more_behind_it(void **nothing)
{
	size_t len;
	char *bytes = written(&len);

	(void)nothing;
	bytes = realloc(bytes, len + 1);
	bytes[len] = '\n';
	refused(bytes, len + 1, "something follows");
	free(bytes);
}

/* A section by hand, of which only the head is there. */
static void announced(uint8_t type, uint32_t len, const char *word)
{
	const uint8_t bytes[] = {
		'v', 's', 'e', 'r', 'i', 'a', 'l', ' ', 's', 't', 'a', 't', 'e', ' ', '1', '\n',
		0, 0, 0, 1, 0, 0, 0, 0, /* settings, empty */
		0, 0, 0, type, len >> 24, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,
	};

	refused(bytes, sizeof(bytes), word);
}

static void test_announcements(void **nothing)
{
	(void)nothing;
	announced(1, 0, "settings twice");
	announced(2, 4, "port of 4 bytes");
	announced(2, UINT32_MAX, "port of 4294967295 bytes");
	announced(2, STATE_PORT_MAX + 4, "cut off");
	announced(3, 31, "cut off");
	announced(4, 0, "unknown type 4");
	announced(0, 0, "unknown type 0");
	refused("vserial state 1\n\0\0\0\1\xff\xff\xff\xff", 24, "settings of 4294967295 bytes");
	refused("vserial state 1\n\0\0\0\2\0\0\0\4", 24, "in front of its settings");
	refused("vserial state 1\n\0\0\0\1\0\0\0\1", 25, "NUL");
	refused("vserial state 2\n", 16, "does not begin with 'vserial state 1'");
	refused("GET / HTTP/1.1\r\n", 16, "does not begin with");
}

static void test_ports_are_told_apart(void **nothing)
{
	struct state state = { .settings = (char *)"" };
	size_t len;
	char *bytes;
	FILE *file;

	(void)nothing;
	state.n = 2;
	state.ports[0].bytes = zeros;
	state.ports[0].len = 1;
	state.ports[1].bytes = zeros;
	state.ports[1].len = 1;
	file = open_memstream(&bytes, &len);
	state_write(file, &state);
	fclose(file);
	refused(bytes, len, "port 0 twice");
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut_off_anywhere),
		cmocka_unit_test(test_damaged_anywhere),
		cmocka_unit_test(test_more_behind_it),
		cmocka_unit_test(test_announcements),
		cmocka_unit_test(test_ports_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
