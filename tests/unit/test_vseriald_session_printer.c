// SPDX-License-Identifier: GPL-2.0-or-later
/* One backing: a printer on TCP, played by the test; vserial-print is the real one. */
#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "kernel.h"
#include "log.h"
#include "print_port.h"
#include "sockets.h"

static char folder[] = "/tmp/vserial-spool-XXXXXX";

static char *printer(uint16_t port)
{
	static char spec[64];

	snprintf(spec, sizeof(spec), "socket://127.0.0.1:%u", port);
	return spec;
}

/* How many files wait, of those whose name ends like this. */
static unsigned int files(const char *end)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	unsigned int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strlen(entry->d_name) > 16 && !strcmp(entry->d_name + 16, end))
			n++;
	closedir(dir);
	return n;
}

static int setup(void **state)
{
	if (kernel_setup(state))
		return -1;
	free(the_daemon.conf.spool);
	the_daemon.conf.spool = strdup(folder);
	free(the_daemon.conf.print_user);
	the_daemon.conf.print_user = strdup("nobody");
	the_daemon.conf.job_idle = 100;
	the_daemon.conf.retry_max = 1;
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	kernel_teardown(state);
	snprintf(command, sizeof(command), "rm -f %s/*.part %s/*.job", folder, folder);
	return system(command);
}

/* The next job's connection. */
static int answer(int listening)
{
	until(readable(listening));
	return accept(listening, NULL, NULL);
}

static void prints(int listening, const char *text, size_t len)
{
	int fd = answer(listening);

	reads_bytes(fd, text, len);
	reads_end(fd);
	close(fd);
}

#define PRINTS(listening, text) prints(listening, text, sizeof(text) - 1)

/* Jobs end at ESC E, behind a form feed after a while, and when the guest is off. */
static void test_jobs(void **state)
{
	uint16_t port = free_port();
	int listening = listen_on(port);

	(void)state;
	kernel.settled = 1000;
	start(printer(port), false, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_CONNECTED);
	assert_string_equal(kernel.why, "");
	output(1000, "first\033Esec");
	/* What is in the spool is settled. */
	until(kernel.settled == 1010);
	PRINTS(listening, "first\033E");
	until(strstr(kernel.peer, "1 printed"));

	output(1010, "ond\fpage two\f");
	PRINTS(listening, "second\fpage two\f");

	/* Bytes that come twice are printed once. */
	output(1019, "two\fthird");
	session_update(session, &(struct backing){ .id = 7, .has_end = true, .end = 1032 });
	until(kernel.settled == 1028);
	assert_false(readable(listening));
	output(1028, " jobfourth");
	session_update(session, &(struct backing){ .id = 7, .power = true });
	until(kernel.settled == 1038);
	until(files(".part") == 1);
	PRINTS(listening, "third job");
	stop();
	/* And when it is disconnected. */
	PRINTS(listening, "fourth");
	until(!files(".job") && !files(".part"));
	close(listening);
}

/* What holds nothing to print is no job. */
static void test_nothing(void **state)
{
	uint16_t port = free_port();
	int listening = listen_on(port);

	(void)state;
	start(printer(port), false, true);
	output(0, "\033E\033%-12345X@PJL EOJ\r\n\033%-12345X");
	until(kernel.settled == 30);
	assert_int_equal(files(".part"), 1);
	stop();
	assert_int_equal(files(".part") + files(".job"), 0);
	close(listening);
}

/* The user of the process that sends, and its capabilities. */
static void test_rights(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	uint16_t port = free_port();
	int listening = listen_on(port), fd, found = 0;
	char path[300], line[256];
	const struct dirent *entry;
	FILE *file;
	DIR *dir;

	(void)state;
	if (geteuid())
		skip();
	start(printer(port), false, true);
	output(0, "job\033E");
	fd = answer(listening);
	dir = opendir("/proc");
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/status", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file) && !strcmp(line, "Name:\tvserial-print\n")) {
			unsigned long caps = 1, parent = 0, uid = 0;

			while (fgets(line, sizeof(line), file)) {
				if (!strncmp(line, "PPid:", 5))
					parent = strtoul(line + 5, NULL, 10);
				if (!strncmp(line, "Uid:", 4))
					uid = strtoul(line + 4, NULL, 10);
				if (!strncmp(line, "CapPrm:", 7))
					caps = strtoul(line + 7, NULL, 16);
			}
			if (parent == (unsigned long)getpid()) {
				found++;
				assert_int_equal(uid, nobody->pw_uid);
				assert_int_equal(caps, 0);
			}
		}
		fclose(file);
	}
	closedir(dir);
	assert_int_equal(found, 1);
	reads(fd, "job\033E");
	close(fd);
	stop();
	close(listening);
}

