// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets that outlive the daemon: this process plays the first daemon and the
 * service manager, a child of it the next daemon.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handover.h"
#include "unit.h"

#define KEPT_MAX 8

static int manager = -1;
static int kept[KEPT_MAX];
static char names[KEPT_MAX][256];
static int n_kept;

/* Takes the next message; its descriptor is kept. */
static void take(void)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char text[1024] = "";
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	const char *name;

	assert_true(recvmsg(manager, &msg, 0) > 0);
	assert_non_null(strstr(text, "FDSTORE=1\n"));
	assert_non_null(strstr(text, "FDPOLL=0\n"));
	name = strstr(text, "FDNAME=");
	assert_non_null(name);
	snprintf(names[n_kept], sizeof(names[0]), "%.200s", name + strlen("FDNAME="));
	names[n_kept][strcspn(names[n_kept], "\n")] = '\0';
	/* What systemd demands of a name. */
	assert_null(strchr(names[n_kept], ':'));
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&kept[n_kept++], CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
}

static int setup(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)state;
	/* An abstract name, which the first byte says it is. */
	snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "vseriald-test-%d", getpid());
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(manager, (struct sockaddr *)&un,
		 (socklen_t)(sizeof(sa_family_t) + 1 + strlen(un.sun_path + 1))))
		return -1;
	un.sun_path[0] = '@';
	n_kept = 0;
	return setenv("NOTIFY_SOCKET", un.sun_path, 1);
}

static int teardown(void **state)
{
	(void)state;
	while (n_kept)
		close(kept[--n_kept]);
	close(manager);
	return unsetenv("NOTIFY_SOCKET");
}

/* Runs @daemon in a child that was given what is kept. */
static void next_daemon(void (*daemon)(struct handover *))
{
	int high[KEPT_MAX], i, status;
	char list[2048] = "", number[16];
	pid_t pid = fork();

	if (!pid) {
		for (i = 0; i < n_kept; i++) {
			high[i] = fcntl(kept[i], F_DUPFD, 100);
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
				 i ? ":" : "", names[i]);
		}
		for (i = 0; i < n_kept; i++)
			dup2(high[i], 3 + i);
		snprintf(number, sizeof(number), "%d", getpid());
		setenv("LISTEN_PID", number, 1);
		snprintf(number, sizeof(number), "%d", n_kept);
		setenv("LISTEN_FDS", number, 1);
		setenv("LISTEN_FDNAMES", list, 1);
		unsetenv("NOTIFY_SOCKET");
		daemon(handover_new());
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Otherwise one more than the line of what was wrong, modulo 255. */
	assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

/* In the child: cmocka is the parent's. */
static void check(bool condition, int line)
{
	if (!condition)
		_exit(line % 255 + 1);
}

#define CHECK(condition) check(condition, __LINE__)

static bool says(int fd, const char *text)
{
	char bytes[16] = "";

	return recv(fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT) == (ssize_t)strlen(text) &&
	       !strcmp(bytes, text);
}

static void check_peers(struct handover *handover)
{
	struct handed peer = { .guest = "web.1", .index = 3, .spec = handover_digest("tcp://:1") };
	struct handed other = peer;
	int fd;

	/* Another port, and another backing of this port. */
	other.index = 4;
	CHECK(handover_peer(handover, &other) < 0);
	other = peer;
	other.spec = handover_digest("tcp://:2");
	CHECK(handover_peer(handover, &other) < 0);
	other = peer;
	other.guest = "web";
	CHECK(handover_peer(handover, &other) < 0);

	/* The writer comes first. */
	fd = handover_peer(handover, &peer);
	CHECK(fd >= 0 && says(fd, "writer"));
	CHECK(peer.writer && !peer.dialled && peer.offset == UINT64_MAX);
	CHECK(peer.above_len == 4 && !memcmp(peer.above, "IAC", 4));
	free(peer.above);
	fd = handover_peer(handover, &peer);
	CHECK(fd >= 0 && says(fd, "reader"));
	CHECK(!peer.writer && peer.dialled && peer.offset == 12345678901ull);
	CHECK(!peer.above && !peer.above_len);
	CHECK(handover_peer(handover, &peer) < 0);
	handover_free(handover);
}

static void test_peers(void **state)
{
	struct handed peer = { .guest = "web.1", .index = 3, .spec = handover_digest("tcp://:1"),
			       .offset = 12345678901ull, .dialled = true };
	int reader[2], writer[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, reader), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, writer), 0);
	send(reader[1], "reader", 6, 0);
	send(writer[1], "writer", 6, 0);
	handover_keep_peer(reader[0], &peer);
	take();
	peer.dialled = false;
	peer.writer = true;
	peer.offset = UINT64_MAX;
	peer.above = (char *)"IAC";
	peer.above_len = 4;
	handover_keep_peer(writer[0], &peer);
	take();
	take();
	next_daemon(check_peers);
	close(reader[0]);
	close(reader[1]);
	close(writer[0]);
	close(writer[1]);
}

static struct address listening_at;

static void check_listener(struct handover *handover)
{
	struct address other = listening_at;
	int fd, on = 0;
	socklen_t len = sizeof(on);

	other.in.sin_port ^= 1;
	CHECK(handover_listener(handover, &other) < 0);
	fd = handover_listener(handover, &listening_at);
	CHECK(fd >= 0 && !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) && on);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(handover_listener(handover, &listening_at) < 0);
	handover_free(handover);
}

static void test_listener(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(address_numeric("127.0.0.1", 0, &listening_at), 0);
	assert_int_equal(bind(fd, &listening_at.sa, listening_at.len), 0);
	assert_int_equal(getsockname(fd, &listening_at.sa, &listening_at.len), 0);
	assert_int_equal(listen(fd, 1), 0);
	handover_keep_listener(fd);
	take();
	next_daemon(check_listener);
	close(fd);
}

static void check_input(struct handover *handover)
{
	struct handed peer = { .guest = "a", .index = 0, .spec = 7 };
	struct handed other = { .guest = "b", .index = 0, .spec = 7 };
	struct handed_input input;

	CHECK(!handover_input(handover, &other, &input));
	CHECK(handover_input(handover, &peer, &input));
	CHECK(input.len == 5 && !memcmp(input.bytes, "ls -l", 5));
	CHECK(input.offset == 1ull << 40 && input.sent_break);
	free(input.bytes);
	CHECK(!handover_input(handover, &peer, &input));
	handover_free(handover);
}

static void test_input(void **state)
{
	const struct handed_input input = { .offset = 1ull << 40, .bytes = (char *)"ls -l",
					    .len = 5, .sent_break = true };
	struct handed peer = { .guest = "a", .index = 0, .spec = 7 };

	(void)state;
	handover_keep_input(&peer, &input);
	take();
	next_daemon(check_input);
}

static void check_nothing(struct handover *handover)
{
	struct handed peer = { .guest = "a" };
	struct handed_input input;

	CHECK(handover_peer(handover, &peer) < 0);
	CHECK(!handover_input(handover, &peer, &input));
	handover_free(handover);
	CHECK(handover_peer(NULL, &peer) < 0);
	CHECK(handover_listener(NULL, &listening_at) < 0);
	handover_free(NULL);
}

static void test_nothing(void **state)
{
	(void)state;
	next_daemon(check_nothing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_peers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listener, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
