// SPDX-License-Identifier: GPL-2.0-or-later
/* One backing: behind a concentrator, which is a process of its own. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "conn_vspc.h"
#include "kernel.h"
#include "log.h"
#include "sockets.h"
#include "vspc_deviation.h"
#include "vspc_proxy.h"

/* The concentrator: its process, and a socket with the bytes of the port. */
static pid_t child = -1;
static int port_fd = -1;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void write_all(int fd, const void *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0)
			_exit(0);
		bytes = (const char *)bytes + n;
		len -= (size_t)n;
	}
}

/* Return: whether the connection is to go on. */
static bool answer(struct vspc_proxy *proxy, enum vspc_proxy_event event, int out,
		   uint32_t deviations)
{
	if (event == VSPC_PROXY_CLOSE)
		return false;
	if (event == VSPC_PROXY_BREAK)
		write_all(out, "<break>", 7);
	if (event != VSPC_PROXY_KNOWN)
		return true;
	if (deviations & (VSPC_WONT_KEEP | VSPC_WONT_CLOSE))
		vspc_proxy_refuse(proxy);
	else
		vspc_proxy_accept(proxy);
	return true;
}

static void take(struct vspc_proxy *proxy, int out, const uint8_t *bytes, size_t len,
		 uint32_t deviations, bool *on)
{
	uint8_t port[8192];

	while (len && *on) {
		struct vspc_proxy_received r = vspc_proxy_receive(proxy, now_ms(), bytes, len, port,
								  sizeof(port));

		bytes += r.consumed;
		len -= r.consumed;
		write_all(out, port, r.len);
		*on = answer(proxy, r.event, out, deviations);
	}
}

/* Of a port of its own that a machine drives. */
static void tell_speed(const struct vspc_proxy *proxy, int out, uint32_t *speed)
{
	char text[32];

	if (!proxy->has_port || proxy->port.settings.speed == *speed)
		return;
	*speed = proxy->port.settings.speed;
	write_all(out, text, (size_t)snprintf(text, sizeof(text), "<%u>", *speed));
}

/* Bytes that a concentrator may send before it dies. */
static size_t life;

/* Return: false if that was its last word. */
static bool say(int conn, struct vspc_proxy *proxy)
{
	size_t len = outbox_waits(&proxy->out);

	if (len > life)
		len = life;
	life -= len;
	write_all(conn, proxy->out.bytes + proxy->out.at, len);
	outbox_clear(&proxy->out);
	return life;
}

static void serve_one(int conn, int out, uint32_t deviations)
{
	static struct vspc_proxy proxy;
	struct pollfd fds[2] = { { .fd = conn, .events = POLLIN }, { .fd = out } };
	uint8_t bytes[4096];
	uint32_t speed = 0;
	bool on = true;
	ssize_t n;

	vspc_proxy_start(&proxy, deviations);
	while (on) {
		if (!say(conn, &proxy))
			break;
		if (proxy.state == VSPC_PROXY_REFUSED && deviations & VSPC_WONT_CLOSE)
			break;
		fds[1].events = proxy.state == VSPC_PROXY_UP ? POLLIN : 0;
		poll(fds, 2, 100);
		on = answer(&proxy, vspc_proxy_tick(&proxy, now_ms()), out, deviations);
		if (fds[0].revents) {
			n = recv(conn, bytes, sizeof(bytes), 0);
			if (n <= 0)
				break;
			take(&proxy, out, bytes, (size_t)n, deviations, &on);
		}
		tell_speed(&proxy, out, &speed);
		if (fds[1].revents & POLLIN) {
			n = recv(out, bytes, sizeof(bytes), 0);
			if (n <= 0)
				_exit(0);
			vspc_proxy_attend(&proxy, true);
			vspc_proxy_send(&proxy, bytes, (size_t)n);
		}
	}
	vspc_proxy_free(&proxy);
	close(conn);
}

/* What it is told of the machine stands in front of the first bytes of the port. */
static void begin_concentrator(uint16_t port, uint32_t deviations)
{
	int fds[2], listener = listen_on(port);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	child = fork();
	if (!child) {
		close(fds[0]);
		/* The next one is another, and lives. */
		for (;; life = SIZE_MAX)
			serve_one(accept(listener, NULL, NULL), fds[1], deviations);
	}
	close(listener);
	close(fds[1]);
	port_fd = fds[0];
}

static void end_concentrator(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(port_fd);
	}
	child = -1;
}

static int teardown(void **state)
{
	end_concentrator();
	life = SIZE_MAX;
	return kernel_teardown(state);
}

static void start_behind(uint16_t port)
{
	static char uri[64];

	snprintf(uri, sizeof(uri), "telnet://127.0.0.1:%u", port);
	kernel.proxy = uri;
	start("any words", false, true);
}

