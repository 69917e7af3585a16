// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One backing with real sockets and a real loop; the kernel's part is played
 * here: kport_*() note what the daemon tells it and answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "arrival.h"
#include "goodbye.h"
#include "kport.h"
#include "log.h"
#include "resolve.h"
#include "session.h"
#include "unit.h"

/* Nothing here takes long; this is for machines that do something else. */
#define PATIENCE 30000000ull

/**
 * struct kport - the kernel, played
 * @state: the last report's
 * @why: its reason
 * @peer: its peer
 * @settled: up to which offset output is settled
 * @breaks: how many breaks the guest was given, and
 * @break_at: behind how much input the last
 * @rows: of the writer's window
 * @columns: of it
 * @input: what the guest was given
 * @input_len: how much
 * @room: what it takes, of each request
 * @peers: announced, in this order
 * @n_peers: how many
 * @writer: which of them writes, by number from 1
 * @history: what the port's history is
 * @history_offset: the offset of its first byte
 * @hold_history: keep it to oneself for now
 * @waiting: the peer that waits for it
 * @confirm: a report is to be confirmed
 * @awake: the session has a turn to come
 */
struct kport {
	uint32_t state;
	char why[512];
	char peer[256];
	uint64_t settled;
	uint32_t breaks;
	size_t break_at;
	uint32_t rows;
	uint32_t columns;
	char input[1 << 16];
	size_t input_len;
	size_t room;
	struct peer *peers[16];
	uint32_t n_peers;
	uint32_t writer;
	const char *history;
	uint64_t history_offset;
	bool hold_history;
	struct peer *waiting;
	bool confirm;
	bool awake;
};

static struct daemon the_daemon;
static struct kport kernel;
static struct session *session;
static char folder[] = "/tmp/vseriald-test-XXXXXX";

void kport_report(struct kport *kport, struct session *s, uint32_t state, const char *reason,
		  const char *peer, bool confirm)
{
	(void)s;
	kport->state = state;
	snprintf(kport->why, sizeof(kport->why), "%s", reason);
	snprintf(kport->peer, sizeof(kport->peer), "%s", peer);
	kport->confirm = kport->confirm || confirm;
}

void kport_settle(struct kport *kport, uint32_t id, uint64_t offset)
{
	assert_int_equal(id, 7);
	assert_true(offset > kport->settled);
	kport->settled = offset;
}

void kport_input(struct kport *kport, struct session *s, uint64_t offset, const char *bytes,
		 size_t len)
{
	size_t n = len < kport->room ? len : kport->room;

	(void)s;
	assert_int_equal(offset, kport->input_len);
	memcpy(kport->input + kport->input_len, bytes, n);
	kport->input_len += n;
	kport->room -= n;
	if (n < len)
		session_refused(s);
	s->is_sending = true;
}

void kport_break(struct kport *kport, struct session *s, uint64_t offset)
{
	(void)s;
	assert_int_equal(offset, kport->input_len);
	kport->breaks++;
	kport->break_at = kport->input_len;
}

void kport_window(struct kport *kport, const struct peer *writer)
{
	assert_int_not_equal(writer->id, 0);
	kport->rows = writer->window.rows;
	kport->columns = writer->window.columns;
}

void kport_announce(struct kport *kport, struct session *s, struct peer *peer)
{
	(void)s;
	kport->peers[kport->n_peers++] = peer;
}

void kport_history(struct kport *kport, struct session *s, struct peer *peer)
{
	(void)s;
	kport->waiting = peer;
}

void kport_retire(struct kport *kport, struct peer *peer)
{
	uint32_t i;

	for (i = 0; i < kport->n_peers; i++)
		if (kport->peers[i] == peer)
			kport->peers[i] = NULL;
	if (kport->waiting == peer)
		kport->waiting = NULL;
}

void kport_wake(struct kport *kport, struct session *s)
{
	(void)s;
	kport->awake = true;
}

void kport_forget(struct kport *kport, struct session *s)
{
	(void)s;
	kport->awake = false;
}

