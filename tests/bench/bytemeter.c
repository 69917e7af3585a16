// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bytemeter: what it costs to move bytes through a serial port or its like
 *
 * Times are CLOCK_MONOTONIC's.  In a VM with one processor that runs under
 * QEMU's -icount shift=0 a nanosecond is an instruction, so that what is
 * printed are instructions, whatever else the machine has to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
"usage: bytemeter write|quiet|stream|echo SIZE COUNT NEAR [FAR]\n"
"       bytemeter feed SIZE COUNT NEAR [FAR] -- COMMAND...\n"
"       bytemeter run COMMAND...\n"
"       bytemeter spread SIZE COUNT NEAR FAR [NEAR FAR]...\n"
"\n"
"write   COUNT calls of write(2), after each the rest of the system comes to\n"
"        rest; a reader sleeps at the far end\n"
"quiet   the same, but nobody sleeps there: the bytes are read afterwards\n"
"stream  the same without a rest, until the reader at the far end has it all;\n"
"        without a far end until the port has nothing left to send\n"
"echo    COUNT round trips; a process at the far end echoes\n"
"feed    stream, but the reader is COMMAND: the far end is its input\n"
"run     COMMAND alone\n"
"spread  stream by turns at all of the NEARs; one process reads all FARs\n"
"\n"
"NEAR is a path, \"pty\" (its master; the far end is its slave) or \"tcp\" (a\n"
"connection to ourselves); FAR is a path.  Files are appended to.  Either may be\n"
"\"tcp:PORT\" (a connection to that port of ours) or \"fd:N\" (open already).\n"
"\n"
"Prints: call=NS the median of the calls of write(2), busy=NS the time that\n"
"the processors were not idle, wall=NS, both in all.\n";

/* Between two calls: many times what the others then do. */
#define REST_NS		300000
/* Read so much at a time; as QEMU and dd are told to. */
#define READ_SIZE	4096
/* What is sent, but by echo, whose bytes tell one round trip from the next. */
#define FILL		'v'

static struct {
	int near;
	int far;		/* -1: there is none */
	size_t size;
	size_t count;
	char *buf;
	uint64_t *calls;	/* how long each took; NULL if that is not asked */
	size_t pairs;		/* of the two below: of spread alone */
	int *nears;
	int fars;		/* an epoll, which costs the same for all numbers */
} meter = { .near = -1, .far = -1 };

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fputs("bytemeter: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Nanoseconds that the processors have been idle. */
static uint64_t idle(void)
{
	FILE *f = fopen("/proc/timer_list", "re");
	uint64_t sum = 0, n;
	char line[256];
	bool found = false;

	if (!f)
		die("/proc/timer_list");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " .idle_sleeptime : %" SCNu64, &n) == 1) {
			sum += n;
			found = true;
		}
	}
	fclose(f);
	if (!found) {
		errno = ENODATA;
		die("/proc/timer_list has no idle_sleeptime");
	}
	return sum;
}

/* Ends. */

static void set_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return;		/* no tty */
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSANOW, &t))
		die("tcsetattr");
}

static int open_path(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_APPEND | O_CREAT,
		      0600);

	if (fd < 0)
		die("%s", path);
	set_raw(fd);
	return fd;
}

static void open_pty(void)
{
	char name[64];

	meter.near = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (meter.near < 0 || grantpt(meter.near) || unlockpt(meter.near) ||
	    ptsname_r(meter.near, name, sizeof(name)))
		die("pty");
	meter.far = open_path(name);
}

static void open_tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int on = 1, s;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	meter.near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0 || meter.near < 0 ||
	    bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 1) ||
	    getsockname(s, (struct sockaddr *)&a, &len) ||
	    connect(meter.near, (struct sockaddr *)&a, len))
		die("tcp");
	meter.far = accept4(s, NULL, NULL, SOCK_CLOEXEC);
	if (meter.far < 0 ||
	    setsockopt(meter.near, SOL_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    setsockopt(meter.far, SOL_TCP, TCP_NODELAY, &on, sizeof(on)))
		die("tcp");
	close(s);
}

static int dial(const char *number)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int on = 1, fd;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)strtoul(number, NULL, 10));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on)))
		die("tcp:%s", number);
	return fd;
}

