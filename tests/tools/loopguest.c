// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loopguest: stands in for a virtual machine at a vserial port
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "stream_pattern.h"
#include "vmm.h"

static const char usage[] =
"usage: loopguest [OPTION]... PORT ACTION[=N]...\n"
"\n"
"Opens the serial port PORT as a virtual machine monitor does and then does the\n"
"ACTIONs in the order given.  Prints \"open\" and, after each action, one line\n"
"\"ACTION WORD=VALUE...\".\n"
"\n"
"Options:\n"
"  -m, --mode=MODE     whose calls to make:\n"
"      qemu            O_RDWR|O_NONBLOCK|O_CLOEXEC, termios set raw 115200 8N1\n"
"                      leaving CLOCAL, CREAD, HUPCL, VMIN and VTIME (default)\n"
"      firecracker     port as stdin and stdout; TIOCGWINSZ, TCGETS, TCSETS only\n"
"      clh             cloud-hypervisor: port as stdin and stdout, cfmakeraw\n"
"  -w, --write=RULE    what to do when a write finds no room:\n"
"      qemu            wait for POLLOUT, try again 4 times, then drop the byte\n"
"                      (default in mode qemu)\n"
"      poll            wait for POLLOUT for as long as it takes\n"
"      once            drop at once (default in the other modes)\n"
"  -c, --chunk=N       bytes a write (default 1, as VMMs do)\n"
"  -r, --read=N        bytes a read at most (default 4096)\n"
"  -s, --seed=N        which pattern is sent and expected (default 1)\n"
"  -S, --seed-in=N     which pattern is expected, if not the one sent\n"
"  -l, --lazy          duplex reads only when a write finds no room\n"
"  -t, --timeout=S     give up after S seconds (default 60, 0 = never)\n"
"\n"
"Actions:\n"
"  send=N              write the next N bytes of the pattern\n"
"  check=N             read N bytes, they must be the next of the pattern\n"
"  duplex=N            send and check N bytes at the same time (loopback)\n"
"  echo[=N]            write what is read, until N bytes came or SIGTERM\n"
"  flood[=N]           send as fast as the port takes it, until N or SIGTERM\n"
"  sink[=N]            read and count, until N bytes came or SIGTERM\n"
"  modem=N             ask for the modem lines N times (TIOCMGET)\n"
"  break[=N]           send breaks (TCSBRKP), until N or SIGTERM\n"
"  toggle[=N]          drop and raise DTR and RTS, until N times or SIGTERM\n"
"  storm[=N]           change termios in all ways there are (TCSETS, TCSETSW,\n"
"                      TCSETSF, TCFLSH, TCXONC), until N rounds or SIGTERM\n"
"  lcr=N               set line parameters N times as a guest's BIOS does: CS5\n"
"                      while DLAB is up, odd speeds from half-written divisors\n"
"  drain               wait until all is sent (tcdrain)\n"
"  hold                do nothing until SIGTERM\n"
"  wait                do nothing until SIGUSR1, so that many begin at once\n"
"\n"
"SIGTERM ends the current action well; those after it are left out.\n"
"send, flood and duplex go on where the last of them ended; so do check and\n"
"duplex on the way in.  crc is a CRC-32 (zlib) of the bytes of the action, and\n"
"crc_out and crc_in of those each way.\n"
"\n"
"Exit status: 0 all went well; 1 wrong bytes or an error; 2 usage; 3 time-out;\n"
"4 the port was taken away (end of file, EIO or hang-up); 5 bytes were dropped\n"
"by the write rule.\n";

enum status {
	DONE,
	FAILED,
	USAGE,
	TIMED_OUT,
	CLOSED,
	DROPPED,
};

#define BUFFER (1u << 20)

static struct {
	struct vmm vmm;
	size_t chunk;
	size_t read;
	uint64_t seed_out;
	uint64_t seed_in;
	bool lazy;
	uint64_t sent;		/* offset in the pattern going out */
	uint64_t checked;	/* offset in the pattern coming in */
	FILE *report;
} guest = { .chunk = 1, .read = 4096, .seed_out = 1 };

static volatile sig_atomic_t stop, go;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void on_go(int sig)
{
	(void)sig;
	go = 1;
}

