// SPDX-License-Identifier: GPL-2.0-or-later
/* One backing: a Unix socket. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "kernel.h"
#include "log.h"
#include "session_parts.h"
#include "sockets.h"

static char folder[] = "/tmp/vseriald-test-XXXXXX";

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
	/* Also when one looks before the end is seen. */
	session_settle(session);
	assert_int_equal(kernel.settled, 3);
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

/* With the guest its socket becomes another's, and whoever was there has to come again. */
static void test_pipe_changes_hands(void **state)
{
	char path[80], spec[256];
	struct backing backing = {
		.id = 7, .guest = "vm", .index = 1, .spec = spec, .proxy = "", .power = true,
		.owned = true, .uid = getuid() + 1, .gid = getgid() + 1,
	};
	struct stat st;
	int fd;

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/vseriald-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0777), 0);
	snprintf(path, sizeof(path), "%s/s", folder);
	snprintf(spec, sizeof(spec), "pipe:%s#far=application", path);
	start(spec, true, true);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	fd = dial_unix(path);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	session_update(session, &backing);
	reads_end(fd);
	close(fd);
	until(kernel.state == VSERIAL_STATE_LISTENING);
	assert_int_equal(stat(path, &st), 0);
	/* Nobody else can act as another. */
	assert_int_equal(st.st_uid, geteuid() ? geteuid() : backing.uid);
	/* It stays where nothing has changed. */
	fd = dial_unix(path);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	session_update(session, &backing);
	assert_int_equal(session->n_peers, 1);
	close(fd);
	stop();
	assert_int_equal(stat(path, &st), -1);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pipe),
		TEST(test_pipe_left_behind),
		TEST(test_pipe_changes_hands),
	};

	log_init(false);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
