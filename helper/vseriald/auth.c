// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a telnet connection goes on in TLS. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "auth.h"
#include "memory.h"

/* What is kept of other things; of a peer that sends more no more is read. */
#define KEPT_MAX	4096u
/* Each byte comes out as itself, but for those that were held back before. */
#define KEPT_RESERVE	(TELNET_AUTH_HELD_MAX + TELNET_AUTH_GROWTH)
/* How often is read before others have their turn. */
#define TAKES		16
/* How much may stand in front of TLS. */
#define SKIP_MAX	16384u
/* How a record of TLS begins in which a handshake does. */
#define RECORD		0x16
#define RECORD_VERSION	0x03

/**
 * struct auth - the exchange on one connection
 * @socket: the connection
 * @above: what is spoken on it
 * @server: we are the side that was called
 * @exchange: how it stands
 * @kept: what came besides
 * @kept_len: how much
 * @skipped: how much stood in front of TLS
 * @awaits_second: a byte is there that may be the first of TLS
 */
struct auth {
	struct conn *socket;
	struct conn *above;
	bool server;
	struct telnet_auth exchange;
	uint8_t kept[KEPT_MAX];
	size_t kept_len;
	size_t skipped;
	bool awaits_second;
};

struct auth *auth_new(struct conn *socket, struct conn *above, bool server)
{
	struct auth *auth = xcalloc(1, sizeof(*auth));

	auth->socket = socket;
	auth->above = above;
	auth->server = server;
	telnet_auth_start(&auth->exchange, server);
	return auth;
}

enum telnet_auth_verdict auth_verdict(const struct auth *auth)
{
	return auth->exchange.verdict;
}

static bool is_decided(const struct auth *auth)
{
	return auth_verdict(auth) == TELNET_AUTH_PLAIN || auth_verdict(auth) == TELNET_AUTH_TLS;
}

/* Return: 0 when all is written, -EAGAIN if not, or another negative errno. */
static int send_replies(struct auth *auth)
{
	struct iovec iov;
	ssize_t n;

	for (;;) {
		iov.iov_base = (void *)telnet_auth_replies(&auth->exchange, &iov.iov_len);
		if (!iov.iov_len)
			return auth->server ? 0 : conn_flush(auth->above);
		n = conn_write(auth->socket, &iov, 1);
		if (n < 0)
			return (int)n;
		telnet_auth_replied(&auth->exchange, (size_t)n);
	}
}

/* A dialled peer is given its answers, unless something stands in front of them. */
static void answer_options(struct auth *auth)
{
	size_t n = telnet_auth_options(auth->kept, auth->kept_len);

	n = conn_telnet_answer(auth->above, auth->kept, n);
	auth->kept_len -= n;
	memmove(auth->kept, auth->kept + n, auth->kept_len);
}

/* Return: how much was read, or as conn_read(); -EBUSY if there is no room. */
static ssize_t take(struct auth *auth)
{
	size_t room = KEPT_MAX - auth->kept_len, len;
	uint8_t wire[1024];
	ssize_t n;

	if (room <= KEPT_RESERVE)
		return -EBUSY;
	room -= KEPT_RESERVE;
	n = conn_read(auth->socket, wire, room < sizeof(wire) ? room : sizeof(wire));
	if (n <= 0)
		return n;
	len = (size_t)n;
	auth->kept_len += telnet_auth_receive(&auth->exchange, wire, &len,
					      auth->kept + auth->kept_len,
					      KEPT_MAX - auth->kept_len);
	if (!auth->server && auth_verdict(auth) != TELNET_AUTH_TLS)
		answer_options(auth);
	return n;
}

int auth_go_on(struct auth *auth, uint32_t *events)
{
	int rc, takes = TAKES;
	ssize_t n;

	for (;;) {
		rc = send_replies(auth);
		if (rc && rc != -EAGAIN)
			return rc;
		*events = rc ? EPOLLOUT : 0;
		if (is_decided(auth))
			return rc;
		/* What is of this option alone is kept nowhere, and need not end. */
		n = takes-- ? take(auth) : -EAGAIN;
		if (!n)
			/* It has no more to say, and listens perhaps. */
			auth_give_up(auth);
		else if (n == -EAGAIN)
			*events |= EPOLLIN;
		if (n == -EAGAIN || n == -EBUSY)
			return -EAGAIN;
		if (n < 0)
			return (int)n;
	}
}

void auth_give_up(struct auth *auth)
{
	auth->kept_len += telnet_auth_give_up(&auth->exchange, auth->kept + auth->kept_len);
}

static void want_bytes(struct auth *auth, int n)
{
	auth->awaits_second = n > 1;
	setsockopt(auth->socket->fd, SOL_SOCKET, SO_RCVLOWAT, &n, sizeof(n));
}

/* Return: how many bytes stand in front of what may be a record. */
static size_t before_record(const uint8_t *bytes, size_t len)
{
	size_t n;

	for (n = 0; n < len; n++)
		if (bytes[n] == RECORD && (n + 1 == len || bytes[n + 1] == RECORD_VERSION))
			break;
	return n;
}

int auth_await_tls(struct auth *auth, uint32_t *events)
{
	int fd = auth->socket->fd;
	uint8_t bytes[512];
	ssize_t n;
	size_t skip;

	*events = EPOLLIN;
	for (;;) {
		/* What belongs to TLS stays where OpenSSL reads. */
		n = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		skip = before_record(bytes, (size_t)n);
		if (!skip && n == 1) {
			if (auth->awaits_second)
				/* Nothing else wakes up who waits for two. */
				return -ECONNRESET;
			want_bytes(auth, 2);
			return -EAGAIN;
		}
		if (auth->awaits_second)
			want_bytes(auth, 1);
		if (!skip)
			return 0;
		auth->skipped += skip;
		if (auth->skipped > SKIP_MAX)
			return -EMSGSIZE;
		if (recv(fd, bytes, skip, MSG_DONTWAIT) < 0)
			return -errno;
	}
}

void auth_end(struct auth *auth)
{
	if (!auth)
		return;
	if (auth_verdict(auth) == TELNET_AUTH_TLS)
		auth->kept_len = telnet_auth_strip(auth->kept, auth->kept_len);
	conn_feed(auth->above, auth->kept, auth->kept_len);
	free(auth);
}
