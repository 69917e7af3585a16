// SPDX-License-Identifier: GPL-2.0-or-later
/* A process that speaks TLS with another host, and may do nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "memory.h"
#include "outbox.h"
#include "patient.h"
#include "porter.h"
#include "privilege.h"
#include "transport.h"
#include "transport_tls.h"
#include "wire.h"

/* What is read at a time, either way. */
#define PIECE		16384u
/* How long what was written last may be on its way, in milliseconds. */
#define LAST_WORDS	5000

/* The first byte of the porter's report. */
#define ADMITTED	'+'
#define REFUSED		'-'

/**
 * struct call - what a porter is to do
 * @host: whom to call, or NULL
 * @port: where
 * @fd: who has called, if @host is NULL
 * @ms: how long it may take to know each other
 * @conf: the settings
 */
struct call {
	const char *host;
	unsigned int port;
	int fd;
	unsigned int ms;
	const struct conf *conf;
};

/* The porter. */

/* The rules of these connections, in terms of those of backings. */
static struct tls_rules *make_rules(const struct call *call, char *why)
{
	const struct conf *conf = call->conf;
	const struct conf mine = {
		.certificate = conf->migrate_certificate,
		.key = conf->migrate_key,
		.client_certificate = conf->migrate_certificate,
		.client_key = conf->migrate_key,
		.ca = conf->migrate_ca,
		.client_ca = conf->migrate_ca,
	};
	struct uri uri = { .kind = URI_TCP, .tls = true, .verify = true };
	const char *host = call->host ? call->host : "";

	/* The system's authorities would let in whoever has bought a certificate. */
	if (!*conf->migrate_certificate || !*conf->migrate_ca) {
		snprintf(why, PORTER_WHY_MAX, "hosts that hand guests over prove who they are: set 'migrate-certificate' and 'migrate-ca' in %s",
			 CONF_FILE);
		return NULL;
	}
	if (strlen(host) >= sizeof(uri.host)) {
		snprintf(why, PORTER_WHY_MAX, "a host's name has %zu characters at most",
			 sizeof(uri.host) - 1);
		return NULL;
	}
	strcpy(uri.host, host);
	return tls_rules_new(&uri, &mine, !call->host, why);
}

/* Return: 0 or -1. */
static int become_nobody(const struct conf *conf, char *why)
{
	if (privilege_drop_all(conf->user, why, PORTER_WHY_MAX))
		return -1;
	/* vseriald may be the same user: it is not to look into this one. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

static bool set_nonblocking(int fd)
{
	return !fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* Return: the connection, when both have proved who they are; or NULL. */
static struct conn *meet(const struct call *call, struct tls_rules *rules, char *why)
{
	char line[PORTER_WHY_MAX + 16];
	struct iovec iov = { .iov_base = line };
	struct conn *conn;
	int fd = call->fd;

	if (call->host)
		fd = patient_dial(call->host, call->port, call->ms, why, PORTER_WHY_MAX);
	if (fd < 0)
		return NULL;
	if (!set_nonblocking(fd)) {
		snprintf(why, PORTER_WHY_MAX, "this is no connection: %s", strerror(errno));
		return NULL;
	}
	transport_tcp.tune(fd, call->conf);
	conn = conn_tls(conn_new(&transport_tcp, fd), rules);
	if (patient_shake_hands(conn, call->ms, why, PORTER_WHY_MAX)) {
		patient_drop(conn);
		return NULL;
	}
	if (call->host || !tls_demand_name(conn, call->conf->migrate_peers,
					   call->conf->n_migrate_peers))
		return conn;
	snprintf(why, PORTER_WHY_MAX, "%s", conn_why(conn, EACCES));
	/* It believes that it is in. */
	iov.iov_len = (size_t)snprintf(line, sizeof(line), WIRE_REFUSED "%s\n", why);
	conn_write(conn, &iov, 1);
	patient_drop(conn);
	return NULL;
}

/**
 * struct passage - bytes that go through
 * @conn: the other host
 * @fd: the one we work for
 * @out: on their way to the other host
 * @in: on their way to the one we work for
 * @done: it has no more to send
 */
struct passage {
	struct conn *conn;
	int fd;
	struct outbox out;
	struct outbox in;
	bool done;
};

/* Return: -1 when it is over. */
static int from_host(struct passage *p)
{
	ssize_t n;

	if (outbox_waits(&p->in))
		return 0;
	n = conn_read(p->conn, outbox_room(&p->in, PIECE), PIECE);
	if (n > 0)
		p->in.len += (size_t)n;
	return n > 0 || n == -EAGAIN || n == -EBUSY ? 0 : -1;
}

static int to_owner(struct passage *p)
{
	ssize_t n;

	if (!outbox_waits(&p->in))
		return 0;
	n = send(p->fd, p->in.bytes + p->in.at, outbox_waits(&p->in), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		outbox_sent(&p->in, (size_t)n);
	return n >= 0 || errno == EAGAIN ? 0 : -1;
}

static int from_owner(struct passage *p)
{
	ssize_t n;

	if (outbox_waits(&p->out) || p->done)
		return 0;
	n = recv(p->fd, outbox_room(&p->out, PIECE), PIECE, MSG_DONTWAIT);
	if (n > 0)
		p->out.len += (size_t)n;
	p->done = !n;
	return n >= 0 || errno == EAGAIN ? 0 : -1;
}

/* Return: -1 when it is over, 1 while something is not written. */
static int to_host(struct passage *p)
{
	ssize_t n;

	while (outbox_waits(&p->out)) {
		const struct iovec iov = { .iov_base = p->out.bytes + p->out.at,
					   .iov_len = outbox_waits(&p->out) };

		n = conn_write(p->conn, &iov, 1);
		if (n < 0)
			return n == -EAGAIN ? 1 : -1;
		outbox_sent(&p->out, (size_t)n);
	}
	n = conn_flush(p->conn);
	return !n ? 0 : n == -EAGAIN ? 1 : -1;
}

/*
 * Waits for either side: without a limit, as the one we work for has its own, and closes
 * then.  Return: false if nothing came.
 */
static bool wait_either(const struct passage *p, bool unwritten)
{
	struct pollfd fds[2] = {
		{ .fd = p->conn->fd, .events = (short)((outbox_waits(&p->in) ? 0 : POLLIN) |
						       (unwritten ? POLLOUT : 0)) },
		{ .fd = p->fd, .events = (short)((outbox_waits(&p->in) ? POLLOUT : 0) |
						 (unwritten || p->done ? 0 : POLLIN)) },
	};

	if (!outbox_waits(&p->in) && conn_pending(p->conn))
		return true;
	return poll(fds, 2, p->done ? LAST_WORDS : -1) > 0;
}

static void carry(struct passage *p)
{
	int unwritten;

	do {
		unwritten = from_owner(p) ? -1 : to_host(p);
		/* Its end is the connection's, once the last of it is written. */
		if (unwritten < 0 || (p->done && !unwritten))
			return;
		if (!p->done && (from_host(p) || to_owner(p)))
			return;
	} while (wait_either(p, unwritten));
}

/*
 * A server speaks first: only then is it known that it lets us in, which TLS 1.3 does
 * not tell a client.
 */
static int hear_first(struct passage *p, unsigned int ms, char *why)
{
	uint64_t end = clock_ms() + ms;
	ssize_t n;

	do {
		n = conn_read(p->conn, outbox_room(&p->in, PIECE), PIECE);
	} while ((n == -EAGAIN || n == -EBUSY) &&
		 patient_wait(p->conn->fd, n == -EBUSY ? POLLOUT : POLLIN, end));
	if (n > 0) {
		p->in.len += (size_t)n;
		return 0;
	}
	snprintf(why, PORTER_WHY_MAX, "%s", n == -EAGAIN ? "it says nothing" :
		 n ? conn_why(p->conn, (int)-n) : "it has closed the connection");
	return -1;
}

/* Nothing that is open elsewhere is its business. */
static void close_others(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned int)low - 1, 0);
	if (low < STDERR_FILENO + 1)
		low = STDERR_FILENO;
	if (high > low + 1)
		close_range((unsigned int)low + 1, (unsigned int)high - 1, 0);
	close_range((unsigned int)high + 1, ~0u, 0);
}

