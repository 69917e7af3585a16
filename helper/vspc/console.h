/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual serial port: what it has put out, who sees it, and where its
 * virtual machine is.
 */
#ifndef VSPC_CONSOLE_H
#define VSPC_CONSOLE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "outbox.h"
#include "peer.h"
#include "ring.h"
#include "vspc_proxy.h"

struct hub;
struct link;
struct record;

/**
 * struct console - a virtual serial port
 * @list: in hub.consoles
 * @hub: the concentrator
 * @name: what viewers call it
 * @known: its virtual machine has been here, and is told by what follows
 * @machine: the virtual machine's name
 * @uuid: its UUID, if @has_uuid
 * @has_uuid: it has told one
 * @service: the URI it asked for
 * @ring: what the port has put out
 * @record: the file with it, or NULL
 * @viewers: who sees it; one of them writes
 * @link: the virtual machine, or NULL
 * @moving: it is about to move to another host
 * @target: its connection from there, or NULL
 * @blob: in a hand-over, sequence and secret
 * @blob_len: how many bytes
 * @sequence_len: how many of these are the sequence
 * @held: input that waits for its end
 * @timer: ends a hand-over that takes too long
 * @dropped: bytes of input that nobody took
 */
struct console {
	TAILQ_ENTRY(console) list;

	struct hub *hub;
	char *name;
	bool known;
	char *machine;
	uint8_t uuid[VSPC_UUID_SIZE];
	bool has_uuid;
	char *service;
	struct ring ring;
	struct record *record;
	struct peer_list viewers;
	struct link *link;

	bool moving;
	struct link *target;
	uint8_t blob[VSPC_SEQUENCE_MAX + VSPC_SECRET_SIZE];
	size_t blob_len;
	size_t sequence_len;
	struct outbox held;
	sd_event_source *timer;
	uint64_t dropped;
};

/** console_new() - a port that nobody uses yet. */
struct console *console_new(struct hub *hub, const char *name);

/** console_free() - end it, and all its viewers; it must have no links. */
void console_free(struct console *console);

/** console_record() - begin with its file, also anew: that may have been moved away. */
void console_record(struct console *console);

/** console_idle() - whether nobody uses it. */
bool console_idle(const struct console *console);

/** console_identify() - its virtual machine has said who it is. */
void console_identify(struct console *console, const struct vspc_proxy *proxy);

/** console_is_of() - whether it is of a virtual machine that said so. */
bool console_is_of(const struct console *console, const struct vspc_proxy *proxy);

/**
 * console_view() - somebody wants to see it
 * @console: the port
 * @conn: the connection; it belongs to the console now
 * @name: who it is
 * @force: take it over from who writes
 */
void console_view(struct console *console, struct conn *conn, const char *name, bool force);

/** console_output() - its virtual machine has sent bytes. */
void console_output(struct console *console, const void *bytes, size_t len);

/** console_break() - and a break behind them. */
void console_break(struct console *console);

/** console_read_on() - input may be taken again. */
void console_read_on(struct console *console);

/** console_connect() - its virtual machine is connected; a hand-over of it is void. */
void console_connect(struct console *console, struct link *link);

/** console_gone() - a connection, of its virtual machine here or there, is no more. */
void console_gone(struct console *console, struct link *link);

/** console_begin() - its virtual machine wants to move; @link is answered. */
void console_begin(struct console *console, struct link *link);

/** console_peer() - it is there, and knows the blob. */
void console_peer(struct console *console, struct link *link);

/** console_complete() - it runs there; @link is the one from there. */
void console_complete(struct console *console, struct link *link);

/** console_abort() - it stays where it is. */
void console_abort(struct console *console);

#endif
