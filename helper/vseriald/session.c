// SPDX-License-Identifier: GPL-2.0-or-later
/* One backing. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "arrival.h"
#include "dialer.h"
#include "goodbye.h"
#include "handover.h"
#include "kport.h"
#include "listener.h"
#include "log.h"
#include "memory.h"
#include "resolve.h"
#include "session.h"
#include "timer.h"
#include "transport_tls.h"

#define SECOND		1000000ull
/*
 * TCP does not tell when bytes arrive, so one has to look.  At once where much
 * is on its way, because the kernel sends only so much ahead; later where
 * little is, because nobody waits for it.
 */
#define SETTLE_MUCH	(16u << 10)
#define SETTLE_SOON	1000u
#define SETTLE_LATER	10000u
#define SETTLE_MAX	200000u
/* How long a peer is given what is left when its guest is off. */
#define LEAVE_PATIENCE	(10 * SECOND)
/* Where a module does not tell where the output ends. */
#define LEAVE_QUIET	(SECOND / 5)

static void begin(struct session *session);
static void listen_now(struct session *session, const struct addresses *at);

const char *session_name(const struct session *session)
{
	static char name[VSERIAL_NAME_MAX + 16];

	snprintf(name, sizeof(name), "%s/%u", session->guest, session->index);
	return name;
}

/* What is told to the kernel. */

static bool any_live(const struct session *session)
{
	const struct peer *peer;

	TAILQ_FOREACH(peer, &session->peers, list)
		if (peer->phase != PEER_WAITS)
			return true;
	return false;
}

static uint32_t current_state(const struct session *session)
{
	if (session->flow == FLOW_ON)
		return VSERIAL_STATE_CONNECTED;
	if (session->fault)
		return session->fault;
	if (session->listener)
		return VSERIAL_STATE_LISTENING;
	if (session->dialer || session->lookup)
		return VSERIAL_STATE_CONNECTING;
	return VSERIAL_STATE_NOT_CONNECTED;
}

static const char *current_why(const struct session *session, uint32_t state)
{
	if (state == VSERIAL_STATE_RECOVERABLE_ERROR || state == VSERIAL_STATE_UNRECOVERABLE_ERROR)
		return session->why;
	if (state == VSERIAL_STATE_NOT_CONNECTED && !session->server && !session->power)
		return "it dials when the guest is powered on";
	return "";
}

/* The one who writes, and how many there are besides. */
static void peer_text(const struct session *session, char *text, size_t size)
{
	const struct peer *first = TAILQ_FIRST(&session->peers), *peer;

	TAILQ_FOREACH(peer, &session->peers, list)
		if (peer->writer)
			first = peer;
	if (!first)
		*text = '\0';
	else if (session->n_peers == 1)
		snprintf(text, size, "%s", first->name);
	else
		snprintf(text, size, "%s and %u more", first->name, session->n_peers - 1);
}

static void remember(char **what, const char *text)
{
	free(*what);
	*what = xstrdup(text);
}

/* Reports what has changed; @confirm as kport_report(), then always. */
static void report(struct session *session, bool confirm)
{
	uint32_t state = current_state(session);
	const char *why = current_why(session, state);
	char peer[ADDRESS_TEXT + 32];

	peer_text(session, peer, sizeof(peer));
	if (!confirm && session->told_why && state == session->told_state &&
	    !strcmp(why, session->told_why) && !strcmp(peer, session->told_peer))
		return;
	session->told_state = state;
	remember(&session->told_why, why);
	remember(&session->told_peer, peer);
	kport_report(session->daemon->kport, session, state, why, peer, confirm);
}

