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
 * @identity: what it is told; kept by the caller until conn_vspc_greet() has
 *	come to its end
 * @tls: what it has to prove where it has TLS in telnet's option
 *	AUTHENTICATION; NULL where there is none, or has been from the first byte
 * @required: there is no plain text
 * @patience: how long that handshake may take, in milliseconds
 */
struct vspc_plan {
	const struct vspc_identity *identity;
	struct tls_rules *tls;
	bool required;
	uint32_t patience;
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
 * Return: 0 when bytes pass; -EAGAIN; or another negative errno, and conn_why()
 * says more.
 */
int conn_vspc_greet(struct conn *conn, uint64_t now, uint32_t *events, uint64_t *deadline);

#endif
