// SPDX-License-Identifier: GPL-2.0-or-later
/* A layer with bytes that are read before those of the layer below. */
#include <string.h>

#include "conn.h"
#include "memory.h"
#include "outbox.h"

/**
 * struct front_conn - one connection
 * @conn: what others see
 * @first: the bytes
 */
struct front_conn {
	struct conn conn;
	struct outbox first;
};

static struct front_conn *front_of(struct conn *conn)
{
	return (struct front_conn *)conn;
}

static ssize_t read_front(struct conn *conn, void *bytes, size_t len)
{
	struct outbox *first = &front_of(conn)->first;
	size_t n = outbox_waits(first);

	if (!n)
		return conn_read(conn->below, bytes, len);
	n = n < len ? n : len;
	memcpy(bytes, first->bytes + first->at, n);
	outbox_sent(first, n);
	return (ssize_t)n;
}

static ssize_t write_front(struct conn *conn, const struct iovec *iov, int n)
{
	return conn_write(conn->below, iov, n);
}

static int flush_front(struct conn *conn)
{
	return conn_flush(conn->below);
}

static size_t unsettled_front(const struct conn *conn)
{
	return conn_unsettled(conn->below);
}

static bool pending_front(const struct conn *conn)
{
	return outbox_waits(&((const struct front_conn *)conn)->first) ||
	       conn_pending(conn->below);
}

static void feed_front(struct conn *conn, const void *bytes, size_t len)
{
	outbox_add(&front_of(conn)->first, bytes, len);
}

static void end_front(struct conn *conn)
{
	outbox_clear(&front_of(conn)->first);
	free(conn);
}

static const struct conn_ops front_ops = {
	.read = read_front,
	.write = write_front,
	.flush = flush_front,
	.unsettled = unsettled_front,
	.pending = pending_front,
	.feed = feed_front,
	.end = end_front,
};

struct conn *conn_front(struct conn *below)
{
	struct front_conn *f = xcalloc(1, sizeof(*f));

	f->conn.ops = &front_ops;
	f->conn.below = below;
	f->conn.fd = below->fd;
	return &f->conn;
}