__attribute__((format(printf, 3, 4)))
static void set_fault(struct session *session, uint32_t fault, const char *format, ...)
{
	char why[TRANSPORT_WHY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	if (fault != session->fault || strcmp(why, session->why))
		log_line(LOG_WARNING, "%s: %s", session_name(session), why);
	session->fault = fault;
	memcpy(session->why, why, sizeof(why));
}

/* Output. */

/* Nobody needs what is in the ring; it comes again from the settled offset. */
static void restart_ring(struct session *session)
{
	ring_free(&session->ring);
	ring_init(&session->ring, session->daemon->conf.viewer_buffer, session->settled);
}

static void start_flow(struct session *session)
{
	if (session->flow != FLOW_OFF || !any_live(session))
		return;
	session->flow = FLOW_ON;
	report(session, false);
}

static void stop_flow(struct session *session)
{
	if (session->flow != FLOW_ON)
		return;
	session->flow = FLOW_STOPPING;
	report(session, true);
}

void session_confirmed(struct session *session)
{
	if (session->flow != FLOW_STOPPING)
		return;
	session->flow = FLOW_OFF;
	start_flow(session);
}

void session_resync(struct session *session)
{
	/* Input that was refused may have to be asked for again. */
	input_rewind(&session->input, session->input.offset);
	stop_flow(session);
	kport_wake(session->daemon->kport, session);
}

static void settle(struct session *session)
{
	uint64_t best = 0, settled;
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
	kport_settle(session->daemon->kport, session->id, settled);
}

static uint64_t unsettled(const struct session *session)
{
	uint64_t end = ring_offset(&session->ring, session->ring.head);

	return any_live(session) && end > session->settled ? end - session->settled : 0;
}

static int on_settle_timer(sd_event_source *source, uint64_t now, void *arg)
{
	struct session *session = arg;

	(void)source;
	(void)now;
	settle(session);
	kport_wake(session->daemon->kport, session);
	return 0;
}

/* Looks now or has it looked later; no timer runs while all is settled. */
static void look_after_settling(struct session *session)
{
	uint64_t wait;

	if (unsettled(session) >= SETTLE_MUCH)
		settle(session);
	if (!unsettled(session)) {
		session->settle_wait = 0;
		timer_stop(session->settle_timer);
		return;
	}
	if (timer_runs(session->settle_timer))
		return;
	wait = unsettled(session) >= SETTLE_MUCH ? SETTLE_SOON : SETTLE_LATER;
	if (wait < session->settle_wait)
		wait = session->settle_wait;
	timer_start(session->daemon->event, &session->settle_timer, wait, on_settle_timer, session);
	session->settle_wait = 2 * wait < SETTLE_MAX ? 2 * wait : SETTLE_MAX;
}

static void drop_delivered(struct session *session)
{
	uint64_t needed = session->ring.head;
	const struct peer *peer;

	TAILQ_FOREACH(peer, &session->peers, list)
		if (peer->position < needed)
			needed = peer->position;
	ring_drop(&session->ring, needed);
}

/* A peer whose history begins behind what comes now needs no history. */
static void release_held(struct session *session, uint64_t offset)
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
			peer_join(peer, offset > peer->resume ? offset : peer->resume);
	}
}

void session_output(struct session *session, uint64_t offset, const void *bytes, size_t len)
{
	struct peer *peer;
	uint64_t lost;

	if (session->flow != FLOW_ON)
		return;
	release_held(session, offset);
	lost = ring_append(&session->ring, offset, bytes, len);
	if (lost)
		log_line(LOG_DEBUG, "%s: %llu bytes were dropped before they came here",
			 session_name(session), (unsigned long long)lost);
	TAILQ_FOREACH(peer, &session->peers, list)
		peer_follow(peer);
	kport_wake(session->daemon->kport, session);
}

void session_break(struct session *session, uint64_t offset)
{
	/* One that came before comes again with what is sent again. */
	if (session->flow != FLOW_ON || offset < ring_offset(&session->ring, session->ring.head))
		return;
	ring_mark(&session->ring);
	kport_wake(session->daemon->kport, session);
}

/* Input. */

static bool may_read(void *arg, const struct peer *peer)
{
	const struct session *session = arg;

	if (!peer->id || session->daemon->ending)
		return false;
	return !peer->writer || (input_idle(&session->input) && !session->input_break);
}

