// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TLS: both ends are ours, over a pair of sockets, and real programs of
 * others over TCP; and what peers cost before they have proved anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "arrival.h"
#include "goodbye.h"
#include "transport_tls.h"
#include "unit.h"

#define ROUNDS 100000

static char folder[] = "/tmp/vseriald-tls-XXXXXX";
static struct daemon the_daemon;

/* The path of a file of ours; of the last eight. */
static char *file(const char *name)
{
	static char paths[8][64];
	static int i;
	char *path = paths[i++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/**
 * struct side - one end of a connection
 * @spec: its specification
 * @cert: the file of its certificate, or NULL
 * @uri: the specification, understood
 * @rules: what it asks for
 * @conn: the connection
 * @rc: of its handshake, -EAGAIN while it goes on
 */
struct side {
	const char *spec;
	const char *cert;
	struct uri uri;
	struct tls_rules *rules;
	struct conn *conn;
	int rc;
};

static void set_file(char **at, const char *name)
{
	free(*at);
	*at = strdup(name ? file(name) : "");
}

static bool read_rules(struct side *side, bool server, char *why)
{
	struct conf *conf = &the_daemon.conf;

	assert_int_equal(uri_parse(side->spec, &side->uri, why, TRANSPORT_WHY_MAX), 0);
	set_file(server ? &conf->certificate : &conf->client_certificate, side->cert);
	set_file(&conf->ca, "ca.pem");
	set_file(&conf->client_ca, "ca.pem");
	side->rules = tls_rules_new(&side->uri, conf, server, why);
	return side->rules;
}

static void shake(struct side *side)
{
	uint32_t events;

	if (side->rc == -EAGAIN)
		side->rc = tls_handshake(side->conn, &events);
}

/* Has both sides shake hands over such sockets; their results are in them. */
static void meet_over(const struct transport_ops *ops, const int fds[2], struct side *server,
		      struct side *client)
{
	char why[TRANSPORT_WHY_MAX];
	int i;

	assert_true(read_rules(server, true, why));
	assert_true(read_rules(client, false, why));
	server->conn = conn_tls(conn_new(ops, fds[0]), server->rules);
	client->conn = conn_tls(conn_new(ops, fds[1]), client->rules);
	server->rc = -EAGAIN;
	client->rc = -EAGAIN;
	for (i = 0; i < 20; i++) {
		shake(client);
		shake(server);
	}
}

static void meet(struct side *server, struct side *client)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	meet_over(&transport_unix, fds, server, client);
}

static void leave(struct side *side)
{
	if (side->conn)
		conn_end(side->conn, the_daemon.goodbyes, NULL);
	tls_rules_free(side->rules);
	uri_free(&side->uri);
}

static void part(struct side *server, struct side *client)
{
	leave(server);
	leave(client);
}

/* The client's first byte, or what became of it: TLS 1.3 tells a client late. */
static ssize_t first_byte(struct side *server, struct side *client)
{
	const struct iovec iov = { .iov_base = (char *)"x", .iov_len = 1 };
	char byte;

	if (server->rc || client->rc)
		return -EPROTO;
	conn_write(client->conn, &iov, 1);
	return conn_read(server->conn, &byte, 1);
}

static const char *thumbprint(const char *name, const char *digest)
{
	static char text[256];
	char command[256];
	FILE *pipe;

	snprintf(command, sizeof(command), "openssl x509 -in %s -noout -fingerprint -%s | cut -d= -f2",
		 file(name), digest);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(text, sizeof(text), pipe));
	pclose(pipe);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static const char *with(const char *start, const char *end)
{
	static char specs[4][512];
	static int i;
	char *spec = specs[i++ % 4];

	snprintf(spec, sizeof(specs[0]), "%s%s", start, end);
	return spec;
}

static void test_plain_encryption(void **state)
{
	struct side server = { .spec = "ssl://:1", .cert = "server.pem" };
	struct side client = { .spec = "ssl://localhost:1" };
	static char text[100000], got[sizeof(text)];
	struct iovec iov[2];
	char name[ADDRESS_TEXT];
	size_t sent = 0, have = 0, i;
	ssize_t n;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7 >> 3);
	meet(&server, &client);
	assert_int_equal(server.rc, 0);
	assert_int_equal(client.rc, 0);
	tls_describe(client.conn, name);
	assert_string_equal(name, "TLSv1.3 TLS_AES_256_GCM_SHA384, CN=localhost");
	tls_describe(server.conn, name);
	assert_string_equal(name, "TLSv1.3 TLS_AES_256_GCM_SHA384");
	/* More than fits on the way; what is held counts as unsettled. */
	for (i = 0; have < sizeof(text) && i < ROUNDS; i++) {
		size_t half = (sizeof(text) - sent) / 2;

		iov[0] = (struct iovec){ .iov_base = text + sent, .iov_len = half };
		iov[1] = (struct iovec){ .iov_base = text + sent + half,
					 .iov_len = sizeof(text) - sent - half };
		n = sent < sizeof(text) ? conn_write(server.conn, iov, 2) :
			conn_flush(server.conn) ? -EAGAIN : -EAGAIN;
		assert_true(n > 0 || n == -EAGAIN);
		if (n > 0)
			sent += (size_t)n;
		if (n == -EAGAIN || i % 3) {
			n = conn_read(client.conn, got + have, sizeof(got) - have);
			assert_true(n > 0 || n == -EAGAIN);
			have += n > 0 ? (size_t)n : 0;
		}
		assert_in_range(conn_unsettled(server.conn), sent - have > 65536 ? 1 : 0, 1 << 20);
	}
	assert_int_equal(have, sizeof(text));
	assert_memory_equal(got, text, sizeof(text));
	assert_int_equal(conn_flush(server.conn), 0);
	/* An orderly end is one. */
	conn_end(server.conn, the_daemon.goodbyes, "bye");
	server.conn = NULL;
	assert_int_equal(conn_read(client.conn, got, sizeof(got)), 3);
	assert_int_equal(conn_read(client.conn, got, sizeof(got)), 0);
	part(&server, &client);
}