/* What the kernel does in a turn of the loop. */
static void kernel_turn(void)
{
	struct peer *peer = kernel.waiting;
	uint32_t i;

	for (i = 0; i < kernel.n_peers; i++)
		if (kernel.peers[i] && !kernel.peers[i]->id) {
			if (!kernel.writer)
				kernel.writer = i + 1;
			session_announced(session, kernel.peers[i], i + 1, kernel.writer == i + 1, "");
		}
	if (peer && !kernel.hold_history) {
		kernel.waiting = NULL;
		if (kernel.history)
			session_history(session, peer, kernel.history_offset, kernel.history,
					strlen(kernel.history));
		session_history_end(session, peer);
	}
	if (kernel.confirm) {
		kernel.confirm = false;
		session_confirmed(session);
	}
	while (kernel.awake) {
		kernel.awake = false;
		session_turn(session);
		if (session->is_sending) {
			session->is_sending = false;
			session_answered(session);
		}
	}
}

/* Runs the loop until a condition holds. */
#define until(condition) do { \
	uint64_t waited = 0; \
	while (kernel_turn(), !(condition)) { \
		sd_event_run(the_daemon.event, 10000); \
		waited += 10000; \
		if (waited > PATIENCE) \
			fail_msg("never: %s", #condition); \
	} \
} while (0)

static void start(const char *spec, bool server, bool power)
{
	const struct backing backing = {
		.id = 7, .guest = "vm", .index = 1,
		.spec = spec,
		.endpoint = server ? VSERIAL_ENDPOINT_SERVER : VSERIAL_ENDPOINT_CLIENT,
		.max_clients = 2, .power = power, .offset = kernel.settled, .owned = true,
		.uid = getuid(), .gid = getgid(),
	};

	session = session_new(&the_daemon, &backing);
}

static void stop(void)
{
	session_end(session, true);
	session = NULL;
	assert_int_equal(kernel.state, VSERIAL_STATE_NOT_CONNECTED);
	assert_int_equal(the_daemon.peers, 0);
}

static uint16_t free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

/* @buffer: of what can be on the way; 0: the system's. */
static int dial(uint16_t port, int buffer)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

static int dial_unix(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (!connect(fd, (struct sockaddr *)&un, sizeof(un)))
		return fd;
	close(fd);
	return -1;
}

/* A socket that listens on @port. */
static int listen_on(uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static bool readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

/* The next bytes of a connection. */
static void reads_bytes(int fd, const char *text, size_t len)
{
	char bytes[4096];
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		until(readable(fd));
		n = recv(fd, bytes + have, len - have, 0);
		assert_true(n > 0);
		have += (size_t)n;
	}
	assert_memory_equal(bytes, text, len);
}

static void reads(int fd, const char *text)
{
	reads_bytes(fd, text, strlen(text));
}

