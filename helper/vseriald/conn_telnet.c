// SPDX-License-Identifier: GPL-2.0-or-later
/* The layer that speaks telnet. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "cable.h"
#include "conn.h"
#include "memory.h"
#include "telnet.h"

/* What is made into telnet at a time. */
#define PIECE		8192u
/* What is read from below at a time; no more comes out of it than goes in. */
#define READ_MAX	4096u

/**
 * struct telnet_conn - one connection
 * @conn: what others see
 * @telnet: the codec
 * @guest: the guest's end of the cable
 * @has_port: the peer drives a port of its own (RFC 2217)
 * @port: that port
 * @event: what came behind the last bytes
 * @in: bytes of the network behind that, or NULL
 * @in_at: the first of them that waits
 * @in_len: where they end
 * @out: bytes of the network that the layer below has not taken, or NULL
 * @out_at: the first of them
 * @out_len: where they end
 */
struct telnet_conn {
	struct conn conn;
	struct telnet telnet;
	struct com_port_guest guest;
	bool has_port;
	struct com_port port;
	enum conn_event event;
	uint8_t *in;
	size_t in_at;
	size_t in_len;
	uint8_t *out;
	size_t out_at;
	size_t out_len;
};

static struct telnet_conn *telnet_of(struct conn *conn)
{
	return (struct telnet_conn *)conn;
}

/* Room behind what waits to be written. */
static uint8_t *make_room(struct telnet_conn *t, size_t len)
{
	t->out = xrealloc(t->out, t->out_len + len, 1);
	return t->out + t->out_len;
}

static void clear_out(struct telnet_conn *t)
{
	free(t->out);
	t->out = NULL;
	t->out_at = 0;
	t->out_len = 0;
}

/* Return: 0, -EAGAIN if some of it stays, or another negative errno. */
static int write_out(struct telnet_conn *t)
{
	while (t->out_at < t->out_len) {
		const struct iovec iov = { .iov_base = t->out + t->out_at,
					   .iov_len = t->out_len - t->out_at };
		ssize_t n = conn_write(t->conn.below, &iov, 1);

		if (n < 0)
			return (int)n;
		t->out_at += (size_t)n;
	}
	clear_out(t);
	return 0;
}

/* What has happened at the guest's end, as far as the peer wants to know. */
static void add_notices(struct telnet_conn *t)
{
	size_t len = 1;

	while (t->has_port && len) {
		len = com_port_notice(&t->port, make_room(t, COM_PORT_MESSAGE_MAX));
		t->out_len += len;
	}
}

/* Answers wait behind what is being written, whole. */
static void add_replies(struct telnet_conn *t)
{
	size_t len;
	const uint8_t *replies = telnet_replies(&t->telnet, &len);

	if (!len)
		return;
	memcpy(make_room(t, len), replies, len);
	t->out_len += len;
	telnet_replied(&t->telnet, len);
}

static int flush(struct conn *conn)
{
	struct telnet_conn *t = telnet_of(conn);
	int rc = write_out(t);

	if (!rc) {
		add_replies(t);
		add_notices(t);
		rc = write_out(t);
	}
	return rc ? rc : conn_flush(conn->below);
}

static enum conn_event take_command(struct telnet_conn *t)
{
	uint8_t answer[COM_PORT_MESSAGE_MAX];
	size_t len, answer_len;
	/* Behind the option's number. */
	const uint8_t *command = telnet_sub(&t->telnet, &len) + 1;
	enum com_port_event event = com_port_receive(&t->port, command, len - 1, answer,
						     &answer_len);

	_Static_assert(COM_PORT_MESSAGE_MAX <= TELNET_ANSWER_MAX, "an answer can be queued");

	telnet_answer(&t->telnet, answer, answer_len);
	switch (event) {
	case COM_PORT_BREAK:
		return CONN_BREAK;
	case COM_PORT_LINES:
		return CONN_LINES;
	case COM_PORT_FLOW:
		return CONN_FLOW;
	default:
		return CONN_NOTHING;
	}
}

static enum conn_event make_event(struct telnet_conn *t, enum telnet_event event)
{
	switch (event) {
	case TELNET_BREAK:
		return CONN_BREAK;
	case TELNET_WINDOW:
		return CONN_WINDOW;
	case TELNET_COM:
		t->has_port = telnet_has_com_port(&t->telnet);
		if (t->has_port)
			com_port_start(&t->port, &t->guest);
		return CONN_LINES;
	case TELNET_SUB:
		return take_command(t);
	default:
		return CONN_NOTHING;
	}
}