static void report(int fd, char first, const char *text)
{
	char line[PORTER_WHY_MAX + 2];
	int len = snprintf(line, sizeof(line), "%c%s\n", first, text);

	send(fd, line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1, MSG_NOSIGNAL);
}

static void be_porter(const struct call *call, int fd)
{
	char why[PORTER_WHY_MAX] = "", who[ADDRESS_TEXT];
	struct tls_rules *rules = make_rules(call, why);
	struct passage p = { .fd = fd };

	signal(SIGPIPE, SIG_IGN);
	close_others(fd, call->fd);
	if (rules && !become_nobody(call->conf, why))
		p.conn = meet(call, rules, why);
	if (!p.conn || (call->host && hear_first(&p, call->ms, why))) {
		report(fd, REFUSED, why);
		_exit(1);
	}
	tls_describe(p.conn, who);
	report(fd, ADMITTED, who);
	carry(&p);
	patient_drop(p.conn);
	_exit(0);
}

/* Those who work with it. */

/* Reads the porter's report, a byte at a time: behind it is the other host's. */
static int read_report(int fd, char *text, size_t size)
{
	size_t len = 0;
	char first, c;

	if (recv(fd, &first, 1, 0) != 1)
		return -1;
	while (recv(fd, &c, 1, 0) == 1 && c != '\n')
		if (len + 1 < size)
			text[len++] = c;
	text[len] = '\0';
	return first == ADMITTED ? 0 : 1;
}

static int start(struct porter *porter, const struct call *call, char *why)
{
	char text[PORTER_WHY_MAX] = "";
	int fds[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		err(MEMORY_STATUS, "cannot make a pair of sockets");
	fflush(NULL);
	porter->pid = fork();
	if (porter->pid < 0)
		err(MEMORY_STATUS, "cannot make a process");
	if (!porter->pid) {
		close(fds[0]);
		be_porter(call, fds[1]);
	}
	close(fds[1]);
	if (call->fd >= 0)
		close(call->fd);
	porter->fd = fds[0];
	rc = read_report(porter->fd, text, sizeof(text));
	if (!rc) {
		snprintf(porter->who, sizeof(porter->who), "%.255s", text);
		return 0;
	}
	porter_end(porter);
	snprintf(why, PORTER_WHY_MAX, "%s", rc > 0 ? text : "its porter has died");
	return -1;
}

int porter_dial(struct porter *porter, const char *host, unsigned int port,
		const struct conf *conf, unsigned int ms, char *why)
{
	const struct call call = { .host = host, .port = port ? port : conf->migrate_port,
				   .fd = -1, .ms = ms, .conf = conf };

	return start(porter, &call, why);
}

int porter_admit(struct porter *porter, int fd, const struct conf *conf, char *why)
{
	const struct call call = { .fd = fd, .ms = conf->handshake_timeout * 1000, .conf = conf };

	return start(porter, &call, why);
}

void porter_end(struct porter *porter)
{
	if (porter->fd < 0)
		return;
	close(porter->fd);
	porter->fd = -1;
	while (waitpid(porter->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
