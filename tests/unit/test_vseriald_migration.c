// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest behind a real concentrator, vserial-vspc, moves from one daemon to
 * another.  The daemon it leaves is a process of its own, this program with
 * "source PORT", and is told what its kernel would tell it by single letters.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "kernel.h"
#include "log.h"
#include "sockets.h"

/* The concentrator, and somebody who looks at the guest's port there. */
static pid_t concentrator = -1;
static char folder[64];
static uint16_t machines, viewers;
static int viewer = -1;
static char seen[1 << 16];
static size_t seen_len;

/* The daemon that the guest leaves. */
static pid_t source = -1;
static int source_fd = -1;

static const char *uri(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "telnet://127.0.0.1:%u", machines);
	return text;
}

/* What the kernel tells of the port. */
static void told(uint32_t migration, bool power, uint32_t handover, const uint8_t *blob,
		 size_t blob_len, size_t sequence_len)
{
	const struct backing backing = {
		.id = 7, .guest = "vm", .index = 0, .spec = "console", .proxy = uri(),
		.endpoint = VSERIAL_ENDPOINT_SERVER, .max_clients = 8, .power = power,
		.offset = kernel.settled, .migration = migration, .handover = handover,
		.blob = blob, .blob_len = blob_len, .sequence_len = sequence_len,
		.has_end = true, .end = kernel.settled,
	};

	if (session)
		session_update(session, &backing);
	else
		session = session_new(&the_daemon, &backing);
}

/* The daemon that the guest leaves */

static void write_line(uint64_t *written, const char *line)
{
	output(*written, line);
	*written += strlen(line);
	until(kernel.settled == *written);
}

/* What became of a hand-over: its state, and its blob behind the sequence's length. */
static void answer(void)
{
	uint8_t bytes[2 + sizeof(kernel.blob)] = { (uint8_t)kernel.handover };
	size_t len = 1;

	if (kernel.handover == VSERIAL_HANDOVER_GRANTED) {
		bytes[1] = (uint8_t)kernel.sequence_len;
		memcpy(bytes + 2, kernel.blob, kernel.blob_len);
		len = 2 + kernel.blob_len;
	}
	assert_int_equal(send(0, bytes, len, 0), len);
}

static void obey(char command, uint64_t *written)
{
	switch (command) {
	case 'b': /* the guest is about to leave */
		kernel.handover = 0;
		told(VSERIAL_MIGRATION_OUTGOING, true, VSERIAL_HANDOVER_ASKED, NULL, 0, 0);
		until(kernel.handover);
		answer();
		break;
	case 'o': /* its VMM has closed the port */
		told(VSERIAL_MIGRATION_OUTGOING, false, VSERIAL_HANDOVER_GRANTED, NULL, 0, 0);
		break;
	case 'l': /* it has been let go of */
		kernel.handover = 0;
		told(VSERIAL_MIGRATION_OUTGOING, true, VSERIAL_HANDOVER_ENDING, NULL, 0, 0);
		until(kernel.handover == VSERIAL_HANDOVER_ENDED);
		break;
	case 'i': /* what has been typed there */
		assert_int_equal(send(0, kernel.input, kernel.input_len, 0), kernel.input_len);
		break;
	case 'a': /* it stays */
		told(VSERIAL_MIGRATION_NONE, true, 0, NULL, 0, 0);
		until(kernel.state == VSERIAL_STATE_CONNECTED);
		write_line(written, "again\n");
		break;
	}
	assert_int_equal(send(0, &command, 1, 0), 1);
}

