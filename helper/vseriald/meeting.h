/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port meets a concentrator: from the connection that has been dialled to
 * the first byte of the port.
 */
#ifndef VSERIALD_MEETING_H
#define VSERIALD_MEETING_H

#include "arrival.h"
#include "conn.h"
#include "daemon.h"

struct meeting;
struct vspc_plan;

/**
 * meeting_new() - begin
 * @daemon: the process
 * @conn: a socket, or TLS above it; it belongs to the meeting now
 * @name: of the concentrator
 * @plan: how it is met
 * @handler: who is told how it came out, never before this returns; the
 *	meeting is over and gone then
 * @arg: for @handler
 */
struct meeting *meeting_new(struct daemon *daemon, struct conn *conn, const char *name,
			    const struct vspc_plan *plan,
			    const struct arrival_handler *handler, void *arg);

/** meeting_free() - end it, and tell nobody; NULL is allowed. */
void meeting_free(struct meeting *meeting);

#endif
