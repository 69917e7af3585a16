// SPDX-License-Identifier: GPL-2.0-or-later
/* Captures, as tshark reads them. */
#include <asm/termios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "capture.h"
#include "unit.h"

#define TIME	1700000000123456789ull

/* Records behind one another, as the kernel sends them. */
struct records {
	uint8_t bytes[1024];
	size_t n;
	unsigned int count;
};

/* The next record, a nanosecond behind the one before. */
static void add(struct records *r, uint32_t type, uint32_t arg, uint32_t lost, const char *bytes)
{
	const struct vserial_record_head head = {
		.time = TIME + r->count++, .type = type, .arg = arg,
		.length = (uint32_t)strlen(bytes), .lost = lost,
	};

	memcpy(r->bytes + r->n, &head, sizeof(head));
	memcpy(r->bytes + r->n + sizeof(head), bytes, head.length);
	r->n += sizeof(head) + head.length;
	assert_true(r->n <= sizeof(r->bytes));
}

static void make_records(struct records *r)
{
	*r = (struct records){ .n = 0 };
	add(r, VSERIAL_RECORD_LINES, TIOCM_DTR | TIOCM_CTS, 0, "");
	add(r, VSERIAL_RECORD_OUTPUT, 0, 0, "login");
	add(r, VSERIAL_RECORD_INPUT, 0, 77, "r");
	add(r, VSERIAL_RECORD_INPUT_BREAK, 250, 0, "");
	add(r, VSERIAL_RECORD_OUTPUT_BREAK, 0, 0, "");
	add(r, VSERIAL_RECORD_INPUT_ERROR, VSERIAL_LINE_ERROR_PARITY, 0, "");
	/* What a later kernel may send. */
	add(r, 4711, 0, 0, "xx");
	add(r, VSERIAL_RECORD_LINES, 0, 0, "");
}

/* A capture in pieces of @piece bytes, in a file; the caller unlinks and frees its name. */
static char *write_capture(size_t piece)
{
	char *path = strdup("/tmp/vserial-capture-XXXXXX");
	struct capture capture = { 0 };
	struct records r;
	size_t at, n;
	FILE *file;

	assert_non_null(path);
	file = fdopen(mkstemp(path), "w");
	assert_non_null(file);
	make_records(&r);
	/* The first piece comes before the file is there. */
	for (at = 0; at < r.n; at += n) {
		n = r.n - at < piece ? r.n - at : piece;
		assert_int_equal(capture_take(&capture, r.bytes + at, n), 0);
		if (!at)
			assert_int_equal(capture_begin(&capture, file, "web01/3"), 0);
	}
	assert_int_equal(capture.records, 8);
	assert_int_equal(capture.lost, 77);
	capture_end(&capture);
	assert_int_equal(fclose(file), 0);
	return path;
}

/* What a command prints of the capture @path. */
static void expect_output(const char *command, const char *path, const char *expected)
{
	char line[1024], *said = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(line, sizeof(line), command, path);
	file = popen(line, "r");
	assert_non_null(file);
	if (getdelim(&said, &size, '\0', file) < 0)
		fail_msg("'%s' printed nothing", line);
	assert_int_equal(pclose(file), 0);
	assert_string_equal(said, expected);
	free(said);
}

static void tshark(void **state)
{
	char *path;

	(void)state;
	path = write_capture(1000);
	expect_output("tshark -r %s -T fields -e frame.time_epoch -e frame.interface_name "
		      "-e frame.p2p_dir -e rtacser.eventtype -e rtacser.dtr -e rtacser.cts "
		      "-e rtacser.rts -e data.data -e frame.comment 2>/dev/null", path,
		      "1700000000.123456789\tweb01/3\t\t0x00\t1\t1\t0\t\t\n"
		      "1700000000.123456790\tweb01/3\t0\t0x01\t1\t1\t0\t6c6f67696e\t\n"
		      "1700000000.123456791\tweb01/3\t\t0x05\t1\t1\t0\t\t77 bytes were lost\n"
		      "1700000000.123456791\tweb01/3\t1\t0x02\t1\t1\t0\t72\t\n"
		      "1700000000.123456792\tweb01/3\t1\t0x09\t1\t1\t0\t\tof 250 ms\n"
		      "1700000000.123456793\tweb01/3\t0\t0x09\t1\t1\t0\t\t\n"
		      "1700000000.123456794\tweb01/3\t1\t0x08\t1\t1\t0\t\t\n"
		      "1700000000.123456796\tweb01/3\t\t0x00\t0\t0\t0\t\t\n");
	unlink(path);
	free(path);
}

/* The same however it comes. */
static void pieces(void **state)
{
	char *whole = write_capture(1000), *piece, command[256];
	size_t i;

	(void)state;
	for (i = 1; i < 60; i++) {
		piece = write_capture(i);
		snprintf(command, sizeof(command), "cmp %s %s", whole, piece);
		assert_int_equal(system(command), 0);
		unlink(piece);
		free(piece);
	}
	unlink(whole);
	free(whole);
}

static void no_records(void **state)
{
	const struct vserial_record_head head = { .length = UINT32_MAX };
	struct capture capture = { 0 };
	FILE *file = fopen("/dev/null", "w");

	(void)state;
	assert_non_null(file);
	assert_int_equal(capture_begin(&capture, file, "a/0"), 0);
	assert_int_equal(capture_take(&capture, (const uint8_t *)&head, sizeof(head)), -1);
	capture_end(&capture);
	fclose(file);
	/* One that never began. */
	capture = (struct capture){ 0 };
	capture_end(&capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tshark),
		cmocka_unit_test(pieces),
		cmocka_unit_test(no_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
