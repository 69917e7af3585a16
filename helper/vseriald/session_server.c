// SPDX-License-Identifier: GPL-2.0-or-later
/* A backing that listens. */
#include <stdio.h>
#include <stdlib.h>

#include <linux/vserial.h>

#include "arrival.h"
#include "kport.h"
#include "listener.h"
#include "log.h"
#include "resolve.h"
#include "session_parts.h"
#include "timer.h"

/* How many are there; not the writer if it waits only for the guest to read its last words. */
static uint32_t count_clients(const struct session *session)
{
	const struct peer *writer = session_writing_peer(session);

	return session->n_peers - (writer && peer_has_hung_up(writer));
}

/* A client that is not taken, and why. */
static bool refuse_client(struct session *session, struct conn *conn, const char *name)
{
	uint32_t there = count_clients(session);
	char text[160];

	if (there >= session->max_clients)
		snprintf(text, sizeof(text), "vserial: %s has %u of %u clients: try again later\r\n",
			 session_name(session), there, session->max_clients);
	else if (session->daemon->peers >= session->daemon->conf.max_clients)
		snprintf(text, sizeof(text), "vserial: there are %u clients already, the most that vseriald serves\r\n",
			 session->daemon->peers);
	else
		return false;
	log_line(LOG_NOTICE, "%s: %s was refused: too many clients", session_name(session), name);
	conn_end(conn, session->daemon->goodbyes, text);
	return true;
}

/*
 * Whoever calls again finds its place free: the end of its last call may wait to be seen.
 * One that waits to be the writer, and has hung up, gives way to one that has not.
 */
static void see_ends(struct session *session)
{
	struct peer *peer, *next;

	for (peer = TAILQ_FIRST(&session->peers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		peer_see_end(peer);
	}
	for (peer = TAILQ_FIRST(&session->peers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		if (count_clients(session) >= session->max_clients && !peer->writer &&
		    peer_has_hung_up(peer))
			peer_end_unread(peer);
	}
}

static void admit_client(void *arg, struct conn *conn, const char *name)
{
	struct session *session = arg;

	see_ends(session);
	if (!refuse_client(session, conn, name))
		session_add_peer(session, conn, name);
}

static void client_failed(void *arg, const char *name, const char *why)
{
	log_line(LOG_NOTICE, "%s: %s was refused: %s", session_name(arg), name, why);
}

static const struct arrival_handler clients = {
	.arrived = admit_client,
	.failed = client_failed,
};

static void on_accepted(void *arg, int fd, const char *name)
{
	session_arrive(arg, fd, name, &clients);
}

/* Listening. */

static int on_retry(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	session_begin_server(arg);
	return 0;
}

static void listen_later(struct session *session, const char *why)
{
	session_set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s", why);
	timer_start(session->daemon->event, &session->retry,
		    backoff_next(&session->backoff, arc4random()), on_retry, session);
	session_report(session, false);
}

static void listen_now(struct session *session, const struct addresses *at);

static void on_lookup(void *arg, const struct addresses *found, const char *why)
{
	struct session *session = arg;
	char text[TRANSPORT_WHY_MAX];

	session->lookup = NULL;
	if (found) {
		listen_now(session, found);
		return;
	}
	snprintf(text, sizeof(text), "cannot find the address %s to listen on: %s",
		 session->uri.host, why);
	listen_later(session, text);
}

static void listen_now(struct session *session, const struct addresses *at)
{
	char why[TRANSPORT_WHY_MAX] = "";

	session->listener = listener_new(session->daemon, session->ops, &session->place, at,
					 on_accepted, session, why);
	if (!session->listener) {
		listen_later(session, why);
		return;
	}
	session->fault = 0;
	backoff_reset(&session->backoff);
	session_report(session, false);
}

void session_begin_server(struct session *session)
{
	struct addresses at;

	if (session->listener || session->lookup)
		return;
	if (session->ops->addresses(&session->place, true, &at)) {
		listen_now(session, &at);
		return;
	}
	session->lookup = resolver_lookup(session->daemon->resolver, session->uri.host,
					  (uint16_t)session->uri.port, session->uri.family,
					  on_lookup, session);
	if (!session->lookup)
		listen_later(session, "cannot look up the address to listen on: no memory");
	session_report(session, false);
}
