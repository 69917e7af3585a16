/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection of a port.  Output comes out of the port's ring, which all
 * its peers share: a peer is a position in it, and memory of its own only
 * for what nobody else is to see (history, notices).  A peer that falls
 * behind the ring loses the oldest bytes and is told so.
 */
#ifndef VSERIALD_PEER_H
#define VSERIALD_PEER_H

#include <stdbool.h>
#include <sys/queue.h>

#include "conn.h"
#include "daemon.h"
#include "ring.h"

struct peer;

TAILQ_HEAD(peer_list, peer);

/**
 * struct peer_handler - the port a peer belongs to
 * @may_read: whether input of @peer can be taken now
 * @input: it sent @len bytes, from malloc(), which belong to the callee
 * @sent_break: the writer sent a break, behind these
 * @resized: the writer's window has the size that @peer says
 * @drove: the writer drives other lines than before
 * @moved: its concentrator has answered a hand-over; or NULL: it has none
 * @ended: it is gone; the callee frees it.  @why is a sentence; @clean means
 *	that it closed the connection in an orderly way
 */
struct peer_handler {
	bool (*may_read)(void *arg, const struct peer *peer);
	void (*input)(void *arg, struct peer *peer, char *bytes, size_t len);
	void (*sent_break)(void *arg, struct peer *peer);
	void (*resized)(void *arg, struct peer *peer);
	void (*drove)(void *arg, struct peer *peer);
	void (*moved)(void *arg, struct peer *peer);
	void (*ended)(void *arg, struct peer *peer, const char *why, bool clean);
};

/**
 * enum peer_phase - what a peer is given
 * @PEER_COMES: nothing yet: the kernel has to admit it
 * @PEER_WAITS: nothing yet: output is to begin before its history is fetched
 * @PEER_FETCHES: nothing yet: its history is being fetched
 * @PEER_HELD: nothing yet: live output will tell whether history is needed
 * @PEER_LIVE: its backlog, then the ring from its position on
 */
enum peer_phase {
	PEER_COMES,
	PEER_WAITS,
	PEER_FETCHES,
	PEER_HELD,
	PEER_LIVE,
};

/**
 * struct peer - one connection
 * @list: among those of its port
 * @ring: the port's output
 * @conn: the connection
 * @io: its source
 * @again: has it read what came off the socket before, NULL until it is needed
 * @events: what @io waits for
 * @name: who it is
 * @dialled: we called it
 * @id: the kernel's number of its session, 0 if it has none yet
 * @writer: its input goes to the guest
 * @listed: dispatch.c's: when the kernel named it last
 * @window: the size of its terminal
 * @phase: what it is given
 * @backlog: what it is given before the ring
 * @backlog_len: bytes of @backlog
 * @backlog_sent: how many of them are written
 * @ahead: how many bytes of @backlog stand in front of its history
 * @history_start: offset of the first byte of history in @backlog
 * @history_end: offset behind the last
 * @resume: the offset of the first byte it was not given by another daemon, 0
 *	for all
 * @notice: @backlog is no history
 * @position: where it is in the ring; before PEER_LIVE what the ring keeps for it
 * @awaiting: it has everything in front of @awaits already
 * @awaits: the offset of the first byte it lacks
 * @breaks: how many of the ring's breaks it has had
 * @settled: up to which position bytes are known to be at its host
 * @blocked: it takes no more for now
 * @busy: it cannot be read until what it is to be told has been written
 * @active: when a byte passed last, in microseconds
 */
struct peer {
	TAILQ_ENTRY(peer) list;

	struct daemon *daemon;
	const struct ring *ring;
	const struct peer_handler *handler;
	void *arg;

	struct conn *conn;
	sd_event_source *io;
	sd_event_source *again;
	uint32_t events;
	char name[ADDRESS_TEXT];
	bool dialled;
	uint32_t id;
	bool writer;
	uint32_t listed;
	struct conn_window window;

	enum peer_phase phase;
	char *backlog;
	size_t backlog_len;
	size_t backlog_sent;
	size_t ahead;
	uint64_t history_start;
	uint64_t history_end;
	uint64_t resume;
	bool notice;
	uint64_t position;
	bool awaiting;
	uint64_t awaits;
	uint64_t breaks;
	uint64_t settled;
	bool blocked;
	bool busy;
	uint64_t active;
};

/**
 * peer_new() - take a connection
 * @daemon: the process
 * @ring: the port's output
 * @conn: the connection; it belongs to the peer now
 * @name: who it is
 * @handler: the port's
 * @arg: for @handler
 *
 * Return: the peer, in PEER_COMES at the ring's head, or NULL: then @conn is
 * ended.
 */
struct peer *peer_new(struct daemon *daemon, const struct ring *ring, struct conn *conn,
		      const char *name, const struct peer_handler *handler, void *arg);

/**
 * peer_free() - let go of a peer
 * @peer: the peer
 * @text: what to tell it first, or NULL
 *
 * What has been written still reaches it.
 */
void peer_free(struct peer *peer, const char *text);

/** peer_release() - as peer_free(), but leave the connection to another daemon. */
void peer_release(struct peer *peer);

/** peer_offset() - of the first byte it has not been given; 0 for all. */
uint64_t peer_offset(const struct peer *peer);

/**
 * peer_history() - add to the backlog
 * @peer: a peer in PEER_FETCHES
 * @offset: of the first byte
 * @bytes: them
 * @len: how many
 *
 * Of more than the settings allow for a viewer the newest are kept.
 */
void peer_history(struct peer *peer, uint64_t offset, const void *bytes, size_t len);

/** peer_drop_history() - it is not needed. */
void peer_drop_history(struct peer *peer);

/**
 * peer_join() - begin to give it the ring
 * @peer: the peer
 * @offset: of the first byte it lacks, which may be still to come
 *
 * Of those that are in the ring no more it is told how many there were.
 */
void peer_join(struct peer *peer, uint64_t offset);

/** peer_follow() - the ring has grown. */
void peer_follow(struct peer *peer);

/**
 * peer_pump() - give it what it takes now
 * @peer: the peer
 *
 * Return: false if it turned out to be gone: it was handed to
 * peer_handler.ended.
 */
bool peer_pump(struct peer *peer);

/** peer_cable() - tell it how the guest's end of the cable is. */
void peer_cable(struct peer *peer, const struct com_port_guest *guest);

/** peer_flush() - have what the connection holds written; as peer_pump(). */
bool peer_flush(struct peer *peer);

/**
 * peer_arrived() - all that was written is known to be at its host
 * @peer: the peer, whose host has said so
 */
void peer_arrived(struct peer *peer);

/** peer_settled() - up to which position all is known to be at its host. */
uint64_t peer_settled(struct peer *peer);

/** peer_has_hung_up() - whether its other end has closed the connection; bytes may be left. */
bool peer_has_hung_up(const struct peer *peer);

/**
 * peer_see_end() - if its other end has closed the connection, take the rest and end it
 * @peer: the peer; freed by its handler if it has ended
 *
 * What the guest has no room for yet stays, and the peer does.
 */
void peer_see_end(struct peer *peer);

/** peer_end_unread() - end one that has hung up, without what it has sent; it is freed. */
void peer_end_unread(struct peer *peer);

/** peer_may_read() - peer_handler.may_read may say something else now. */
void peer_may_read(struct peer *peer);

#endif
