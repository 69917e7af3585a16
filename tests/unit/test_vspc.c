// SPDX-License-Identifier: GPL-2.0-or-later
/* The messages of the vSPC extension: each of them, to the byte, both ways. */
#include <string.h>

#include "outbox.h"
#include "unit.h"
#include "vspc.h"
#include "vspc_deviation.h"

#define IAC	0xff
#define SB	0xfa
#define SE	0xf0

#define UUID_TEXT "01 23 45 67 89 ab cd ef-fe dc ba 98 00 00 00 00"

static const uint8_t uuid[VSPC_UUID_SIZE] = {
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98,
};

/* A code, its parameters, and them as they travel. */
static const struct vector {
	uint8_t code;
	const char *params;
	size_t len;
	const char *wire;
	size_t wire_len;
} vectors[] = {
#define V(code, params, wire) { code, params, sizeof(params) - 1, wire, sizeof(wire) - 1 }
	V(0, "\x00\x01\x02\x03\x28", "\x00\x01\x02\x03\x28"),
	V(1, "\x2a\x30", "\x2a\x30"),
	V(2, "\x63", "\x63"),
	V(2, "\xff", "\xff\xff"),
	V(3, "\x2c", "\x2c"),
	V(40, "\x01\x02\x03\x04", "\x01\x02\x03\x04"),
	V(40, "\xff\xff\xff\xff", "\xff\xff\xff\xff\xff\xff\xff\xff"),
	V(41, "\x01\x02\x03\x04\x10\x20\x30\x40", "\x01\x02\x03\x04\x10\x20\x30\x40"),
	V(41, "\x01\xff\x02\xf0\x10\xff\x30\x40", "\x01\xff\xff\x02\xf0\x10\xff\xff\x30\x40"),
	V(43, "\x01\x02\x03\x04", "\x01\x02\x03\x04"),
	V(44, "\x01\x02\x03\x04\xff\x01\x02\x03", "\x01\x02\x03\x04\xff\xff\x01\x02\x03"),
	V(45, "\x01\x02\x03\x04", "\x01\x02\x03\x04"),
	V(46, "\x01\x02\x03\xff", "\x01\x02\x03\xff\xff"),
	V(48, "", ""),
	V(70, "Stelnet://:7001", "Stelnet://:7001"),
	V(70, "C\xc3\xbf\xff", "C\xc3\xbf\xff\xff"),
	V(71, "", ""),
	V(73, "", ""),
	V(80, UUID_TEXT, UUID_TEXT),
	V(81, "", ""),
	V(82, "w\xc3\xa9 01", "w\xc3\xa9 01"),
	V(83, "", ""),
	V(84, UUID_TEXT, UUID_TEXT),
	V(85, "", ""),
	V(86, UUID_TEXT, UUID_TEXT),
	V(87, "", ""),
};

static void test_vectors(void **state)
{
	struct vspc_set seen = { 0 };
	const struct vspc_kind *kind;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct vspc_message message = { v->code, (const uint8_t *)v->params, v->len }, got;
		uint8_t wire[128], want[128] = { IAC, SB, 232, v->code }, sub[128];
		size_t len = vspc_encode(&message, wire), n = 0, j;

		memcpy(want + 4, v->wire, v->wire_len);
		want[4 + v->wire_len] = IAC;
		want[5 + v->wire_len] = SE;
		assert_int_equal(len, 6 + v->wire_len);
		assert_true(len <= vspc_encoded_max(v->len));
		assert_memory_equal(wire, want, len);
		/* Back again, as telnet gives it. */
		for (j = 2; j < len - 2; j++) {
			sub[n++] = wire[j];
			j += wire[j] == IAC;
		}
		assert_true(vspc_decode(sub, n, &got));
		assert_int_equal(got.code, v->code);
		assert_int_equal(got.len, v->len);
		assert_memory_equal(got.params, v->params, v->len);
		assert_true(vspc_valid(&got));
		vspc_set_add(&seen, v->code);
	}
	for (kind = vspc_kinds; kind->name; kind++)
		assert_true(vspc_set_has(&seen, kind->code));
}

static void test_invalid(void **state)
{
	static const struct vector bad[] = {
		V(2, "", ""), V(2, "\x01\x02", ""), V(3, "", ""), V(40, "", ""), V(44, "", ""),
		V(48, "x", ""), V(70, "", ""), V(70, "Xuri", ""), V(70, "Sa\0b", ""),
		V(71, "x", ""), V(80, "", ""), V(80, "not a uuid", ""), V(80, UUID_TEXT " 00", ""),
		V(82, "a\0b", ""), V(83, "x", ""), V(42, "", ""), V(99, "", ""), V(255, "", ""),
	};
	struct vspc_message message;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++) {
		message = (struct vspc_message){
			bad[i].code, (const uint8_t *)bad[i].params, bad[i].len,
		};
		assert_false(vspc_valid(&message));
	}
	assert_false(vspc_decode((const uint8_t *)"\xe8", 1, &message));
	assert_false(vspc_decode((const uint8_t *)"\x25\x01", 2, &message));
	assert_false(vspc_decode(NULL, 0, &message));
}