/* The server's end of a connection over TCP, and that of a client with little room. */
static void connect_narrow(int fds[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int listening = socket(AF_INET, SOCK_STREAM, 0), room = 4096;
	socklen_t len = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	assert_int_equal(connect(fds[1], (struct sockaddr *)&at, sizeof(at)), 0);
	fds[0] = accept(listening, NULL, NULL);
	close(listening);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
}

/*
 * A record that has not arrived as a whole is not settled: a peer that is lost then has
 * read nothing of it.
 */
static void test_settles_records(void **state)
{
	struct side server = { .spec = "ssl://:1", .cert = "server.pem" };
	struct side client = { .spec = "ssl://localhost:1" };
	struct iovec iov = { .iov_len = 16000 };
	char text[16000] = "", raw[1000];
	size_t records;
	int fds[2], i;

	(void)state;
	connect_narrow(fds);
	meet_over(&transport_tcp, fds, &server, &client);
	assert_int_equal(server.rc, 0);
	assert_int_equal(client.rc, 0);
	iov.iov_base = text;
	for (records = 0; records < 20 && conn_write(server.conn, &iov, 1) == 16000; records++)
		;
	assert_in_range(records, 3, 20);
	/* A part of the first, which is all the room that there is. */
	assert_true(recv(fds[1], raw, sizeof(raw), MSG_PEEK) > 0);
	assert_int_equal(conn_unsettled(server.conn), records * 16000);
	for (i = 0; i < ROUNDS && conn_unsettled(server.conn); i++) {
		assert_int_equal(conn_unsettled(server.conn) % 16000, 0);
		if (recv(fds[1], raw, sizeof(raw), 0) < 0)
			conn_flush(server.conn);
	}
	assert_int_equal(conn_unsettled(server.conn), 0);
	part(&server, &client);
}

/* What a client asks of a server. */
static void test_client_checks(void **state)
{
	static const struct {
		const char *keys;
		const char *cert;
		const char *why;	/* NULL: it is accepted */
	} tries[] = {
		{ "localhost:1#verify", "server.pem", NULL },
		{ "localhost:1#verify", "rsa.pem", NULL },
		{ "127.0.0.1:1#verify", "server.pem", NULL },
		{ "[::1]:1#verify", "server.pem",
		  "is for localhost, console.example, 127.0.0.1, not for ::1" },
		{ "elsewhere.example:1#verify", "server.pem",
		  "is for localhost, console.example, 127.0.0.1, not for elsewhere.example" },
		{ "elsewhere.example:1#peerName=console.example", "server.pem", NULL },
		{ "localhost:1#peerName=elsewhere.example", "server.pem",
		  ", not for elsewhere.example" },
		{ "localhost:1#verify", "expired.pem",
		  "the peer's certificate (CN=localhost) has expired: it was valid until 20" },
		{ "localhost:1", "expired.pem", NULL },
		{ "localhost:1#verify", "stranger.pem",
		  "was issued by CN=stranger, who is not among the authorities of /" },
		{ "localhost:1#verify", "purpose.pem", "(CN=alice) is not meant for TLS servers" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		struct side server = { .spec = "telnets://:1", .cert = tries[i].cert };
		struct side client = { .spec = with("telnets://", tries[i].keys) };

		meet(&server, &client);
		if (tries[i].why) {
			assert_int_not_equal(client.rc, 0);
			assert_non_null(strstr(conn_why(client.conn, EPROTO), tries[i].why));
			assert_int_not_equal(first_byte(&server, &client), 1);
		} else {
			assert_int_equal(client.rc, 0);
			assert_int_equal(first_byte(&server, &client), 1);
		}
		part(&server, &client);
	}
}

static void test_thumbprint(void **state)
{
	static const char *const digests[] = { "sha1", "sha256", "sha384", "sha512" };
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(digests); i++) {
		const char *key = with("ssl://localhost:1#thumbprint=",
				       thumbprint("stranger.pem", digests[i]));
		struct side server = { .spec = "ssl://:1", .cert = "stranger.pem" };
		struct side client = { .spec = key };

		/* Alone it replaces chain and name. */
		meet(&server, &client);
		assert_int_equal(client.rc, 0);
		assert_int_equal(first_byte(&server, &client), 1);
		part(&server, &client);

		/* A chain that is right does not replace it. */
		server = (struct side){ .spec = "ssl://:1", .cert = "server.pem" };
		client = (struct side){ .spec = key };
		meet(&server, &client);
		assert_int_not_equal(client.rc, 0);
		assert_non_null(strstr(conn_why(client.conn, EPROTO), "has the thumbprint "));
		part(&server, &client);

		/* With verify both have to hold. */
		server = (struct side){ .spec = "ssl://:1", .cert = "stranger.pem" };
		client = (struct side){ .spec = with(key, "&verify") };
		meet(&server, &client);
		assert_int_not_equal(client.rc, 0);
		part(&server, &client);
		server = (struct side){ .spec = "ssl://:1", .cert = "server.pem" };
		key = with("ssl://localhost:1#verify&thumbprint=",
			   thumbprint("server.pem", digests[i]));
		client = (struct side){ .spec = key };
		meet(&server, &client);
		assert_int_equal(client.rc, 0);
		part(&server, &client);
		server = (struct side){ .spec = "ssl://:1", .cert = "server.pem" };
		client = (struct side){ .spec = with(key, "&peerName=elsewhere.example") };
		meet(&server, &client);
		assert_int_not_equal(client.rc, 0);
		part(&server, &client);
	}
}

/* What a server asks of a client. */
static void test_server_checks(void **state)
{
	static const struct {
		const char *keys;
		const char *cert;
		const char *why;
	} tries[] = {
		{ "", NULL, NULL },
		{ "", "stranger.pem", NULL },
		/* verify: asked for, and verified if it is sent. */
		{ "#verify", NULL, NULL },
		{ "#verify", "client.pem", NULL },
		{ "#verify", "stranger.pem", "who is not among the authorities of /" },
		{ "#verify", "purpose.pem", "is not meant for TLS clients" },
		/* A name has to be there. */
		{ "#peerName=alice.example", "client.pem", NULL },
		{ "#peerName=bob.example", "client.pem",
		  "is for alice.example, not for bob.example" },
		{ "#peerName=alice.example", NULL, "it sent no certificate, which" },
	};
	char name[ADDRESS_TEXT];
	const char *key;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		struct side server = { .spec = with("telnets://:1", tries[i].keys),
				       .cert = "server.pem" };
		struct side client = { .spec = "telnets://localhost:1", .cert = tries[i].cert };

		meet(&server, &client);
		if (tries[i].why) {
			assert_int_not_equal(server.rc, 0);
			assert_non_null(strstr(conn_why(server.conn, EPROTO), tries[i].why));
		} else {
			assert_int_equal(server.rc, 0);
			assert_int_equal(first_byte(&server, &client), 1);
		}
		part(&server, &client);
	}
	key = with("ssl://:1#thumbprint=", thumbprint("client.pem", "sha256"));
	for (i = 0; i < 3; i++) {
		static const char *const certs[] = { "client.pem", "stranger.pem", NULL };
		struct side server = { .spec = key, .cert = "server.pem" };
		struct side client = { .spec = "ssl://localhost:1", .cert = certs[i] };

		meet(&server, &client);
		assert_int_equal(!server.rc, !i);
		if (!i) {
			tls_describe(server.conn, name);
			assert_non_null(strstr(name, ", CN=alice,O=test"));
		}
		part(&server, &client);
	}
}

