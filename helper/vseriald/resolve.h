/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of hosts become addresses while the loop goes on. */
#ifndef VSERIALD_RESOLVE_H
#define VSERIALD_RESOLVE_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "address.h"

struct resolver;
struct lookup;

/**
 * typedef lookup_done_t - a name was looked up
 * @arg: of resolver_lookup()
 * @found: its addresses, at least one; or NULL
 * @why: if there are none: the reason, a constant sentence
 *
 * The lookup is over and gone.
 */
typedef void (*lookup_done_t)(void *arg, const struct addresses *found, const char *why);

/**
 * resolver_new() - make what looks names up
 * @event: the loop
 *
 * Return: the resolver, or NULL with errno set.
 */
struct resolver *resolver_new(sd_event *event);

/** resolver_free() - end it; no lookup is called back any more. */
void resolver_free(struct resolver *resolver);

/**
 * resolver_lookup() - look a name up, as the system does (nsswitch.conf)
 * @resolver: the resolver
 * @host: the name
 * @port: of TCP
 * @family: AF_UNSPEC, AF_INET or AF_INET6
 * @done: called from the loop, never before this returns
 * @arg: for @done
 *
 * Return: the lookup, for lookup_cancel(), or NULL: no memory.
 */
struct lookup *resolver_lookup(struct resolver *resolver, const char *host, uint16_t port,
			       int family, lookup_done_t done, void *arg);

/** lookup_cancel() - forget a lookup that is not over; NULL is allowed. */
void lookup_cancel(struct lookup *lookup);

#endif