static void on_alarm(int sig)
{
	static const char text[] = "loopguest: timed out\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(FAILED);
	_exit(TIMED_OUT);
}

__attribute__((format(printf, 1, 2)))
static void report(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(guest.report, fmt, ap);
	va_end(ap);
	fputc('\n', guest.report);
	fflush(guest.report);
}

/* Why a read or write came to nothing; DONE if the action was told to stop. */
static enum status trouble(const char *what)
{
	if (guest.vmm.closed || errno == EIO) {
		fprintf(stderr, "loopguest: %s: the port was closed\n", what);
		return CLOSED;
	}
	if (errno == EINTR && stop)
		return DONE;
	fprintf(stderr, "loopguest: %s: %s\n", what, strerror(errno));
	return FAILED;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Writes the next piece of the pattern; *@crc goes on over what was written. */
static ssize_t send_piece(uint64_t left, uint32_t *crc)
{
	static uint8_t buf[BUFFER];
	size_t n = left < guest.chunk ? (size_t)left : guest.chunk;
	ssize_t r;

	pattern_fill(guest.seed_out, guest.sent, buf, n);
	r = vmm_write(&guest.vmm, buf, n);
	if (r > 0)
		*crc = crc32_add(*crc, buf, (size_t)r);
	/* what the rule gave up is gone: the guest goes on behind it */
	if (r >= 0)
		guest.sent += stop ? (size_t)r : n;
	return r;
}

static enum status check_bytes(const uint8_t *buf, size_t n)
{
	size_t good = pattern_match(guest.seed_in, guest.checked, buf, n);

	guest.checked += good;
	if (good == n)
		return DONE;
	fprintf(stderr,
		"loopguest: byte %" PRIu64 " of the pattern was expected, 0x%02x came\n",
		guest.checked, buf[good]);
	return FAILED;
}

static enum status do_send(const char *name, uint64_t n)
{
	uint64_t from = guest.sent, dropped = guest.vmm.dropped;
	enum status status = DONE;
	double start = now();
	uint32_t crc = 0;

	while (!stop && guest.sent - from < n) {
		if (send_piece(n - (guest.sent - from), &crc) < 0) {
			status = trouble(name);
			break;
		}
	}
	dropped = guest.vmm.dropped - dropped;
	report("%s bytes=%" PRIu64 " dropped=%" PRIu64 " crc=%08" PRIx32
	       " seconds=%.3f", name, guest.sent - from - dropped, dropped, crc,
	       now() - start);
	if (!status && dropped)
		status = DROPPED;
	return status;
}

static enum status send_action(uint64_t n)
{
	return do_send("send", n);
}

static enum status flood_action(uint64_t n)
{
	return do_send("flood", n ? n : UINT64_MAX);
}

/* Reads until @n bytes came or the action is stopped. */
static enum status do_read(const char *name, uint64_t n, bool check, bool echo)
{
	uint64_t done = 0, dropped = guest.vmm.dropped;
	static uint8_t buf[BUFFER];
	enum status status = DONE;
	uint32_t crc = 0;

	while (!stop && !status && done < n) {
		size_t want = n - done < guest.read ? (size_t)(n - done) :
						      guest.read;
		ssize_t r = vmm_read(&guest.vmm, buf, want);

		if (r <= 0) {
			status = trouble(name);
			break;
		}
		done += (uint64_t)r;
		crc = crc32_add(crc, buf, (size_t)r);
		if (check)
			status = check_bytes(buf, (size_t)r);
		for (ssize_t at = 0; echo && at < r && !status;) {
			size_t piece = (size_t)(r - at) < guest.chunk ?
				(size_t)(r - at) : guest.chunk;

			if (vmm_write(&guest.vmm, buf + at, piece) < 0)
				status = trouble(name);
			at += (ssize_t)piece;
		}
	}
	dropped = guest.vmm.dropped - dropped;
	report("%s bytes=%" PRIu64 " dropped=%" PRIu64 " crc=%08" PRIx32, name,
	       done, dropped, crc);
	if (!status && dropped)
		status = DROPPED;
	return status;
}

static enum status check_action(uint64_t n)
{
	return do_read("check", n, true, false);
}

static enum status echo_action(uint64_t n)
{
	return do_read("echo", n ? n : UINT64_MAX, false, true);
}

static enum status sink_action(uint64_t n)
{
	return do_read("sink", n ? n : UINT64_MAX, false, false);
}

/* How much a lazy guest reads: the next of a fixed series, 1 ... 16384. */
static size_t lazy_piece(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return 1 + x % 16384;
}

static enum status duplex_action(uint64_t n)
{
	uint64_t to = guest.sent + n, upto = guest.checked + n;
	uint64_t full = 0;
	static uint8_t buf[BUFFER];
	enum status status = DONE;
	uint32_t out = 0, in = 0;
	double start = now();