static int be_source(uint16_t port)
{
	uint64_t written = 0;
	char command;

	machines = port;
	kernel_setup(NULL);
	told(VSERIAL_MIGRATION_NONE, true, 0, NULL, 0, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	write_line(&written, "one\n");
	send(0, "u", 1, 0);
	for (;;) {
		until(readable(0));
		if (recv(0, &command, 1, 0) != 1 || command == 'c')
			break;
		obey(command, &written);
	}
	stop();
	return kernel_teardown(NULL);
}

static void begin_source(void)
{
	char port[8];
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	snprintf(port, sizeof(port), "%u", machines);
	source = fork();
	if (!source) {
		dup2(fds[1], 0);
		execl("/proc/self/exe", "test", "source", port, NULL);
		_exit(127);
	}
	close(fds[1]);
	source_fd = fds[0];
}

static char source_says(void)
{
	char c = 0;

	until(readable(source_fd));
	assert_int_equal(recv(source_fd, &c, 1, 0), 1);
	return c;
}

/* It does what it is told; a hand-over has an answer, which stands in front. */
static size_t tell_source(char command, uint8_t *said, size_t max)
{
	ssize_t n = 0;

	assert_int_equal(send(source_fd, &command, 1, 0), 1);
	if (said) {
		until(readable(source_fd));
		n = recv(source_fd, said, max, 0);
		assert_true(n > 0);
	}
	assert_int_equal(source_says(), command);
	return (size_t)n;
}

static void end_source(void)
{
	int status;

	assert_int_equal(send(source_fd, "c", 1, 0), 1);
	assert_int_equal(waitpid(source, &status, 0), source);
	source = -1;
	assert_int_equal(status, 0);
	close(source_fd);
	source_fd = -1;
}

/* The concentrator and its viewer */

static void begin_concentrator(const char *deviation)
{
	char program[512], conf[80], option[96], deviate[64] = "--debug";
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 16);
	FILE *file;

	assert_true(n > 0);
	program[n] = '\0';
	strcpy(strrchr(program, '/') + 1, "vserial-vspc");
	strcpy(folder, "/tmp/vseriald-migration-XXXXXX");
	assert_non_null(mkdtemp(folder));
	machines = free_port();
	viewers = free_port();
	snprintf(conf, sizeof(conf), "%s/conf", folder);
	file = fopen(conf, "w");
	fprintf(file, "listen = telnet://127.0.0.1:%u\nviewers = vm telnet://127.0.0.1:%u\n",
		machines, viewers);
	fclose(file);
	snprintf(option, sizeof(option), "--config=%s", conf);
	if (deviation)
		snprintf(deviate, sizeof(deviate), "--deviate=%s", deviation);
	concentrator = fork();
	if (!concentrator) {
		fclose(stderr);
		execl(program, "vserial-vspc", option, "--user=", deviate, NULL);
		_exit(127);
	}
	begin_source();
	assert_int_equal(source_says(), 'u');
	viewer = dial(viewers, 0);
}

static bool viewer_saw(const char *text)
{
	ssize_t n;

	while (readable(viewer)) {
		n = recv(viewer, seen + seen_len, sizeof(seen) - seen_len, 0);
		if (n <= 0)
			break;
		seen_len += (size_t)n;
	}
	return memmem(seen, seen_len, text, strlen(text));
}

static unsigned int times_seen(const char *text)
{
	const char *at = seen, *end = seen + seen_len;
	unsigned int n = 0;

	while ((at = memmem(at, (size_t)(end - at), text, strlen(text)))) {
		n++;
		at++;
	}
	return n;
}

static int teardown(void **state)
{
	char conf[80];

	if (source > 0) {
		kill(source, SIGKILL);
		waitpid(source, NULL, 0);
		close(source_fd);
	}
	if (concentrator > 0) {
		kill(concentrator, SIGKILL);
		waitpid(concentrator, NULL, 0);
	}
	if (viewer >= 0)
		close(viewer);
	source = -1;
	concentrator = -1;
	viewer = -1;
	seen_len = 0;
	snprintf(conf, sizeof(conf), "%s/conf", folder);
	unlink(conf);
	rmdir(folder);
	return kernel_teardown(state);
}

/* Has the guest leave.  Return: bytes of the blob. */
static size_t leave(uint8_t *blob, size_t *sequence_len)
{
	uint8_t said[512];
	size_t n = tell_source('b', said, sizeof(said));

	assert_int_equal(said[0], VSERIAL_HANDOVER_GRANTED);
	*sequence_len = said[1];
	memcpy(blob, said + 2, n - 2);
	return n - 2;
}

