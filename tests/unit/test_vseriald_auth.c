// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Telnet's option AUTHENTICATION on live connections: what may pass before it
 * is decided, what becomes of what came too early, and both sides as ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arrival.h"
#include "goodbye.h"
#include "transport_tls.h"
#include "unit.h"

#define WILL_AUTH	"\xff\xfb\x25"
#define WONT_AUTH	"\xff\xfc\x25"
#define DO_AUTH		"\xff\xfd\x25"
#define DONT_AUTH	"\xff\xfe\x25"
#define SEND_SSL	"\xff\xfa\x25\x01\x07\x00\xff\xf0"
#define IS_START	"\xff\xfa\x25\x00\x07\x00\x01\xff\xf0"
#define ACCEPT		"\xff\xfa\x25\x02\x07\x00\x02\xff\xf0"

/* For literals, which may hold a NUL. */
#define SEND(text) say(text, sizeof(text) - 1)
#define EXPECT(text) expect(text, sizeof(text) - 1)

static char folder[] = "/tmp/vseriald-auth-XXXXXX";
static struct daemon the_daemon;

/**
 * struct outcome - what became of an arrival
 * @conn: it has arrived, or NULL
 * @name: who it is
 * @why: why it failed, "" if it did not
 */
struct outcome {
	struct conn *conn;
	char name[2 * ADDRESS_TEXT];
	char why[TRANSPORT_WHY_MAX];
};

static struct tls_rules *server_rules, *client_rules;
static struct outcome ours, other;
static int peer;

static void on_arrived(void *arg, struct conn *conn, const char *name)
{
	struct outcome *outcome = arg;

	outcome->conn = conn;
	snprintf(outcome->name, sizeof(outcome->name), "%s", name);
}

static void on_failed(void *arg, const char *name, const char *why)
{
	struct outcome *outcome = arg;

	(void)name;
	snprintf(outcome->why, sizeof(outcome->why), "%s", why);
}

static const struct arrival_handler handler = {
	.arrived = on_arrived,
	.failed = on_failed,
};

/* Two ends of TCP, which alone knows how many bytes somebody waits for. */
static void tcp_pair(int fds[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int listening = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listening, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listening, 1), 0);
	getsockname(listening, (struct sockaddr *)&at, &len);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[1], (struct sockaddr *)&at, len), 0);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	fds[0] = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fds[0] >= 0);
	close(listening);
}

static void begin(int fd, bool server, bool required, struct outcome *outcome)
{
	const struct arrival_plan plan = {
		.server = server,
		.telnet = true,
		.tls = server ? server_rules : client_rules,
		.required = required,
	};

	*outcome = (struct outcome){ 0 };
	arrival_begin(the_daemon.arrivals, conn_new(&transport_tcp, fd), "peer", &plan, &handler,
		      outcome);
}

/* Somebody has connected, whom the test plays. */
static void start(bool server, bool required)
{
	int fds[2];

	the_daemon.conf.auth_timeout = 600;
	tcp_pair(fds);
	peer = fds[1];
	begin(fds[0], server, required, &ours);
}

/* Lets the loop do what there is to do. */
static void turn(void)
{
	while (sd_event_run(the_daemon.event, 10000) > 0)
		;
}

static void say(const char *bytes, size_t len)
{
	assert_int_equal(send(peer, bytes, len, 0), len);
	turn();
}

static bool done(void)
{
	return ours.conn || *ours.why;
}

static void wait_done(void)
{
	while (!done())
		sd_event_run(the_daemon.event, 100000);
}

/* What the peer is told next, all of it. */
static void expect(const char *bytes, size_t len)
{
	struct pollfd fd = { .fd = peer, .events = POLLIN };
	char got[512];
	size_t have = 0;

	while (have < len) {
		sd_event_run(the_daemon.event, 0);
		if (poll(&fd, 1, 1) > 0)
			have += (size_t)recv(peer, got + have, sizeof(got) - have, 0);
	}
	turn();
	assert_int_equal(recv(peer, got + have, 1, MSG_DONTWAIT), -1);
	assert_int_equal(have, len);
	assert_memory_equal(got, bytes, len);
}

static void finish(void)
{
	if (ours.conn)
		conn_end(ours.conn, the_daemon.goodbyes, NULL);
	ours.conn = NULL;
	close(peer);
}