	while (!stop && !status && (guest.sent < to || guest.checked < upto)) {
		bool sending = guest.sent < to;
		bool reading = guest.checked < upto;
		struct pollfd p[2] = {
			{ .fd = sending ? guest.vmm.out : -1, .events = POLLOUT },
			{ .fd = reading ? guest.vmm.in : -1, .events = POLLIN },
		};
		ssize_t r = 0;

		if (sending) {
			size_t want = to - guest.sent < guest.chunk ?
				(size_t)(to - guest.sent) : guest.chunk;

			pattern_fill(guest.seed_out, guest.sent, buf, want);
			r = write(guest.vmm.out, buf, want);
			if (r > 0) {
				guest.sent += (uint64_t)r;
				out = crc32_add(out, buf, (size_t)r);
				if (guest.lazy)
					continue;
			} else if (r == 0 || errno == EAGAIN) {
				full++;
			} else {
				guest.vmm.closed = errno == EIO;
				status = trouble("duplex");
				break;
			}
		}
		if (reading) {
			r = read(guest.vmm.in, buf,
				 guest.lazy ? lazy_piece() : guest.read);
			if (r > 0) {
				in = crc32_add(in, buf, (size_t)r);
				status = check_bytes(buf, (size_t)r);
				continue;
			}
			if (!r || errno != EAGAIN) {
				guest.vmm.closed = !r || errno == EIO;
				status = trouble("duplex");
				break;
			}
		} else if (r > 0) {
			continue;
		}
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			status = trouble("duplex");
	}
	report("duplex sent=%" PRIu64 " checked=%" PRIu64 " full=%" PRIu64
	       " crc_out=%08" PRIx32 " crc_in=%08" PRIx32 " seconds=%.3f",
	       n - (to - guest.sent), n - (upto - guest.checked), full, out, in,
	       now() - start);
	return status;
}

static enum status modem_action(uint64_t n)
{
	double start = now();
	int lines = 0;

