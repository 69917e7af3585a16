// SPDX-License-Identifier: GPL-2.0-or-later
/* One backing: servers and clients on TCP. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "kernel.h"
#include "log.h"
#include "sockets.h"

/* Where it listens or dials. */
static char *tcp(uint16_t port)
{
	static char spec[64];

	snprintf(spec, sizeof(spec), "tcp://127.0.0.1:%u", port);
	return spec;
}

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

/* What another daemon had not given it yet may be gone; then it is told. */
static void test_history_is_gone(void **state)
{
	uint16_t port = free_port();
	int fd;

	(void)state;
	kernel.settled = 100;
	kernel.hold_history = true;
	start(tcp(port), true, true);
	fd = dial(port, 0);
	until(kernel.waiting);
	kernel.waiting->resume = 50;
	kernel.hold_history = false;
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	output(100, "newer");
	reads(fd, "\r\n[vserial: 50 bytes are missing here]\r\nnewer");
	until(kernel.settled == 105);
	assert_int_equal(peer_offset(TAILQ_FIRST(&session->peers)), 105);
	close(fd);

	/* Also where there is some, but output begins in front of that. */
	until(kernel.state == VSERIAL_STATE_LISTENING);
	kernel.hold_history = true;
	kernel.history = "89";
	kernel.history_offset = 108;
	fd = dial(port, 0);
	until(kernel.waiting);
	kernel.waiting->resume = 55;
	kernel.hold_history = false;
	until(!kernel.waiting);
	output(105, "56789");
	reads(fd, "\r\n[vserial: 50 bytes are missing here]\r\n56789");
	close(fd);
	stop();
}

/* What is kept may be asked for again, where messages of the kernel were lost. */
static void test_history_comes_again(void **state)
{
	uint16_t port = free_port();
	int fd;

	(void)state;
	kernel.settled = 105;
	kernel.hold_history = true;
	start(tcp(port), true, true);
	fd = dial(port, 0);
	until(kernel.waiting);
	session_history(session, kernel.waiting, 95, "01234", 5);
	kernel.history = "0123456789";
	kernel.history_offset = 95;
	kernel.hold_history = false;
	until(!kernel.waiting);
	output(105, "abc");
	reads(fd, "0123456789abc");
	close(fd);
	stop();
}