static void test_ciphers(void **state)
{
	static const struct {
		const char *list;
		const char *name;
	} tries[] = {
		{ "DHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA", "TLSv1.2 DHE-RSA-AES256-SHA256" },
		{ "ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256" },
		{ "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
		  "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256" },
		{ "TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256" },
		{ "DHE-RSA-AES256-SHA256, TLS_AES_128_GCM_SHA256",
		  "TLSv1.3 TLS_AES_128_GCM_SHA256" },
	};
	char name[ADDRESS_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		struct side server = { .spec = "ssl://:1", .cert = "rsa.pem" };
		struct side client = { .spec = with("ssl://localhost:1#cipherList=",
						    tries[i].list) };

		meet(&server, &client);
		assert_int_equal(client.rc, 0);
		tls_describe(server.conn, name);
		assert_string_equal(name, tries[i].name);
		part(&server, &client);
	}
}

static void test_settings(void **state)
{
	static const struct {
		const char *cert;
		const char *why;
	} tries[] = {
		{ NULL, "a TLS server needs a certificate" },
		{ "none.pem", "cannot use the certificate" },
		{ "server.crt", "cannot use the key" },
	};
	char why[TRANSPORT_WHY_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(tries); i++) {
		struct side server = { .spec = "ssl://:1", .cert = tries[i].cert };

		assert_false(read_rules(&server, true, why));
		assert_non_null(strstr(why, tries[i].why));
		leave(&server);
	}
}

