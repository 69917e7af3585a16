/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection of a virtual machine. */
#ifndef VSPC_LINK_H
#define VSPC_LINK_H

#include <stdbool.h>
#include <sys/queue.h>

#include "conn.h"
#include "lobby.h"
#include "vspc_proxy.h"

struct console;
struct hub;

/**
 * struct link - the connection of a virtual machine
 * @list: in hub.links
 * @hub: the concentrator
 * @console: its port; NULL in front of and behind its time there
 * @name: where it comes from
 * @conn: the connection
 * @io: its source
 * @events: what @io waits for
 * @busy: it cannot be read until what it is to be told has been written
 * @proxy: what is spoken on it
 * @in: bytes of the network that have not been understood yet
 * @early: bytes of the port that came before they have a place
 * @guest: while it is in the lobby
 * @timer: of @proxy
 * @retired: its virtual machine has moved away; it has only to end
 */
struct link {
	LIST_ENTRY(link) list;

	struct hub *hub;
	struct console *console;
	char name[ADDRESS_TEXT];
	struct conn *conn;
	sd_event_source *io;
	uint32_t events;
	bool busy;
	struct vspc_proxy proxy;
	struct outbox in;
	struct outbox early;
	struct lobby_guest guest;
	sd_event_source *timer;
	bool retired;
};

/**
 * link_new() - a virtual machine has connected
 * @hub: the concentrator
 * @conn: the connection; it belongs to the result now
 * @name: where it comes from
 */
void link_new(struct hub *hub, struct conn *conn, const char *name);

/** link_close() - end it and tell why. */
void link_close(struct link *link, const char *why);

/** link_takes() - whether it takes input now. */
bool link_takes(const struct link *link);

/** link_send() - input for its port. */
void link_send(struct link *link, const void *bytes, size_t len);

/** link_send_break() - and a break behind it. */
void link_send_break(struct link *link);

/** link_attend() - whether its port has viewers. */
void link_attend(struct link *link, bool attended);

/** link_flush() - what has been put into @link->proxy is to be written. */
void link_flush(struct link *link);

/** link_retire() - its virtual machine has moved away. */
void link_retire(struct link *link);

#endif