static int open_end(const char *name)
{
	if (!strncmp(name, "tcp:", 4))
		return dial(name + 4);
	if (!strncmp(name, "fd:", 3))
		return (int)strtoul(name + 3, NULL, 10);
	return open_path(name);
}

static void open_ends(const char *near, const char *far)
{
	if (!strcmp(near, "pty"))
		open_pty();
	else if (!strcmp(near, "tcp"))
		open_tcp();
	else
		meter.near = open_end(near);
	if (far)
		meter.far = open_end(far);
}

static void open_pairs(int n, char **names)
{
	meter.pairs = (size_t)n / 2;
	meter.nears = calloc(meter.pairs, sizeof(int));
	meter.fars = epoll_create1(EPOLL_CLOEXEC);
	if (!meter.nears || meter.fars < 0)
		die("memory");
	for (size_t i = 0; i < meter.pairs; i++) {
		struct epoll_event e = { .events = EPOLLIN };

		meter.nears[i] = open_end(names[2 * i]);
		e.data.fd = open_end(names[2 * i + 1]);
		if (epoll_ctl(meter.fars, EPOLL_CTL_ADD, e.data.fd, &e))
			die("epoll");
	}
}

/* Bytes. */

static void write_all(int fd, const char *buf, size_t n)
{
	while (n) {
		ssize_t r = write(fd, buf, n);

		if (r < 0)
			die("write");
		buf += r;
		n -= (size_t)r;
	}
}

/* Whatever else came would be counted as if it had been sent: it is no figure. */
static void check(const char *buf, ssize_t n, char due)
{
	if (n <= 0)
		die("read");
	if (buf[0] == due && buf[n - 1] == due)
		return;
	errno = EBADMSG;
	die("0x%02x to 0x%02x came where 0x%02x was due", buf[0] & 0xff,
	    buf[n - 1] & 0xff, due & 0xff);
}

static void read_all(int fd, size_t n, char due)
{
	static char buf[READ_SIZE];

	while (n) {
		ssize_t r = read(fd, buf, n < sizeof(buf) ? n : sizeof(buf));

		check(buf, r, due);
		n -= (size_t)r;
	}
}

static void rest(void)
{
	struct timespec t = { .tv_nsec = REST_NS };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

/* Runs @body in a process of its own, which says when it is done. */
static pid_t spawn(void (*body)(void), int *done)
{
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body();
		write_all(pipes[1], "", 1);
		_exit(0);
	}
	close(pipes[1]);
	*done = pipes[0];
	return pid;
}

static void read_far(void)
{
	read_all(meter.far, meter.size * meter.count, FILL);
}

static void read_fars(void)
{
	size_t left = meter.size * meter.count * meter.pairs;
	struct epoll_event ready[64];
	char buf[READ_SIZE];

	while (left) {
		int n = epoll_wait(meter.fars, ready, 64, -1);

		if (n < 0)
			die("epoll");
		for (int i = 0; i < n; i++) {
			ssize_t r = read(ready[i].data.fd, buf, sizeof(buf));

			check(buf, r, FILL);
			left -= (size_t)r;
		}
	}
}

static void echo_far(void)
{
	char buf[READ_SIZE];

	for (size_t left = meter.size * meter.count; left;) {
		ssize_t r = read(meter.far, buf, sizeof(buf));

		if (r <= 0)
			die("read");
		write_all(meter.far, buf, (size_t)r);
		left -= (size_t)r;
	}
}

/* What is measured. */

/*
 * Nobody runs before write(2) returns: what it wakes runs in the rest, as it
 * would on another processor.
 */
static void be_first(void)
{
	struct sched_param p = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &p))
		die("SCHED_FIFO");
}

static void do_writes(bool quiet)
{
	be_first();
	for (size_t i = 0; i < meter.count; i++) {
		uint64_t start;
		ssize_t r;

		rest();
		start = now();
		r = write(meter.near, meter.buf, meter.size);
		meter.calls[i] = now() - start;
		if (r < 0 || (size_t)r < meter.size)
			die("write took %zd of %zu bytes", r, meter.size);
		if (quiet && meter.far >= 0)
			read_all(meter.far, meter.size, FILL);
	}
}

static void do_stream(void)
{
	for (size_t i = 0; i < meter.count; i++)
		write_all(meter.near, meter.buf, meter.size);
}

