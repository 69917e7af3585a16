// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes on at the ports: rates, order, frames, and a screen with somebody at it. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "replies.h"
#include "top.h"
#include "top_screen.h"
#include "unit.h"

#define SECOND	1000000000ull
/* For what should not take any time, on a machine that has much else to do. */
#define PATIENCE_MS	30000

/* A port as a dump tells of it. */
struct told {
	const char *guest;
	uint32_t index;
	uint32_t minor;
	uint32_t state;
	uint64_t tx;
	uint64_t rx;
	uint64_t dropped;
	const char *reason;
	const char *peer;
};

static void take(struct top *top, const struct told *told, size_t n, uint64_t now)
{
	struct vnl_replies ports = { 0 }, sessions = { 0 };
	struct vnl_msg *msg;
	size_t i;

	for (i = 0; i < n; i++) {
		msg = vnl_msg_new(VSERIAL_CMD_PORT_GET, false);
		vnl_put_str(msg, VSERIAL_A_PORT_GUEST, told[i].guest);
		vnl_put_u32(msg, VSERIAL_A_PORT_INDEX, told[i].index);
		vnl_put_u32(msg, VSERIAL_A_PORT_MINOR, told[i].minor);
		vnl_put_str(msg, VSERIAL_A_PORT_BACKING, "null");
		vnl_put_u8(msg, VSERIAL_A_PORT_POWER, 1);
		vnl_put_u32(msg, VSERIAL_A_PORT_STATE, told[i].state);
		vnl_put_u64(msg, VSERIAL_A_PORT_TX_BYTES, told[i].tx);
		vnl_put_u64(msg, VSERIAL_A_PORT_RX_BYTES, told[i].rx);
		vnl_put_u64(msg, VSERIAL_A_PORT_DROPPED_BYTES, told[i].dropped);
		if (told[i].reason)
			vnl_put_str(msg, VSERIAL_A_PORT_REASON, told[i].reason);
		if (told[i].peer)
			vnl_put_str(msg, VSERIAL_A_PORT_PEER, told[i].peer);
		replies_add(&ports, msg);
	}
	msg = vnl_msg_new(VSERIAL_CMD_SESSION_GET, false);
	vnl_put_str(msg, VSERIAL_A_SESSION_GUEST, "web");
	vnl_put_u32(msg, VSERIAL_A_SESSION_INDEX, 2);
	replies_add(&sessions, msg);
	top_take(top, &ports, &sessions, now);
	vnl_replies_free(&ports);
	vnl_replies_free(&sessions);
}

static const struct told first[] = {
	{ .guest = "web", .index = 10, .minor = 4, .state = VSERIAL_STATE_CONNECTED, .tx = 100 },
	{ .guest = "web", .index = 2, .minor = 1, .state = VSERIAL_STATE_CONNECTED, .tx = 5000 },
	{ .guest = "db", .minor = 2, .state = VSERIAL_STATE_RECOVERABLE_ERROR, .tx = 9, .rx = 9,
	  .reason = "no\033[2J space" },
};

/* Two seconds later; db/0 is another port with the name. */
static const struct told second[] = {
	{ .guest = "db", .minor = 3, .state = VSERIAL_STATE_LISTENING, .tx = 4000, .rx = 1 },
	{ .guest = "web", .index = 2, .minor = 1, .state = VSERIAL_STATE_CONNECTED,
	  .tx = 5000, .rx = 3000, .dropped = 8, .peer = "192.0.2.1:4000" },
	{ .guest = "web", .index = 10, .minor = 4, .state = VSERIAL_STATE_UNRECOVERABLE_ERROR,
	  .tx = 100 + 4096, .reason = "the file is gone" },
};

static void expect_order(const struct top *top, uint32_t a, uint32_t b, uint32_t c)
{
	assert_int_equal(top->ports[0].index, a);
	assert_int_equal(top->ports[1].index, b);
	assert_int_equal(top->ports[2].index, c);
}

