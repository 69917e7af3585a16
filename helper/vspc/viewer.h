/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Somebody who wants to see a virtual serial port and has not said which. */
#ifndef VSPC_VIEWER_H
#define VSPC_VIEWER_H

#include <stdbool.h>
#include <sys/queue.h>

#include "conn.h"
#include "lobby.h"
#include "vspc_proxy.h"

struct hub;

/* A name, and " force" behind it. */
#define CALLER_LINE	(VSPC_NAME_MAX + 16)

/**
 * struct caller - one of them
 * @list: in hub.callers
 * @hub: the concentrator
 * @name: where it comes from
 * @conn: the connection
 * @io: its source
 * @again: has it read what came off the socket before, NULL until it is needed
 * @busy: it cannot be read until what it is to be told has been written
 * @guest: its place in the lobby
 * @line: what it has typed
 * @len: how many bytes
 * @after_cr: a line ended with CR, and LF or NUL belongs to it
 */
struct caller {
	LIST_ENTRY(caller) list;

	struct hub *hub;
	char name[ADDRESS_TEXT];
	struct conn *conn;
	sd_event_source *io;
	sd_event_source *again;
	bool busy;
	struct lobby_guest guest;
	char line[CALLER_LINE + 1];
	size_t len;
	bool after_cr;
};

/**
 * viewer_new() - somebody has connected
 * @hub: the concentrator
 * @conn: the connection, with telnet; it belongs to the callee now
 * @name: where it comes from
 * @wanted: the one virtual machine that is to be had at this address, or NULL
 */
void viewer_new(struct hub *hub, struct conn *conn, const char *name, const char *wanted);

/** viewer_close() - end it, telling why if that is not NULL. */
void viewer_close(struct caller *caller, const char *why);

#endif
