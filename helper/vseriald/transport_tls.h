/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS 1.2 and 1.3, as a layer of a connection.
 *
 * What a peer has to prove (contract: thumbprint, peerName, verify,
 * cipherList) is decided when the handshake is done: only then is anything
 * else read or written.
 */
#ifndef VSERIALD_TRANSPORT_TLS_H
#define VSERIALD_TRANSPORT_TLS_H

#include "conn.h"
#include "conf.h"
#include "uri.h"

struct tls_rules;

/**
 * tls_rules_new() - what a specification and the settings ask for
 * @uri: the specification
 * @conf: the settings: certificates and authorities are read now
 * @server: we are the side that was called
 * @why: receives a sentence, of at most TRANSPORT_WHY_MAX bytes, on failure
 *
 * Return: the rules, or NULL.
 */
struct tls_rules *tls_rules_new(const struct uri *uri, const struct conf *conf, bool server,
				char *why);

/** tls_rules_hold() - have somebody more hold them; returns @rules. */
struct tls_rules *tls_rules_hold(struct tls_rules *rules);

/** tls_rules_free() - let go of them: the last one frees; NULL is allowed. */
void tls_rules_free(struct tls_rules *rules);

/** tls_required() - whether a specification demands TLS, by its scheme or its keys. */
bool tls_required(const struct uri *uri);

/**
 * tls_possible() - whether there can be TLS: it is required, or telnet may decide
 * @uri: the specification
 * @conf: the settings: a server without a certificate has none
 * @server: we are the side that was called
 */
bool tls_possible(const struct uri *uri, const struct conf *conf, bool server);

/**
 * conn_tls() - TLS above a socket
 * @below: the socket, which belongs to the result now
 * @rules: what the peer has to prove; held as long as the connection
 */
struct conn *conn_tls(struct conn *below, struct tls_rules *rules);

/**
 * tls_handshake() - go on with the handshake
 * @conn: a connection whose uppermost layer is TLS
 * @events: receives what of EPOLLIN and EPOLLOUT to wait for
 *
 * Return: 0 when it is done; -EAGAIN; or another negative errno, and conn_why()
 * says more.
 */
int tls_handshake(struct conn *conn, uint32_t *events);

/**
 * tls_demand_name() - have the peer be one of some, after the handshake
 * @conn: a connection whose uppermost layer is TLS
 * @names: names and addresses, one of which its certificate has to be for
 * @n: how many; 0: any certificate will do
 *
 * Return: 0, or -EACCES, and conn_why() says more.
 */
int tls_demand_name(struct conn *conn, char *const *names, size_t n);

/** tls_describe() - version, cipher and the peer's subject, after the handshake. */
void tls_describe(const struct conn *conn, char text[ADDRESS_TEXT]);

#endif
