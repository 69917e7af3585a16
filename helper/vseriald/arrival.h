/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections whose peers have not proved who they are: nothing of a port is
 * told to them or taken from them.  What they cost is limited: how many there
 * are, in all and from one address, how long they take, and (by TLS) how much
 * they send.  Where there are too many the oldest goes, since those that mean
 * well are quick.
 */
#ifndef VSERIALD_ARRIVAL_H
#define VSERIALD_ARRIVAL_H

#include "conn.h"
#include "daemon.h"

struct arrivals;

/**
 * struct arrival_handler - who is told
 * @arrived: the handshake is done; @conn belongs to the callee, @name says who
 *	it is
 * @failed: it came to nothing, and is gone; @why is a sentence
 */
struct arrival_handler {
	void (*arrived)(void *arg, struct conn *conn, const char *name);
	void (*failed)(void *arg, const char *name, const char *why);
};

/** arrivals_new() - make a place for them. */
struct arrivals *arrivals_new(struct daemon *daemon);

/** arrivals_free() - close those left; NULL is allowed. */
void arrivals_free(struct arrivals *arrivals);

/**
 * arrival_begin() - have a handshake made
 * @arrivals: the place
 * @conn: the connection, whose uppermost layer is TLS; it belongs to @arrivals
 *	now
 * @name: where it comes from
 * @handler: who is told, never before this returns
 * @arg: for @handler
 */
void arrival_begin(struct arrivals *arrivals, struct conn *conn, const char *name,
		   const struct arrival_handler *handler, void *arg);

/** arrivals_cancel() - close those of @arg, and tell nobody. */
void arrivals_cancel(struct arrivals *arrivals, const void *arg);

#endif