/* Those who speak no TLS, or leave. */
static void test_strangers(void **state)
{
	struct side server = { .spec = "ssl://:1", .cert = "server.pem" };
	/* A record that is full, and begins a message of 128 KiB; and what follows. */
	static const char first[5 + 16384] = "\x16\x03\x01\x40\x00\x01\x01\xff\xff\x03\x03";
	static const char next[sizeof(first)] = "\x16\x03\x01\x40\x00";
	char why[TRANSPORT_WHY_MAX];
	uint32_t events;
	int fds[2], i, rc;

	(void)state;
	assert_true(read_rules(&server, true, why));
	for (i = 0; i < 3; i++) {
		struct conn *conn;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		conn = conn_tls(conn_new(&transport_unix, fds[0]), server.rules);
		assert_int_equal(tls_handshake(conn, &events), -EAGAIN);
		assert_int_equal(events, EPOLLIN);
		if (i == 0) {
			assert_int_equal(send(fds[1], "root\r\n\r\n\r\n", 10, 0), 10);
			rc = tls_handshake(conn, &events);
			assert_int_equal(rc, -EPROTO);
			assert_non_null(strstr(conn_why(conn, EPROTO),
					       "it does not speak TLS"));
		} else if (i == 1) {
			shutdown(fds[1], SHUT_WR);
			assert_int_equal(tls_handshake(conn, &events), -ECONNRESET);
		} else {
			const char *record = first;
			size_t sent = 0;

			do {
				assert_int_equal(send(fds[1], record, sizeof(first), MSG_DONTWAIT),
						 sizeof(first));
				sent += sizeof(first);
				record = next;
				rc = tls_handshake(conn, &events);
			} while (rc == -EAGAIN);
			assert_int_equal(rc, -EPROTO);
			assert_non_null(strstr(conn_why(conn, EPROTO),
					       "more than 64 KiB without ending the TLS"));
			assert_in_range(sent, 65536, 65536 + sizeof(first));
		}
		conn_end(conn, the_daemon.goodbyes, NULL);
		close(fds[1]);
	}
	leave(&server);
}

/* Arrivals. */

static size_t arrived, failed;
static char last_why[TRANSPORT_WHY_MAX];

static void on_arrived(void *arg, struct conn *conn, const char *name)
{
	(void)arg;
	assert_non_null(strstr(name, "peer (TLSv1.3 "));
	conn_end(conn, the_daemon.goodbyes, NULL);
	arrived++;
}

static void on_failed(void *arg, const char *name, const char *why)
{
	(void)arg;
	assert_string_equal(name, "peer");
	snprintf(last_why, sizeof(last_why), "%s", why);
	failed++;
}

