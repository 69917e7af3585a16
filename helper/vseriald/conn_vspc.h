/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layer by which a port is a virtual machine to a concentrator
 * (lib/vspc_vm.h).
 */
#ifndef VSERIALD_CONN_VSPC_H
#define VSERIALD_CONN_VSPC_H

#include "conn.h"
#include "vspc_vm.h"

struct tls_rules;

/**
 * struct vspc_plan - how a concentrator is met
 * @identity: what it is told, whenever it asks; kept by the caller as long as
 *	the layer
 * @tls: what it has to prove where it has TLS in telnet's option
 *	AUTHENTICATION; NULL where there is none, or has been from the first byte
 * @required: there is no plain text
 * @patience: how long that handshake may take, in milliseconds
 * @blob: sequence and secret of the hand-over by which the guest comes here, or
 *	NULL: it has been here
 * @blob_len: how many bytes
 * @sequence_len: how many of them are the sequence
 * @limit: how long the concentrator may take to let it come, in milliseconds
 */
struct vspc_plan {
	const struct vspc_identity *identity;
	struct tls_rules *tls;
	bool required;
	uint32_t patience;
	const uint8_t *blob;
	size_t blob_len;
	size_t sequence_len;
	uint32_t limit;
};

/**
 * enum conn_moving - how far a hand-over is
 * @CONN_STAYS: there is none; bytes pass
 * @CONN_ASKS: the concentrator has been told that the guest moves away
 * @CONN_MAY_GO: it goes ahead; no bytes pass
 * @CONN_MAY_COME: it lets the guest come here; no bytes pass
 */
enum conn_moving {
	CONN_STAYS,
	CONN_ASKS,
	CONN_MAY_GO,
	CONN_MAY_COME,
};

/**
 * conn_vspc() - make one
 * @below: a socket, or TLS above it, which belongs to the result now
 * @plan: how the concentrator is met
 * @now: the time, in milliseconds
 */
struct conn *conn_vspc(struct conn *below, const struct vspc_plan *plan, uint64_t now);

/**
 * conn_vspc_greet() - go on with what comes before bytes of the port
 * @conn: the layer
 * @now: the time, in milliseconds
 * @events: receives what of EPOLLIN and EPOLLOUT to wait for
 * @deadline: receives until when, in milliseconds
 *
 * What the concentrator sends meanwhile for the port is kept for conn_read().
 *
 * TLS of AUTHENTICATION comes between @conn and the socket.
 *
 * Return: 0 when bytes pass, or when the guest may come here; -EAGAIN; or another
 * negative errno, and conn_why() says more.
 */
int conn_vspc_greet(struct conn *conn, uint64_t now, uint32_t *events, uint64_t *deadline);

/* Hand-overs; CONN_HANDOVER tells that conn_vspc_moving() says something else. */

/** conn_vspc_moving() - how far one is. */
enum conn_moving conn_vspc_moving(const struct conn *conn);

/**
 * conn_vspc_begin() - tell the concentrator that the guest moves away
 * @conn: the layer; CONN_STAYS.  What was written is in front of that.
 * @limit: how long it may take to answer, in milliseconds
 * @now: the time, in milliseconds
 *
 * Return: NULL, or a sentence if the concentrator is known not to take part.
 */
const char *conn_vspc_begin(struct conn *conn, uint32_t limit, uint64_t now);

/**
 * conn_vspc_tick() - time has passed while CONN_ASKS
 * @conn: the layer
 * @now: the time, in milliseconds
 *
 * Return: when the answer is due, in milliseconds, 0: it no longer is.
 */
uint64_t conn_vspc_tick(struct conn *conn, uint64_t now);

/**
 * conn_vspc_blob() - sequence and secret of the hand-over, while CONN_MAY_GO
 * @conn: the layer
 * @len: receives how many bytes
 * @sequence_len: receives how many of them are the sequence
 */
const uint8_t *conn_vspc_blob(const struct conn *conn, size_t *len, size_t *sequence_len);

/** conn_vspc_stay() - the guest does not move away after all. */
void conn_vspc_stay(struct conn *conn);

/** conn_vspc_come() - the guest has come; CONN_MAY_COME. */
void conn_vspc_come(struct conn *conn);

#endif
