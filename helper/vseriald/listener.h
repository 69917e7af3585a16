/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The listening sockets of a port. */
#ifndef VSERIALD_LISTENER_H
#define VSERIALD_LISTENER_H

#include "daemon.h"
#include "transport.h"

struct listener;

/**
 * typedef listener_accepted_t - a peer came
 * @arg: of listener_new()
 * @fd: the connection, which belongs to the callee
 * @name: who it is
 */
typedef void (*listener_accepted_t)(void *arg, int fd, const char *name);

/**
 * listener_new() - listen
 * @daemon: the process
 * @ops: the kind of connection
 * @place: where; kept by the caller as long as the listener
 * @at: its addresses
 * @accepted: called for each peer that place->uri->allow lets pass
 * @arg: for @accepted
 * @why: receives a sentence, of at most TRANSPORT_WHY_MAX bytes, on failure
 *
 * All addresses or none.
 *
 * Return: the listener, or NULL.
 */
struct listener *listener_new(struct daemon *daemon, const struct transport_ops *ops,
			      const struct place *place, const struct addresses *at,
			      listener_accepted_t accepted, void *arg, char *why);

/** listener_free() - stop listening; NULL is allowed. */
void listener_free(struct listener *listener);

/** listener_keep() - leave listening to the next daemon; NULL is allowed. */
void listener_keep(struct listener *listener);

#endif
