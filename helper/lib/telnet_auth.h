/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telnet's option AUTHENTICATION (RFC 2941) with the type SSL, as telnet-ssl
 * and in.telnetd-ssl speak it: whether a connection that began in plain text
 * goes on in TLS.
 *
 *	server				client
 *	IAC DO AUTHENTICATION
 *					IAC WILL AUTHENTICATION
 *	SB SEND SSL
 *					SB IS SSL START
 *	SB REPLY SSL ACCEPT
 *					the client's side of TLS, at once
 *
 * Pure code: bytes of the network go in, and come out again but for those of
 * this option; what they mean is for later, when it is decided whether they
 * count.  A subnegotiation is remembered only as far as one of these can be
 * long; what comes out is what went in, so the caller's room bounds the rest.
 */
#ifndef HELPER_TELNET_AUTH_H
#define HELPER_TELNET_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Private: what is remembered of a subnegotiation: some forty types of SEND. */
#define TELNET_AUTH_SUB_MAX 96u
/* All that is ever said about it: a peer has no reason to ask again. */
#define TELNET_AUTH_REPLIES_MAX 64u
/* What one byte of the network lets come out, at most: it and what was held back. */
#define TELNET_AUTH_GROWTH 3u
/* What is held back, at most. */
#define TELNET_AUTH_HELD_MAX 4u

/**
 * enum telnet_auth_verdict - what has been decided
 * @TELNET_AUTH_OPEN: nothing yet; time may decide that it is plain
 * @TELNET_AUTH_AGREED: nothing yet, but the peer knows the option
 * @TELNET_AUTH_PLAIN: no TLS: the peer does not want it, or does not know it
 * @TELNET_AUTH_TLS: TLS, from the next byte that is sent
 */
enum telnet_auth_verdict {
	TELNET_AUTH_OPEN,
	TELNET_AUTH_AGREED,
	TELNET_AUTH_PLAIN,
	TELNET_AUTH_TLS,
};

/* Private: what the next byte of the network is. */
enum telnet_auth_state {
	TELNET_AUTH_S_DATA,
	TELNET_AUTH_S_IAC,
	TELNET_AUTH_S_OPTION,
	TELNET_AUTH_S_SUB_OPTION,
	TELNET_AUTH_S_SUB,
	TELNET_AUTH_S_SUB_IAC,
};

/**
 * struct telnet_auth - one side of the exchange
 * @verdict: what has been decided
 *
 * The rest is private.
 */
struct telnet_auth {
	enum telnet_auth_verdict verdict;

	bool server;
	bool offered;
	bool refused;
	bool began;
	enum telnet_auth_state state;
	uint8_t verb;
	uint8_t sub[TELNET_AUTH_SUB_MAX];
	size_t sub_len;
	uint8_t replies[TELNET_AUTH_REPLIES_MAX];
	size_t replies_len;
};

/**
 * telnet_auth_start() - begin
 * @auth: receives the state of a new connection
 * @server: we are the side that was called
 *
 * A server asks at once; a client offers once the peer speaks telnet, so that
 * one that does not is not disturbed.
 */
void telnet_auth_start(struct telnet_auth *auth, bool server);

/**
 * telnet_auth_receive() - take bytes of the network
 * @auth: the exchange
 * @from: the bytes
 * @len: how many; receives how many were taken
 * @to: receives those that are not about this option, in their order
 * @max: how many there is room for, at least TELNET_AUTH_GROWTH to get on
 *
 * Behind a verdict nothing is about this option any more.
 *
 * Return: how many came out.
 */
size_t telnet_auth_receive(struct telnet_auth *auth, const uint8_t *from, size_t *len,
			   uint8_t *to, size_t max);

/**
 * telnet_auth_give_up() - time is over: the verdict is TELNET_AUTH_PLAIN
 * @auth: the exchange
 * @to: receives what was held back, at most TELNET_AUTH_HELD_MAX bytes
 *
 * Return: how many these are.
 */
size_t telnet_auth_give_up(struct telnet_auth *auth, uint8_t *to);

/**
 * telnet_auth_replies() - what is to be sent as soon as possible
 * @auth: the exchange
 * @len: receives how many bytes there are
 *
 * Return: the bytes, until telnet_auth_receive().
 */
const uint8_t *telnet_auth_replies(const struct telnet_auth *auth, size_t *len);

/** telnet_auth_replied() - the first @n of these have been sent. */
void telnet_auth_replied(struct telnet_auth *auth, size_t n);

/**
 * telnet_auth_options() - how many bytes at the start are commands about options
 * @bytes: what came out of telnet_auth_receive()
 * @len: how many
 *
 * A dialled peer may wait for their answers before it speaks of this option.
 */
size_t telnet_auth_options(const uint8_t *bytes, size_t len);

/**
 * telnet_auth_strip() - leave nothing but commands about options
 * @bytes: all that came out of telnet_auth_receive(); receives what is left
 * @len: how many
 *
 * Anybody on the way could have put something in front of TLS: of that no
 * byte, key or break may be taken for the peer's.  Which options each side has
 * counts on, and harms nobody.
 *
 * Return: how many are left.
 */
size_t telnet_auth_strip(uint8_t *bytes, size_t len);

#endif