/* What the table of the protocol says of each. */
static void test_kinds(void **state)
{
	static const struct {
		uint8_t code;
		const char *name;
		bool of_vm;
	} known[] = {
		{ 0x00, "KNOWN-SUBOPTIONS-1", true },
		{ 0x01, "KNOWN-SUBOPTIONS-2", false },
		{ 0x28, "VMOTION-BEGIN", true },
		{ 0x29, "VMOTION-GOAHEAD", false },
		{ 0x2b, "VMOTION-NOTNOW", false },
		{ 0x2c, "VMOTION-PEER", true },
		{ 0x2d, "VMOTION-PEER-OK", false },
		{ 0x2e, "VMOTION-COMPLETE", true },
		{ 0x30, "VMOTION-ABORT", true },
		{ 0x46, "DO-PROXY", true },
		{ 0x47, "WILL-PROXY", false },
		{ 0x49, "WONT-PROXY", false },
		{ 0x57, "GET-VM-LOCATION-UUID", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(known); i++) {
		assert_string_equal(vspc_name(known[i].code), known[i].name);
		assert_int_equal(vspc_kind(known[i].code)->of_vm, known[i].of_vm);
	}
	assert_string_equal(vspc_name(42), "an unknown suboption");
	assert_null(vspc_kind(42));
	for (i = 0; i < sizeof(vspc_known_list); i++)
		assert_non_null(vspc_kind(vspc_known_list[i]));
}

static void test_sets(void **state)
{
	static const uint8_t codes[] = { 0, 63, 64, 255 };
	struct vspc_set set = vspc_set_of(codes, sizeof(codes));
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++)
		assert_int_equal(vspc_set_has(&set, (uint8_t)i),
				 i == 0 || i == 63 || i == 64 || i == 255);
	for (i = 0; i < sizeof(codes); i++) {
		assert_false(vspc_set_empty(&set));
		vspc_set_remove(&set, codes[i]);
	}
	assert_true(vspc_set_empty(&set));
	set = vspc_set_of(NULL, 0);
	assert_true(vspc_set_empty(&set));
}

static void test_uuids(void **state)
{
	static const char *const good[] = {
		UUID_TEXT, "0123456789ABCDEFFEDCBA9800000000",
		"01234567-89ab-cdef-fedc-ba9800000000",
	};
	static const char *const bad[] = {
		"", "01", "01 23 45 67 89 ab cd ef-fe dc ba 98 00 00 00 0",
		UUID_TEXT "0", "g1 23 45 67 89 ab cd ef-fe dc ba 98 00 00 00 00",
		"01:23:45:67:89:ab:cd:ef:fe:dc:ba:98:00:00:00:00",
	};
	uint8_t got[VSPC_UUID_SIZE];
	char text[VSPC_UUID_TEXT];
	size_t i;

	(void)state;
	vspc_uuid_format(uuid, text);
	assert_string_equal(text, UUID_TEXT);
	for (i = 0; i < LENGTH(good); i++) {
		memset(got, 0x55, sizeof(got));
		assert_true(vspc_uuid_parse((const uint8_t *)good[i], strlen(good[i]), got));
		assert_memory_equal(got, uuid, sizeof(uuid));
	}
	for (i = 0; i < LENGTH(bad); i++)
		assert_false(vspc_uuid_parse((const uint8_t *)bad[i], strlen(bad[i]), got));
}

static void test_sequences(void **state)
{
	const uint8_t *a = (const uint8_t *)"1234", *b = (const uint8_t *)"1234more";

	(void)state;
	assert_true(vspc_same_sequence(a, 4, b, 8));
	assert_true(vspc_same_sequence(b, 8, a, 4));
	assert_true(vspc_same_sequence(a, 4, a, 4));
	assert_false(vspc_same_sequence(a, 4, b + 1, 7));
	/* Nothing begins everything. */
	assert_false(vspc_same_sequence(a, 0, b, 8));
}

static void test_outbox(void **state)
{
	struct outbox outbox = { 0 };
	unsigned int i;

	(void)state;
	outbox_add(&outbox, NULL, 0);
	assert_int_equal(outbox_waits(&outbox), 0);
	for (i = 0; i < 100; i++) {
		outbox_add(&outbox, "0123456789", 10);
		outbox_sent(&outbox, 7);
		assert_int_equal(outbox_waits(&outbox), 3 * (i + 1));
		assert_int_equal(outbox.bytes[outbox.at], '0' + 7 * (i + 1) % 10);
	}
	outbox_sent(&outbox, 300);
	assert_null(outbox.bytes);
	outbox_clear(&outbox);
}

static void test_deviations(void **state)
{
	const struct vspc_deviation_name *deviation;
	uint32_t all = 0;

	(void)state;
	for (deviation = vspc_deviations; deviation->name; deviation++) {
		assert_int_equal(vspc_deviation_find(deviation->name), deviation->bit);
		assert_false(all & deviation->bit);
		all |= deviation->bit;
	}
	assert_int_equal(vspc_deviation_find("polite"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_outbox),
		cmocka_unit_test(test_deviations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