static void rates(void **state)
{
	struct top top = { .sort = TOP_BY_NAME };

	(void)state;
	take(&top, first, LENGTH(first), SECOND);
	assert_int_equal(top.n, 3);
	assert_int_equal(top.guests, 2);
	expect_order(&top, 0, 2, 10);
	assert_int_equal(top.ports[1].tx_rate, 0);
	take(&top, second, LENGTH(second), 3 * SECOND);
	expect_order(&top, 0, 2, 10);
	assert_int_equal(top.ports[0].tx_rate, 0);
	assert_int_equal(top.ports[1].tx_rate, 0);
	assert_int_equal(top.ports[1].rx_rate, 1500);
	assert_int_equal(top.ports[1].dropped_rate, 4);
	assert_int_equal(top.ports[1].sessions, 1);
	assert_int_equal(top.ports[2].tx_rate, 2048);
	/* Not again. */
	take(&top, second, LENGTH(second), 4 * SECOND);
	assert_int_equal(top.ports[2].tx_rate, 0);
	top_free(&top);
}

static void orders(void **state)
{
	struct top top = { .sort = TOP_BY_TX };

	(void)state;
	take(&top, first, LENGTH(first), SECOND);
	take(&top, second, LENGTH(second), 3 * SECOND);
	expect_order(&top, 10, 0, 2);
	top.sort = TOP_BY_RX;
	top_order(&top);
	expect_order(&top, 2, 0, 10);
	top.sort = TOP_BY_DROPPED;
	top_order(&top);
	expect_order(&top, 2, 0, 10);
	top.sort = TOP_BY_STATE;
	top_order(&top);
	expect_order(&top, 10, 2, 0);
	top_free(&top);
}

static void short_numbers(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 1023, "1023" }, { 1024, "1.0K" }, { 1536, "1.5K" },
		{ 10 * 1024 - 1, "9.9K" }, { 10 * 1024, "10K" }, { 1024 * 1024 - 1, "1023K" },
		{ 1024 * 1024, "1.0M" }, { 5000000000, "4.6G" }, { UINT64_MAX, "15E" },
	};
	char text[RATE_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++)
		assert_string_equal(rate_format(cases[i].n, text), cases[i].text);
}

static char *frame(const struct top *top, const struct top_view *view)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	top_write(file, top, view);
	fclose(file);
	return text;
}

static void whole_frame(void **state)
{
	static const char expected[] =
		"3 ports of 2 guests: 3 on, 1 connected, 1 with errors\n"
		"bytes/s: 2.0K out, 1.4K in, 4 dropped; by tx\n"
		"PORT    DEVICE    PWR STATE                TX/s  RX/s    TX    RX  DROP SESS  PEER\n"
		"web/10  ttyVS4    on  unrecoverable-error  2.0K     0  4.0K     0     0    0  the file is gone\n"
		"db/0    ttyVS3    on  listening               0     0  3.9K     1     0    0  null\n"
		"web/2   ttyVS1    on  connected               0  1.4K  4.8K  2.9K     8    1  "
		"192.0.2.1:4000\n";
	const struct top_view view = { 0 };
	struct top top = { .sort = TOP_BY_TX };
	char *text;

	(void)state;
	take(&top, first, LENGTH(first), SECOND);
	take(&top, second, LENGTH(second), 3 * SECOND);
	text = frame(&top, &view);
	assert_string_equal(text, expected);
	free(text);
	top_free(&top);
}

/* What does not fit is left out, and nobody else's bytes move the cursor. */
static void small_screen(void **state)
{
	const struct top_view view = { .rows = 6, .columns = 10, .first = 1, .terminal = true };
	struct top top = { .sort = TOP_BY_NAME };
	char *text;

	(void)state;
	assert_int_equal(top_lines(&view), 2);
	take(&top, first, LENGTH(first), SECOND);
	text = frame(&top, &view);
	assert_string_equal(text, "\033[31m3 ports of\033[m\033[K\r\n"
				  "bytes/s: 0\033[K\r\n"
				  "\033[7mPORT    DE\033[m\033[K\r\n"
				  "web/2   tt\033[K\r\n"
				  "web/10  tt\033[K\r\n\033[J");
	free(text);
	text = frame(&top, &(struct top_view){ .terminal = true });
	assert_non_null(strstr(text, "no\\x1b[2J space"));
	assert_null(strstr(text, "\033[2J"));
	free(text);
	top_free(&top);
}

/* A screen. */

static pid_t child;
static int terminal;
static char *seen;
static size_t seen_n;