static void reads_end(int fd)
{
	char byte;

	until(readable(fd));
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

static void output(uint64_t offset, const char *text)
{
	session_output(session, offset, text, strlen(text));
}

static char *tcp(uint16_t port)
{
	static char spec[64];

	snprintf(spec, sizeof(spec), "tcp://127.0.0.1:%u", port);
	return spec;
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	memset(&the_daemon, 0, sizeof(the_daemon));
	kernel.room = sizeof(kernel.input);
	conf_defaults(&the_daemon.conf);
	the_daemon.conf.viewer_buffer = 64 << 10;
	the_daemon.conf.retry_min = 10;
	the_daemon.kport = &kernel;
	if (sd_event_new(&the_daemon.event) < 0)
		return -1;
	the_daemon.resolver = resolver_new(the_daemon.event);
	the_daemon.goodbyes = goodbyes_new(the_daemon.event);
	the_daemon.arrivals = arrivals_new(&the_daemon);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (session)
		session_end(session, false);
	session = NULL;
	arrivals_free(the_daemon.arrivals);
	goodbyes_free(the_daemon.goodbyes);
	resolver_free(the_daemon.resolver);
	sd_event_unref(the_daemon.event);
	conf_free(&the_daemon.conf);
	return 0;
}

/* Servers. */

static void test_server(void **state)
{
	uint16_t port = free_port();
	int fd;

	(void)state;
	kernel.settled = 1000;
	kernel.history = "boot ";
	kernel.history_offset = 995;
	start(tcp(port), true, false);
	assert_int_equal(kernel.state, VSERIAL_STATE_LISTENING);
	fd = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	assert_non_null(strstr(kernel.peer, "127.0.0.1:"));
	reads(fd, "boot ");
	output(1000, "login: ");
	reads(fd, "login: ");
	until(kernel.settled == 1007);

	/* The other way. */
	assert_int_equal(send(fd, "root\n", 5, 0), 5);
	until(kernel.input_len == 5);
	assert_memory_equal(kernel.input, "root\n", 5);

	/* Its end is noticed, and the next one begins with history. */
	close(fd);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	assert_int_equal(the_daemon.peers, 0);
	kernel.history = "login: ";
	kernel.history_offset = 1000;
	fd = dial(port, 0);
	reads(fd, "login: ");
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	output(1007, "root");
	reads(fd, "root");
	close(fd);
	stop();
}

/* Output that nobody had is sent again; what history covers is not. */
static void test_history_meets_output(void **state)
{
	uint16_t port = free_port();
	int fd;

	(void)state;
	kernel.settled = 100;
	kernel.history = "0123456789";
	kernel.history_offset = 95;
	start(tcp(port), true, true);
	fd = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	/* The kernel sends from what was settled on. */
	output(100, "567");
	output(103, "89abc");
	output(108, "d");
	reads(fd, "0123456789abcd");
	until(kernel.settled == 109);
	close(fd);
	stop();
}

/* Less history than output that nobody had: all of that output comes. */
static void test_history_is_shorter(void **state)
{
	uint16_t port = free_port();
	int fd;

	(void)state;
	kernel.settled = 100;
	kernel.history = "89";
	kernel.history_offset = 108;
	start(tcp(port), true, true);
	fd = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	output(100, "0123456789a");
	reads(fd, "0123456789a");
	until(kernel.settled == 111);
	close(fd);

	/* But where the oldest of it was dropped since, history is what there is. */
	until(kernel.state == VSERIAL_STATE_LISTENING);
	kernel.history = "wxyz";
	kernel.history_offset = 500;
	fd = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	output(502, "yz!");
	reads(fd, "wxyz!");
	close(fd);
	stop();
}

/* A viewer that comes while output flows misses and repeats nothing. */
static void test_second_viewer(void **state)
{
	uint16_t port = free_port();
	int first, second;

	(void)state;
	start(tcp(port), true, true);
	first = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	output(0, "abc");
	reads(first, "abc");
	kernel.hold_history = true;
	second = dial(port, 0);
	until(kernel.waiting);
	output(3, "def");
	reads(first, "def");
	/* The dump was made here, and output went on. */
	kernel.history = "bcdef";
	kernel.history_offset = 1;
	output(6, "ghi");
	reads(first, "ghi");
	kernel.hold_history = false;
	output(9, "jkl");
	reads(second, "bcdefghijkl");
	reads(first, "jkl");
	assert_non_null(strstr(kernel.peer, "and 1 more"));

	/* A dump that is ahead of what came here: it comes, and is not shown twice. */
	close(second);
	until(the_daemon.peers == 1);
	kernel.history = "jklmno";
	kernel.history_offset = 9;
	second = dial(port, 0);
	until(kernel.n_peers == 3 && !kernel.waiting);
	output(12, "mn");
	output(14, "opq");
	reads(second, "jklmnopq");
	reads(first, "mnopq");

	/* Only the writer is heard, and the next one after it. */
	send(second, "no", 2, 0);
	send(first, "yes", 3, 0);
	until(kernel.input_len == 3);
	assert_memory_equal(kernel.input, "yes", 3);
	session_writer(session, kernel.peers[0], false);
	session_writer(session, kernel.peers[2], true);
	send(first, "no", 2, 0);
	send(second, "now", 3, 0);
	until(kernel.input_len == 6);
	assert_memory_equal(kernel.input, "yesnow", 6);
	close(first);
	close(second);
	stop();
}

/* Fills what is on the way to a viewer that does not read. */
static void test_slow_viewer(void **state)
{
	static char block[4096];
	uint16_t port = free_port();
	uint64_t offset = 0;
	int fast, slow;
	bool told = false;
	char text[8192];
	size_t have = 0;
	ssize_t n;

	(void)state;
	memset(block, 'x', sizeof(block));
	start(tcp(port), true, true);
	fast = dial(port, 0);
	until(kernel.n_peers == 1 && kernel.state == VSERIAL_STATE_CONNECTED);
	slow = dial(port, 4096);
	until(kernel.n_peers == 2 && !kernel.waiting);
	/* Never more ahead than the kernel does. */
	while (offset < 8 << 20) {
		session_output(session, offset, block, sizeof(block));
		offset += sizeof(block);
		while (kernel.settled + (32 << 10) < offset) {
			until(readable(fast) || kernel.settled + (32 << 10) >= offset);
			while (readable(fast)) {
				n = recv(fast, text, sizeof(text), 0);
				assert_true(n > 0);
			}
		}
		assert_in_range(session->ring.head - session->ring.tail, 0, 64 << 10);
	}
	/* The slow one is told how much it has missed, and then has the newest. */
	output(offset, "\nEND");
	*text = '\0';
	while (!strstr(text, "\nEND")) {
		/* The end of what came before: a notice may come in two parts. */
		if (have > 100) {
			memmove(text, text + have - 100, 100);
			have = 100;
		}
		until(readable(slow));
		n = recv(slow, text + have, 4000, 0);
		assert_true(n > 0);
		have += (size_t)n;
		text[have] = '\0';
		told = told || strstr(text, " bytes are missing here]\r\n");
	}
	assert_true(told);
	close(slow);
	close(fast);
	stop();
}

static void test_room(void **state)
{
	uint16_t port = free_port();
	int fd;

	(void)state;
	kernel.room = 3;
	start(tcp(port), true, true);
	fd = dial(port, 0);
	send(fd, "abcdef", 6, 0);
	until(kernel.input_len == 3);
	/* It is not asked for more, and what it sends waits in the network. */
	send(fd, "ghi", 3, 0);
	kernel.room = 2;
	session_room(session, 3);
	until(kernel.input_len == 5);
	kernel.room = 100;
	session_room(session, 5);
	until(kernel.input_len == 9);
	assert_memory_equal(kernel.input, "abcdefghi", 9);

	/* Its last words count also when it is gone before there was room. */
	kernel.room = 0;
	send(fd, "bye", 3, 0);
	until(session->input.stuck);
	close(fd);
	kernel.room = 100;
	session_room(session, 9);
	until(kernel.input_len == 12);
	until(the_daemon.peers == 0);
	stop();
}

static void test_too_many(void **state)
{
	uint16_t port = free_port();
	int fd[3], i;

	(void)state;
	start(tcp(port), true, true);
	for (i = 0; i < 3; i++)
		fd[i] = dial(port, 0);
	send(fd[2], "unread", 6, 0);
	reads(fd[2], "vserial: vm/1 has 2 of 2 clients: try again later\r\n");
	reads_end(fd[2]);
	for (i = 0; i < 3; i++)
		close(fd[i]);
	until(the_daemon.peers == 0);
	/* There is room again. */
	fd[0] = dial(port, 0);
	until(the_daemon.peers == 1);
	close(fd[0]);
	stop();
}

static void test_allow(void **state)
{
	uint16_t port = free_port();
	char spec[80];
	int fd;

	(void)state;
	snprintf(spec, sizeof(spec), "tcp://127.0.0.1:%u#allow=192.0.2.0/24", port);
	start(spec, true, true);
	fd = dial(port, 0);
	reads_end(fd);
	close(fd);
	assert_int_equal(kernel.n_peers, 0);
	stop();
}

static void test_kick_and_refusal(void **state)
{
	uint16_t port = free_port();
	int fd;

	(void)state;
	start(tcp(port), true, true);
	fd = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	session_kicked(session, kernel.peers[0], "by root");
	reads(fd, "\r\n[vserial: closed: by root]\r\n");
	reads_end(fd);
	close(fd);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	stop();
}

static void test_port_in_use(void **state)
{
	uint16_t port = free_port();
	int fd = listen_on(port);

	(void)state;
	start(tcp(port), true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_RECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "Address already in use"));
	close(fd);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	assert_string_equal(kernel.why, "");
	stop();
}