/* Tests */

static void moves(const char *deviation, bool off)
{
	uint8_t blob[512];
	size_t len, sequence_len;

	begin_concentrator(deviation);
	until(viewer_saw("one\n"));
	len = leave(blob, &sequence_len);
	assert_true(len > sequence_len);
	/* Typed between the hosts: it waits, and comes where the guest is. */
	SENDS(viewer, "typed");
	if (off)
		tell_source('o', NULL, 0);

	kernel.settled = 4;
	told(VSERIAL_MIGRATION_INCOMING, false, VSERIAL_HANDOVER_ASKED, blob, len, sequence_len);
	until(kernel.handover);
	assert_int_equal(kernel.handover, VSERIAL_HANDOVER_GRANTED);
	told(VSERIAL_MIGRATION_NONE, true, 0, NULL, 0, 0);
	end_source();
	output(4, "two\n");
	until(viewer_saw("two\n"));
	until(kernel.settled == 8);
	if (!deviation) {
		until(kernel.input_len == 5);
		assert_memory_equal(kernel.input, "typed", 5);
	}
	assert_int_equal(times_seen("one\n"), 1);
	assert_int_equal(times_seen("two\n"), 1);
	stop();
}

static void test_moves(void **state)
{
	(void)state;
	moves(NULL, false);
}

static void test_moves_when_off(void **state)
{
	(void)state;
	moves(NULL, true);
}

static void test_moves_behind_padding(void **state)
{
	(void)state;
	moves("padded", false);
}

/*
 * The concentrator keeps nothing: what was typed until it was told is with the host that
 * the guest leaves, and what is typed behind that with the other.
 */
static void test_input_until_told(void **state)
{
	uint8_t blob[512], rest[64];
	size_t len, sequence_len, n;

	(void)state;
	begin_concentrator("no-buffer");
	until(viewer_saw("one\n"));
	len = leave(blob, &sequence_len);
	/* It is there, and has not been read, when the concentrator answers the viewer. */
	kill(source, SIGSTOP);
	SENDS(viewer, "typed late\xff\xf6");
	until(viewer_saw("vserial"));
	kernel.settled = 4;
	told(VSERIAL_MIGRATION_INCOMING, false, VSERIAL_HANDOVER_ASKED, blob, len, sequence_len);
	until(kernel.handover == VSERIAL_HANDOVER_GRANTED);
	kernel.room = 0;
	told(VSERIAL_MIGRATION_INCOMING, false, VSERIAL_HANDOVER_ENDING, blob, len, sequence_len);
	until(kernel.handover == VSERIAL_HANDOVER_ENDED);
	kill(source, SIGCONT);
	tell_source('l', NULL, 0);
	n = tell_source('i', rest, sizeof(rest));
	assert_int_equal(n, 10);
	assert_memory_equal(rest, "typed late", 10);
	SENDS(viewer, ", typed here");
	/* The guest is off still, and its port stays connected. */
	told(VSERIAL_MIGRATION_INCOMING, false, VSERIAL_HANDOVER_ENDED, blob, len, sequence_len);
	assert_int_equal(session->n_peers, 1);
	kernel.room = sizeof(kernel.input);
	told(VSERIAL_MIGRATION_NONE, true, 0, NULL, 0, 0);
	session_room(session, 0);
	end_source();
	output(4, "two\n");
	until(viewer_saw("two\n"));
	until(kernel.input_len == 12);
	assert_memory_equal(kernel.input, ", typed here", 12);
	stop();
}

/* It was let go of, and goes on there after all. */
static void test_aborted_behind_last(void **state)
{
	uint8_t blob[512];
	size_t len, sequence_len;

	(void)state;
	begin_concentrator(NULL);
	until(viewer_saw("one\n"));
	leave(blob, &sequence_len);
	tell_source('l', NULL, 0);
	tell_source('a', NULL, 0);
	until(viewer_saw("again\n"));
	len = leave(blob, &sequence_len);
	assert_true(len > sequence_len);
	end_source();
}