/* Return: how many bytes came out. */
static size_t receive(struct telnet_conn *t, const uint8_t *from, size_t *len, void *to, size_t max)
{
	struct telnet_received r = telnet_receive(&t->telnet, from, *len, to, max);

	*len = r.consumed;
	t->event = make_event(t, r.event);
	return r.len;
}

/* What was left when there was no room, or something came. */
static size_t receive_kept(struct telnet_conn *t, void *to, size_t max)
{
	size_t len = t->in_len - t->in_at;
	size_t n = receive(t, t->in + t->in_at, &len, to, max);

	t->in_at += len;
	if (t->in_at == t->in_len) {
		free(t->in);
		t->in = NULL;
	}
	return n;
}

static void feed(struct conn *conn, const void *bytes, size_t len)
{
	struct telnet_conn *t = telnet_of(conn);

	if (!len)
		return;
	t->in_len = len;
	t->in_at = 0;
	t->in = xcalloc(1, len);
	memcpy(t->in, bytes, len);
}

size_t conn_telnet_answer(struct conn *conn, const void *bytes, size_t len)
{
	struct telnet_conn *t = telnet_of(conn);
	char none[TELNET_GROWTH];

	/* Commands about options give no bytes. */
	receive(t, bytes, &len, none, sizeof(none));
	return len;
}

static ssize_t read_telnet(struct conn *conn, void *bytes, size_t len)
{
	struct telnet_conn *t = telnet_of(conn);
	uint8_t wire[READ_MAX];
	size_t n, used;
	ssize_t got;

	if (telnet_full(&t->telnet)) {
		got = flush(conn);
		if (got && telnet_full(&t->telnet))
			return got == -EAGAIN ? -EBUSY : got;
	}
	if (t->in) {
		n = receive_kept(t, bytes, len);
		return n ? (ssize_t)n : -EAGAIN;
	}
	got = conn_read(conn->below, wire, sizeof(wire));
	if (got <= 0)
		return got;
	used = (size_t)got;
	n = receive(t, wire, &used, bytes, len);
	feed(conn, wire + used, (size_t)got - used);
	return n ? (ssize_t)n : -EAGAIN;
}

static ssize_t write_telnet(struct conn *conn, const struct iovec *iov, int n)
{
	struct telnet_conn *t = telnet_of(conn);
	size_t taken = 0, len;
	int i, rc = flush(conn);

	if (rc)
		return rc;
	for (i = 0; i < n && taken < PIECE; i++) {
		size_t max = iov[i].iov_len < PIECE - taken ? iov[i].iov_len : PIECE - taken;
		uint8_t *to = make_room(t, max * TELNET_GROWTH);

		len = max;
		t->out_len += telnet_send(&t->telnet, iov[i].iov_base, &len, to,
					  max * TELNET_GROWTH);
		taken += len;
	}
	rc = flush(conn);
	return rc && rc != -EAGAIN ? rc : (ssize_t)taken;
}

static size_t unsettled(const struct conn *conn)
{
	const struct telnet_conn *t = (const struct telnet_conn *)conn;

	/* It only grows on its way, so these are not too few. */
	return conn_unsettled(conn->below) + t->out_len - t->out_at;
}

static bool pending(const struct conn *conn)
{
	const struct telnet_conn *t = (const struct telnet_conn *)conn;

	return t->in || conn_pending(conn->below);
}

static enum conn_event take_event(struct conn *conn, struct conn_window *window)
{
	struct telnet_conn *t = telnet_of(conn);
	enum conn_event event = t->event;

	t->event = CONN_NOTHING;
	if (event == CONN_WINDOW) {
		window->rows = t->telnet.rows;
		window->columns = t->telnet.columns;
	}
	return event;
}

static void send_break(struct conn *conn)
{
	struct telnet_conn *t = telnet_of(conn);

	if (t->has_port) {
		com_port_break(&t->port);
		return;
	}
	memcpy(make_room(t, sizeof(telnet_break)), telnet_break, sizeof(telnet_break));
	t->out_len += sizeof(telnet_break);
}

