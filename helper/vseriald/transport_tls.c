// SPDX-License-Identifier: GPL-2.0-or-later
/* TLS, as a layer of a connection. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "memory.h"
#include "tls_rules.h"
#include "transport_tls.h"

/* What a peer may send before the handshake is done; chains are the most of it. */
#define HANDSHAKE_MAX	(64u << 10)
/* What is encrypted at a time: a record. */
#define PIECE		16384u
/* So many of these are told apart while they are on their way. */
#define PIECES		16u

/**
 * struct piece - bytes that the peer can read once all of it has arrived
 * @end: behind its last byte on the wire
 * @len: how many they are
 */
struct piece {
	uint64_t end;
	size_t len;
};

/**
 * struct tls_conn - one connection
 * @conn: what others see
 * @ssl: its state
 * @check: what its peer has to prove
 * @out: bytes that are not encrypted yet, or not written, or NULL
 * @out_at: the first of them
 * @out_len: where they end
 * @pieces: what is written and has not arrived, the oldest first
 * @n_pieces: how many
 * @wants_write: reading goes on when it can be written
 * @broken: it failed; nothing can be said any more
 */
struct tls_conn {
	struct conn conn;
	SSL *ssl;
	struct tls_check check;
	char *out;
	size_t out_at;
	size_t out_len;
	struct piece pieces[PIECES];
	size_t n_pieces;
	bool wants_write;
	bool broken;
};

static struct tls_conn *tls_of(struct conn *conn)
{
	return (struct tls_conn *)conn;
}

/* What the handshake failed of, where the library's words are for programmers. */
static void explain(struct tls_conn *t)
{
	unsigned long err = ERR_peek_error();
	int reason = ERR_GET_REASON(err);

	if (ERR_GET_LIB(err) != ERR_LIB_SSL)
		return;
	switch (reason) {
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		tls_check_failed(&t->check, "it sent no certificate, which thumbprint and peerName ask for");
		break;
	case SSL_R_NO_SHARED_CIPHER:
		tls_check_failed(&t->check, "it knows none of the ciphers that are allowed");
		break;
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
		tls_check_failed(&t->check, "it does not speak TLS");
		break;
	case SSL_R_UNSUPPORTED_PROTOCOL:
		tls_check_failed(&t->check, "it speaks no version of TLS that is allowed");
		break;
	default:
		if (reason > SSL_AD_REASON_OFFSET)
			tls_check_failed(&t->check, "it refused: %s",
					 SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
	}
}

/* Return: the negative errno of a failed call, or 0 for an orderly end. */
static ssize_t failed(struct tls_conn *t, int rc, const char *during)
{
	int saved = errno;

	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		t->wants_write = true;
		return -EBUSY;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		t->broken = true;
		return saved ? -saved : -ECONNRESET;
	default:
		t->broken = true;
		explain(t);
		tls_check_failed(&t->check, "%s: %s", during, tls_reason());
		return -EPROTO;
	}
}

static ssize_t read_tls(struct conn *conn, void *bytes, size_t len)
{
	struct tls_conn *t = tls_of(conn);
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_read(t->ssl, bytes, (int)len);
	return n > 0 ? n : failed(t, n, "TLS failed");
}

static bool can_write(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	return poll(&poll_fd, 1, 0) > 0;
}

/* How far the peer's TCP has what was written. */
static uint64_t arrived(const struct tls_conn *t)
{
	uint64_t written = BIO_number_written(SSL_get_wbio(t->ssl));
	size_t waits = conn_unsettled(t->conn.below);

	/* What was said in front of TLS may wait, too. */
	return written > waits ? written - waits : 0;
}

static void forget_arrived(struct tls_conn *t)
{
	uint64_t end = arrived(t);
	size_t n = 0;

	while (n < t->n_pieces && t->pieces[n].end <= end)
		n++;
	t->n_pieces -= n;
	memmove(t->pieces, t->pieces + n, t->n_pieces * sizeof(t->pieces[0]));
}

static void note_written(struct tls_conn *t, size_t len)
{
	if (t->n_pieces == PIECES)
		forget_arrived(t);
	/* Then the last ones count as one, which arrives when the last has. */
	if (t->n_pieces < PIECES)
		t->pieces[t->n_pieces++].len = 0;
	t->pieces[t->n_pieces - 1].len += len;
	t->pieces[t->n_pieces - 1].end = BIO_number_written(SSL_get_wbio(t->ssl));
}

static int flush(struct conn *conn)
{
	struct tls_conn *t = tls_of(conn);
	ssize_t rc;
	int n;

	if (t->wants_write && !can_write(conn->fd))
		return -EAGAIN;
	t->wants_write = false;
	while (t->out) {
		ERR_clear_error();
		errno = 0;
		n = SSL_write(t->ssl, t->out + t->out_at, (int)(t->out_len - t->out_at));
		if (n <= 0) {
			rc = failed(t, n, "TLS failed");
			return rc == -EBUSY ? -EAGAIN : rc ? (int)rc : -EPIPE;
		}
		note_written(t, (size_t)n);
		t->out_at += (size_t)n;
		if (t->out_at < t->out_len)
			continue;
		free(t->out);
		t->out = NULL;
	}
	return 0;
}

