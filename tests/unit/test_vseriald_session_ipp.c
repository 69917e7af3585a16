// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One backing: an IPP printer, ippeveprinter of CUPS, which keeps what it is
 * given as a file.  It wants a D-Bus, on which it finds nothing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vserial.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "kernel.h"
#include "log.h"
#include "printer.h"
#include "sockets.h"

#define PATH 128

static char folder[] = "/tmp/vserial-ipp-XXXXXX";
static char spool[PATH], kept[PATH], keys[PATH], bus[PATH];
static pid_t the_bus, the_printer;
static uint16_t port;

static pid_t run(char *const argv[])
{
	pid_t pid = fork();
	int fd;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	fd = open("/dev/null", O_RDWR);
	dup2(fd, 1);
	dup2(fd, 2);
	execvp(argv[0], argv);
	_exit(127);
}

static void end(pid_t *pid)
{
	if (!*pid)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* Whether somebody listens; nobody who answers is disturbed for long. */
static bool answers(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = !connect(fd, (struct sockaddr *)&in, sizeof(in));

	close(fd);
	return yes;
}

static void begin_printer(void)
{
	char number[8];
	char *const argv[] = { "ippeveprinter", "-r", "off", "-p", number, "-n", "localhost", "-d",
			       kept, "-K", keys, "-k", "-f", "text/plain", "vserial", NULL };

	snprintf(number, sizeof(number), "%u", port);
	the_printer = run(argv);
	until(answers() || waitpid(the_printer, NULL, WNOHANG) > 0);
	assert_true(answers());
}

static char *printer(const char *scheme, const char *rest)
{
	static char spec[400];

	snprintf(spec, sizeof(spec), "%s://localhost:%u%s", scheme, port, rest);
	return spec;
}

/* Whether the printer has a job with these bytes; then it is taken away. */
static bool has(const char *text, size_t len)
{
	static char got[2 << 20];
	DIR *dir = opendir(kept);
	const struct dirent *entry;
	bool found = false;
	ssize_t n;
	int fd;

	while ((entry = readdir(dir)) && !found) {
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		n = read(fd, got, sizeof(got));
		close(fd);
		found = n == (ssize_t)len && !memcmp(got, text, len);
		if (found)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	return found;
}

#define HAS(text) has(text, sizeof(text) - 1)

static int setup(void **state)
{
	if (kernel_setup(state))
		return -1;
	free(the_daemon.conf.spool);
	the_daemon.conf.spool = strdup(spool);
	/* The program may stand where no other user may look. */
	*the_daemon.conf.print_user = '\0';
	the_daemon.conf.retry_max = 1;
	port = free_port();
	return 0;
}

static int teardown(void **state)
{
	end(&the_printer);
	kernel_teardown(state);
	return 0;
}

/* All 256 values, and what printers look for in the first bytes. */
static void test_exact(void **state)
{
	char all[258];
	int i;

	(void)state;
	for (i = 0; i < 256; i++)
		all[i] = (char)(i == 0x1b ? 'x' : i);
	memcpy(all + 256, "\033E", 2);
	begin_printer();
	start(printer("ipp", "/ipp/print#format=text/plain"), false, true);
	session_output(session, 0, all, sizeof(all));
	until(has(all, sizeof(all)));
	until(strstr(kernel.peer, "/ipp/print, 1 printed, 0 refused"));
	output(258, "%PDF-1.4 or not\033E");
	until(HAS("%PDF-1.4 or not\033E"));
	until(strstr(kernel.peer, "2 printed"));
	stop();
}

/* As an administrator does it: the file goes. */
static void cancel(void)
{
	char command[PATH + 32];

	snprintf(command, sizeof(command), "rm %s/*.job", spool);
	assert_int_equal(system(command), 0);
}

/* The printer does not want this: it is told, and the next is tried. */
static void test_refused(void **state)
{
	(void)state;
	begin_printer();
	start(printer("ipp", "/ipp/print#format=application/postscript"), false, true);
	output(0, "nonsense\033E");
	until(strstr(kernel.why, "the printer has refused the last of 1 jobs: client-error-"));
	assert_non_null(strstr(kernel.peer, "0 printed, 1 refused"));
	output(10, "nonsense\033E");
	until(strstr(kernel.peer, "0 printed, 2 refused"));
	stop();
	/* That there is no such printer may change. */
	start(printer("ipp", "/other"), false, true);
	output(20, "waits\033E");
	until(strstr(kernel.why, "1 job waits for the printer"));
	assert_non_null(strstr(kernel.why, "client-error-not-found"));
	stop();
	cancel();
}

/* Whether it has been sent something that it has not read. */
static bool is_given(void)
{
	char command[100];

	snprintf(command, sizeof(command), "ss -Htn state established sport = :%u | grep -q '^[1-9]'",
		 port);
	return !system(command);
}

/* One that dies while it is given a job has it when it is back. */
static void test_killed(void **state)
{
	static char job[1 << 20];
	size_t at;

	(void)state;
	for (at = 0; at < sizeof(job); at++)
		job[at] = (char)('a' + at % 23);
	memcpy(job + sizeof(job) - 2, "\033E", 2);
	begin_printer();
	start(printer("ipp", "#format=text/plain"), false, true);
	/* It takes the connection and reads nothing. */
	kill(the_printer, SIGSTOP);
	for (at = 0; at < sizeof(job); at += 4096) {
		session_output(session, at, job + at, 4096);
		until(kernel.settled + (32 << 10) > at);
	}
	until(is_given());
	end(&the_printer);
	until(strstr(kernel.why, "1 job waits for the printer"));
	assert_non_null(strstr(kernel.why, "has gone in the middle of a job"));
	begin_printer();
	until(has(job, sizeof(job)));
	until(!*kernel.why);
	stop();
}

/* The certificate that the printer has made. */
static void thumbprint(char text[64 + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char path[PATH + 32];
	unsigned int n, i;
	X509 *cert;
	FILE *file;

	snprintf(path, sizeof(path), "%s/localhost.crt", keys);
	file = fopen(path, "re");
	assert_non_null(file);
	cert = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(cert);
	assert_int_equal(X509_digest(cert, EVP_sha256(), digest, &n), 1);
	X509_free(cert);
	for (i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

/* TLS, and who is at the other end. */
static void test_tls(void **state)
{
	char rest[200], text[64 + 1];

	(void)state;
	begin_printer();
	start(printer("ipps", "/ipp/print#format=text/plain"), false, true);
	output(0, "any\033E");
	until(HAS("any\033E"));
	until(strstr(kernel.peer, "1 printed"));
	stop();
	thumbprint(text);
	snprintf(rest, sizeof(rest), "#format=text/plain&thumbprint=%s", text);
	start(printer("ipps", rest), false, true);
	output(5, "this\033E");
	until(HAS("this\033E"));
	until(strstr(kernel.peer, "1 printed"));
	stop();

	/* Not this one: not a byte of it. */
	rest[strlen(rest) - 1] = rest[strlen(rest) - 1] == '0' ? '1' : '0';
	start(printer("ipps", rest), false, true);
	output(11, "other\033E");
	until(strstr(kernel.why, "thumbprint"));
	stop();
	cancel();
	start(printer("ipps", "#format=text/plain&verify"), false, true);
	output(18, "other\033E");
	until(strstr(kernel.why, "was issued by"));
	assert_false(HAS("other\033E"));

	/* Until it is vouched for. */
	free(the_daemon.conf.ca);
	assert_true(asprintf(&the_daemon.conf.ca, "%s/localhost.crt", keys) > 0);
	until(HAS("other\033E"));
	until(strstr(kernel.peer, "1 printed"));
	stop();
}

int main(void)
{
#define PRINTER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		PRINTER_TEST(test_exact),
		PRINTER_TEST(test_refused),
		PRINTER_TEST(test_killed),
		PRINTER_TEST(test_tls),
	};
	char command[PATH], address[PATH + 16];
	char *const argv[] = { "dbus-daemon", "--session", "--nofork", "--nopidfile", address,
			       NULL };
	int failed;

	log_init(false);
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(folder))
		return 1;
	snprintf(spool, sizeof(spool), "%s/spool", folder);
	snprintf(kept, sizeof(kept), "%s/kept", folder);
	snprintf(keys, sizeof(keys), "%s/keys", folder);
	mkdir(spool, 0700);
	mkdir(kept, 0700);
	mkdir(keys, 0700);
	snprintf(bus, sizeof(bus), "unix:path=%s/bus", folder);
	snprintf(address, sizeof(address), "--address=%s", bus);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", bus, 1);
	the_bus = run(argv);
	while (access(bus + strlen("unix:path="), F_OK) && !waitpid(the_bus, NULL, WNOHANG))
		usleep(10000);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	end(&the_bus);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) || failed;
}
