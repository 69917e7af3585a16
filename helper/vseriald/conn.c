// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection: its socket, and calls of its uppermost layer. */
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "memory.h"

/**
 * struct socket_conn - the lowest layer
 * @conn: what others see
 * @ops: the kind of socket
 */
struct socket_conn {
	struct conn conn;
	const struct transport_ops *ops;
};

static const struct transport_ops *ops_of(const struct conn *conn)
{
	return ((const struct socket_conn *)conn)->ops;
}

static ssize_t read_socket(struct conn *conn, void *bytes, size_t len)
{
	return ops_of(conn)->read(conn->fd, bytes, len);
}

static ssize_t write_socket(struct conn *conn, const struct iovec *iov, int n)
{
	return ops_of(conn)->write(conn->fd, iov, n);
}

static int flush_socket(struct conn *conn)
{
	(void)conn;
	return 0;
}

static size_t unsettled_socket(const struct conn *conn)
{
	const struct transport_ops *ops = ops_of(conn);
	struct pollfd look = { .fd = conn->fd };
	size_t unsettled = ops->unsettled(conn->fd);

	/* What such a socket has thrown away with its peer did not arrive there. */
	if (!ops->counts_when_broken && poll(&look, 1, 0) > 0 && look.revents & POLLERR)
		return SIZE_MAX / 2;
	return unsettled;
}

static bool pending_socket(const struct conn *conn)
{
	(void)conn;
	return false;
}

static void end_socket(struct conn *conn)
{
	free(conn);
}

static const struct conn_ops socket_ops = {
	.read = read_socket,
	.write = write_socket,
	.flush = flush_socket,
	.unsettled = unsettled_socket,
	.pending = pending_socket,
	.end = end_socket,
};

struct conn *conn_new(const struct transport_ops *ops, int fd)
{
	struct socket_conn *s = xcalloc(1, sizeof(*s));

	s->conn.ops = &socket_ops;
	s->conn.fd = fd;
	s->ops = ops;
	return &s->conn;
}

static void free_layers(struct conn *conn)
{
	while (conn) {
		struct conn *below = conn->below;

		conn->ops->end(conn);
		conn = below;
	}
}

void conn_end(struct conn *conn, struct goodbyes *goodbyes, const char *text)
{
	struct iovec iov = { .iov_base = (char *)text };
	int fd = conn->fd;

	if (text) {
		iov.iov_len = strlen(text);
		conn_write(conn, &iov, 1);
	}
	conn_flush(conn);
	free_layers(conn);
	goodbye_say(goodbyes, fd, NULL);
}

bool conn_save(const struct conn *conn, void **state, size_t *len)
{
	*state = NULL;
	*len = 0;
	if (!conn->below)
		return true;
	/* One layer above the socket, if it can. */
	if (conn->below->below || !conn->ops->save)
		return false;
	*state = conn->ops->save(conn, len);
	return true;
}

void conn_release(struct conn *conn)
{
	close(conn->fd);
	free_layers(conn);
}

ssize_t conn_read(struct conn *conn, void *bytes, size_t len)
{
	return conn->ops->read(conn, bytes, len);
}

ssize_t conn_write(struct conn *conn, const struct iovec *iov, int n)
{
	return conn->ops->write(conn, iov, n);
}

int conn_flush(struct conn *conn)
{
	return conn->ops->flush(conn);
}

void conn_feed(struct conn *conn, const void *bytes, size_t len)
{
	conn->ops->feed(conn, bytes, len);
}

size_t conn_unsettled(const struct conn *conn)
{
	return conn->ops->unsettled(conn);
}

bool conn_pending(const struct conn *conn)
{
	return conn->ops->pending(conn);
}

enum conn_event conn_take_event(struct conn *conn, struct conn_window *window)
{
	return conn->ops->event ? conn->ops->event(conn, window) : CONN_NOTHING;
}

bool conn_has_breaks(const struct conn *conn)
{
	return conn->ops->send_break;
}

void conn_send_break(struct conn *conn)
{
	conn->ops->send_break(conn);
}

void conn_cable(struct conn *conn, const struct com_port_guest *guest)
{
	if (conn->ops->cable)
		conn->ops->cable(conn, guest);
}

bool conn_lines(const struct conn *conn, uint32_t *lines)
{
	return conn->ops->lines && conn->ops->lines(conn, lines);
}

bool conn_suspended(const struct conn *conn)
{
	return conn->ops->suspended && conn->ops->suspended(conn);
}

const char *conn_why(const struct conn *conn, int err)
{
	const char *why = NULL;

	for (; conn && !why; conn = conn->below)
		why = conn->ops->why ? conn->ops->why(conn) : NULL;
	return why ? why : strerror(err);
}
