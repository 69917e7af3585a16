// SPDX-License-Identifier: GPL-2.0-or-later
/* One backing: from the first word of the kernel to the last. */
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "dialer.h"
#include "handover.h"
#include "kport.h"
#include "listener.h"
#include "log.h"
#include "memory.h"
#include "resolve.h"
#include "session_parts.h"
#include "timer.h"
#include "transport_tls.h"

static void begin(struct session *session)
{
	bool ready = session->ops && (session->tls || !tls_required(&session->uri));

	if (session->printer)
		session_begin_printer(session);
	else if (ready && session->server)
		session_begin_server(session);
	else if (ready && !session_leaves(session) && (session->power || session_comes(session)))
		session_begin_client(session);
	else
		session_report(session, false);
}

/* A pipe says itself which end it is; a concentrator is always dialled, as is a printer. */
static bool is_server(const struct session *session, uint32_t endpoint)
{
	const struct uri *uri = &session->uri;

	if (session->service || session->printer)
		return false;
	if (uri->kind == URI_PIPE)
		return !uri->client;
	return endpoint == VSERIAL_ENDPOINT_SERVER ||
	       (endpoint == VSERIAL_ENDPOINT_AUTO && !*uri->host);
}

static void set_uuid(uint8_t *to, const uint8_t *from)
{
	if (from)
		memcpy(to, from, VSPC_UUID_SIZE);
	else
		memset(to, 0, VSPC_UUID_SIZE);
}

/* Whether a concentrator is to dial the service: where that says whom. */
static bool is_dialled(const struct session *session, uint32_t endpoint)
{
	struct uri uri;
	char why[URI_WHY_MAX];
	bool host;

	if (endpoint != VSERIAL_ENDPOINT_AUTO)
		return endpoint == VSERIAL_ENDPOINT_CLIENT;
	if (uri_parse(session->service, &uri, why, sizeof(why)))
		return false;
	host = *uri.host;
	uri_free(&uri);
	return host;
}

/* What a concentrator is told, the next time that it asks. */
static void identify(struct session *session, const struct backing *backing)
{
	struct vspc_identity *identity = &session->identity;

	if (!session->service)
		return;
	identity->name = session->port.guest;
	identity->service = session->service;
	identity->direction = is_dialled(session, backing->endpoint) ? VSPC_PROXY_CLIENT :
			      VSPC_PROXY_SERVER;
	/* Most know a machine by the first of these, so there has to be one. */
	set_uuid(identity->vc_uuid, backing->vc_uuid ? backing->vc_uuid : backing->uuid);
	set_uuid(identity->bios_uuid, backing->uuid);
	set_uuid(identity->location_uuid, backing->location_uuid);
}

static void take_settings(struct session *session, const struct backing *backing)
{
	identify(session, backing);
	/* Of a guest that leaves the connection stays until it has left. */
	session->power = backing->power ||
			 (backing->migration == VSERIAL_MIGRATION_OUTGOING && session->power);
	session->max_clients = backing->max_clients ? backing->max_clients : UINT32_MAX;
	session->idle_timeout = backing->idle_timeout;
	session->place.owned = backing->owned;
	session->place.uid = backing->uid;
	session->place.gid = backing->gid;
	session->cable = backing->cable;
}

/* With a mistake in the settings what was read before stays. */
static void refuse_tls_rules(struct session *session, const char *why)
{
	if (!session->tls && tls_required(&session->uri))
		session_set_fault(session, VSERIAL_STATE_UNRECOVERABLE_ERROR, "%s", why);
	else
		log_line(LOG_WARNING, "%s: %s; %s", session_name(session), why,
			 session->tls ? "what was read before stays" : "there is no TLS");
}

/* What peers have to prove. */
static void read_tls_rules(struct session *session)
{
	const struct conf *conf = &session->daemon->conf;
	struct tls_rules *rules = NULL;
	char why[TRANSPORT_WHY_MAX];

	if (tls_possible(&session->uri, conf, session->server)) {
		rules = tls_rules_new(&session->uri, conf, session->server, why);
		if (!rules) {
			refuse_tls_rules(session, why);
			return;
		}
	}
	/* Only that there were none was a fault of these. */
	if (!session->tls && tls_required(&session->uri))
		session->fault = 0;
	tls_rules_free(session->tls);
	session->tls = rules;
}

/* What the port is dialled at, or listens on.  Return: as uri_parse(). */
static int parse_uri(struct session *session, const struct backing *backing, char *why)
{
	if (session->service)
		return uri_parse_proxy("proxy", backing->proxy, &session->uri, why,
				       TRANSPORT_WHY_MAX);
	return uri_parse(backing->spec, &session->uri, why, TRANSPORT_WHY_MAX);
}

struct session *session_new(struct daemon *daemon, const struct backing *backing)
{
	struct session *session = xcalloc(1, sizeof(*session));
	char why[TRANSPORT_WHY_MAX];

	_Static_assert(TRANSPORT_WHY_MAX >= URI_WHY_MAX, "a reason of either fits");

	session->daemon = daemon;
	session->port.session = session;
	session->port.id = backing->id;
	session->port.guest = xstrdup(backing->guest);
	session->port.index = backing->index;
	session->settled = backing->offset;
	session->input.offset = backing->input;
	if (*backing->proxy)
		session->service = xstrdup(backing->spec);
	TAILQ_INIT(&session->peers);
	take_settings(session, backing);
	ring_init(&session->ring, daemon->conf.viewer_buffer, backing->offset);
	session->backoff.min = daemon->conf.retry_min * 1000ull;
	session->backoff.max = daemon->conf.retry_max * SESSION_SECOND;

