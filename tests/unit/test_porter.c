// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that speaks TLS with another host: what it may, and whom it waits for. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "loopback.h"
#include "porter.h"
#include "unit.h"
#include "wire.h"

/* A connection whose far end is the test's. */
static int called(int *far)
{
	uint16_t port = free_port();
	int listening = listen_on(port), near;

	*far = dial(port, 0);
	near = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	close(listening);
	return near;
}

static void not_admitted(const char *words, const void *bytes, size_t len, bool closes)
{
	struct conf *conf = host_settings("server", "ca", 1);
	char why[PORTER_WHY_MAX] = "";
	struct porter porter;
	int far, near = called(&far);

	/* Only who is late is waited for. */
	if (!strcmp(words, "in time"))
		conf->handshake_timeout = 1;
	assert_int_equal(send(far, bytes, len, 0), len);
	if (closes)
		shutdown(far, SHUT_WR);
	assert_int_equal(porter_admit(&porter, near, conf, why), -1);
	if (!strstr(why, words))
		fail_msg("it says '%s', not '%s'", why, words);
	close(far);
	host_forget(conf);
}

static void half_open(void **test_state)
{
	/* The head of a record that is said to have 16384 bytes. */
	static const char hello[] = "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03";
	static const char plain[] = "receive 5000 100\n";
	static char much[100000];
	size_t at;

	(void)test_state;
	not_admitted("in time", "", 0, false);
	not_admitted("in time", hello, sizeof(hello) - 1, false);
	not_admitted("closed the connection", "", 0, true);
	not_admitted("does not speak TLS", plain, sizeof(plain) - 1, false);
	/* A handshake that never ends. */
	for (at = 0; at + 261 <= sizeof(much); at += 261)
		memcpy(much + at, "\x16\x03\x01\x01\x00\x01\x00\xff\xff\x03\x03", 11);
	not_admitted("", much, sizeof(much), false);
}

/* A host that lets in who calls, and greets it, and then says no more. */
static pid_t admit(uint16_t port)
{
	struct conf *conf = host_settings("server", "ca", port);
	int listening = listen_on(port);
	char why[PORTER_WHY_MAX];
	struct porter porter;
	pid_t pid = fork();

	if (!pid) {
		if (porter_admit(&porter, accept4(listening, NULL, NULL, SOCK_CLOEXEC), conf, why))
			_exit(1);
		wire_say(porter.fd, ~0ull, WIRE_GREETING);
		pause();
	}
	close(listening);
	host_forget(conf);
	return pid;
}

/* A line of a process's status. */
static void has_status(pid_t pid, const char *wanted)
{
	char path[64], line[256], text[8192] = "";
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "r");
	assert_non_null(status);
	while (fgets(line, sizeof(line), status))
		strncat(text, line, sizeof(text) - strlen(text) - 1);
	fclose(status);
	if (!strstr(text, wanted))
		fail_msg("its status is not '%s': %s", wanted, text);
}

static void is_nobody(void **test_state)
{
	uint16_t port = free_port();
	struct conf *conf = host_settings("server", "ca", port);
	char why[PORTER_WHY_MAX];
	struct porter porter;
	pid_t there;

	(void)test_state;
	there = admit(port);
	assert_int_equal(porter_dial(&porter, "127.0.0.1", 0, conf, HOST_LONG, why), 0);
	assert_non_null(strstr(porter.who, "TLSv1.3"));
	assert_non_null(strstr(porter.who, "CN=localhost"));
	has_status(porter.pid, "CapPrm:\t0000000000000000");
	has_status(porter.pid, "CapEff:\t0000000000000000");
	has_status(porter.pid, "NoNewPrivs:\t1");
	if (!geteuid())
		has_status(porter.pid, "Uid:\t65534\t65534\t65534\t65534");
	porter_end(&porter);
	porter_end(&porter);
	host_forget(conf);
	kill(there, SIGKILL);
	waitpid(there, NULL, 0);
}

static int set_up(void **test_state)
{
	(void)test_state;
	signal(SIGPIPE, SIG_IGN);
	return host_certificates();
}

static int tear_down(void **test_state)
{
	(void)test_state;
	return host_forget_certificates();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_open),
		cmocka_unit_test(is_nobody),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
