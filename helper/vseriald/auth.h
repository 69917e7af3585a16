/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a telnet connection goes on in TLS: telnet's option AUTHENTICATION
 * (telnet_auth.h) on a connection on which nothing else has been said.
 *
 * A server says nothing but what belongs to this option, since answers to
 * anything else might come in front of the client's TLS.  A client answers
 * other options at once, because the peer may want that first.  Whatever else
 * comes is kept: where there is no TLS it is the first that is read, otherwise
 * it is thrown away.
 */
#ifndef VSERIALD_AUTH_H
#define VSERIALD_AUTH_H

#include "conn.h"
#include "telnet_auth.h"

struct auth;

/**
 * auth_new() - begin
 * @socket: the connection
 * @above: telnet above it; a server's may be any layer with conn_feed()
 * @server: we are the side that was called
 */
struct auth *auth_new(struct conn *socket, struct conn *above, bool server);

/** auth_verdict() - what has been decided so far. */
enum telnet_auth_verdict auth_verdict(const struct auth *auth);

/**
 * auth_go_on() - do what can be done
 * @auth: the exchange
 * @events: receives what of EPOLLIN and EPOLLOUT to wait for
 *
 * Return: 0 when all has been said and done, -EAGAIN if not, or another
 * negative errno.
 */
int auth_go_on(struct auth *auth, uint32_t *events);

/**
 * auth_give_up() - time is over: there is no TLS
 * @auth: the exchange, without a verdict
 */
void auth_give_up(struct auth *auth);

/**
 * auth_await_tls() - pass over what a client sent in front of its TLS
 * @auth: a server's exchange, with the verdict TELNET_AUTH_TLS
 * @events: as in auth_go_on()
 *
 * Return: 0 when TLS is next, -EAGAIN if nothing is there, or another negative
 * errno: -EMSGSIZE if there was too much.
 */
int auth_await_tls(struct auth *auth, uint32_t *events);

/**
 * auth_end() - leave what counts to the layer above, and free the rest
 * @auth: the exchange; NULL is allowed
 */
void auth_end(struct auth *auth);

#endif