static void test_idle(void **state)
{
	struct backing backing = { .id = 7, .max_clients = 2, .idle_timeout = 1, .power = true,
				   .endpoint = VSERIAL_ENDPOINT_SERVER };
	uint16_t port = free_port();
	int fd;

	(void)state;
	start(tcp(port), true, true);
	fd = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	session_update(session, &backing);
	reads(fd, "\r\n[vserial: closed after 1 s without a byte]\r\n");
	reads_end(fd);
	close(fd);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	stop();
}

/* Messages of the kernel were lost: what comes again is not shown twice. */
static void test_resync(void **state)
{
	uint16_t port = free_port();
	int fd;

	(void)state;
	start(tcp(port), true, true);
	fd = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	output(0, "abc");
	reads(fd, "abc");
	until(kernel.settled == 3);
	/* "def" is lost, "ghi" arrives too early to be trusted. */
	session_resync(session);
	assert_true(kernel.confirm);
	output(6, "ghi");
	until(session->flow == FLOW_ON);
	output(3, "defghi");
	reads(fd, "defghi");
	/* What was delivered but not settled may come again. */
	session_resync(session);
	until(session->flow == FLOW_ON);
	output(kernel.settled, &"abcdefghijk"[kernel.settled]);
	reads(fd, "jk");
	close(fd);
	stop();
}

