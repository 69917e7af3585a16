// SPDX-License-Identifier: GPL-2.0-or-later
/* One backing: TLS, with OpenSSL's own programs at the other end. */
#include <errno.h>
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
	until(strstr(kernel.why, ", who is not among the authorities of "));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tls_server),
		TEST(test_tls_client),
	};

	log_init(false);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