/* The first bytes that are for the console. */
static void reads(const char *bytes, size_t len)
{
	char got[512];
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = conn_read(ours.conn, got + have, sizeof(got) - have);
		assert_true(n > 0 || n == -EAGAIN);
		have += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(have, len);
	assert_memory_equal(got, bytes, len);
}

/* The peer's side of TLS from here on. */
static struct conn *peer_tls(void)
{
	return conn_tls(conn_new(&transport_tcp, peer), client_rules);
}

static void shake(struct conn *tls)
{
	uint32_t events;
	int rc;

	do {
		rc = tls_handshake(tls, &events);
		sd_event_run(the_daemon.event, 1000);
	} while (rc == -EAGAIN || (!rc && !done()));
	assert_int_equal(rc, 0);
}

static void test_server_upgrades(void **state)
{
	static const struct iovec key = { .iov_base = (char *)"k\xff\xff\xff\xf3l", .iov_len = 6 };
	char got[64];
	struct conn *tls;
	ssize_t n;

	(void)state;
	start(true, true);
	EXPECT(DO_AUTH);
	/* Options, a break and keys in front of TLS; somebody could have put them there. */
	SEND("rm -rf\r\0\xff\xf3\xff\xfb\x1f\xff\xfd\x06" WILL_AUTH "x");
	EXPECT(SEND_SSL);
	SEND(IS_START "y\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0");
	EXPECT(ACCEPT);
	/* The first byte of a record is one that can be typed, too. */
	SEND("\xff\xfd\x01z\x16");
	SEND("\x16q");
	SEND("\x16");
	assert_false(done());
	tls = peer_tls();
	shake(tls);
	assert_non_null(ours.conn);
	assert_string_equal(ours.name, "peer (TLSv1.3 TLS_AES_256_GCM_SHA384)");
	/* Options of before count, within TLS; nothing else does. */
	conn_write(tls, &key, 1);
	reads("k\xff", 2);
	assert_int_equal(conn_take_event(ours.conn, NULL), CONN_BREAK);
	reads("l", 1);
	conn_flush(ours.conn);
	n = conn_read(tls, got, sizeof(got));
	assert_in_range(n, 6, sizeof(got));
	assert_memory_equal(got, "\xff\xfb\x01", 3);
	assert_memory_equal(got + n - 3, "\xff\xfb\x06", 3);
	conn_end(tls, the_daemon.goodbyes, NULL);
	conn_end(ours.conn, the_daemon.goodbyes, NULL);
}

/* What came while it was undecided is the first that is read. */
static void test_server_plain(void **state)
{
	(void)state;
	start(true, false);
	EXPECT(DO_AUTH);
	SEND("ro\xff\xfb\x1fot" WONT_AUTH "\r\0ls\xff\xff");
	wait_done();
	assert_non_null(ours.conn);
	assert_string_equal(ours.name, "peer");
	assert_true(conn_pending(ours.conn));
	reads("root\rls\xff", 8);
	SEND("more");
	reads("more", 4);
	finish();

	/* It knows the option, but not SSL. */
	start(true, false);
	EXPECT(DO_AUTH);
	SEND(WILL_AUTH);
	EXPECT(SEND_SSL);
	SEND("\xff\xfa\x25\x00\x00\x00\xff\xf0");
	wait_done();
	assert_non_null(ours.conn);
	finish();

	/* It says nothing, or nothing any more. */
	start(true, false);
	EXPECT(DO_AUTH);
	SEND("date\r\n\xff");
	assert_false(done());
	shutdown(peer, SHUT_WR);
	wait_done();
	assert_non_null(ours.conn);
	reads("date\r", 5);
	finish();
}

static void test_server_times_out(void **state)
{
	int fds[2];

	(void)state;
	the_daemon.conf.auth_timeout = 1;
	tcp_pair(fds);
	peer = fds[1];
	begin(fds[0], true, false, &ours);
	SEND("ab\xff");
	wait_done();
	assert_non_null(ours.conn);
	SEND("\xff");
	reads("ab\xff", 3);
	finish();

	/* One that said it could has more time, but not for ever. */
	the_daemon.conf.handshake_timeout = 1;
	start(true, false);
	SEND(WILL_AUTH);
	wait_done();
	assert_string_equal(ours.why, "it did not end the TLS handshake within 1 s");
	finish();
	start(true, true);
	SEND(WILL_AUTH IS_START "no TLS comes here");
	wait_done();
	assert_string_equal(ours.why, "it did not end the TLS handshake within 1 s");
	finish();
	the_daemon.conf.handshake_timeout = 600;
}