static void set_cable(struct conn *conn, const struct com_port_guest *guest)
{
	struct telnet_conn *t = telnet_of(conn);

	t->guest = *guest;
	if (t->has_port)
		com_port_guest(&t->port, guest);
}

static bool get_lines(const struct conn *conn, uint32_t *lines)
{
	const struct telnet_conn *t = (const struct telnet_conn *)conn;

	if (t->has_port)
		*lines = cable_lines(t->port.dtr, t->port.rts);
	return t->has_port;
}

static bool suspended(const struct conn *conn)
{
	const struct telnet_conn *t = (const struct telnet_conn *)conn;

	return t->has_port && t->port.suspended;
}

static void end(struct conn *conn)
{
	struct telnet_conn *t = telnet_of(conn);

	free(t->in);
	free(t->out);
	free(t);
}

/**
 * struct saved - a connection as one process hands it to another
 * @layout: TELNET_LAYOUT
 * @telnet: the codec
 * @has_port: the peer drives a port of its own
 * @port: that port
 * @in_len: bytes of the network that come first, not taken yet
 * @out_len: bytes of the network behind those, not written yet
 */
struct saved {
	uint32_t layout;
	struct telnet telnet;
	bool has_port;
	struct com_port port;
	uint32_t in_len;
	uint32_t out_len;
};

static void *save(const struct conn *conn, size_t *len)
{
	const struct telnet_conn *t = (const struct telnet_conn *)conn;
	size_t in_len = t->in ? t->in_len - t->in_at : 0, out_len = t->out_len - t->out_at;
	struct saved *saved;
	char *behind;

	*len = sizeof(*saved) + in_len + out_len;
	saved = xcalloc(1, *len);
	saved->layout = TELNET_LAYOUT;
	saved->telnet = t->telnet;
	saved->has_port = t->has_port;
	saved->port = t->port;
	saved->in_len = (uint32_t)in_len;
	saved->out_len = (uint32_t)out_len;
	behind = (char *)(saved + 1);
	if (in_len)
		memcpy(behind, t->in + t->in_at, in_len);
	if (out_len)
		memcpy(behind + in_len, t->out + t->out_at, out_len);
	return saved;
}

static const struct conn_ops telnet_ops = {
	.read = read_telnet,
	.write = write_telnet,
	.flush = flush,
	.unsettled = unsettled,
	.pending = pending,
	.feed = feed,
	.event = take_event,
	.send_break = send_break,
	.save = save,
	.cable = set_cable,
	.lines = get_lines,
	.suspended = suspended,
	.end = end,
};

static struct telnet_conn *new_layer(struct conn *below)
{
	struct telnet_conn *t = xcalloc(1, sizeof(*t));
	int on = 1;

	t->conn.ops = &telnet_ops;
	t->conn.below = below;
	t->conn.fd = below->fd;
	/* Urgent data would lose its place, and the byte in front of it its meaning. */
	setsockopt(below->fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	return t;
}

struct conn *conn_telnet(struct conn *below, bool server)
{
	struct telnet_conn *t = new_layer(below);

	telnet_start(&t->telnet, server ? TELNET_SERVER : TELNET_CLIENT);
	return &t->conn;
}

struct conn *conn_telnet_again(struct conn *below, const void *state, size_t len)
{
	struct telnet_conn *t;
	const char *behind;
	struct saved saved;

	if (len < sizeof(saved))
		return NULL;
	memcpy(&saved, state, sizeof(saved));
	if (saved.layout != TELNET_LAYOUT ||
	    len != sizeof(saved) + (uint64_t)saved.in_len + saved.out_len)
		return NULL;
	behind = (const char *)state + sizeof(saved);
	t = new_layer(below);
	t->telnet = saved.telnet;
	t->has_port = saved.has_port;
	t->port = saved.port;
	if (saved.in_len) {
		t->in = xcalloc(1, saved.in_len);
		memcpy(t->in, behind, saved.in_len);
		t->in_len = saved.in_len;
	}
	if (saved.out_len) {
		memcpy(make_room(t, saved.out_len), behind + saved.in_len, saved.out_len);
		t->out_len = saved.out_len;
	}
	if (t->telnet.rows && t->telnet.columns)
		t->event = CONN_WINDOW;
	return &t->conn;
}
