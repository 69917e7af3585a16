/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection and what is spoken on it: a socket, and above it layers such
 * as TLS and telnet, each of which knows only the one below.
 *
 *   peer --> telnet --> TLS --> socket
 *
 * Non-blocking, like transports.  A layer may have taken bytes that are not
 * on their way yet; whoever holds the connection has it flush when the socket
 * can take more.
 */
#ifndef VSERIALD_CONN_H
#define VSERIALD_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "com_port.h"
#include "goodbye.h"
#include "transport.h"

struct conn;

/**
 * enum conn_event - what came besides bytes
 * @CONN_NOTHING: nothing
 * @CONN_BREAK: a break
 * @CONN_WINDOW: the size of the peer's window
 * @CONN_LINES: conn_lines() says something else
 * @CONN_FLOW: conn_suspended() says something else
 * @CONN_HANDOVER: conn_vspc_moving() does
 */
enum conn_event {
	CONN_NOTHING,
	CONN_BREAK,
	CONN_WINDOW,
	CONN_LINES,
	CONN_FLOW,
	CONN_HANDOVER,
};

/**
 * struct conn_window - the size of a terminal
 * @rows: lines, 0: not known
 * @columns: characters in each
 */
struct conn_window {
	uint32_t rows;
	uint32_t columns;
};

/** struct conn_ops - a layer */
struct conn_ops {
	/**
	 * @read: take bytes
	 *
	 * Return: how many, 0 at the end, or a negative errno: -EAGAIN if there
	 * are none yet, -EBUSY if none are taken until @flush has succeeded.
	 */
	ssize_t (*read)(struct conn *conn, void *bytes, size_t len);

	/** @write: give bytes; returns as transport_ops.write. */
	ssize_t (*write)(struct conn *conn, const struct iovec *iov, int n);

	/**
	 * @flush: write what this layer and those below it hold
	 *
	 * Return: 0 if all is written, -EAGAIN if not, or another negative errno.
	 */
	int (*flush)(struct conn *conn);

	/** @unsettled: as transport_ops.unsettled; counts what is held, too. */
	size_t (*unsettled)(const struct conn *conn);

	/** @pending: @read has something although the socket has not. */
	bool (*pending)(const struct conn *conn);

	/** @feed: have bytes of the network taken in front of those below; or NULL. */
	void (*feed)(struct conn *conn, const void *bytes, size_t len);

	/** @event: what came behind the bytes of the last @read; or NULL: nothing. */
	enum conn_event (*event)(struct conn *conn, struct conn_window *window);

	/** @send_break: send one behind what was written; or NULL: it has none. */
	void (*send_break)(struct conn *conn);

	/**
	 * @save: what another process has to know to go on with it, from
	 * malloc(); or NULL: it cannot be handed over
	 */
	void *(*save)(const struct conn *conn, size_t *len);

	/** @cable: how the guest's end of the cable is; or NULL: that is nothing to it. */
	void (*cable)(struct conn *conn, const struct com_port_guest *guest);

	/** @lines: the peer drives lines, TIOCM_*; or NULL: it has none. */
	bool (*lines)(const struct conn *conn, uint32_t *lines);

	/** @suspended: the peer wants no bytes for now; or NULL: it cannot say so. */
	bool (*suspended)(const struct conn *conn);

	/** @why: the reason of the last failure in words, or NULL: that of its errno. */
	const char *(*why)(const struct conn *conn);

	/** @end: take leave, as far as that goes at once, and free this layer. */
	void (*end)(struct conn *conn);
};

/**
 * struct conn - one layer; the uppermost stands for the connection
 * @ops: what it does
 * @below: the next layer, NULL for a socket
 * @fd: the socket
 */
struct conn {
	const struct conn_ops *ops;
	struct conn *below;
	int fd;
};

/**
 * conn_new() - a socket
 * @ops: its kind
 * @fd: the connection; it belongs to the result now
 */
struct conn *conn_new(const struct transport_ops *ops, int fd);

/**
 * conn_telnet() - telnet above another layer
 * @below: that layer, which belongs to the result now
 * @server: we are the side that was called
 */
struct conn *conn_telnet(struct conn *below, bool server);

/**
 * conn_front() - a place for bytes that are read before those of another layer
 * @below: that layer, which belongs to the result now
 */
struct conn *conn_front(struct conn *below);

/**
 * conn_telnet_answer() - have commands about options taken at once
 * @conn: telnet
 * @bytes: whole commands of three bytes, nothing else
 * @len: how many bytes
 *
 * Answers are written by conn_flush().
 *
 * Return: how many bytes were taken; less than @len where answers have to be
 * written first.
 */
size_t conn_telnet_answer(struct conn *conn, const void *bytes, size_t len);

/**
 * conn_telnet_again() - telnet that another process began
 * @below: the layer below, which belongs to the result now
 * @state: what conn_save() said
 * @len: bytes of @state
 *
 * The size of the peer's window, if it is known, comes as an event.
 *
 * Return: the layer, or NULL if @state is another version's; then @below stays
 * the caller's.
 */
struct conn *conn_telnet_again(struct conn *below, const void *state, size_t len);

/**
 * conn_end() - end a connection and free it
 * @conn: the connection
 * @goodbyes: where its socket waits until the peer has closed, too
 * @text: what to tell the peer first, or NULL
 *
 * What has been written still reaches it.
 */
void conn_end(struct conn *conn, struct goodbyes *goodbyes, const char *text);

/**
 * conn_save() - what another process has to know to go on with a connection
 * @conn: the connection
 * @state: receives it, from malloc(); or NULL where the socket is all
 * @len: receives its bytes
 *
 * Return: false if it cannot be handed over.
 */
bool conn_save(const struct conn *conn, void **state, size_t *len);

/** conn_release() - close it here, where another process goes on with it. */
void conn_release(struct conn *conn);

/** conn_read() - as conn_ops.read. */
ssize_t conn_read(struct conn *conn, void *bytes, size_t len);

/** conn_write() - as conn_ops.write. */
ssize_t conn_write(struct conn *conn, const struct iovec *iov, int n);

/** conn_flush() - as conn_ops.flush. */
int conn_flush(struct conn *conn);

/**
 * conn_feed() - have bytes taken in front of those below
 * @conn: conn_telnet() or conn_front(), which has taken all that it has read
 * @bytes: bytes of the network
 * @len: how many
 */
void conn_feed(struct conn *conn, const void *bytes, size_t len);

/** conn_unsettled() - as conn_ops.unsettled. */
size_t conn_unsettled(const struct conn *conn);

/** conn_pending() - as conn_ops.pending. */
bool conn_pending(const struct conn *conn);

/** conn_take_event() - as conn_ops.event; it is taken once. */
enum conn_event conn_take_event(struct conn *conn, struct conn_window *window);

/** conn_has_breaks() - whether conn_send_break() sends any. */
bool conn_has_breaks(const struct conn *conn);

/** conn_send_break() - as conn_ops.send_break. */
void conn_send_break(struct conn *conn);

/** conn_cable() - as conn_ops.cable. */
void conn_cable(struct conn *conn, const struct com_port_guest *guest);

/** conn_lines() - as conn_ops.lines. */
bool conn_lines(const struct conn *conn, uint32_t *lines);

/** conn_suspended() - as conn_ops.suspended. */
bool conn_suspended(const struct conn *conn);

/** conn_why() - the reason of a failure in words; @err: its errno. */
const char *conn_why(const struct conn *conn, int err);

#endif
