// SPDX-License-Identifier: GPL-2.0-or-later
/* A backing's peers: how they come, are told apart by the kernel, and go. */
#include <stdio.h>

#include <linux/vserial.h>

#include "arrival.h"
#include "dialer.h"
#include "kport.h"
#include "log.h"
#include "meeting.h"
#include "session_parts.h"
#include "timer.h"
#include "transport_tls.h"

/* The last one out of a port turns the output off. */
static void after_peer(struct session *session)
{
	struct peer *peer;

	if (session_any_live(session)) {
		session_report(session, false);
		return;
	}
	timer_stop(session->settle_timer);
	session_restart_ring(session);
	TAILQ_FOREACH(peer, &session->peers, list)
		peer->position = session->ring.head;
	if (session->flow == FLOW_ON)
		session_stop_flow(session);
	else
		session_report(session, false);
}

void session_remove_peer(struct session *session, struct peer *peer, const char *text)
{
	bool writer = peer->writer;

	TAILQ_REMOVE(&session->peers, peer, list);
	session->n_peers--;
	kport_retire(session->daemon->kport, peer);
	peer_free(peer, text);
	after_peer(session);
	if (writer && !TAILQ_EMPTY(&session->peers)) {
		/* The kernel says who is the next, if any is, before it confirms. */
		session->passing = true;
		session_ask(session);
	}
}

static void on_ended(void *arg, struct peer *peer, const char *why, bool clean)
{
	struct session *session = arg;
	bool dialled = peer->dialled;

	log_line(LOG_INFO, "%s: %s has left: %s", session_name(session), peer->name, why);
	/* What its host had counts, if the socket still knows. */
	if (clean || session->ops->counts_when_broken)
		session_settle(session);
	session_not_handed(session, why);
	if (dialled && session->dialer && !session_leaves(session)) {
		session_set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s: %s; dialling again",
				  peer->name, why);
		dialer_again(session->dialer);
	}
	session_remove_peer(session, peer, NULL);
	/* A session that leaves may be done now. */
	kport_wake(session->daemon->kport, &session->port);
}

static const struct peer_handler peer_handler = {
	.may_read = session_may_read,
	.input = session_take_input,
	.sent_break = session_take_break,
	.resized = session_take_window,
	.drove = session_take_lines,
	.moved = session_handed,
	.ended = on_ended,
};

static int on_idle_timer(sd_event_source *source, uint64_t now, void *arg);

void session_watch_idleness(struct session *session)
{
	uint64_t limit = session->idle_timeout * SESSION_SECOND, wait = limit;
	uint64_t now = daemon_now(session->daemon);
	const struct peer *peer;

	if (!limit || TAILQ_EMPTY(&session->peers)) {
		timer_stop(session->idle_timer);
		return;
	}
	TAILQ_FOREACH(peer, &session->peers, list)
		if (peer->active + limit < now + wait)
			wait = peer->active + limit > now ? peer->active + limit - now : 0;
	timer_start(session->daemon->event, &session->idle_timer, wait, on_idle_timer, session);
}

