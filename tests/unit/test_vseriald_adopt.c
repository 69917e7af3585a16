// SPDX-License-Identifier: GPL-2.0-or-later
/* One backing: what it takes of what the daemon before left, and what is another's. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "handover.h"
#include "kernel.h"
#include "log.h"
#include "sockets.h"

/* What was left, played: a connection, a listening socket, and input. */
static struct handed left;
static int left_fd = -1, left_listener = -1;
/* Of which specification a connection was asked for last. */
static uint32_t asked;
static struct handed_input left_input;

uint32_t handover_digest(const char *spec)
{
	uint32_t digest = 0;

	while (*spec)
		digest = 31 * digest + (unsigned char)*spec++;
	return digest;
}

int handover_listener(struct handover *handover, const struct address *at)
{
	int fd = left_listener;

	(void)handover;
	(void)at;
	left_listener = -1;
	return fd;
}

int handover_peer(struct handover *handover, struct handed *peer)
{
	int fd = left_fd;

	(void)handover;
	asked = peer->spec;
	*peer = left;
	left_fd = -1;
	return fd;
}

bool handover_input(struct handover *handover, const struct handed *peer,
		    struct handed_input *input)
{
	(void)handover;
	(void)peer;
	*input = left_input;
	left_input = (struct handed_input){ 0 };
	return input->bytes;
}

void handover_keep_listener(int fd)
{
	left_listener = dup(fd);
}

void handover_keep_peer(int fd, const struct handed *peer)
{
	(void)fd;
	(void)peer;
}

void handover_keep_input(const struct handed *peer, const struct handed_input *input)
{
	(void)peer;
	(void)input;
}

/* Leaves a connection.  Return: its far end. */
static int leave(uint64_t offset, bool dialled)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	left = (struct handed){ .offset = offset, .dialled = dialled };
	left_fd = fds[0];
	return fds[1];
}

static void leave_input(uint64_t offset, const char *text)
{
	left_input = (struct handed_input){ .offset = offset, .bytes = strdup(text),
					    .len = strlen(text) };
}

/* The port has written up to 100, of which 90 are delivered, and has taken no input. */
static void begin(const char *spec, const char *proxy, bool server)
{
	const struct backing backing = {
		.id = 7, .guest = "vm", .index = 1, .spec = spec, .proxy = proxy,
		.endpoint = server ? VSERIAL_ENDPOINT_SERVER : VSERIAL_ENDPOINT_CLIENT,
		.power = true, .offset = 90, .has_end = true, .end = 100,
	};

	/* It is not looked into: what it gives is played. */
	the_daemon.handover = (struct handover *)&left;
	kernel.settled = 90;
	session = session_new(&the_daemon, &backing);
}

static void test_goes_on(void **state)
{
	int fd = leave(92, false);

	(void)state;
	leave_input(0, "ls");
	begin("tcp://127.0.0.1:1", "", true);
	assert_int_equal(session->n_peers, 1);
	until(kernel.input_len == 2);
	output(90, "0123456789");
	reads(fd, "23456789");
	stop();
	close(fd);

	fd = leave(90, true);
	begin("tcp://127.0.0.1:1", "", false);
	assert_int_equal(session->n_peers, 1);
	stop();
	close(fd);
}

static void is_refused(int fd)
{
	assert_int_equal(session->n_peers, 0);
	reads_end(fd);
	stop();
	close(fd);
}

static void test_is_anothers(void **state)
{
	int fd = leave(90, true);

	(void)state;
	/* It dialled, and listens now; or the other way round, and has to dial. */
	begin("tcp://127.0.0.1:1", "", true);
	is_refused(fd);
	fd = leave(90, false);
	begin("tcp://127.0.0.1:1", "", false);
	until(kernel.state == VSERIAL_STATE_RECOVERABLE_ERROR);
	is_refused(fd);

	/* The port had another life, in which it had written more. */
	fd = leave(101, false);
	begin("tcp://127.0.0.1:1", "", true);
	is_refused(fd);

	/* It is behind a concentrator now, to which another thing is spoken. */
	fd = leave(90, true);
	begin("tcp://127.0.0.1:1", "telnet://127.0.0.1:2", false);
	assert_int_equal(session->n_peers, 0);
	stop();
	close(left_fd);
	left_fd = -1;
	close(fd);
}

/* Serves a socket as one of another owner's guest might.  Return: its inode. */
static ino_t serve(const char *path, uid_t uid)
{
	char spec[80];
	const struct backing backing = {
		.id = 7, .guest = "vm", .index = 1, .spec = spec, .proxy = "",
		.endpoint = VSERIAL_ENDPOINT_SERVER, .power = true,
		.owned = true, .uid = uid, .gid = getgid(),
	};
	struct stat st;
	int fd;

	snprintf(spec, sizeof(spec), "pipe:%s#far=application", path);
	the_daemon.handover = (struct handover *)&left;
	session = session_new(&the_daemon, &backing);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	fd = dial_unix(path);
	until(session->n_peers == 1);
	close(fd);
	until(session->n_peers == 0);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

/* While no daemon ran its guest became another's: the socket does, and who was there is not. */
static void test_changed_hands(void **state)
{
	char folder[] = "/tmp/vseriald-test-XXXXXX", path[80], old[80];
	uint32_t first;
	ino_t inode;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0777), 0);
	snprintf(path, sizeof(path), "%s/s", folder);
	snprintf(old, sizeof(old), "%s/old", folder);
	inode = serve(path, getuid());
	first = asked;
	session_keep(session);
	assert_int_equal(serve(path, getuid()), inode);
	assert_int_equal(asked, first);
	session_keep(session);
	/* The old one's name may be taken by nothing else. */
	assert_int_equal(link(path, old), 0);
	assert_int_not_equal(serve(path, getuid() + 10), inode);
	assert_int_not_equal(asked, first);
	stop();
	unlink(old);
	rmdir(folder);
}

static void test_input(void **state)
{
	(void)state;
	/* Of TLS no connection is left, but what has been read of one is. */
	leave_input(0, "date");
	begin("tcp+ssl://127.0.0.1:1", "", true);
	until(kernel.input_len == 4);
	assert_memory_equal(kernel.input, "date", 4);
	stop();

	/* The guest that it was for had taken more. */
	leave_input(5, "rm -rf");
	begin("tcp://127.0.0.1:1", "", true);
	assert_true(input_idle(&session->input));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_goes_on),
		TEST(test_is_anothers),
		TEST(test_changed_hands),
		TEST(test_input),
	};

	log_init(false);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
