/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Those who are connected and have not said who they are or what they want.
 * How many there are, in all and from one address, and how long they stay is
 * limited; where there are too many the oldest goes, since those that mean
 * well are quick.
 */
#ifndef VSPC_LOBBY_H
#define VSPC_LOBBY_H

#include <sys/queue.h>

#include "daemon.h"
#include "address.h"

/**
 * struct lobby_guest - one of them, part of what its owner knows of it
 * @evict: it has to go; called once, after which it is not in the lobby
 * @arg: for @evict
 *
 * The rest is private; all is 0 while it is not in the lobby.
 */
struct lobby_guest {
	void (*evict)(void *arg, const char *why);
	void *arg;

	TAILQ_ENTRY(lobby_guest) list;
	struct lobby *lobby;
	struct address from;
	sd_event_source *timer;
};

TAILQ_HEAD(lobby_list, lobby_guest);

/**
 * struct lobby - all of them
 * @daemon: the process
 * @list: the oldest first
 * @n: how many
 */
struct lobby {
	struct daemon *daemon;
	struct lobby_list list;
	uint32_t n;
};

/** lobby_init() - an empty one. */
void lobby_init(struct lobby *lobby, struct daemon *daemon);

/**
 * lobby_enter() - somebody comes
 * @lobby: the lobby
 * @guest: somebody; @evict and @arg are set
 * @fd: the connection
 * @patience: how long, in seconds
 */
void lobby_enter(struct lobby *lobby, struct lobby_guest *guest, int fd, uint32_t patience);

/** lobby_leave() - somebody is known now, or gone; also who is not in the lobby. */
void lobby_leave(struct lobby_guest *guest);

#endif