static void test_accepted(void **state)
{
	uint16_t port = free_port();

	(void)state;
	kernel.settled = 100;
	begin_concentrator(port, 0);
	start_behind(port);
	assert_int_equal(kernel.state, VSERIAL_STATE_CONNECTING);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	output(100, "login: \xff");
	reads(port_fd, "login: \xff");
	until(kernel.settled == 108);
	SENDS(port_fd, "root\r\0\xff");
	until(kernel.input_len == 7);
	assert_memory_equal(kernel.input, "root\r\0\xff", 7);
	/* It is lost, and comes again: nothing is missing, nothing comes twice. */
	end_concentrator();
	until(kernel.state != VSERIAL_STATE_CONNECTED);
	begin_concentrator(port, 0);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	output(108, "again");
	reads(port_fd, "again");
	until(kernel.settled == 113);
	stop();
}

/* Wherever a greeting is cut off nothing is lost and nothing comes twice. */
static void test_cut_off(void **state)
{
	size_t at;

	(void)state;
	/* A greeting has 79 bytes of the concentrator: the last of them accepts. */
	for (at = 1; at < 79; at += 3) {
		uint16_t port = free_port();

		memset(&kernel, 0, sizeof(kernel));
		kernel.room = sizeof(kernel.input);
		life = at;
		begin_concentrator(port, 0);
		start_behind(port);
		until(kernel.state == VSERIAL_STATE_CONNECTED);
		output(0, "first");
		reads(port_fd, "first");
		until(kernel.settled == 5);
		SENDS(port_fd, "typed");
		until(kernel.input_len == 5);
		assert_memory_equal(kernel.input, "typed", 5);
		stop();
		end_concentrator();
	}
}

/* As VMware's virtual machines ask whether a concentrator that says nothing is there. */
static void test_keepalive(void **state)
{
	static const struct {
		int level;
		int name;
		int value;
	} options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 300 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 3 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 5 },
	};
	uint16_t port = free_port();
	size_t i;

	(void)state;
	begin_concentrator(port, 0);
	start_behind(port);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	for (i = 0; i < LENGTH(options); i++) {
		socklen_t len = sizeof(int);
		int value;

		assert_int_equal(getsockopt(TAILQ_FIRST(&session->peers)->conn->fd,
					    options[i].level, options[i].name, &value, &len), 0);
		assert_int_equal(value, options[i].value);
	}
	stop();
}

/* No byte is sent in front of the last answer, and none is lost. */
static void test_deviations(void **state)
{
	static const uint32_t all[] = {
		VSPC_SILENT, VSPC_MUTE, VSPC_NO_BINARY, VSPC_ACK_LOOP, VSPC_NO_KNOWN, VSPC_NO_GET,
		VSPC_LATE_GET | VSPC_CLOSE_EARLY, VSPC_LATE_GET | VSPC_DROP_EARLY,
		VSPC_CLOSE_UNKNOWN | VSPC_CLOSE_EARLY, VSPC_NO_DOUBLING,
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		uint16_t port = free_port();

		memset(&kernel, 0, sizeof(kernel));
		kernel.room = sizeof(kernel.input);
		begin_concentrator(port, all[i]);
		start_behind(port);
		until(kernel.state == VSERIAL_STATE_CONNECTED);
		output(0, "first");
		reads(port_fd, "first");
		until(kernel.settled == 5);
		SENDS(port_fd, "typed");
		until(kernel.input_len == 5);
		stop();
		end_concentrator();
	}
}

/* One with a port of its own has it set, and tells whether somebody is there. */
static void test_com_port(void **state)
{
	struct com_port_guest guest = { { 9600, 8, 1, 1 }, .dtr = true, .rts = true };
	uint16_t port = free_port();

	(void)state;
	begin_concentrator(port, VSPC_COM_PORT);
	start_behind(port);
	until(kernel.state == VSERIAL_STATE_CONNECTED);
	until(kernel.has_lines);
	assert_int_equal(kernel.lines, TIOCM_RTS);
	peer_cable(TAILQ_FIRST(&session->peers), &guest);
	/* It tells of the speed when it has taken all that came with it. */
	reads(port_fd, "<115200><9600>");
	output(0, "be");
	session_break(session, 2);
	output(2, "hind");
	reads(port_fd, "be<break>hind");
	SENDS(port_fd, "typed");
	until(kernel.lines == (TIOCM_DTR | TIOCM_RTS));
	until(kernel.input_len == 5);
	/* It is gone, and so is what it drove. */
	end_concentrator();
	until(!kernel.has_lines);
	stop();
}