static void on_input(void *arg, struct peer *peer, char *bytes, size_t len)
{
	struct session *session = arg;

	(void)peer;
	input_add(&session->input, bytes, len);
	kport_wake(session->daemon->kport, session);
}

/* A break has its place behind bytes that have all been taken. */
static void send_break_if_due(struct session *session)
{
	if (!session->input_break || !input_idle(&session->input))
		return;
	session->input_break = false;
	kport_break(session->daemon->kport, session, session->input.offset);
}

static void on_break(void *arg, struct peer *peer)
{
	struct session *session = arg;

	(void)peer;
	session->input_break = true;
	send_break_if_due(session);
}

static void on_resized(void *arg, struct peer *peer)
{
	struct session *session = arg;

	if (peer->window.rows && peer->window.columns)
		kport_window(session->daemon->kport, peer);
}

static void send_input(struct session *session)
{
	const char *bytes;
	uint64_t offset;
	size_t len = input_to_send(&session->input, &bytes, &offset);

	if (len)
		kport_input(session->daemon->kport, session, offset, bytes, len);
}

/* Whoever may be read now is read. */
static void read_on(struct session *session)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &session->peers, list)
		peer_may_read(peer);
}

void session_room(struct session *session, uint64_t offset)
{
	input_rewind(&session->input, offset);
	send_break_if_due(session);
	if (input_idle(&session->input))
		read_on(session);
	kport_wake(session->daemon->kport, session);
}

void session_refused(struct session *session)
{
	input_refused(&session->input);
}

void session_answered(struct session *session)
{
	input_answered(&session->input);
	send_break_if_due(session);
	if (input_idle(&session->input))
		read_on(session);
}

/* Peers. */

static void leave_if_done(struct session *session);

/* The last one out of a port turns the output off. */
static void after_peer(struct session *session)
{
	struct peer *peer;

	if (any_live(session)) {
		report(session, false);
		return;
	}
	timer_stop(session->settle_timer);
	restart_ring(session);
	TAILQ_FOREACH(peer, &session->peers, list)
		peer->position = session->ring.head;
	if (session->flow == FLOW_ON)
		stop_flow(session);
	else
		report(session, false);
}

static void remove_peer(struct session *session, struct peer *peer, const char *text)
{
	TAILQ_REMOVE(&session->peers, peer, list);
	session->n_peers--;
	kport_retire(session->daemon->kport, peer);
	peer_free(peer, text);
	after_peer(session);
}

static void on_ended(void *arg, struct peer *peer, const char *why, bool clean)
{
	struct session *session = arg;
	bool dialled = peer->dialled;

	log_line(LOG_INFO, "%s: %s has left: %s", session_name(session), peer->name, why);
	/* What its host had counts, if the socket still knows. */
	if (clean || session->ops->counts_when_broken)
		settle(session);
	if (dialled && session->dialer) {
		set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s: %s; dialling again",
			  peer->name, why);
		dialer_again(session->dialer);
	}
	remove_peer(session, peer, NULL);
	if (session->leaving)
		leave_if_done(session);
}

static const struct peer_handler peer_handler = {
	.may_read = may_read,
	.input = on_input,
	.sent_break = on_break,
	.resized = on_resized,
	.ended = on_ended,
};

static int on_idle_timer(sd_event_source *source, uint64_t now, void *arg);

/* Looks again when the first of the peers could have been silent for long enough. */
static void watch_idleness(struct session *session)
{
	uint64_t now = daemon_now(session->daemon), limit = session->idle_timeout * SECOND;
	uint64_t wait = limit;
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
		if (peer->active + session->idle_timeout * SECOND > now)
			continue;
		log_line(LOG_INFO, "%s: %s was silent for %u s, its idle-timeout",
			 session_name(session), peer->name, session->idle_timeout);
		snprintf(text, sizeof(text), "\r\n[vserial: closed after %u s without a byte]\r\n",
			 session->idle_timeout);
		if (peer->dialled && session->dialer)
			dialer_again(session->dialer);
		remove_peer(session, peer, peer->dialled ? NULL : text);
	}
	watch_idleness(session);
	return 0;
}