/* Without TLS there is nothing, and a client is told. */
static void test_server_requires(void **state)
{
	static const char said[] = DO_AUTH "vserial: this port speaks TLS only";
	char got[256];
	size_t have = 0;
	ssize_t n;

	(void)state;
	start(true, true);
	SEND("root\r\n" WONT_AUTH);
	wait_done();
	assert_null(ours.conn);
	assert_non_null(strstr(ours.why, "it has no TLS in telnet's option"));
	while ((n = recv(peer, got + have, sizeof(got) - have, 0)) != 0) {
		assert_true(n > 0 || errno == EAGAIN);
		have += n > 0 ? (size_t)n : 0;
		sd_event_run(the_daemon.event, 1000);
	}
	assert_true(have > sizeof(said));
	assert_memory_equal(got, said, sizeof(said) - 1);
	assert_memory_equal(got + have - 2, "\r\n", 2);
	finish();
}

/* What nobody reads is not taken for ever, nor is what stands in front of TLS. */
static void test_floods(void **state)
{
	static char flood[65536];
	size_t taken = 0;
	ssize_t n;
	int i;

	(void)state;
	memset(flood, 'x', sizeof(flood));
	start(true, false);
	for (i = 0; i < 1000; i++) {
		n = send(peer, flood, sizeof(flood), MSG_DONTWAIT);
		taken += n > 0 ? (size_t)n : 0;
		turn();
	}
	assert_false(done());
	assert_int_equal(send(peer, flood, 1, MSG_DONTWAIT), -1);
	/* One that is gone does not keep the loop busy. */
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 },
		   sizeof(struct linger));
	close(peer);
	wait_done();
	assert_string_equal(ours.why, "it closed the connection");

	start(true, true);
	SEND(WILL_AUTH IS_START);
	for (i = 0; i < 1000 && !done(); i++) {
		send(peer, flood, sizeof(flood), MSG_DONTWAIT | MSG_NOSIGNAL);
		turn();
	}
	assert_string_equal(ours.why, "it does not begin TLS, which it asked for");
	finish();
}

/* How often an endless peer has been read. */
static unsigned int reads_of_endless;

/* A subnegotiation of the option without an end, as fast as it is read. */
static ssize_t read_endless(int fd, void *bytes, size_t len)
{
	static const uint8_t start_of_sub[] = { 255, 250, 37 };

	(void)fd;
	/* It does end, so that a test of it can. */
	if (++reads_of_endless > 1000)
		return -EAGAIN;
	memset(bytes, 'x', len);
	if (reads_of_endless == 1)
		memcpy(bytes, start_of_sub, sizeof(start_of_sub));
	return (ssize_t)len;
}

/* Who sends without an end what is kept nowhere keeps nobody else waiting. */
static void test_endless(void **state)
{
	struct transport_ops ops = transport_tcp;
	const struct arrival_plan plan = { .server = true, .telnet = true, .tls = server_rules };
	int fds[2];

	(void)state;
	ops.read = read_endless;
	reads_of_endless = 0;
	the_daemon.conf.auth_timeout = 1;
	ours = (struct outcome){ 0 };
	tcp_pair(fds);
	peer = fds[1];
	arrival_begin(the_daemon.arrivals, conn_new(&ops, fds[0]), "peer", &plan, &handler, &ours);
	send(peer, "x", 1, 0);
	sd_event_run(the_daemon.event, 1000000);
	assert_in_range(reads_of_endless, 1, 100);
	arrivals_cancel(the_daemon.arrivals, &ours);
	close(peer);
}

/* As in.telnetd-ssl: it wants another answer first. */
static void test_client_upgrades(void **state)
{
	static const struct iovec text = { .iov_base = (char *)"login:", .iov_len = 6 };
	struct conn *tls;
	char got[64];

	(void)state;
	start(false, true);
	turn();
	assert_int_equal(recv(peer, got, 1, MSG_DONTWAIT), -1);
	SEND("\xff\xfd\x27");
	EXPECT(WILL_AUTH "\xff\xfc\x27\xff\xfb\x00\xff\xfd\x00\xff\xfd\x03");
	SEND("Password: " DO_AUTH);
	SEND(SEND_SSL);
	EXPECT(IS_START);
	SEND(ACCEPT);
	tls = conn_tls(conn_new(&transport_tcp, peer), server_rules);
	shake(tls);
	wait_done();
	assert_non_null(ours.conn);
	assert_string_equal(ours.name, "peer (TLSv1.3 TLS_AES_256_GCM_SHA384, CN=localhost)");
	assert_int_equal(conn_write(tls, &text, 1), 6);
	/* Nothing that came before. */
	reads("login:", 6);
	conn_end(tls, the_daemon.goodbyes, NULL);
	conn_end(ours.conn, the_daemon.goodbyes, NULL);
}