static void test_away(void **state)
{
	uint16_t port = free_port();
	int listening;

	(void)state;
	the_daemon.conf.retry_min = 10;
	start(printer(port), false, true);
	output(0, "one\033Etwo\033E");
	until(strstr(kernel.why, "2 jobs wait for the printer, which was tried 2 times"));
	assert_non_null(strstr(kernel.why, "Connection refused"));
	/* To the guest it is there. */
	assert_int_equal(kernel.state, VSERIAL_STATE_CONNECTED);
	assert_int_equal(kernel.settled, 10);
	listening = listen_on(port);
	PRINTS(listening, "one\033E");
	PRINTS(listening, "two\033E");
	until(strstr(kernel.peer, "2 printed, 0 refused"));
	assert_string_equal(kernel.why, "");
	stop();
	close(listening);
}

/* Whoever removes a job's file wants no print. */
static void test_removed(void **state)
{
	char command[128];

	(void)state;
	the_daemon.conf.retry_min = 10;
	start(printer(free_port()), false, true);
	output(0, "not this\033E");
	until(strstr(kernel.why, "1 job waits for the printer"));
	snprintf(command, sizeof(command), "rm %s/*.job", folder);
	assert_int_equal(system(command), 0);
	until(strstr(kernel.peer, "0 printed, 0 refused, 0 waiting"));
	until(!*kernel.why);
	stop();
}

/* A printer that dies in the middle gets all of the job again. */
static void test_killed(void **state)
{
	const struct linger reset = { .l_onoff = 1 };
	static char job[1 << 20], got[sizeof(job)];
	uint16_t port = free_port();
	int listening = listen_on(port), fd;
	size_t at, have = 0;

	(void)state;
	for (at = 0; at < sizeof(job); at++)
		job[at] = (char)('a' + at % 23);
	memcpy(job + sizeof(job) - 2, "\033E", 2);
	start(printer(port), false, true);
	for (at = 0; at < sizeof(job); at += 4096) {
		session_output(session, at, job + at, 4096);
		until(kernel.settled + (32 << 10) > at);
	}
	fd = answer(listening);
	until(readable(fd));
	assert_true(recv(fd, got, 1000, 0) > 0);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	until(strstr(kernel.why, "1 job waits"));
	assert_non_null(strstr(kernel.why, "has gone"));
	fd = answer(listening);
	while (have < sizeof(job)) {
		ssize_t n;

		until(readable(fd));
		n = recv(fd, got + have, sizeof(got) - have, 0);
		assert_true(n > 0);
		have += (size_t)n;
	}
	assert_memory_equal(got, job, sizeof(job));
	reads_end(fd);
	close(fd);
	until(!*kernel.why);
	stop();
	close(listening);
}

/* The spool is full: the guest waits, nothing is lost, and it goes on by itself. */
static void test_full(void **state)
{
	static char text[300 << 10], got[sizeof(text)];
	uint16_t port = free_port();
	size_t at = 0, have = 0;
	int listening, fd;

	(void)state;
	the_daemon.conf.spool_owner = 128 << 10;
	the_daemon.conf.job_size = 64 << 10;
	for (at = 0; at < sizeof(text); at++)
		text[at] = (char)('a' + at % 25);
	start(printer(port), false, true);
	/* No further than the kernel sends ahead. */
	for (at = 0; !strstr(kernel.why, "the guest waits"); at += 4096) {
		assert_true(at < kernel.settled + (64 << 10));
		session_output(session, at, text + at, 4096);
		kernel_turn();
	}
	assert_non_null(strstr(kernel.why, "all of the 128K that an owner's may"));
	assert_true(kernel.settled <= 128 << 10);
	assert_true(files(".job") + files(".part") <= 8);
	listening = listen_on(port);
	while (have < sizeof(text)) {
		if (at < sizeof(text) && at < kernel.settled + (32 << 10)) {
			session_output(session, at, text + at, 4096);
			at += 4096;
		}
		if (at == sizeof(text) && kernel.settled == at && session)
			stop();
		if (session)
			kernel_turn();
		sd_event_run(the_daemon.event, 0);
		if (!readable(listening))
			continue;
		fd = accept(listening, NULL, NULL);
		for (;;) {
			ssize_t n;

			until(readable(fd));
			n = recv(fd, got + have, sizeof(got) - have, 0);
			if (n <= 0)
				break;
			have += (size_t)n;
		}
		close(fd);
	}
	assert_memory_equal(got, text, sizeof(text));
	close(listening);
}

/* A guest that makes jobs without end, while the printer is away. */
static void test_many(void **state)
{
	static char spam[3 * 1024];
	size_t i, at = 0;

	(void)state;
	for (i = 0; i < sizeof(spam); i += 3)
		memcpy(spam + i, "x\033E", 3);
	the_daemon.conf.spool_owner = 1 << 20;
	start(printer(free_port()), false, true);
	while (!strstr(kernel.why, "the guest waits")) {
		session_output(session, at, spam, sizeof(spam));
		at += sizeof(spam);
		kernel_turn();
		assert_true(at < 64 << 10);
	}
	assert_int_equal(files(".job"), (1 << 20) / SPOOL_LEAST);
	assert_int_equal(files(".part"), 0);
	stop();
}