static struct peer *add_peer(struct session *session, struct conn *conn, const char *name)
{
	struct peer *peer;

	if (session->uri.kind == URI_TELNET)
		conn = conn_telnet(conn, session->server);
	peer = peer_new(session->daemon, &session->ring, conn, name, &peer_handler, session);

	if (!peer)
		return NULL;
	TAILQ_INSERT_TAIL(&session->peers, peer, list);
	session->n_peers++;
	kport_announce(session->daemon->kport, session, peer);
	watch_idleness(session);
	log_line(LOG_INFO, "%s: %s has connected", session_name(session), name);
	return peer;
}

/* A client that is not taken, and why. */
static bool refuse_client(struct session *session, struct conn *conn, const char *name)
{
	char text[160];

	if (session->n_peers >= session->max_clients)
		snprintf(text, sizeof(text), "vserial: %s has %u of %u clients: try again later\r\n",
			 session_name(session), session->n_peers, session->max_clients);
	else if (session->daemon->peers >= session->daemon->conf.max_clients)
		snprintf(text, sizeof(text), "vserial: there are %u clients already, the most that vseriald serves\r\n",
			 session->daemon->peers);
	else
		return false;
	log_line(LOG_NOTICE, "%s: %s was refused: too many clients", session_name(session), name);
	conn_end(conn, session->daemon->goodbyes, text);
	return true;
}

static void admit_client(void *arg, struct conn *conn, const char *name)
{
	struct session *session = arg;
	struct peer *peer;

	if (refuse_client(session, conn, name))
		return;
	peer = add_peer(session, conn, name);
	if (peer)
		kport_history(session->daemon->kport, session, peer);
}

static void client_failed(void *arg, const char *name, const char *why)
{
	log_line(LOG_NOTICE, "%s: %s was refused: %s", session_name(arg), name, why);
}

static const struct arrival_handler clients = {
	.arrived = admit_client,
	.failed = client_failed,
};

/* Whoever has to prove something does so first. */
static void arrive(struct session *session, int fd, const char *name,
		   const struct arrival_handler *handler)
{
	struct conn *conn = conn_new(session->ops, fd);

	if (session->tls)
		arrival_begin(session->daemon->arrivals, conn_tls(conn, session->tls), name,
			      handler, session);
	else
		handler->arrived(session, conn, name);
}

static void on_accepted(void *arg, int fd, const char *name)
{
	arrive(arg, fd, name, &clients);
}

void session_history(struct session *session, struct peer *peer, uint64_t offset,
		     const void *bytes, size_t len)
{
	(void)session;
	peer_history(peer, offset, bytes, len);
}

void session_history_end(struct session *session, struct peer *peer)
{
	uint64_t head = ring_offset(&session->ring, session->ring.head);

	if (!peer->backlog_len)
		peer_join(peer, peer->resume ? peer->resume : head);
	else if (session->flow == FLOW_ON || session->settled >= peer->history_start)
		peer_join(peer, peer->history_end);
	else
		/* There is output older than that which nobody has had yet. */
		peer->phase = PEER_HELD;
	start_flow(session);
	report(session, false);
	kport_wake(session->daemon->kport, session);
}

void session_announced(struct session *session, struct peer *peer, uint32_t id, bool writer,
		       const char *why)
{
	char text[256];

	if (id) {
		peer->id = id;
		session_writer(session, peer, writer);
		return;
	}
	log_line(LOG_NOTICE, "%s: %s was refused: %s", session_name(session), peer->name, why);
	snprintf(text, sizeof(text), "vserial: %.200s\r\n", why);
	if (peer->dialled && session->dialer) {
		set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s", why);
		dialer_again(session->dialer);
	}
	remove_peer(session, peer, peer->dialled ? NULL : text);
}