/* Clients. */

static void test_client(void **state)
{
	struct backing off = { .id = 7, .has_end = true, .end = 6 };
	uint16_t port = free_port();
	int listening, fd;

	(void)state;
	start(tcp(port), false, false);
	assert_int_equal(kernel.state, VSERIAL_STATE_NOT_CONNECTED);
	session_update(session, &(struct backing){ .id = 7, .power = true });
	assert_int_equal(kernel.state, VSERIAL_STATE_CONNECTING);
	until(kernel.state == VSERIAL_STATE_RECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "Connection refused"));

	/* It keeps trying. */
	listening = listen_on(port);
	until(readable(listening));
	fd = accept(listening, NULL, NULL);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	output(0, "abc");
	reads(fd, "abc");
	send(fd, "x", 1, 0);
	until(kernel.input_len == 1);

	/* And comes back, where it was. */
	close(fd);
	until(kernel.state == VSERIAL_STATE_RECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "dialling again"));
	until(readable(listening));
	fd = accept(listening, NULL, NULL);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	assert_int_equal(kernel.settled, 3);
	output(3, "d");
	reads(fd, "d");

	/* At power-off it leaves, but not before all was delivered. */
	session_update(session, &off);
	output(4, "e");
	reads(fd, "e");
	assert_false(readable(fd));
	output(5, "f");
	reads(fd, "f");
	reads_end(fd);
	until(kernel.state == VSERIAL_STATE_NOT_CONNECTED);
	assert_int_equal(kernel.settled, 6);
	close(fd);
	close(listening);
	stop();
}

/* Off and on again, faster than it could leave. */
static void test_client_stays(void **state)
{
	struct backing off = { .id = 7, .has_end = true, .end = 6 };
	uint16_t port = free_port();
	int listening = listen_on(port), fd;

	(void)state;
	start(tcp(port), false, true);
	until(readable(listening));
	fd = accept(listening, NULL, NULL);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	session_update(session, &off);
	session_update(session, &(struct backing){ .id = 7, .power = true });
	output(0, "abcdef");
	reads(fd, "abcdef");
	until(kernel.settled == 6);
	assert_false(readable(listening));
	assert_int_equal(kernel.state, VSERIAL_STATE_CONNECTED);
	/* And it is dialled again when it goes. */
	close(fd);
	until(readable(listening));
	close(listening);
	stop();
}

static void test_turns_around(void **state)
{
	struct backing backing = { .id = 7, .max_clients = 2, .power = true };
	uint16_t port = free_port();
	int listening, fd;

	(void)state;
	start(tcp(port), true, true);
	fd = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	/* With a host in it the specification alone makes it a client. */
	session_update(session, &backing);
	reads_end(fd);
	close(fd);
	until(kernel.state == VSERIAL_STATE_RECOVERABLE_ERROR);
	listening = listen_on(port);
	until(readable(listening));
	fd = accept(listening, NULL, NULL);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	close(listening);
	backing.endpoint = VSERIAL_ENDPOINT_SERVER;
	session_update(session, &backing);
	reads_end(fd);
	close(fd);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	stop();
}

/* Telnet. */

#define READS(fd, text) reads_bytes(fd, text, sizeof(text) - 1)
#define SENDS(fd, text) assert_int_equal(send(fd, text, sizeof(text) - 1, 0), sizeof(text) - 1)

static const char *telnet(uint16_t port)
{
	static char spec[64];

	snprintf(spec, sizeof(spec), "telnet://127.0.0.1:%u", port);
	return spec;
}

/* So that what is written soon has to wait. */
static void little_on_the_way(void)
{
	int size = 4096;

	assert_int_equal(setsockopt(TAILQ_FIRST(&session->peers)->conn->fd, SOL_SOCKET, SO_SNDBUF,
				    &size, sizeof(size)), 0);
}