static void do_spread(void)
{
	for (size_t i = 0; i < meter.count; i++)
		for (size_t k = 0; k < meter.pairs; k++)
			write_all(meter.nears[k], meter.buf, meter.size);
}

static void do_echo(void)
{
	for (size_t i = 0; i < meter.count; i++) {
		/* One that comes late would be another one's. */
		char due = (char)('a' + i % 26);

		memset(meter.buf, due, meter.size);
		write_all(meter.near, meter.buf, meter.size);
		read_all(meter.near, meter.size, due);
	}
}

static char **command;

static pid_t start_command(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		if (meter.far >= 0 && dup2(meter.far, STDIN_FILENO) < 0)
			die("dup2");
		execvp(command[0], command);
		die("%s", command[0]);
	}
	return pid;
}

static void wait_command(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	if (status) {
		errno = EPIPE;
		die("%s ended with status %d", command[0], status);
	}
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t median(uint64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

/* What looking at the clock twice takes, which is no part of a call. */
static uint64_t clock_cost(void)
{
	uint64_t values[101];

	for (size_t i = 0; i < 101; i++) {
		uint64_t start = now();

		values[i] = now() - start;
	}
	return median(values, 101);
}

static void bad_usage(void)
{
	fputs(usage, stderr);
	exit(2);
}

static void parse(int argc, char **argv)
{
	int at = 2;

	if (argc < 3)
		bad_usage();
	if (!strcmp(argv[1], "run")) {
		command = argv + at;
		return;
	}
	if (argc < 5)
		bad_usage();
	meter.size = strtoul(argv[2], NULL, 10);
	meter.count = strtoul(argv[3], NULL, 10);
	if (!meter.size || !meter.count)
		bad_usage();
	if (!strcmp(argv[1], "spread")) {
		if (argc % 2 || argc < 6)
			bad_usage();
		open_pairs(argc - 4, argv + 4);
		return;
	}
	for (at = 5; at < argc && strcmp(argv[at], "--"); at++)
		;
	if (at > 6)
		bad_usage();
	open_ends(argv[4], at == 6 ? argv[5] : NULL);
	if (at < argc)
		command = argv + at + 1;
}

int main(int argc, char **argv)
{
	uint64_t start, idle_before, wall, slept;
	const char *what;
	pid_t pid = 0;
	int done = -1;

	parse(argc, argv);
	what = argv[1];
	if (meter.size) {
		meter.buf = malloc(meter.size);
		meter.calls = calloc(meter.count, sizeof(*meter.calls));
		if (!meter.buf || !meter.calls)
			die("memory");
		memset(meter.buf, FILL, meter.size);
		/* No page is made while the time runs. */
		memset(meter.calls, 1, meter.count * sizeof(*meter.calls));
	}

	if (!strcmp(what, "feed"))
		pid = start_command();
	else if (!strcmp(what, "echo"))
		pid = spawn(echo_far, &done);
	else if (!strcmp(what, "spread"))
		pid = spawn(read_fars, &done);
	else if (strcmp(what, "quiet") && strcmp(what, "run") && meter.far >= 0)
		pid = spawn(read_far, &done);
	for (int i = 0; i < 20; i++)
		rest();		/* what was started sleeps */

	idle_before = idle();
	start = now();
	if (!strcmp(what, "write"))
		do_writes(false);
	else if (!strcmp(what, "quiet"))
		do_writes(true);
	else if (!strcmp(what, "echo"))
		do_echo();
	else if (!strcmp(what, "spread"))
		do_spread();
	else if (!strcmp(what, "run"))
		pid = start_command();
	else if (!strcmp(what, "stream") || !strcmp(what, "feed"))
		do_stream();
	else
		bad_usage();
	if (command)
		wait_command(pid);
	else if (done >= 0)
		read_all(done, 1, '\0');
	else if (isatty(meter.near))
		tcdrain(meter.near);
	wall = now() - start;
	slept = idle() - idle_before;

	printf("call=%" PRIu64 " busy=%" PRIu64 " wall=%" PRIu64 "\n",
	       !strcmp(what, "write") || !strcmp(what, "quiet") ?
	       median(meter.calls, meter.count) - clock_cost() : 0,
	       wall > slept ? wall - slept : 0, wall);
	return 0;
}