/* Nobody of the new host is heard before the guest runs there. */
static void test_aborted_on_its_way(void **state)
{
	uint8_t blob[512];
	size_t len, sequence_len;

	(void)state;
	begin_concentrator(NULL);
	until(viewer_saw("one\n"));
	len = leave(blob, &sequence_len);
	kernel.settled = 4;
	told(VSERIAL_MIGRATION_INCOMING, false, VSERIAL_HANDOVER_ASKED, blob, len, sequence_len);
	until(kernel.handover == VSERIAL_HANDOVER_GRANTED);
	stop();
	tell_source('a', NULL, 0);
	until(viewer_saw("again\n"));
	assert_int_equal(times_seen("one\n"), 1);
	/* And it may go after all. */
	len = leave(blob, &sequence_len);
	kernel.handover = 0;
	kernel.settled = 10;
	told(VSERIAL_MIGRATION_INCOMING, false, VSERIAL_HANDOVER_ASKED, blob, len, sequence_len);
	until(kernel.handover == VSERIAL_HANDOVER_GRANTED);
	told(VSERIAL_MIGRATION_NONE, true, 0, NULL, 0, 0);
	end_source();
	output(10, "two\n");
	until(viewer_saw("two\n"));
	assert_int_equal(times_seen("again\n"), 1);
	stop();
}

static void refuses_to_leave(const char *deviation)
{
	uint8_t said[512];

	begin_concentrator(deviation);
	until(viewer_saw("one\n"));
	tell_source('b', said, sizeof(said));
	assert_int_equal(said[0], VSERIAL_HANDOVER_REFUSED);
	tell_source('a', NULL, 0);
	until(viewer_saw("again\n"));
	end_source();
}

static void test_not_now(void **state)
{
	(void)state;
	refuses_to_leave("not-now");
}

static void test_unknown(void **state)
{
	(void)state;
	refuses_to_leave("no-vmotion");
}

static void test_peer_refused(void **state)
{
	uint8_t blob[512];
	size_t len, sequence_len;

	(void)state;
	begin_concentrator("refuse-peer");
	len = leave(blob, &sequence_len);
	told(VSERIAL_MIGRATION_INCOMING, false, VSERIAL_HANDOVER_ASKED, blob, len, sequence_len);
	until(kernel.handover);
	assert_int_equal(kernel.handover, VSERIAL_HANDOVER_REFUSED);
	assert_string_equal(kernel.handover_why, "the concentrator refused VMOTION-PEER");
	stop();
	tell_source('a', NULL, 0);
	until(viewer_saw("again\n"));
	end_source();
}

/* A secret that nobody gave lets nobody in. */
static void test_false_secret(void **state)
{
	uint8_t blob[512];
	size_t len, sequence_len;

	(void)state;
	begin_concentrator(NULL);
	len = leave(blob, &sequence_len);
	blob[len - 1] ^= 1;
	told(VSERIAL_MIGRATION_INCOMING, false, VSERIAL_HANDOVER_ASKED, blob, len, sequence_len);
	until(kernel.handover);
	assert_int_equal(kernel.handover, VSERIAL_HANDOVER_REFUSED);
	stop();
	tell_source('a', NULL, 0);
	until(viewer_saw("again\n"));
	end_source();
}

/* Of a guest that leaves nobody calls a concentrator that is lost. */
static void test_concentrator_lost(void **state)
{
	uint8_t blob[512];
	size_t sequence_len;

	(void)state;
	begin_concentrator(NULL);
	leave(blob, &sequence_len);
	kill(concentrator, SIGKILL);
	waitpid(concentrator, NULL, 0);
	concentrator = -1;
	tell_source('o', NULL, 0);
	end_source();
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_moves, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_moves_when_off, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_moves_behind_padding, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_input_until_told, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_aborted_behind_last, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_aborted_on_its_way, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_now, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_peer_refused, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_false_secret, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_concentrator_lost, kernel_setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	log_init(false);
	if (argc == 3 && !strcmp(argv[1], "source"))
		return be_source((uint16_t)atoi(argv[2]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
