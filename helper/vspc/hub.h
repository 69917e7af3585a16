/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that the concentrator knows: addresses it listens on, virtual serial
 * ports, and those who have not been told apart yet.
 *
 *	hub --> consoles --> viewers (struct peer)
 *	           |   `---> link, and a second one during a hand-over
 *	           `-------> ring and record: what the port has put out
 */
#ifndef VSPC_HUB_H
#define VSPC_HUB_H

#include <sys/queue.h>

#include "console.h"
#include "link.h"
#include "lobby.h"
#include "settings.h"
#include "viewer.h"

struct door;

TAILQ_HEAD(console_list, console);
LIST_HEAD(link_list, link);
LIST_HEAD(caller_list, caller);

/**
 * struct hub - the concentrator
 * @daemon: what is shared with vseriald
 * @settings: what is set
 * @lobby: those who have not said who they are
 * @consoles: the virtual serial ports, in the order they became known
 * @n_consoles: how many
 * @links: all connections of virtual machines
 * @callers: viewers who have not said whom they want
 * @doors: the addresses that are listened on
 * @n_doors: how many
 */
struct hub {
	struct daemon *daemon;
	struct settings *settings;
	struct lobby lobby;
	struct console_list consoles;
	uint32_t n_consoles;
	struct link_list links;
	struct caller_list callers;
	struct door *doors;
	size_t n_doors;
};

/**
 * hub_open() - begin to listen
 * @hub: receives its state
 * @daemon: the process
 * @settings: what is set; kept by the caller as long as the hub
 * @why: receives a sentence, of at most TRANSPORT_WHY_MAX bytes, on failure
 *
 * Return: 0, or -1; in any case the caller ends with hub_close().
 */
int hub_open(struct hub *hub, struct daemon *daemon, struct settings *settings, char *why);

/** hub_close() - end all connections. */
void hub_close(struct hub *hub);

/** hub_reload() - certificates, authorities and names of files may be others now. */
void hub_reload(struct hub *hub);

/** hub_find() - the port of a name, or NULL. */
struct console *hub_find(struct hub *hub, const char *name);

/** hub_reserve() - the port of a name, which need not be known yet. */
struct console *hub_reserve(struct hub *hub, const char *name);

/**
 * hub_place() - the port of a virtual machine that has said who it is
 * @hub: the concentrator
 * @proxy: what it has said
 *
 * One that was here before, and is not connected, if there is one; otherwise
 * a new one, for a machine may have several that differ in nothing.
 *
 * Return: the port; NULL where there are too many.
 */
struct console *hub_place(struct hub *hub, const struct vspc_proxy *proxy);

/** hub_find_move() - the port that somebody moves with, who knows the blob; or NULL. */
struct console *hub_find_move(struct hub *hub, const uint8_t *blob, size_t len);

/** hub_list() - all ports, for people; the caller frees it. */
char *hub_list(const struct hub *hub);

/** hub_now() - the time, in milliseconds. */
static inline uint64_t hub_now(const struct hub *hub)
{
	return daemon_now(hub->daemon) / 1000;
}

#endif
