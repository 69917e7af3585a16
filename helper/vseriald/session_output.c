// SPDX-License-Identifier: GPL-2.0-or-later
/* Output: from the kernel to the ring, and what is settled of it. */
#include "kport.h"
#include "log.h"
#include "session_parts.h"
#include "timer.h"

/*
 * TCP does not tell when bytes arrive, so one has to look.  At once where much
 * is on its way, because the kernel sends only so much ahead; later where
 * little is, because nobody waits for it.
 */
#define SETTLE_MUCH	(16u << 10)
#define SETTLE_SOON	1000u
#define SETTLE_LATER	10000u
#define SETTLE_MAX	200000u

/* Nobody needs what is in the ring; it comes again from the settled offset. */
void session_restart_ring(struct session *session)
{
	ring_free(&session->ring);
	ring_init(&session->ring, session->daemon->conf.viewer_buffer, session->settled);
}

/* What a port keeps is asked for behind its report: until then it may drop what it has given. */
static void fetch_history(struct session *session)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &session->peers, list) {
		if (peer->phase != PEER_WAITS)
			continue;
		peer->phase = PEER_FETCHES;
		kport_history(session->daemon->kport, &session->port, peer);
	}
}

void session_start_flow(struct session *session)
{
	if (session->flow == FLOW_OFF && session_any_live(session)) {
		session->flow = FLOW_ON;
		session_report(session, false);
	}
	if (session->flow == FLOW_ON)
		fetch_history(session);
}

void session_stop_flow(struct session *session)
{
	if (session->flow != FLOW_ON)
		return;
	session->flow = FLOW_STOPPING;
	session_ask(session);
}

void session_ask(struct session *session)
{
	session->asked++;
	session_report(session, true);
}

void session_confirmed(struct session *session)
{
	/* What was asked since may not be so yet. */
	if (--session->asked)
		return;
	if (session->passing) {
		session->passing = false;
		session_read_on(session);
	}
	if (session->flow != FLOW_STOPPING)
		return;
	session->flow = FLOW_OFF;
	session_start_flow(session);
}

void session_settle(struct session *session)
{
	uint64_t best = session->print ? session->spooled : 0, settled;
	struct peer *peer;

	TAILQ_FOREACH(peer, &session->peers, list) {
		settled = peer_settled(peer);
		if (settled > best)
			best = settled;
	}
	/* In front of a loss one has to wait until what is behind it has arrived, too. */
	if (!ring_knows(&session->ring, best))
		return;
	settled = ring_offset(&session->ring, best);
	if (settled <= session->settled)
		return;
	session->settled = settled;
	session->settle_wait = 0;
	kport_settle(session->daemon->kport, session->port.id, settled);
}

uint64_t session_unsettled(const struct session *session)
{
	uint64_t end = ring_offset(&session->ring, session->ring.head);

	return session_any_live(session) && end > session->settled ? end - session->settled : 0;
}

static int on_settle_timer(sd_event_source *source, uint64_t now, void *arg)
{
	struct session *session = arg;

	(void)source;
	(void)now;
	session_settle(session);
	kport_wake(session->daemon->kport, &session->port);
	return 0;
}

/* Looks now or has it looked later; no timer runs while all is settled. */
void session_look_after_settling(struct session *session)
{
	uint64_t wait;

	if (session_unsettled(session) >= SETTLE_MUCH)
		session_settle(session);
	if (!session_unsettled(session)) {
		session->settle_wait = 0;
		timer_stop(session->settle_timer);
		return;
	}
	if (timer_runs(session->settle_timer))
		return;
	wait = session_unsettled(session) >= SETTLE_MUCH ? SETTLE_SOON : SETTLE_LATER;
	if (wait < session->settle_wait)
		wait = session->settle_wait;
	timer_start(session->daemon->event, &session->settle_timer, wait, on_settle_timer, session);
	session->settle_wait = 2 * wait < SETTLE_MAX ? 2 * wait : SETTLE_MAX;
}

void session_drop_delivered(struct session *session)
{
	uint64_t needed = session->print ? session->spooled : session->ring.head;
	const struct peer *peer;

	TAILQ_FOREACH(peer, &session->peers, list)
		if (peer->position < needed)
			needed = peer->position;
	ring_drop(&session->ring, needed);
}

void session_release_held(struct session *session, uint64_t offset)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &session->peers, list) {
		if (peer->phase != PEER_HELD)
			continue;
		if (offset < peer->history_start)
			peer_drop_history(peer);
		if (peer->backlog_len)
			peer_join(peer, peer->history_end);
		else
			/* One that was elsewhere before is told what it lacks in front. */
			peer_join(peer, peer->resume ? peer->resume : offset);
	}
}

void session_output(struct session *session, uint64_t offset, const void *bytes, size_t len)
{
	struct peer *peer;
	uint64_t lost;

	if (session->flow != FLOW_ON)
		return;
	session_release_held(session, offset);
	lost = ring_append(&session->ring, offset, bytes, len);
	if (lost)
		log_line(LOG_DEBUG, "%s: %llu bytes were dropped before they came here",
			 session_name(session), (unsigned long long)lost);
	TAILQ_FOREACH(peer, &session->peers, list)
		peer_follow(peer);
	kport_wake(session->daemon->kport, &session->port);
}

void session_break(struct session *session, uint64_t offset)
{
	/* One that came before comes again with what is sent again. */
	if (session->flow != FLOW_ON || offset < ring_offset(&session->ring, session->ring.head))
		return;
	ring_mark(&session->ring);
	kport_wake(session->daemon->kport, &session->port);
}