static void test_refused(void **state)
{
	static const uint32_t all[] = { VSPC_WONT_KEEP, VSPC_WONT_CLOSE };
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		uint16_t port = free_port();

		begin_concentrator(port, all[i]);
		start_behind(port);
		until(kernel.state == VSERIAL_STATE_RECOVERABLE_ERROR);
		assert_non_null(strstr(kernel.why, "refused by concentrator; dialling again"));
		end_concentrator();
		/* Another one is found by dialling again. */
		begin_concentrator(port, 0);
		until(kernel.state == VSERIAL_STATE_CONNECTED);
		stop();
		end_concentrator();
	}
}

/* What is no concentrator is told so; it may speak as it likes. */
static void test_strangers(void **state)
{
	uint16_t port = free_port();
	int listener = listen_on(port), fd;

	(void)state;
	start_behind(port);
	until(readable(listener));
	fd = accept(listener, NULL, NULL);
	READS(fd, "\xff\xfb\x25");
	SENDS(fd, "hello\xff\xfe\x25\xff\xfe\xe8");
	until(kernel.state == VSERIAL_STATE_RECOVERABLE_ERROR);
	assert_non_null(strstr(kernel.why, "it is no concentrator"));
	close(fd);
	/* It closes at once. */
	until(readable(listener));
	fd = accept(listener, NULL, NULL);
	close(fd);
	until(strstr(kernel.why, "closed the connection") || strstr(kernel.why, "reset"));
	/* The guest is off meanwhile. */
	until(readable(listener));
	fd = accept(listener, NULL, NULL);
	until(readable(fd));
	stop();
	close(fd);
	close(listener);
}

static void test_bad_proxies(void **state)
{
	static const struct {
		const char *proxy;
		const char *why;
	} tries[] = {
		{ "telnet://:13370", "neither telnet://HOST:PORT nor telnets://HOST:PORT" },
		{ "tcp://192.0.2.1:1", "neither telnet://HOST:PORT nor telnets://HOST:PORT" },
		{ "telnet://192.0.2.1", "the port is missing" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		kernel.proxy = tries[i].proxy;
		start("any words", false, true);
		assert_int_equal(kernel.state, VSERIAL_STATE_UNRECOVERABLE_ERROR);
		assert_non_null(strstr(kernel.why, tries[i].why));
		stop();
	}
}

/* How often one of these has been read. */
static unsigned int n_reads;

/* A concentrator that says nothing, without an end. */
static ssize_t read_endless(int fd, void *bytes, size_t len)
{
	char *to = bytes;
	size_t i;

	(void)fd;
	/* It does end, so that a test of it can. */
	if (++n_reads > 1000)
		return -EAGAIN;
	for (i = 0; i < len; i++)
		to[i] = i % 2 ? '\xf1' : '\xff';
	return (ssize_t)len;
}

/* One that asks and asks, */
static ssize_t read_questions(int fd, void *bytes, size_t len)
{
	static const char question[8] = "\xff\xfa\xe8\x53\xff\xf0\xff\xf1";
	size_t i;

	(void)fd;
	for (i = 0; i + sizeof(question) <= len; i += sizeof(question))
		memcpy((char *)bytes + i, question, sizeof(question));
	return (ssize_t)i;
}

/* and takes no answers. */
static ssize_t write_nothing(int fd, const struct iovec *iov, int n)
{
	(void)fd;
	(void)iov;
	(void)n;
	return -EAGAIN;
}

/* What is waited for of a concentrator that is like that. */
static uint32_t greet(const struct transport_ops *ops)
{
	static const struct vspc_identity identity = { .name = "vm", .service = "x" };
	const struct vspc_plan plan = { .identity = &identity };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct conn *conn = conn_vspc(conn_new(ops, fd), &plan, 1);
	uint32_t events = 0;
	uint64_t deadline;

	assert_int_equal(conn_vspc_greet(conn, 2, &events, &deadline), -EAGAIN);
	assert_in_range(deadline, 3, 60000);
	conn_release(conn);
	return events;
}

/* Nobody keeps others waiting, or the loop busy, before it has accepted the port. */
static void test_floods(void **state)
{
	struct transport_ops ops = transport_tcp;

	(void)state;
	ops.write = write_nothing;
	ops.read = read_endless;
	n_reads = 0;
	assert_int_equal(greet(&ops), EPOLLIN | EPOLLOUT);
	assert_in_range(n_reads, 1, 100);
	ops.read = read_questions;
	assert_int_equal(greet(&ops), EPOLLOUT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accepted, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_deviations, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_keepalive, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_com_port, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_strangers, kernel_setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_proxies, kernel_setup, teardown),
		cmocka_unit_test(test_floods),
	};

	signal(SIGPIPE, SIG_IGN);
	life = SIZE_MAX;
	log_init(false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