	for (uint64_t i = 0; i < n && !stop; i++) {
		if (ioctl(guest.vmm.in, TIOCMGET, &lines))
			return trouble("modem");
	}
	report("modem lines=0x%03x microseconds=%.2f", (unsigned int)lines,
	       (now() - start) * 1e6 / (double)n);
	return DONE;
}

/* Does @once() N times, or until SIGTERM for 0. */
static enum status repeat(const char *name, uint64_t n,
			  int (*once)(uint64_t i))
{
	enum status status = DONE;
	double longest = 0;
	uint64_t i = 0;

	while (!status && !stop && (!n || i < n)) {
		double start = now();

		/* Being stopped and continued interrupts a wait for the line. */
		if (!once(i))
			i++;
		else if (errno != EINTR)
			status = trouble(name);
		if (now() - start > longest)
			longest = now() - start;
	}
	report("%s count=%" PRIu64 " longest_ms=%.2f", name, i, longest * 1e3);
	return status;
}

static int break_once(uint64_t i)
{
	(void)i;
	return ioctl(guest.vmm.out, TCSBRKP, 1);
}

static enum status break_action(uint64_t n)
{
	return repeat("break", n, break_once);
}

static int toggle_once(uint64_t i)
{
	int lines = TIOCM_DTR | TIOCM_RTS;

	(void)i;
	return ioctl(guest.vmm.out, TIOCMBIC, &lines) ||
	       ioctl(guest.vmm.out, TIOCMBIS, &lines);
}

static enum status toggle_action(uint64_t n)
{
	return repeat("toggle", n, toggle_once);
}

static int storm_once(uint64_t i)
{
	static const int ways[] = { TCSANOW, TCSADRAIN, TCSAFLUSH };
	static const int queues[] = { TCIFLUSH, TCOFLUSH, TCIOFLUSH };
	static const int flows[] = { TCOOFF, TCOON, TCIOFF, TCION };
	static const speed_t speeds[] = { B9600, B0, B115200, B50 };
	struct termios t;

	if (tcgetattr(guest.vmm.out, &t))
		return -1;
	cfsetispeed(&t, speeds[i % 4]);
	cfsetospeed(&t, speeds[i % 4]);
	t.c_iflag ^= IXON | INLCR | PARMRK;
	t.c_lflag ^= ICANON | ECHO;
	t.c_cflag ^= CRTSCTS | PARENB;
	return tcsetattr(guest.vmm.out, ways[i % 3], &t) ||
	       tcflow(guest.vmm.out, flows[i % 4]) ||
	       tcflush(guest.vmm.out, queues[i % 3]);
}

static enum status storm_action(uint64_t n)
{
	return repeat("storm", n, storm_once);
}

static enum status lcr_action(uint64_t n)
{
	/* LCR with DLAB, divisor's low byte, high byte, LCR: 9600, then 300 */
	static const struct {
		unsigned int divisor;
		int bits;
	} steps[] = {
		{ 0x001, 5 }, { 0x00c, 5 }, { 0x10c, 5 }, { 0x00c, 5 },
		{ 0x00c, 8 }, { 0x00c, 5 }, { 0x080, 5 }, { 0x180, 5 },
		{ 0x180, 7 }, { 0x180, 5 }, { 0x101, 5 }, { 0x001, 5 },
		{ 0x001, 8 },
	};
	const size_t nr = sizeof(steps) / sizeof(steps[0]);

	for (uint64_t i = 0; i < n && !stop; i++) {
		for (size_t s = 0; s < nr; s++) {
			if (vmm_set_params(&guest.vmm, 115200 / steps[s].divisor,
					   "NEO"[i % 3], steps[s].bits, 1))
				return trouble("lcr");
		}
	}
	if (vmm_set_params(&guest.vmm, 115200, 'N', 8, 1))
		return trouble("lcr");
	report("lcr count=%" PRIu64, n * nr);
	return DONE;
}

static enum status drain_action(uint64_t n)
{
	double start = now();

	(void)n;
	if (tcdrain(guest.vmm.out))
		return trouble("drain");
	report("drain seconds=%.3f", now() - start);
	return DONE;
}

/* Waits until a signal was caught; SIGTERM ends that, too. */
static void await(int sig, const volatile sig_atomic_t *caught)
{
	sigset_t blocked, before;

	/* a signal between the test and the wait must not be missed */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, sig);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	while (!*caught && !stop)
		sigsuspend(&before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static enum status hold_action(uint64_t n)
{
	(void)n;
	await(SIGTERM, &stop);
	report("hold");
	return DONE;
}

static enum status wait_action(uint64_t n)
{
	(void)n;
	await(SIGUSR1, &go);
	report("wait");
	return DONE;
}

static const struct action {
	const char *name;
	enum status (*run)(uint64_t n);
	enum { NO_COUNT, COUNT, MAYBE_COUNT } count;
} actions[] = {
	{ "send", send_action, COUNT },
	{ "check", check_action, COUNT },
	{ "duplex", duplex_action, COUNT },
	{ "echo", echo_action, MAYBE_COUNT },
	{ "flood", flood_action, MAYBE_COUNT },
	{ "sink", sink_action, MAYBE_COUNT },
	{ "modem", modem_action, COUNT },
	{ "break", break_action, MAYBE_COUNT },
	{ "toggle", toggle_action, MAYBE_COUNT },
	{ "storm", storm_action, MAYBE_COUNT },
	{ "lcr", lcr_action, COUNT },
	{ "drain", drain_action, NO_COUNT },
	{ "hold", hold_action, NO_COUNT },
	{ "wait", wait_action, NO_COUNT },
};

__attribute__((noreturn, format(printf, 1, 2)))
static void die_usage(const char *fmt, ...)
{
	va_list ap;

	fputs("loopguest: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nTry 'loopguest --help'.\n", stderr);
	exit(USAGE);
}

static uint64_t number(const char *what, const char *text)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end)
		die_usage("%s: \"%s\" is not a number", what, text);
	return n;
}