static ssize_t write_tls(struct conn *conn, const struct iovec *iov, int n)
{
	struct tls_conn *t = tls_of(conn);
	size_t taken = 0, len;
	int i, rc = flush(conn);

	if (rc)
		return rc;
	/* OpenSSL wants the same bytes again, which a ring may have lost by then. */
	t->out = xcalloc(1, PIECE);
	for (i = 0; i < n && taken < PIECE; i++) {
		len = iov[i].iov_len < PIECE - taken ? iov[i].iov_len : PIECE - taken;
		memcpy(t->out + taken, iov[i].iov_base, len);
		taken += len;
	}
	t->out_at = 0;
	t->out_len = taken;
	if (!taken) {
		free(t->out);
		t->out = NULL;
	}
	rc = flush(conn);
	return rc && rc != -EAGAIN ? rc : (ssize_t)taken;
}

static size_t unsettled(const struct conn *conn)
{
	const struct tls_conn *t = (const struct tls_conn *)conn;
	size_t held = t->out ? t->out_len - t->out_at : 0, i;
	uint64_t end = arrived(t);

	/* Of a record nothing can be read before all of it is there. */
	for (i = 0; i < t->n_pieces; i++)
		if (t->pieces[i].end > end)
			held += t->pieces[i].len;
	return held;
}

static bool pending(const struct conn *conn)
{
	return SSL_pending(((const struct tls_conn *)conn)->ssl) > 0;
}

static const char *why(const struct conn *conn)
{
	const struct tls_conn *t = (const struct tls_conn *)conn;

	return *t->check.why ? t->check.why : NULL;
}

static void end(struct conn *conn)
{
	struct tls_conn *t = tls_of(conn);

	ERR_clear_error();
	if (!t->broken && SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	tls_rules_free(t->check.rules);
	free(t->out);
	free(t);
}

static const struct conn_ops tls_ops = {
	.read = read_tls,
	.write = write_tls,
	.flush = flush,
	.unsettled = unsettled,
	.pending = pending,
	.why = why,
	.end = end,
};

struct conn *conn_tls(struct conn *below, struct tls_rules *rules)
{
	struct tls_conn *t = xcalloc(1, sizeof(*t));

	t->conn.ops = &tls_ops;
	t->conn.below = below;
	t->conn.fd = below->fd;
	t->check.rules = tls_rules_hold(rules);
	ERR_clear_error();
	t->ssl = SSL_new(rules->ctx);
	if (!t->ssl || !SSL_set_fd(t->ssl, below->fd))
		errx(MEMORY_STATUS, "cannot set up TLS: %s", tls_reason());
	SSL_set_app_data(t->ssl, &t->check);
	if (rules->server)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	if (rules->host)
		SSL_set_tlsext_host_name(t->ssl, rules->host);
	return &t->conn;
}

int tls_handshake(struct conn *conn, uint32_t *events)
{
	struct tls_conn *t = tls_of(conn);
	ssize_t rc;
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_do_handshake(t->ssl);
	if (n == 1)
		return 0;
	rc = failed(t, n, "the TLS handshake failed");
	*events = rc == -EBUSY ? EPOLLOUT : EPOLLIN;
	t->wants_write = false;
	if (rc == -EAGAIN || rc == -EBUSY) {
		if (BIO_number_read(SSL_get_rbio(t->ssl)) < HANDSHAKE_MAX)
			return -EAGAIN;
		tls_check_failed(&t->check,
				 "it sent more than %u KiB without ending the TLS handshake",
				 HANDSHAKE_MAX >> 10);
		t->broken = true;
		return -EPROTO;
	}
	t->broken = true;
	if (!rc)
		tls_check_failed(&t->check, "it closed the connection during the TLS handshake");
	return rc ? (int)rc : -ECONNRESET;
}

int tls_demand_name(struct conn *conn, char *const *names, size_t n)
{
	struct tls_conn *t = tls_of(conn);

	return tls_check_names(&t->check, SSL_get0_peer_certificate(t->ssl), names, n) ? 0 :
		-EACCES;
}

void tls_describe(const struct conn *conn, char text[ADDRESS_TEXT])
{
	const struct tls_conn *t = (const struct tls_conn *)conn;
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	char who[96] = "";

	if (cert)
		tls_subject(cert, who, sizeof(who));
	snprintf(text, ADDRESS_TEXT, "%s %s%s%s", SSL_get_version(t->ssl),
		 SSL_get_cipher_name(t->ssl), cert ? ", " : "", who);
}
