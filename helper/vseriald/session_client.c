// SPDX-License-Identifier: GPL-2.0-or-later
/* A backing that dials, while its guest is on. */
#include <linux/vserial.h>

#include "arrival.h"
#include "conn_vspc.h"
#include "dialer.h"
#include "meeting.h"
#include "session_parts.h"
#include "timer.h"
#include "transport_tls.h"

/* How long a peer is given what is left when its guest is off. */
#define LEAVE_PATIENCE	(10 * SESSION_SECOND)
/* Where a module does not tell where the output ends. */
#define LEAVE_QUIET	(SESSION_SECOND / 5)

static void admit_server(void *arg, struct conn *conn, const char *name)
{
	struct session *session = arg;
	struct peer *peer = session_add_peer(session, conn, name);

	if (!peer) {
		dialer_again(session->dialer);
		return;
	}
	session->fault = 0;
	peer->dialled = true;
	session_came(session, peer);
	/* It goes on where the last one was, without history. */
	peer_join(peer, session->settled);
	session_start_flow(session);
	session_report(session, false);
}

static void server_failed(void *arg, const char *name, const char *why)
{
	struct session *session = arg;

	session_set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s: %s; dialling again",
			  name, why);
	dialer_again(session->dialer);
	session_report(session, false);
}

static const struct arrival_handler servers = {
	.arrived = admit_server,
	.failed = server_failed,
};

/* Concentrators. */

static void accepted_by(void *arg, struct conn *conn, const char *name)
{
	struct session *session = arg;

	session->meeting = NULL;
	admit_server(arg, conn, name);
}

static void refused_by(void *arg, const char *name, const char *why)
{
	struct session *session = arg;

	session->meeting = NULL;
	session_not_handed(session, why);
	server_failed(arg, name, why);
}

static void meet(void *arg, struct conn *conn, const char *name)
{
	static const struct arrival_handler handler = {
		.arrived = accepted_by,
		.failed = refused_by,
	};
	struct session *session = arg;
	const struct vspc_plan plan = {
		.identity = &session->identity,
		.tls = session->uri.tls ? NULL : session->tls,
		.required = tls_required(&session->uri),
		.patience = session->daemon->conf.handshake_timeout * 1000,
		.blob = session_has_arrived(session) ? NULL : session->blob,
		.blob_len = session->blob_len,
		.sequence_len = session->sequence_len,
		.limit = session->migration_limit,
	};

	session->meeting = meeting_new(session->daemon, conn, name, &plan, &handler, session);
}

static const struct arrival_handler concentrators = {
	.arrived = meet,
	.failed = server_failed,
};

static void on_connected(void *arg, int fd, const char *name)
{
	const struct session *session = arg;

	session_arrive(arg, fd, name, session->service ? &concentrators : &servers);
}

static void on_failed(void *arg, const char *why)
{
	struct session *session = arg;

	session_set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s", why);
	session_report(session, false);
}

static const struct dialer_handler dialer_handler = {
	.connected = on_connected,
	.failed = on_failed,
};

void session_begin_client(struct session *session)
{
	session->leaving = false;
	timer_stop(session->leave_timer);
	if (session->dialer)
		return;
	if (!*session->uri.host && session->uri.kind != URI_PIPE) {
		session_set_fault(session, VSERIAL_STATE_UNRECOVERABLE_ERROR,
				  "a client needs a host to dial: %s://HOST:%u",
				  session->uri.scheme, session->uri.port);
		session_report(session, false);
		return;
	}
	/* A guest that is off only for a moment finds its peer still there. */
	session->dialer = dialer_new(session->daemon, session->ops, &session->place,
				     TAILQ_EMPTY(&session->peers), &dialer_handler, session);
	session_report(session, false);
}

static void leave(struct session *session)
{
	struct peer *peer = TAILQ_FIRST(&session->peers);

	session->leaving = false;
	timer_stop(session->leave_timer);
	session->fault = 0;
	session_settle(session);
	if (peer)
		session_remove_peer(session, peer, NULL);
	session_report(session, false);
}

void session_leave_if_done(struct session *session)
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

void session_begin_leaving(struct session *session, const struct backing *backing)
{
	dialer_free(session->dialer);
	session->dialer = NULL;
	session_cancel_arrivals(session);
	session->leaving = true;
	session->end = backing->has_end ? backing->end : UINT64_MAX;
	timer_start(session->daemon->event, &session->leave_timer,
		    backing->has_end ? LEAVE_PATIENCE : LEAVE_QUIET, on_leave_timer, session);
	session_settle(session);
	session_leave_if_done(session);
}