/* Of more than a viewer may have the newest are given; who was elsewhere before is told. */
static void test_history_is_too_long(void **state)
{
	static char piece[10000], want[4096];
	uint16_t port = free_port();
	const struct peer *peer;
	uint64_t offset = 50;
	int fd, i, little = 4096;

	(void)state;
	memset(want, 'h', sizeof(want));
	kernel.settled = 200050;
	kernel.hold_history = true;
	start(tcp(port), true, true);
	fd = dial(port, little);
	until(kernel.waiting);
	setsockopt(kernel.waiting->conn->fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
	kernel.waiting->resume = offset;
	for (i = 0; i < 20; i++, offset += sizeof(piece)) {
		memset(piece, 'a' + i, sizeof(piece));
		session_history(session, kernel.waiting, offset, piece, sizeof(piece));
	}
	kernel.hold_history = false;
	until(!kernel.waiting);
	/* Where the next daemon is to go on. */
	peer = TAILQ_FIRST(&session->peers);
	assert_in_range(peer->backlog_sent, 1, peer->backlog_len - 1);
	assert_int_equal(peer_offset(peer), offset - (peer->backlog_len - peer->backlog_sent));
	reads(fd, "\r\n[vserial: 74464 bytes are missing here]\r\n");
	/* They begin in the eighth piece. */
	reads_bytes(fd, want, sizeof(want));
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

/* Who calls again is not taken for one more, nor for one who only looks on. */
static void test_calls_again(void **state)
{
	uint16_t port = free_port();
	int fd[2], round;

	(void)state;
	start(tcp(port), true, true);
	kernel.room = 100;
	fd[0] = dial(port, 0);
	fd[1] = dial(port, 0);
	until(the_daemon.peers == 2 && kernel.writer);
	for (round = 0; round < 6; round++) {
		close(fd[0]);
		close(fd[1]);
		fd[0] = dial(port, 0);
		fd[1] = dial(port, 0);
		/* Which of them comes first is the network's to say. */
		send(fd[0], "x", 1, 0);
		send(fd[1], "x", 1, 0);
		until(kernel.input_len > (size_t)round);
		until(the_daemon.peers == 2);
		assert_int_equal(recv(fd[0], &(char){ 0 }, 1, MSG_DONTWAIT), -1);
		assert_int_equal(recv(fd[1], &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	}
	close(fd[0]);
	close(fd[1]);
	stop();
}

/* The last words of who has hung up wait for the guest; the next one's wait behind them. */
static void test_types_after(void **state)
{
	uint16_t port = free_port();
	int fd[4];

	(void)state;
	kernel.room = 3;
	start(tcp(port), true, true);
	fd[0] = dial(port, 0);
	until(kernel.writer);
	send(fd[0], "abcdef", 6, 0);
	until(kernel.input_len == 3);
	send(fd[0], "ghi", 3, 0);
	close(fd[0]);
	fd[1] = dial(port, 0);
	send(fd[1], "y", 1, 0);
	until(the_daemon.peers == 2);
	/* It takes no place, though the guest may never read. */
	fd[2] = dial(port, 0);
	until(the_daemon.peers == 3);
	/* Nor does the next but one that has left, too. */
	close(fd[2]);
	fd[3] = dial(port, 0);
	send(fd[3], "lost", 4, 0);
	until(kernel.n_peers == 4);
	assert_int_equal(the_daemon.peers, 3);
	assert_int_equal(kernel.input_len, 3);

	kernel.room = 100;
	session_room(session, 3);
	until(kernel.input_len == 10);
	assert_memory_equal(kernel.input, "abcdefghiy", 10);
	until(the_daemon.peers == 2);
	close(fd[1]);
	until(the_daemon.peers == 1);
	close(fd[3]);
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

	/* For one that is not admitted no output begins. */
	fd = dial(port, 0);
	while (kernel.n_peers == 1)
		sd_event_run(the_daemon.event, 10000);
	assert_int_equal(kernel.state, VSERIAL_STATE_LISTENING);
	session_announced(session, kernel.peers[1], 0, false, "there are too many sessions");
	assert_int_equal(kernel.state, VSERIAL_STATE_LISTENING);
	reads(fd, "vserial: there are too many sessions\r\n");
	reads_end(fd);
	close(fd);
	assert_null(kernel.waiting);
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

/* Messages of the kernel were lost: output goes on, what was asked is asked again. */
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
	session_resync(session);
	assert_int_equal(kernel.state, VSERIAL_STATE_CONNECTED);
	assert_false(kernel.confirm);
	output(3, "def");
	reads(fd, "def");
	/* What comes twice all the same is not shown twice. */
	output(2, "cdefgh");
	reads(fd, "gh");

	/* That no output comes any more has no answer. */
	close(fd);
	while (!kernel.confirm)
		sd_event_run(the_daemon.event, 10000);
	kernel.confirm = false;
	session_resync(session);
	assert_true(kernel.confirm);
	fd = dial(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
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

static void test_not_served(void **state)
{
	(void)state;
	start("ipp://", true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_UNRECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "the printer is missing"));
	session_end(session, false);
	start("telnets://:23", true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_UNRECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "needs a certificate"));
	session_end(session, false);
	/* Plain text is nothing that one gets instead. */
	start("telnet://:23#verify", true, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_UNRECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "needs a certificate"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_server),
		TEST(test_history_meets_output),
		TEST(test_history_is_shorter),
		TEST(test_history_is_gone),
		TEST(test_history_comes_again),
		TEST(test_history_is_too_long),
		TEST(test_second_viewer),
		TEST(test_slow_viewer),
		TEST(test_room),
		TEST(test_too_many),
		TEST(test_calls_again),
		TEST(test_types_after),
		TEST(test_allow),
		TEST(test_kick_and_refusal),
		TEST(test_port_in_use),
		TEST(test_idle),
		TEST(test_resync),
		TEST(test_client),
		TEST(test_client_stays),
		TEST(test_turns_around),
		TEST(test_not_served),
	};

	log_init(false);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