static void test_telnet_server(void **state)
{
	uint16_t port = free_port();
	int first, second;

	(void)state;
	kernel.history = "boot\xff\r\n";
	start(telnet(port), true, true);
	first = dial(port, 0);
	READS(first, "\377\373\1\377\373\3\377\373\0\377\375\0\377\375\037boot\377\377\r\n");
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	/* Nothing of telnet reaches the guest, and Enter is CR. */
	SENDS(first, "\377\375\1\377\375\3ls\r\0\377\377x\377");
	until(kernel.input_len == 5);
	assert_memory_equal(kernel.input, "ls\r\377x", 5);
	SENDS(first, "\375\6");
	READS(first, "\377\373\6");

	/* A break is where it was sent, also where the guest takes its time. */
	kernel.room = 1;
	SENDS(first, "ab\377\363cd\377\363\377\363e");
	until(session->input.stuck);
	assert_int_equal(kernel.breaks, 0);
	kernel.room = 100;
	session_room(session, kernel.input_len);
	until(kernel.breaks == 3 && kernel.input_len == 10);
	assert_memory_equal(kernel.input + 5, "abcde", 5);
	assert_int_equal(kernel.break_at, 9);

	/* The guest's break, between its bytes. */
	output(7, "12");
	session_break(session, 9);
	output(9, "34");
	READS(first, "12\377\36334");
	session_break(session, 11);
	READS(first, "\377\363");
	/* It was sent again, or is no news. */
	session_break(session, 7);
	until(kernel.settled == 11);

	/* The window is the writer's. */
	SENDS(first, "\377\373\37\377\372\37\0\120\0\30\377\360");
	until(kernel.rows == 24 && kernel.columns == 80);
	kernel.history = NULL;
	second = dial(port, 0);
	SENDS(second, "\377\373\37\377\372\37\0\144\0\62\377\360z\377\363");
	until(kernel.n_peers == 2 && session->n_peers == 2 &&
	      TAILQ_LAST(&session->peers, peer_list)->window.rows);
	assert_int_equal(kernel.rows, 24);
	session_writer(session, kernel.peers[0], false);
	session_writer(session, kernel.peers[1], true);
	assert_int_equal(kernel.rows, 50);
	assert_int_equal(kernel.columns, 100);
	assert_int_equal(kernel.breaks, 3);
	close(first);
	close(second);
	stop();
}

/* All values, both ways, more than fits on the way, and each settled. */
static void test_telnet_bulk(void **state)
{
	static char text[1 << 15], wire[2 * sizeof(text)];
	uint16_t port = free_port();
	size_t i, got = 0, have = 0;
	ssize_t n;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)(i % 3 ? i >> 5 : 0xff);
	start(telnet(port), true, true);
	fd = dial(port, 1 << 14);
	SENDS(fd, "\377\375\0\377\373\0.");
	until(kernel.state == VSERIAL_STATE_CONNECTED && kernel.input_len == 1);
	little_on_the_way();
	READS(fd, "\377\373\1\377\373\3\377\373\0\377\375\0\377\375\37");
	session_output(session, 0, text, sizeof(text));
	while (have < sizeof(text)) {
		until(readable(fd));
		n = recv(fd, wire + got, sizeof(wire) - got, 0);
		assert_true(n > 0);
		got += (size_t)n;
		/* Of pairs of 0xff one is left. */
		for (i = 0, have = 0; i < got; i++, have++)
			if (wire[i] == '\377' && ++i == got)
				break;
	}
	for (i = 0, have = 0; i < got; i++, have++) {
		assert_int_equal(wire[i], text[have]);
		i += wire[i] == '\377';
	}
	until(kernel.settled == sizeof(text));
	for (i = 0; i < got; i += (size_t)n) {
		until(session->input.len == 0);
		n = send(fd, wire + i, got - i > 3000 ? 3000 : got - i, 0);
		assert_true(n > 0);
	}
	until(kernel.input_len == 1 + sizeof(text));
	assert_memory_equal(kernel.input + 1, text, sizeof(text));
	close(fd);
	stop();
}

/* Whoever asks without reading the answers is not read. */
static void test_telnet_flood(void **state)
{
	uint16_t port = free_port();
	char text[3 * 1024], answers[4096];
	size_t i, asked = 0, answered = 0;
	ssize_t n;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(text); i += 3)
		memcpy(text + i, "\377\375\6", 3);
	start(telnet(port), true, true);
	fd = dial(port, 1 << 14);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	little_on_the_way();
	READS(fd, "\377\373\1\377\373\3\377\373\0\377\375\0\377\375\37");
	/* Until it stops to read us. */
	while (!TAILQ_FIRST(&session->peers)->busy) {
		n = send(fd, text, sizeof(text), MSG_DONTWAIT);
		asked += n > 0 ? (size_t)n : 0;
		kernel_turn();
		sd_event_run(the_daemon.event, 1000);
	}
	/* Others have their turn meanwhile, and nobody spins. */
	assert_false(TAILQ_FIRST(&session->peers)->events & EPOLLIN);
	SENDS(fd, "\377\363");
	while (answered < asked) {
		until(readable(fd));
		n = recv(fd, answers, sizeof(answers), 0);
		assert_true(n > 0);
		answered += (size_t)n;
	}
	until(kernel.breaks == 1);
	assert_int_equal(answered, asked);
	close(fd);
	stop();
}