void session_writer(struct session *session, struct peer *peer, bool writer)
{
	/* What one has sent goes to the guest also when another took over since. */
	if (writer && !peer->writer)
		on_resized(session, peer);
	peer->writer = writer;
	peer_may_read(peer);
	report(session, false);
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
	remove_peer(session, peer, peer->dialled ? NULL : text);
}

/* Servers. */

static int on_retry(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	begin(arg);
	return 0;
}

static void listen_later(struct session *session, const char *why)
{
	set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s", why);
	timer_start(session->daemon->event, &session->retry,
		    backoff_next(&session->backoff, arc4random()), on_retry, session);
	report(session, false);
}

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
	report(session, false);
}

static void begin_server(struct session *session)
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
	report(session, false);
}

/* Clients. */

static void admit_server(void *arg, struct conn *conn, const char *name)
{
	struct session *session = arg;
	struct peer *peer = add_peer(session, conn, name);

	if (!peer) {
		dialer_again(session->dialer);
		return;
	}
	session->fault = 0;
	peer->dialled = true;
	/* It goes on where the last one was, without history. */
	peer_join(peer, session->settled);
	start_flow(session);
	report(session, false);
}

static void server_failed(void *arg, const char *name, const char *why)
{
	struct session *session = arg;

	set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s: %s; dialling again", name, why);
	dialer_again(session->dialer);
	report(session, false);
}

static const struct arrival_handler servers = {
	.arrived = admit_server,
	.failed = server_failed,
};

static void on_connected(void *arg, int fd, const char *name)
{
	arrive(arg, fd, name, &servers);
}

static void on_failed(void *arg, const char *why)
{
	struct session *session = arg;

	set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s", why);
	report(session, false);
}

static const struct dialer_handler dialer_handler = {
	.connected = on_connected,
	.failed = on_failed,
};

static void begin_client(struct session *session)
{
	session->leaving = false;
	timer_stop(session->leave_timer);
	if (session->dialer)
		return;
	if (!*session->uri.host && session->uri.kind != URI_PIPE) {
		set_fault(session, VSERIAL_STATE_UNRECOVERABLE_ERROR,
			  "a client needs a host to dial: %s://HOST:%u", session->uri.scheme,
			  session->uri.port);
		report(session, false);
		return;
	}
	/* A guest that is off only for a moment finds its peer still there. */
	session->dialer = dialer_new(session->daemon, session->ops, &session->place,
				     TAILQ_EMPTY(&session->peers), &dialer_handler, session);
	report(session, false);
}

/* Leaving, when the guest is off. */

static void leave(struct session *session)
{
	struct peer *peer = TAILQ_FIRST(&session->peers);

	session->leaving = false;
	timer_stop(session->leave_timer);
	session->fault = 0;
	settle(session);
	if (peer)
		remove_peer(session, peer, NULL);
	report(session, false);
}

static void leave_if_done(struct session *session)
{
	uint64_t have = ring_offset(&session->ring, session->ring.head);

	if (TAILQ_EMPTY(&session->peers) ||
	    (have >= session->end && session->settled >= session->end))
		leave(session);
}

static int on_leave_timer(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	leave(arg);
	return 0;
}

static void begin_leaving(struct session *session, const struct backing *backing)
{
	dialer_free(session->dialer);
	session->dialer = NULL;
	arrivals_cancel(session->daemon->arrivals, session);
	session->leaving = true;
	session->end = backing->has_end ? backing->end : UINT64_MAX;
	timer_start(session->daemon->event, &session->leave_timer,
		    backing->has_end ? LEAVE_PATIENCE : LEAVE_QUIET, on_leave_timer, session);
	settle(session);
	leave_if_done(session);
}

/* What the daemon before left. */

static struct handed handed(const struct session *session)
{
	return (struct handed){
		.guest = session->guest,
		.index = session->index,
		.spec = session->digest,
	};
}