static int on_idle_timer(sd_event_source *source, uint64_t now, void *arg)
{
	struct session *session = arg;
	struct peer *peer, *next;
	char text[128];

	(void)source;
	(void)now;
	now = daemon_now(session->daemon);
	for (peer = TAILQ_FIRST(&session->peers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		if (peer->active + session->idle_timeout * SESSION_SECOND > now)
			continue;
		log_line(LOG_INFO, "%s: %s was silent for %u s, its idle-timeout",
			 session_name(session), peer->name, session->idle_timeout);
		snprintf(text, sizeof(text), "\r\n[vserial: closed after %u s without a byte]\r\n",
			 session->idle_timeout);
		if (peer->dialled && session->dialer)
			dialer_again(session->dialer);
		session_remove_peer(session, peer, peer->dialled ? NULL : text);
	}
	session_watch_idleness(session);
	return 0;
}

struct peer *session_add_peer(struct session *session, struct conn *conn, const char *name)
{
	struct peer *peer;

	conn_cable(conn, &session->cable);
	peer = peer_new(session->daemon, &session->ring, conn, name, &peer_handler, session);
	if (!peer)
		return NULL;
	TAILQ_INSERT_TAIL(&session->peers, peer, list);
	session->n_peers++;
	kport_announce(session->daemon->kport, &session->port, peer);
	session_watch_idleness(session);
	log_line(LOG_INFO, "%s: %s has connected", session_name(session), name);
	return peer;
}

void session_cancel_arrivals(struct session *session)
{
	arrivals_cancel(session->daemon->arrivals, session);
	meeting_free(session->meeting);
	session->meeting = NULL;
}

void session_arrive(struct session *session, int fd, const char *name,
		    const struct arrival_handler *handler)
{
	const struct arrival_plan plan = {
		.server = session->server,
		/* To a concentrator it is spoken with more in it. */
		.telnet = session->uri.kind == URI_TELNET && !session->service,
		.tls = session->tls,
		.at_once = session->uri.tls,
		.required = tls_required(&session->uri),
	};
	struct conn *conn = conn_new(session->ops, fd);

	if (session->tls && (plan.at_once || !session->service)) {
		arrival_begin(session->daemon->arrivals, conn, name, &plan, handler, session);
		return;
	}
	if (plan.telnet)
		conn = conn_telnet(conn, session->server);
	handler->arrived(session, conn, name);
}

void session_history(struct session *session, struct peer *peer, uint64_t offset,
		     const void *bytes, size_t len)
{
	(void)session;
	peer_history(peer, offset, bytes, len);
}

static bool others_are_live(const struct session *session)
{
	const struct peer *peer;

	TAILQ_FOREACH(peer, &session->peers, list)
		if (peer->phase == PEER_LIVE)
			return true;
	return false;
}

void session_history_end(struct session *session, struct peer *peer)
{
	const struct ring *ring = &session->ring;

	if (!peer->backlog_len && peer->resume) {
		peer_join(peer, peer->resume);
	} else if (!peer->backlog_len) {
		peer_join(peer, ring_offset(ring, peer->position));
	} else if (others_are_live(session) || session->settled >= peer->history_start) {
		peer_join(peer, peer->history_end);
	} else {
		/* There may be output older than that which nobody has had yet. */
		peer->phase = PEER_HELD;
		if (ring->head > ring->tail)
			session_release_held(session, ring_offset(ring, ring->tail));
	}
	session_report(session, false);
	kport_wake(session->daemon->kport, &session->port);
}

void session_announced(struct session *session, struct peer *peer, uint32_t id, bool writer,
		       const char *why)
{
	char text[256];

	if (id) {
		peer->id = id;
		if (peer->phase == PEER_COMES)
			peer->phase = PEER_WAITS;
		session_writer(session, peer, writer);
		session_start_flow(session);
		return;
	}
	log_line(LOG_NOTICE, "%s: %s was refused: %s", session_name(session), peer->name, why);
	snprintf(text, sizeof(text), "vserial: %.200s\r\n", why);
	if (peer->dialled && session->dialer) {
		session_set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s", why);
		dialer_again(session->dialer);
	}
	session_remove_peer(session, peer, peer->dialled ? NULL : text);
}

void session_writer(struct session *session, struct peer *peer, bool writer)
{
	/* What one has sent goes to the guest also when another took over since. */
	if (writer && !peer->writer)
		session_take_window(session, peer);
	peer->writer = writer;
	session_read_on(session);
	session_report(session, false);
}

void session_kicked(struct session *session, struct peer *peer, const char *why)
{
	char text[256];

	log_line(LOG_INFO, "%s: %s has to leave%s%s", session_name(session), peer->name,
		 *why ? ": " : "", why);
	snprintf(text, sizeof(text), "\r\n[vserial: closed%s%.200s]\r\n", *why ? ": " : "", why);
	peer->id = 0;
	if (peer->dialled && session->dialer)
		dialer_again(session->dialer);
	session_remove_peer(session, peer, peer->dialled ? NULL : text);
}