static void test_telnet_client(void **state)
{
	uint16_t port = free_port();
	int listening = listen_on(port), fd;

	(void)state;
	start(telnet(port), false, true);
	until(readable(listening));
	fd = accept(listening, NULL, NULL);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	/* Nothing of telnet to a peer that speaks none, but for 0xff and CR. */
	output(0, "a\xff\r");
	READS(fd, "a\377\377\r\0");
	SENDS(fd, "\377\373\1\377\373\3\377\373\0\377\375\0$ \r\n");
	READS(fd, "\377\375\1\377\373\0\377\375\0\377\375\3");
	until(kernel.input_len == 4);
	assert_memory_equal(kernel.input, "$ \r\n", 4);
	output(3, "\r.");
	READS(fd, "\r.");
	until(kernel.settled == 5);
	close(fd);
	close(listening);
	stop();
}

/* TLS, with OpenSSL's own programs at the other end. */

/**
 * struct program - one that runs
 * @pid: its process
 * @fd: its standard input and output
 */
struct program {
	pid_t pid;
	int fd;
};

static struct program run(const char *format, ...)
{
	struct program program;
	char command[512];
	va_list args;
	int fds[2];

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	program.fd = fds[0];
	program.pid = fork();
	if (!program.pid) {
		dup2(fds[1], 0);
		dup2(fds[1], 1);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(fds[1]);
	return program;
}

static void end(struct program *program)
{
	close(program->fd);
	kill(program->pid, SIGKILL);
	waitpid(program->pid, NULL, 0);
}

static void make_certificates(char *certs)
{
	char command[256];

	strcpy(certs, "/tmp/vseriald-tls-XXXXXX");
	assert_non_null(mkdtemp(certs));
	snprintf(command, sizeof(command), "%s/certificates %s", TESTS_UNIT, certs);
	assert_int_equal(system(command), 0);
}

static void remove_certificates(const char *certs)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", certs);
	assert_int_equal(system(command), 0);
}

static void set_path(char **at, const char *certs, const char *name)
{
	free(*at);
	assert_true(asprintf(at, "%s/%s", certs, name) > 0);
}

#define S_CLIENT "exec openssl s_client -quiet -connect 127.0.0.1:%u -CAfile %s/ca.pem " \
	"-verify_return_error -verify_hostname localhost 2>/dev/null"

static void test_tls_server(void **state)
{
	struct program client, second;
	uint16_t port = free_port();
	char spec[64], certs[32];
	int fd, i;

	(void)state;
	make_certificates(certs);
	set_path(&the_daemon.conf.certificate, certs, "stranger.pem");
	the_daemon.conf.accept_rate = 0;
	snprintf(spec, sizeof(spec), "telnets://127.0.0.1:%u", port);
	start(spec, true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_LISTENING);
	/* That is not the right one: it is given another, as by SIGHUP. */
	client = run(S_CLIENT, port, certs);
	reads_end(client.fd);
	end(&client);
	assert_int_equal(kernel.n_peers, 0);
	set_path(&the_daemon.conf.certificate, certs, "server.pem");
	session_reload(session);

	/* Nothing is told to those who have not ended the handshake. */
	for (i = 0; i < 5; i++)
		dial(port, 0);
	fd = dial(port, 0);
	client = run(S_CLIENT, port, certs);
	READS(client.fd, "\377\373\1\377\373\3\377\373\0\377\375\0\377\375\37");
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	assert_int_equal(kernel.n_peers, 1);
	assert_false(readable(fd));
	assert_non_null(strstr(kernel.peer, "(TLSv1.3 TLS_AES_256_GCM_SHA384)"));
	output(0, "login: ");
	reads(client.fd, "login: ");
	until(kernel.settled == 7);
	SENDS(client.fd, "root\r\n\377\363x");
	until(kernel.input_len == 6 && kernel.breaks == 1);
	assert_memory_equal(kernel.input, "root\rx", 6);

	/* A mistake in the settings leaves what there is. */
	set_path(&the_daemon.conf.certificate, certs, "none.pem");
	session_reload(session);
	second = run(S_CLIENT, port, certs);
	until(kernel.n_peers == 2);
	output(7, "x");
	reads(client.fd, "x");
	end(&client);
	end(&second);
	until(the_daemon.peers == 0);
	/* Those whose handshake goes on end with the port. */
	stop();
	reads_end(fd);
	close(fd);
	remove_certificates(certs);
}

