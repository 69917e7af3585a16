/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections whose peers have not proved who they are: nothing of a port is
 * told to them or taken from them.  What they cost is limited: how many there
 * are, in all and from one address, how long they take, and how much they
 * send.  Where there are too many the oldest goes, since those that mean well
 * are quick.
 */
#ifndef VSERIALD_ARRIVAL_H
#define VSERIALD_ARRIVAL_H

#include "conn.h"
#include "daemon.h"

struct arrivals;
struct tls_rules;

/**
 * struct arrival_handler - who is told
 * @arrived: all is done; @conn belongs to the callee, @name says who it is
 * @failed: it came to nothing, and is gone; @why is a sentence
 */
struct arrival_handler {
	void (*arrived)(void *arg, struct conn *conn, const char *name);
	void (*failed)(void *arg, const char *name, const char *why);
};

/**
 * struct arrival_plan - what has to be done
 * @server: we are the side that was called
 * @telnet: telnet is spoken, within TLS if there is TLS; otherwise what is
 *	spoken is left to the handler
 * @tls: what the peer has to prove
 * @at_once: TLS is from the first byte; otherwise telnet decides
 * @required: there is no plain text
 */
struct arrival_plan {
	bool server;
	bool telnet;
	struct tls_rules *tls;
	bool at_once;
	bool required;
};

/** arrivals_new() - make a place for them. */
struct arrivals *arrivals_new(struct daemon *daemon);

/** arrivals_free() - close those left; NULL is allowed. */
void arrivals_free(struct arrivals *arrivals);

/**
 * arrival_begin() - do it
 * @arrivals: the place
 * @conn: the socket, which belongs to @arrivals now
 * @name: where it comes from
 * @plan: what has to be done
 * @handler: who is told, never before this returns
 * @arg: for @handler
 */
void arrival_begin(struct arrivals *arrivals, struct conn *conn, const char *name,
		   const struct arrival_plan *plan, const struct arrival_handler *handler,
		   void *arg);

/** arrivals_cancel() - close those of @arg, and tell nobody. */
void arrivals_cancel(struct arrivals *arrivals, const void *arg);

#endif
