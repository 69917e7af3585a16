/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layer by which a port is a virtual machine to a concentrator
 * (lib/vspc_vm.h).
 */
#ifndef VSERIALD_CONN_VSPC_H
#define VSERIALD_CONN_VSPC_H

#include "conn.h"
#include "vspc_vm.h"

/**
 * conn_vspc() - make one
 * @below: a socket, or TLS above it, which belongs to the result now
 * @identity: what the concentrator is told; kept by the caller until
 *	conn_vspc_greet() has come to its end
 * @now: the time, in milliseconds
 */
struct conn *conn_vspc(struct conn *below, const struct vspc_identity *identity, uint64_t now);

/**
 * conn_vspc_greet() - go on with what comes before bytes of the port
 * @conn: the layer
 * @now: the time, in milliseconds
 * @events: receives what of EPOLLIN and EPOLLOUT to wait for
 * @deadline: receives until when, in milliseconds
 *
 * What the concentrator sends meanwhile for the port is kept for conn_read().
 *
 * Return: 0 when bytes pass; -EAGAIN; or another negative errno, and conn_why()
 * says more.
 */
int conn_vspc_greet(struct conn *conn, uint64_t now, uint32_t *events, uint64_t *deadline);

#endif