/* Every dump is the next one; the fourth says the module went. */
static int next_dump(void *arg, struct top *top)
{
	unsigned int *n = arg;

	++*n;
	if (*n == 4)
		return -1;
	take(top, *n == 1 ? first : second, LENGTH(first), *n * SECOND);
	return 0;
}

static void show(unsigned int interval)
{
	unsigned int n = 0;
	struct top_source source = { .take = next_dump, .arg = &n, .interval = interval };
	struct top top = { .sort = TOP_BY_NAME };
	int rc;

	rc = top_screen(&top, &source);
	top_free(&top);
	_exit(rc ? 1 : 0);
}

/* A shell: nothing can be stopped but what somebody could continue. */
static void show_as_a_job(unsigned int interval)
{
	pid_t job = fork();
	int status;

	if (!job) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(STDIN_FILENO, getpid());
		show(interval);
	}
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
		puts("[stopped]");
		fflush(stdout);
		kill(job, SIGCONT);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
}

static void start(void (*run)(unsigned int interval), unsigned int interval)
{
	struct winsize size = { .ws_row = 6, .ws_col = 60 };

	child = forkpty(&terminal, NULL, NULL, &size);
	assert_true(child >= 0);
	if (!child)
		run(interval);
}

/* Reads until @text is there, and forgets what stands before its end. */
static void await(const char *text)
{
	struct pollfd fd = { .fd = terminal, .events = POLLIN };
	char *at;
	ssize_t n;

	while (!seen || !(at = memmem(seen, seen_n, text, strlen(text)))) {
		if (poll(&fd, 1, PATIENCE_MS) <= 0)
			fail_msg("'%s' did not come; there was: %.*s", text, (int)seen_n, seen);
		seen = realloc(seen, seen_n + 4096);
		assert_non_null(seen);
		n = read(terminal, seen + seen_n, 4096);
		if (n <= 0)
			fail_msg("'%s' did not come before the end", text);
		seen_n += (size_t)n;
	}
	at += strlen(text);
	seen_n -= (size_t)(at - seen);
	memmove(seen, at, seen_n);
}

static void type(const char *keys)
{
	assert_int_equal(write(terminal, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* Its number may be another's then. */
static int reap(void)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	child = -1;
	return status;
}

static void expect_end(int expected)
{
	int status;

	await("\033[?7h\033[?25h\033[?1049l");
	status = reap();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static int stop(void **state)
{
	(void)state;
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	close(terminal);
	free(seen);
	seen = NULL;
	seen_n = 0;
	return 0;
}

static void keys(void **state)
{
	const struct winsize large = { .ws_row = 24, .ws_col = 60 };

	(void)state;
	start(show, 3600000);
	await("\033[?1049h\033[?25l\033[?7l");
	/* Six rows: two ports of three, and with the second dump their rates. */
	await("by name");
	await("web/2 ");
	await("\033[J");
	type("s");
	await("by state");
	await("web/10 ");
	type("t");
	await("by tx");
	type("n");
	await("by name");
	await("db/0 ");
	await("\033[J");
	type("\033[B");
	await("web/10 ");
	type("\033[A");
	await("db/0 ");
	type("\033[6~");
	await("web/10 ");
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &large), 0);
	await("db/0 ");
	await("web/10 ");
	type("q");
	expect_end(0);
}

static void end_of_the_source(void **state)
{
	(void)state;
	start(show, 1);
	await("\033[?1049h");
	expect_end(1);
}

static void interrupted(void **state)
{
	int status;

	(void)state;
	start(show, 3600000);
	await("by name");
	assert_int_equal(kill(child, SIGTERM), 0);
	await("\033[?1049l");
	status = reap();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void stopped_and_continued(void **state)
{
	(void)state;
	start(show_as_a_job, 3600000);
	await("by name");
	type("\x1a");
	await("\033[?1049l");
	await("[stopped]");
	await("\033[?1049h");
	await("by name");
	type("\x03");
	expect_end(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates),
		cmocka_unit_test(orders),
		cmocka_unit_test(short_numbers),
		cmocka_unit_test(whole_frame),
		cmocka_unit_test(small_screen),
		cmocka_unit_test_teardown(keys, stop),
		cmocka_unit_test_teardown(end_of_the_source, stop),
		cmocka_unit_test_teardown(interrupted, stop),
		cmocka_unit_test_teardown(stopped_and_continued, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