static void adopt_peer(struct session *session, int fd, const struct handed *old)
{
	const struct address unknown = { 0 };
	char name[ADDRESS_TEXT];
	struct peer *peer;

	session->ops->describe(fd, &unknown, name);
	peer = add_peer(session, conn_new(session->ops, fd), name);
	if (!peer)
		return;
	peer->dialled = old->dialled;
	peer->resume = old->offset;
	if (!peer->dialled && peer->resume < session->settled) {
		kport_history(session->daemon->kport, session, peer);
		return;
	}
	peer_join(peer, peer->resume);
	start_flow(session);
}

static void adopt(struct session *session)
{
	struct handover *handover = session->daemon->handover;
	struct handed old = handed(session);
	char *bytes = NULL;
	size_t len;
	int fd;

	/* Without a guest there is nobody to dial for. */
	if (!handover || !session->ops || session->uri.tls || (!session->server && !session->power))
		return;
	while ((fd = handover_peer(handover, &old)) >= 0)
		adopt_peer(session, fd, &old);
	len = handover_input(handover, &old, &bytes);
	if (!len)
		return;
	input_add(&session->input, bytes, len);
	kport_wake(session->daemon->kport, session);
}

/* From the kernel's word to a peer. */

static void begin(struct session *session)
{
	bool ready = session->ops && (!session->uri.tls || session->tls);

	if (ready && session->server)
		begin_server(session);
	else if (ready && session->power)
		begin_client(session);
	else
		report(session, false);
}

/* A pipe says itself which end it is. */
static bool is_server(const struct uri *uri, uint32_t endpoint)
{
	if (uri->kind == URI_PIPE)
		return !uri->client;
	return endpoint == VSERIAL_ENDPOINT_SERVER ||
	       (endpoint == VSERIAL_ENDPOINT_AUTO && !*uri->host);
}

static void take_settings(struct session *session, const struct backing *backing)
{
	session->power = backing->power;
	session->max_clients = backing->max_clients ? backing->max_clients : UINT32_MAX;
	session->idle_timeout = backing->idle_timeout;
	session->place.owned = backing->owned;
	session->place.uid = backing->uid;
	session->place.gid = backing->gid;
}

/* Return: whether there are some; with a mistake in them the old ones stay. */
static bool read_tls_rules(struct session *session)
{
	char why[TRANSPORT_WHY_MAX];
	struct tls_rules *rules;

	if (!session->uri.tls)
		return true;
	rules = tls_rules_new(&session->uri, &session->daemon->conf, session->server, why);
	if (!rules && session->tls) {
		log_line(LOG_WARNING, "%s: %s; what was read before stays", session_name(session),
			 why);
	} else if (!rules) {
		set_fault(session, VSERIAL_STATE_UNRECOVERABLE_ERROR, "%s", why);
	} else {
		if (!session->tls)
			session->fault = 0;
		tls_rules_free(session->tls);
		session->tls = rules;
	}
	return rules;
}

struct session *session_new(struct daemon *daemon, const struct backing *backing)
{
	struct session *session = xcalloc(1, sizeof(*session));
	char why[TRANSPORT_WHY_MAX];

	_Static_assert(TRANSPORT_WHY_MAX >= URI_WHY_MAX, "a reason of either fits");

	session->daemon = daemon;
	session->id = backing->id;
	session->guest = xstrdup(backing->guest);
	session->index = backing->index;
	session->settled = backing->offset;
	TAILQ_INIT(&session->peers);
	take_settings(session, backing);
	ring_init(&session->ring, daemon->conf.viewer_buffer, backing->offset);
	session->backoff.min = daemon->conf.retry_min * 1000ull;
	session->backoff.max = daemon->conf.retry_max * SECOND;

	if (!uri_parse(backing->spec, &session->uri, why, sizeof(why)))
		session->ops = transport_find(&session->uri, why);
	session->place.uri = &session->uri;
	session->place.conf = &daemon->conf;
	session->server = is_server(&session->uri, backing->endpoint);
	if (!session->ops)
		set_fault(session, VSERIAL_STATE_UNRECOVERABLE_ERROR, "%s", why);
	else
		read_tls_rules(session);
	session->digest = handover_digest(backing->spec);
	adopt(session);
	begin(session);
	return session;
}

