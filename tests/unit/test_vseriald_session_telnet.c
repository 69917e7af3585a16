// SPDX-License-Identifier: GPL-2.0-or-later
/* One backing: telnet. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "kernel.h"
#include "log.h"
#include "sockets.h"

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

/* A guest that sends breaks to a peer that takes nothing: no more are kept than the ring has. */
static void test_telnet_breaks(void **state)
{
	static char text[8192];
	uint16_t port = free_port();
	const struct peer *peer;
	size_t held, i, at = 0;
	char wire[4096];
	ssize_t n, j;
	int fd, breaks = 0;

	(void)state;
	memset(text, '.', sizeof(text));
	start(telnet(port), true, true);
	fd = dial(port, 1 << 14);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	little_on_the_way();
	peer = TAILQ_FIRST(&session->peers);
	/* Until the connection holds what it has taken. */
	do {
		session_output(session, at, text, sizeof(text));
		at += sizeof(text);
		kernel_turn();
		held = conn_unsettled(peer->conn) - conn_unsettled(peer->conn->below);
	} while (!held);
	for (i = 0; i < 10000; i++) {
		session_break(session, at);
		kernel_turn();
	}
	assert_true(conn_unsettled(peer->conn) - conn_unsettled(peer->conn->below) <=
		    held + 2 * RING_MARKS_MAX);
	while (kernel.settled < at || readable(fd)) {
		until(readable(fd) || kernel.settled == at);
		n = readable(fd) ? recv(fd, wire, sizeof(wire), 0) : 0;
		for (j = 0; j < n; j++)
			breaks += wire[j] == '\363';
	}
	output(at, "end");
	until(readable(fd));
	n = recv(fd, wire, sizeof(wire), 0);
	for (j = 0; j < n; j++)
		breaks += wire[j] == '\363';
	/* The last ones, and those for which there was room meanwhile. */
	assert_in_range(breaks, 1, 1000);
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

/* Another process goes on in the middle of anything, and offers nothing again. */
static void test_telnet_goes_on(void **state)
{
	uint16_t port = free_port();
	struct conn *next, *socket;
	struct peer *peer;
	char bytes[16];
	size_t len;
	void *saved;
	int fd;

	(void)state;
	start(telnet(port), true, true);
	fd = dial(port, 0);
	READS(fd, "\377\373\1\377\373\3\377\373\0\377\375\0\377\375\037");
	SENDS(fd, "\377\375\1\377\375\3\377\373\37\377\372\37\0\120\0\30\377\360a\r");
	until(kernel.input_len == 2 && kernel.rows == 24);
	peer = TAILQ_FIRST(&session->peers);
	conn_send_break(peer->conn);
	assert_true(conn_save(peer->conn, &saved, &len));
	socket = conn_new(session->ops, dup(peer->conn->fd));
	assert_null(conn_telnet_again(socket, saved, len - 1));
	++*(uint32_t *)saved;
	assert_null(conn_telnet_again(socket, saved, len));
	--*(uint32_t *)saved;
	next = conn_telnet_again(socket, saved, len);
	assert_non_null(next);
	free(saved);
	assert_int_equal(conn_take_event(next, &peer->window), CONN_WINDOW);
	assert_int_equal(peer->window.rows, 24);
	/* What was not written yet is its. */
	assert_int_equal(conn_unsettled(next), 2);
	assert_int_equal(conn_flush(next), 0);
	/* NUL belongs to the CR; the option is settled. */
	SENDS(fd, "\0b\377\375\1\377\375\6");
	while (!readable(next->fd))
		;
	assert_int_equal(conn_read(next, bytes, sizeof(bytes)), 1);
	assert_int_equal(bytes[0], 'b');
	assert_int_equal(conn_flush(next), 0);
	READS(fd, "\377\363\377\373\6");
	conn_release(next);
	close(fd);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_telnet_server),
		TEST(test_telnet_bulk),
		TEST(test_telnet_breaks),
		TEST(test_telnet_flood),
		TEST(test_telnet_client),
		TEST(test_telnet_goes_on),
	};

	log_init(false);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