	if (parse_uri(session, backing, why))
		; /* It is told below. */
	else if (session->uri.kind == URI_PRINTER)
		session->printer = xstrdup(backing->spec);
	else
		session->ops = transport_find(&session->uri, why);
	session->place.uri = &session->uri;
	session->place.conf = &daemon->conf;
	session->server = is_server(session, backing->endpoint);
	if (!session->ops && !session->printer)
		session_set_fault(session, VSERIAL_STATE_UNRECOVERABLE_ERROR, "%s", why);
	else if (session->ops)
		read_tls_rules(session);
	session->digest = handover_digest(backing->spec);
	session_adopt(session, backing);
	session_migrate(session, backing);
	begin(session);
	return session;
}

/* What it was ends. */
static void give_up(struct session *session)
{
	struct peer *peer;

	session->leaving = false;
	timer_stop(session->leave_timer);
	timer_stop(session->retry);
	session_settle(session);
	listener_free(session->listener);
	session->listener = NULL;
	lookup_cancel(session->lookup);
	session->lookup = NULL;
	dialer_free(session->dialer);
	session->dialer = NULL;
	session_cancel_arrivals(session);
	session->fault = 0;
	while ((peer = TAILQ_FIRST(&session->peers)))
		session_remove_peer(session, peer, NULL);
}

/* It has become a server, or a client. */
static void turn_around(struct session *session)
{
	session->server = !session->server;
	give_up(session);
	/* What has to be proved is another thing now. */
	tls_rules_free(session->tls);
	session->tls = NULL;
	read_tls_rules(session);
}

void session_reload(struct session *session)
{
	bool had = session->tls;

	if (!session->ops)
		return;
	read_tls_rules(session);
	/* What it waited for may be there now. */
	if (session->tls && !had)
		begin(session);
}

static void tell_cable(struct session *session)
{
	struct peer *peer, *next;

	for (peer = TAILQ_FIRST(&session->peers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		peer_cable(peer, &session->cable);
	}
}

/* Whether a Unix socket was made or dialled with the rights of somebody else. */
static bool is_anothers(const struct session *session, const struct backing *backing)
{
	const struct place *place = &session->place;

	return session->uri.kind == URI_PIPE &&
	       (place->owned != backing->owned || place->uid != backing->uid ||
		place->gid != backing->gid);
}

void session_update(struct session *session, const struct backing *backing)
{
	bool was_there = session->power || session_comes(session);
	bool off;

	/* While it can be removed with the same rights. */
	if (session->ops && is_anothers(session, backing))
		give_up(session);
	take_settings(session, backing);
	session_migrate(session, backing);
	off = was_there && !session->power && !session_comes(session);
	if (session->ops && is_server(session, backing->endpoint) != session->server)
		turn_around(session);
	session_watch_idleness(session);
	tell_cable(session);
	if (session->printer && off)
		session_end_job(session, backing);
	if (session->ops && !session->server && off)
		session_begin_leaving(session, backing);
	else
		begin(session);
}

/* All but its peers and its listener; they are gone. */
static void dispose(struct session *session)
{
	session_cancel_arrivals(session);
	dialer_free(session->dialer);
	lookup_cancel(session->lookup);
	sd_event_source_disable_unref(session->retry);
	sd_event_source_disable_unref(session->settle_timer);
	sd_event_source_disable_unref(session->idle_timer);
	sd_event_source_disable_unref(session->leave_timer);
	session_forget_migration(session);
	kport_forget(session->daemon->kport, &session->port);
	input_clear(&session->input);
	ring_free(&session->ring);
	tls_rules_free(session->tls);
	uri_free(&session->uri);
	free(session->service);
	free(session->printer);
	free(session->port.guest);
	free(session->told_why);
	free(session->told_peer);
	free(session);
}

void session_keep(struct session *session)
{
	session_print(session);
	session_leave_to_next(session);
	session_end_printer(session, true);
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
	session_print(session);
	session_settle(session);
	/* The end of the daemon is not that of a job. */
	session_end_printer(session, session->daemon->ending);
	while ((peer = TAILQ_FIRST(&session->peers))) {
		TAILQ_REMOVE(&session->peers, peer, list);
		kport_retire(kport, peer);
		peer_free(peer, NULL);
	}
	listener_free(session->listener);
	if (tell)
		kport_report(kport, &session->port,
			     &(struct kport_standing){ .state = VSERIAL_STATE_NOT_CONNECTED,
						       .reason = "", .peer = "" }, false);
	dispose(session);
}

void session_resync(struct session *session)
{
	/* The kernel skips what it has taken, and refuses again what it has not. */
	input_rewind(&session->input, session->input.offset);
	session->asked = 0;
	if (session->flow == FLOW_STOPPING || session->passing)
		session_ask(session);
	kport_wake(session->daemon->kport, &session->port);
}

void session_turn(struct session *session)
{
	struct peer *peer, *next;

	session_send_input(session);
	for (peer = TAILQ_FIRST(&session->peers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		peer_pump(peer);
	}
	session_print(session);
	session_drop_delivered(session);
	session_look_after_settling(session);
	if (session->leaving)
		session_leave_if_done(session);
}