/* Another daemon goes on, in the middle of a job, and with those that wait. */
static void test_next_daemon(void **state)
{
	uint16_t port = free_port();
	int listening;

	(void)state;
	start(printer(port), false, true);
	output(0, "waits\033Ehalf a ");
	until(kernel.settled == 14);
	session_keep(session);
	session = NULL;
	printers_free(the_daemon.printers);
	assert_int_equal(files(".job"), 1);
	assert_int_equal(files(".part"), 1);

	the_daemon.printers = printers_new(&the_daemon);
	start(printer(port), false, true);
	listening = listen_on(port);
	output(14, "job\033E");
	PRINTS(listening, "waits\033E");
	PRINTS(listening, "half a job\033E");
	until(!files(".job"));
	stop();

	/* One whose port does not go on there is a job as it is. */
	start(printer(port), false, true);
	output(19, "cut");
	until(kernel.settled == 22);
	session_keep(session);
	session = NULL;
	printers_free(the_daemon.printers);
	the_daemon.printers = printers_new(&the_daemon);
	kernel.settled = 20;
	start(printer(port), false, true);
	PRINTS(listening, "cut");
	until(!files(".job"));
	session_keep(session);
	session = NULL;

	/* And so is one whose port is not there any more. */
	kernel.settled = 30;
	start(printer(port), false, true);
	output(30, "orphan");
	until(kernel.settled == 36);
	session_keep(session);
	session = NULL;
	printers_free(the_daemon.printers);
	the_daemon.printers = printers_new(&the_daemon);
	{
		char why[SPOOL_WHY_MAX];

		assert_true(printers_open(the_daemon.printers, why));
	}
	printers_settle(the_daemon.printers);
	PRINTS(listening, "orphan");
	close(listening);
}

/* Bytes that the kernel has dropped are not waited for. */
static void test_dropped(void **state)
{
	uint16_t port = free_port();
	int listening = listen_on(port);

	(void)state;
	start(printer(port), false, true);
	output(0, "ab");
	output(1000, "cd");
	until(kernel.settled == 1002);
	/* Nor is an end that was among them. */
	session_update(session, &(struct backing){ .id = 7, .has_end = true, .end = 2000 });
	output(3000, "next job");
	until(kernel.settled == 3008);
	PRINTS(listening, "abcd");
	stop();
	PRINTS(listening, "next job");
	close(listening);
}

static void nothing(void *arg)
{
	(void)arg;
}

/* Many ports with printers that take no notice: so many processes, and no more. */
static void test_children(void **state)
{
	static const struct print_handler handler = { .room = nothing, .changed = nothing };
	const unsigned int n = 32, most = 4;
	struct print_port *ports[32];
	char path[64], why[SPOOL_WHY_MAX], children[4096] = "";
	int listening[32];
	unsigned int i, count;
	char *at, *save;
	FILE *file;

	(void)state;
	the_daemon.conf.printers = most;
	assert_true(printers_open(the_daemon.printers, why));
	for (i = 0; i < n; i++) {
		uint16_t number = free_port();
		char guest[] = "vm";
		const struct spool_label label = { .printer = printer(number), .guest = guest,
						   .index = i };

		listening[i] = listen_on(number);
		ports[i] = print_port_new(&the_daemon, &label, &handler, NULL);
		assert_int_equal(print_port_write(ports[i], 0, "job\033E", 5), 5);
	}
	assert_int_equal(files(".job"), n);
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(children, sizeof(children), file));
	fclose(file);
	count = 0;
	for (at = strtok_r(children, " \n", &save); at; at = strtok_r(NULL, " \n", &save))
		count++;
	assert_int_equal(count, most);
	/* All have their turn. */
	for (count = 0; count < n;) {
		for (i = 0; i < n; i++) {
			if (listening[i] < 0 || !readable(listening[i]))
				continue;
			PRINTS(listening[i], "job\033E");
			close(listening[i]);
			listening[i] = -1;
			count++;
		}
		sd_event_run(the_daemon.event, 10000);
	}
	until(!files(".job"));
	for (i = 0; i < n; i++)
		print_port_free(ports[i], false);
}

/* Without a spool it is said so, until there is one. */
static void test_no_spool(void **state)
{
	char other[64];

	(void)state;
	snprintf(other, sizeof(other), "%s/later", folder);
	free(the_daemon.conf.spool);
	the_daemon.conf.spool = strdup(other);
	start(printer(free_port()), false, true);
	assert_int_equal(kernel.state, VSERIAL_STATE_RECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "/later for print jobs: No such file or directory"));
	assert_int_equal(mkdir(other, 0700), 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	stop();
	assert_int_equal(rmdir(other), 0);
}

int main(void)
{
#define PRINTER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		PRINTER_TEST(test_jobs),
		PRINTER_TEST(test_nothing),
		PRINTER_TEST(test_rights),
		PRINTER_TEST(test_away),
		PRINTER_TEST(test_removed),
		PRINTER_TEST(test_killed),
		PRINTER_TEST(test_full),
		PRINTER_TEST(test_many),
		PRINTER_TEST(test_next_daemon),
		PRINTER_TEST(test_dropped),
		PRINTER_TEST(test_children),
		PRINTER_TEST(test_no_spool),
	};
	int failed;

	log_init(false);
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