/* It has become a server, or a client: what it was ends. */
static void turn_around(struct session *session)
{
	struct peer *peer;

	session->server = !session->server;
	session->leaving = false;
	timer_stop(session->leave_timer);
	timer_stop(session->retry);
	settle(session);
	listener_free(session->listener);
	session->listener = NULL;
	lookup_cancel(session->lookup);
	session->lookup = NULL;
	dialer_free(session->dialer);
	session->dialer = NULL;
	arrivals_cancel(session->daemon->arrivals, session);
	session->fault = 0;
	while ((peer = TAILQ_FIRST(&session->peers)))
		remove_peer(session, peer, NULL);
	/* What has to be proved is another thing now. */
	tls_rules_free(session->tls);
	session->tls = NULL;
	read_tls_rules(session);
}

void session_reload(struct session *session)
{
	if (session->ops && session->uri.tls && read_tls_rules(session))
		begin(session);
}

void session_update(struct session *session, const struct backing *backing)
{
	bool off = session->power && !backing->power;

	take_settings(session, backing);
	if (session->ops && is_server(&session->uri, backing->endpoint) != session->server)
		turn_around(session);
	watch_idleness(session);
	if (session->ops && !session->server && off)
		begin_leaving(session, backing);
	else
		begin(session);
}

/* All but its peers and its listener. */
static void dispose(struct session *session)
{
	arrivals_cancel(session->daemon->arrivals, session);
	dialer_free(session->dialer);
	lookup_cancel(session->lookup);
	sd_event_source_disable_unref(session->retry);
	sd_event_source_disable_unref(session->settle_timer);
	sd_event_source_disable_unref(session->idle_timer);
	sd_event_source_disable_unref(session->leave_timer);
	kport_forget(session->daemon->kport, session);
	input_clear(&session->input);
	ring_free(&session->ring);
	tls_rules_free(session->tls);
	uri_free(&session->uri);
	free(session->guest);
	free(session->told_why);
	free(session->told_peer);
	free(session);
}

void session_keep(struct session *session)
{
	struct handed keep = handed(session);
	struct peer *peer;

	settle(session);
	while ((peer = TAILQ_FIRST(&session->peers))) {
		TAILQ_REMOVE(&session->peers, peer, list);
		kport_retire(session->daemon->kport, peer);
		/* What is spoken above a socket has a state that cannot be handed over. */
		if (!conn_is_plain(peer->conn)) {
			peer_free(peer, NULL);
			continue;
		}
		keep.offset = peer_offset(peer);
		keep.dialled = peer->dialled;
		keep.writer = peer->writer;
		handover_keep_peer(peer->conn->fd, &keep);
		peer_release(peer);
	}
	if (session->input.len)
		handover_keep_input(&keep, session->input.data, session->input.len);
	listener_keep(session->listener);
	dispose(session);
}

void session_end(struct session *session, bool tell)
{
	struct kport *kport = session->daemon->kport;
	struct peer *peer, *next;

	/* What was written counts; the rest is the next backing's. */
	dialer_free(session->dialer);
	session->dialer = NULL;
	for (peer = TAILQ_FIRST(&session->peers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		peer_pump(peer);
	}
	settle(session);
	while ((peer = TAILQ_FIRST(&session->peers))) {
		TAILQ_REMOVE(&session->peers, peer, list);
		kport_retire(kport, peer);
		peer_free(peer, NULL);
	}
	listener_free(session->listener);
	if (tell)
		kport_report(kport, session, VSERIAL_STATE_NOT_CONNECTED, "", "", false);
	dispose(session);
}

void session_turn(struct session *session)
{
	struct peer *peer, *next;

	send_input(session);
	for (peer = TAILQ_FIRST(&session->peers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		peer_pump(peer);
	}
	drop_delivered(session);
	look_after_settling(session);
	if (session->leaving)
		leave_if_done(session);
}