static const struct arrival_handler handler = {
	.arrived = on_arrived,
	.failed = on_failed,
};

/* One that changes its keys and changes them keeps nobody else waiting. */
static void test_new_keys(void **state)
{
	struct side server = { .spec = "ssl://:1", .cert = "server.pem" };
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char why[TRANSPORT_WHY_MAX], byte;
	int fds[2], i, left;
	SSL *client;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_true(read_rules(&server, true, why));
	server.conn = conn_tls(conn_new(&transport_unix, fds[0]), server.rules);
	server.rc = -EAGAIN;
	client = SSL_new(ctx);
	SSL_set_fd(client, fds[1]);
	SSL_set_connect_state(client);
	for (i = 0; i < 20; i++) {
		SSL_do_handshake(client);
		shake(&server);
	}
	assert_int_equal(server.rc, 0);
	for (i = 0; i < 100; i++) {
		assert_int_equal(SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(client), 1);
	}
	assert_int_equal(conn_read(server.conn, &byte, 1), -EAGAIN);
	assert_int_equal(ioctl(fds[0], FIONREAD, &left), 0);
	assert_int_not_equal(left, 0);
	/* What comes behind all that still passes. */
	assert_int_equal(SSL_write(client, "x", 1), 1);
	for (i = 0; i < 100; i++)
		assert_int_equal(conn_read(server.conn, &byte, 1), i < 99 ? -EAGAIN : 1);
	leave(&server);
	SSL_free(client);
	SSL_CTX_free(ctx);
	close(fds[1]);
}

/* Many that do not come to their end leave room for one that does. */
static void test_half_open(void **state)
{
	struct side server = { .spec = "ssl://:1", .cert = "server.pem" };
	struct side client = { .spec = "ssl://localhost:1" };
	char why[TRANSPORT_WHY_MAX];
	struct arrival_plan plan = { .server = true, .at_once = true, .required = true };
	int fds[2], mine[200], i;

	(void)state;
	arrived = 0;
	failed = 0;
	the_daemon.conf.handshake_timeout = 600;
	assert_true(read_rules(&server, true, why));
	assert_true(read_rules(&client, false, why));
	plan.tls = server.rules;
	for (i = 0; i < 200; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		mine[i] = fds[1];
		arrival_begin(the_daemon.arrivals, conn_new(&transport_unix, fds[0]), "peer",
			      &plan, &handler, i < 190 ? &server : &client);
	}
	assert_int_equal(failed, 200 - the_daemon.conf.handshakes_per_address);
	assert_string_equal(last_why, "too many TLS handshakes from its address were not ended");
	/* One that means well. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	arrival_begin(the_daemon.arrivals, conn_new(&transport_unix, fds[0]), "peer", &plan,
		      &handler, &server);
	client.conn = conn_tls(conn_new(&transport_unix, fds[1]), client.rules);
	client.rc = -EAGAIN;
	while (!arrived) {
		shake(&client);
		sd_event_run(the_daemon.event, 1000);
	}
	/* Some are called off, and time ends the others. */
	arrivals_cancel(the_daemon.arrivals, &client);
	the_daemon.conf.handshake_timeout = 1;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	arrival_begin(the_daemon.arrivals, conn_new(&transport_unix, fds[0]), "peer", &plan,
		      &handler, &server);
	i = (int)failed;
	while ((int)failed == i)
		sd_event_run(the_daemon.event, 10000);
	assert_string_equal(last_why, "it did not end the TLS handshake within 1 s");
	arrivals_cancel(the_daemon.arrivals, &server);
	close(fds[1]);
	for (i = 0; i < 200; i++)
		close(mine[i]);
	part(&server, &client);
}

static int setup(void **state)
{
	char command[256];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(command, sizeof(command), "%s/certificates %s", TESTS_UNIT, folder);
	if (system(command))
		return -1;
	conf_defaults(&the_daemon.conf);
	if (sd_event_new(&the_daemon.event) < 0)
		return -1;
	the_daemon.goodbyes = goodbyes_new(the_daemon.event);
	the_daemon.arrivals = arrivals_new(&the_daemon);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
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
		cmocka_unit_test(test_plain_encryption),
		cmocka_unit_test(test_settles_records),
		cmocka_unit_test(test_client_checks),
		cmocka_unit_test(test_thumbprint),
		cmocka_unit_test(test_server_checks),
		cmocka_unit_test(test_ciphers),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_new_keys),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_half_open),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