static void test_client_plain(void **state)
{
	(void)state;
	start(false, false);
	SEND("\xff\xfb\x01hello\r\n" DONT_AUTH);
	wait_done();
	assert_non_null(ours.conn);
	reads("hello\r\n", 7);
	finish();

	/* A server that is no place for secrets is told nothing. */
	start(false, true);
	SEND("\xff\xfb\x01");
	EXPECT(WILL_AUTH "\xff\xfd\x01\xff\xfb\x00\xff\xfd\x00\xff\xfd\x03");
	SEND(DONT_AUTH);
	wait_done();
	assert_non_null(strstr(ours.why, "it has no TLS"));
	finish();
}

/* Both sides are ours. */
static void test_both(void **state)
{
	static const struct iovec text = { .iov_base = (char *)"through", .iov_len = 7 };
	char got[16];
	ssize_t n;
	int fds[2];

	(void)state;
	the_daemon.conf.auth_timeout = 600;
	tcp_pair(fds);
	begin(fds[0], true, true, &ours);
	begin(fds[1], false, true, &other);
	while (!ours.conn || !other.conn) {
		assert_string_equal(ours.why, "");
		assert_string_equal(other.why, "");
		sd_event_run(the_daemon.event, 100000);
	}
	conn_write(other.conn, &text, 1);
	reads("through", 7);
	conn_write(ours.conn, &text, 1);
	do {
		n = conn_read(other.conn, got, sizeof(got));
	} while (n == -EAGAIN);
	assert_int_equal(n, 7);
	conn_end(ours.conn, the_daemon.goodbyes, NULL);
	conn_end(other.conn, the_daemon.goodbyes, NULL);
}

/* Those that were not decided are called off; whom we called is no stranger. */
static void test_limits(void **state)
{
	uint32_t max = the_daemon.conf.handshakes_per_address;
	int fds[2], mine[4], i;

	(void)state;
	the_daemon.conf.handshakes_per_address = 2;
	start(false, true);
	for (i = 0; i < 4; i++) {
		tcp_pair(fds);
		mine[i] = fds[1];
		begin(fds[0], true, false, &other);
	}
	assert_string_equal(other.why, "too many TLS handshakes from its address were not ended");
	assert_false(done());
	arrivals_cancel(the_daemon.arrivals, &ours);
	arrivals_cancel(the_daemon.arrivals, &other);
	for (i = 0; i < 4; i++)
		close(mine[i]);
	close(peer);
	the_daemon.conf.handshakes_per_address = max;
}

static char *file(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return strdup(path);
}

static int setup(void **state)
{
	char command[256], why[TRANSPORT_WHY_MAX];
	struct uri uri;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(command, sizeof(command), "%s/certificates %s", TESTS_UNIT, folder);
	if (system(command))
		return -1;
	conf_defaults(&the_daemon.conf);
	the_daemon.conf.handshake_timeout = 600;
	free(the_daemon.conf.certificate);
	the_daemon.conf.certificate = file("server.pem");
	if (sd_event_new(&the_daemon.event) < 0)
		return -1;
	the_daemon.goodbyes = goodbyes_new(the_daemon.event);
	the_daemon.arrivals = arrivals_new(&the_daemon);
	signal(SIGPIPE, SIG_IGN);
	if (uri_parse("telnet://:1", &uri, why, sizeof(why)))
		return -1;
	server_rules = tls_rules_new(&uri, &the_daemon.conf, true, why);
	client_rules = tls_rules_new(&uri, &the_daemon.conf, false, why);
	uri_free(&uri);
	return server_rules && client_rules ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	tls_rules_free(server_rules);
	tls_rules_free(client_rules);
	arrivals_free(the_daemon.arrivals);
	goodbyes_free(the_daemon.goodbyes);
	sd_event_unref(the_daemon.event);
	conf_free(&the_daemon.conf);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_upgrades),
		cmocka_unit_test(test_server_plain),
		cmocka_unit_test(test_server_times_out),
		cmocka_unit_test(test_server_requires),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_client_upgrades),
		cmocka_unit_test(test_client_plain),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