static void test_tls_client(void **state)
{
	struct program server;
	uint16_t port = free_port();
	char spec[64], certs[32];

	(void)state;
	make_certificates(certs);
	set_path(&the_daemon.conf.ca, certs, "ca.pem");
	server = run("exec openssl s_server -quiet -accept %u -naccept 1 -cert %s/stranger.pem 2>/dev/null",
		     port, certs);
	snprintf(spec, sizeof(spec), "ssl://127.0.0.1:%u#verify", port);
	start(spec, false, true);
	until(strstr(kernel.why, "self-signed certificate; dialling again"));
	assert_int_equal(kernel.state, VSERIAL_STATE_RECOVERABLE_ERROR);
	assert_int_equal(kernel.n_peers, 0);
	end(&server);
	server = run("exec openssl s_server -quiet -accept %u -cert %s/server.pem 2>/dev/null",
		     port, certs);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	assert_non_null(strstr(kernel.peer, ", CN=localhost)"));
	output(0, "hello");
	reads(server.fd, "hello");
	SENDS(server.fd, "world");
	until(kernel.input_len == 5);
	until(kernel.settled == 5);
	end(&server);
	until(kernel.state == VSERIAL_STATE_RECOVERABLE_ERROR);
	stop();
	remove_certificates(certs);
}

/* Specifications. */

static void test_not_served(void **state)
{
	(void)state;
	start("ipp://printer", true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_UNRECOVERABLE_ERROR);
	assert_string_equal(kernel.why, "vseriald does not serve ipp yet");
	session_end(session, false);
	start("telnets://:23", true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_UNRECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "needs a certificate"));
	session_end(session, false);
	/* Plain text is nothing that one gets instead. */
	start("telnet://:23#verify", true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_UNRECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "no TLS within telnet"));
	session_end(session, false);
	start("tcp://nonsense", true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_UNRECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "port is missing"));
	session_end(session, false);
	start("tcp://:23", false, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_UNRECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "needs a host"));
	stop();
}

/* Unix sockets. */

static void test_pipe(void **state)
{
	char path[80], spec[256];
	struct stat st;
	int fd, old;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/s", folder);
	snprintf(spec, sizeof(spec), "pipe:%s#far=application", path);

	/* A file that is no socket stays. */
	old = open(path, O_CREAT | O_WRONLY, 0600);
	close(old);
	start(spec, true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_RECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "is not a socket"));
	assert_int_equal(unlink(path), 0);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);

	fd = dial_unix(path);
	assert_true(fd >= 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	snprintf(spec, sizeof(spec), "pid %d uid %u", getpid(), getuid());
	assert_string_equal(kernel.peer, spec);
	output(0, "gdb");
	reads(fd, "gdb");
	until(kernel.settled == 3);
	/* Bytes that lie unread when the peer goes are still to be delivered. */
	output(3, "lost");
	until(session->ring.tail == session->ring.head);
	close(fd);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	assert_int_equal(kernel.settled, 3);
	stop();
	assert_int_equal(stat(path, &st), -1);
}

static void test_pipe_left_behind(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char spec[256];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/t", folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 1), 0);
	snprintf(spec, sizeof(spec), "pipe:%s#far=application", un.sun_path);
	/* Somebody else's is left alone while it lives. */
	start(spec, true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_RECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "somebody else listens there"));
	close(fd);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	fd = dial_unix(un.sun_path);
	assert_true(fd >= 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	close(fd);
	stop();

	/* The other end: it connects to a socket of somebody else. */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 1), 0);
	snprintf(spec, sizeof(spec), "pipe:%s#far=application&near=client", un.sun_path);
	start(spec, true, true);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	close(fd);
	stop();
	unlink(un.sun_path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_history_meets_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_history_is_shorter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_viewer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_viewer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_allow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kick_and_refusal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_port_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resync, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turns_around, setup, teardown),
		cmocka_unit_test_setup_teardown(test_telnet_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_telnet_bulk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_telnet_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_telnet_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tls_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tls_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_served, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pipe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pipe_left_behind, setup, teardown),
	};

	log_init(false);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