static size_t piece_size(const char *what, const char *text)
{
	uint64_t n = number(what, text);

	if (!n || n > BUFFER)
		die_usage("%s: %" PRIu64 " is not in 1 ... %u", what, n, BUFFER);
	return (size_t)n;
}

static int word(const char *what, const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], text))
			return i;
	}
	die_usage("%s: \"%s\" is unknown", what, text);
}

static const struct action *find_action(const char *text, uint64_t *n)
{
	size_t len = strcspn(text, "=");

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		const struct action *a = &actions[i];

		if (strlen(a->name) != len || memcmp(a->name, text, len))
			continue;
		if (text[len] ? a->count == NO_COUNT : a->count == COUNT)
			die_usage("\"%s\": %s", text, text[len] ?
				  "takes no number" : "needs a number");
		*n = text[len] ? number(a->name, text + len + 1) : 0;
		return a;
	}
	die_usage("\"%s\" is no action", text);
}

static void catch_signals(unsigned int seconds)
{
	struct sigaction term = { .sa_handler = on_term };
	struct sigaction usr1 = { .sa_handler = on_go };
	struct sigaction alrm = { .sa_handler = on_alarm };

	/* no SA_RESTART: a SIGTERM must end what waits */
	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGUSR1, &usr1, NULL);
	sigaction(SIGALRM, &alrm, NULL);
	alarm(seconds);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "mode", required_argument, NULL, 'm' },
		{ "write", required_argument, NULL, 'w' },
		{ "chunk", required_argument, NULL, 'c' },
		{ "read", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "seed-in", required_argument, NULL, 'S' },
		{ "lazy", no_argument, NULL, 'l' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	static const char *const modes[] = { "qemu", "firecracker", "clh", NULL };
	static const char *const rules[] = { "qemu", "poll", "once", NULL };
	int mode = VMM_QEMU, rule = -1, opt;
	bool seed_in_given = false;
	unsigned int timeout = 60;
	uint64_t n;

	while ((opt = getopt_long(argc, argv, "m:w:c:r:s:S:lt:h", options,
				  NULL)) != -1) {
		switch (opt) {
		case 'm':
			mode = word("--mode", optarg, modes);
			break;
		case 'w':
			rule = word("--write", optarg, rules);
			break;
		case 'c':
			guest.chunk = piece_size("--chunk", optarg);
			break;
		case 'r':
			guest.read = piece_size("--read", optarg);
			break;
		case 's':
			guest.seed_out = number("--seed", optarg);
			break;
		case 'S':
			guest.seed_in = number("--seed-in", optarg);
			seed_in_given = true;
			break;
		case 'l':
			guest.lazy = true;
			break;
		case 't':
			timeout = (unsigned int)number("--timeout", optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			return DONE;
		default:
			return USAGE;
		}
	}
	if (argc - optind < 2)
		die_usage("PORT and at least one ACTION are needed");
	for (int i = optind + 1; i < argc; i++)
		find_action(argv[i], &n);
	if (!seed_in_given)
		guest.seed_in = guest.seed_out;

	/* in two of the modes stdout becomes the port */
	guest.report = fdopen(dup(STDOUT_FILENO), "w");
	if (!guest.report) {
		perror("loopguest: stdout");
		return FAILED;
	}
	catch_signals(timeout);
	if (vmm_open(&guest.vmm, (enum vmm_mode)mode, argv[optind])) {
		fprintf(stderr, "loopguest: %s: %s\n", argv[optind],
			strerror(errno));
		return FAILED;
	}
	if (rule >= 0)
		guest.vmm.rule = (enum vmm_rule)rule;
	report("open");

	for (int i = optind + 1; i < argc && !stop; i++) {
		const struct action *a = find_action(argv[i], &n);
		enum status status = a->run(n);

		if (status)
			return status;
	}
	return DONE;
}
