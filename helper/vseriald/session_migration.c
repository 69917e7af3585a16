// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest behind a concentrator moves to another host, or comes from one.
 *
 * The kernel holds the port and asks (VSERIAL_HANDOVER_ASKED); what the
 * concentrator says is reported once.  While the guest leaves nobody is dialled:
 * who called a concentrator would take the port back from the host that has it by
 * then, and who called anybody else would be in that host's way.
 *
 * Any other peer has no word for it: what is on its way to it is waited for, for a
 * moment, so that it does not come again from the other host.
 *
 * When it is decided (VSERIAL_HANDOVER_ENDING) the host that it goes to says
 * COMPLETE, and then the other one hangs up and reads what had been sent to it:
 * some concentrators keep nothing, and none says where the input of one host ends.
 */
#include <sys/socket.h>

#include <linux/vserial.h>

#include "conn_vspc.h"
#include "dialer.h"
#include "kport.h"
#include "log.h"
#include "memory.h"
#include "session_parts.h"
#include "timer.h"

/* How long a peer has to take what is on its way, ms, and how often one looks, us. */
#define SETTLE_WITHIN	500u
#define SETTLE_LOOK	5000u

static uint64_t now_of(const struct session *session)
{
	return daemon_now(session->daemon) / 1000;
}

bool session_leaves(const struct session *session)
{
	return session->migration == VSERIAL_MIGRATION_OUTGOING;
}

bool session_comes(const struct session *session)
{
	return session->blob;
}

bool session_has_arrived(const struct session *session)
{
	return session->arrived;
}

static void refuse(struct session *session, const char *why)
{
	log_line(LOG_NOTICE, "%s: no hand-over: %s", session_name(session), why);
	session_report_handover(session, &(struct kport_standing){
		.handover = VSERIAL_HANDOVER_REFUSED, .handover_why = why });
}

/* All that was sent in front of the question is there. */
static void grant(struct session *session, struct peer *peer)
{
	struct kport_standing news = { .handover = VSERIAL_HANDOVER_GRANTED, .handover_why = "" };

	news.blob = conn_vspc_blob(peer->conn, &news.blob_len, &news.sequence_len);
	peer_arrived(peer);
	session_settle(session);
	log_line(LOG_INFO, "%s: %s goes ahead with the hand-over", session_name(session),
		 peer->name);
	session_report_handover(session, &news);
}

static void settle(struct session *session);

static int on_settle_timer(sd_event_source *source, uint64_t now, void *arg)
{
	struct session *session = arg;

	(void)source;
	(void)now;
	if (session->handover == VSERIAL_HANDOVER_ASKED)
		settle(session);
	return 0;
}

/* Where there is no concentrator. */
static void settle(struct session *session)
{
	session_settle(session);
	if (!session->server && session_unsettled(session) &&
	    now_of(session) < session->settle_by) {
		timer_start(session->daemon->event, &session->answer_timer, SETTLE_LOOK,
			    on_settle_timer, session);
		return;
	}
	timer_stop(session->answer_timer);
	session_report_handover(session, &(struct kport_standing){
		.handover = VSERIAL_HANDOVER_GRANTED, .handover_why = "" });
}

static void wait_for_answer(struct session *session, uint64_t deadline);

static int on_answer_timer(sd_event_source *source, uint64_t now, void *arg)
{
	struct session *session = arg;
	struct peer *peer = TAILQ_FIRST(&session->peers);
	uint64_t deadline;

	(void)source;
	(void)now;
	if (!peer || session->handover != VSERIAL_HANDOVER_ASKED)
		return 0;
	deadline = conn_vspc_tick(peer->conn, now_of(session));
	if (deadline) {
		wait_for_answer(session, deadline);
		return 0;
	}
	refuse(session, "the concentrator does not answer VMOTION-BEGIN");
	peer_flush(peer);
	return 0;
}

static void wait_for_answer(struct session *session, uint64_t deadline)
{
	uint64_t now = now_of(session);

	timer_start(session->daemon->event, &session->answer_timer,
		    deadline > now ? (deadline - now) * 1000 : 1000, on_answer_timer, session);
}

static void ask(struct session *session)
{
	struct peer *peer = TAILQ_FIRST(&session->peers);
	const char *why = "the port is not connected to it";

	session->handover = VSERIAL_HANDOVER_ASKED;
	if (!session->service) {
		session->settle_by = now_of(session) + SETTLE_WITHIN;
		settle(session);
		return;
	}
	if (peer)
		why = conn_vspc_begin(peer->conn, session->migration_limit, now_of(session));
	if (why) {
		refuse(session, why);
		return;
	}
	wait_for_answer(session, conn_vspc_tick(peer->conn, now_of(session)));
	peer_flush(peer);
}

void session_handed(void *arg, struct peer *peer)
{
	struct session *session = arg;

	if (session->handover != VSERIAL_HANDOVER_ASKED)
		return;
	if (conn_vspc_moving(peer->conn) == CONN_MAY_GO) {
		timer_stop(session->answer_timer);
		grant(session, peer);
	} else if (conn_vspc_moving(peer->conn) == CONN_STAYS) {
		timer_stop(session->answer_timer);
		refuse(session, "the concentrator says that it cannot be now");
	}
}

/* The guest has been let go of */

static void report_ended(struct session *session)
{
	session_report_handover(session, &(struct kport_standing){
		.handover = VSERIAL_HANDOVER_ENDED, .handover_why = "" });
}

static void end_peers(struct session *session)
{
	while (!TAILQ_EMPTY(&session->peers))
		session_remove_peer(session, TAILQ_FIRST(&session->peers), NULL);
}

static bool has_all_input(const struct session *session)
{
	return TAILQ_EMPTY(&session->peers) && input_idle(&session->input) &&
	       !session->input_break;
}

static void look_at_parting(struct session *session);

static int on_parting_timer(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	look_at_parting(arg);
	return 0;
}

/* Until they have hung up as well. */
static void look_at_parting(struct session *session)
{
	if (!has_all_input(session) && now_of(session) < session->settle_by) {
		timer_start(session->daemon->event, &session->parting_timer, SETTLE_LOOK,
			    on_parting_timer, session);
		return;
	}
	if (!has_all_input(session))
		log_line(LOG_NOTICE, "%s: not all that was sent here could be read before its guest left",
			 session_name(session));
	end_peers(session);
	report_ended(session);
}

static void part(struct session *session)
{
	struct peer *peer;

	session->parting = true;
	timer_stop(session->answer_timer);
	session->settle_by = now_of(session) +
			     (session->service ? session->migration_limit : SETTLE_WITHIN);
	/* What has been sent already still comes, and then its end. */
	TAILQ_FOREACH(peer, &session->peers, list)
		shutdown(peer->conn->fd, SHUT_WR);
	look_at_parting(session);
}

/* It goes on here after all. */
static void stay(struct session *session)
{
	struct peer *peer;

	timer_stop(session->answer_timer);
	timer_stop(session->parting_timer);
	if (session->parting)
		end_peers(session);
	session->parting = false;
	peer = TAILQ_FIRST(&session->peers);
	if (session->dialer)
		dialer_resume(session->dialer);
	if (peer && session->service) {
		conn_vspc_stay(peer->conn);
		peer_flush(peer);
		kport_wake(session->daemon->kport, &session->port);
	} else if (!peer && session->dialer) {
		/* Whoever was lost meanwhile has not been called again. */
		dialer_again(session->dialer);
	}
}

static void come(struct session *session)
{
	struct peer *peer = TAILQ_FIRST(&session->peers);

	free(session->blob);
	session->blob = NULL;
	session->decided = false;
	session->arrived = false;
	if (!peer || !session->service)
		return;
	conn_vspc_come(peer->conn);
	peer_flush(peer);
	kport_wake(session->daemon->kport, &session->port);
}

/* The concentrator is told before the guest is given anything. */
static void arrive(struct session *session, struct peer *peer)
{
	session->arrived = true;
	conn_vspc_come(peer->conn);
	log_line(LOG_INFO, "%s: %s has been told that the guest is here", session_name(session),
		 peer->name);
	if (peer_flush(peer))
		kport_wake(session->daemon->kport, &session->port);
	report_ended(session);
}

/* The kernel says that it is decided, or that the daemon before has said so. */
static void decide(struct session *session, uint32_t handover)
{
	struct peer *peer = TAILQ_FIRST(&session->peers);

	session->decided = true;
	session->arrived |= handover == VSERIAL_HANDOVER_ENDED;
	if (!session->arrived && peer && conn_vspc_moving(peer->conn) == CONN_MAY_COME)
		arrive(session, peer);
}

static void keep_blob(struct session *session, const struct backing *backing)
{
	if (session->blob || !backing->blob || !backing->blob_len ||
	    backing->blob_len > VSPC_BLOB_MAX || backing->sequence_len > backing->blob_len)
		return;
	session->blob = xcalloc(1, backing->blob_len);
	memcpy(session->blob, backing->blob, backing->blob_len);
	session->blob_len = backing->blob_len;
	session->sequence_len = backing->sequence_len;
}

/*
 * How long a concentrator may take to answer: less than the limit by which the
 * kernel ends the migration, so that somebody says why.
 */
static uint32_t answer_limit(uint32_t limit)
{
	if (!limit)
		limit = VSERIAL_MIGRATION_LIMIT_DEFAULT;
	return limit - limit / 5;
}

void session_migrate(struct session *session, const struct backing *backing)
{
	uint32_t was = session->migration;

	session->migration = backing->migration;
	session->migration_limit = answer_limit(backing->migration_limit);
	if (was == VSERIAL_MIGRATION_OUTGOING && session->migration != was)
		stay(session);
	if (session_leaves(session) && session->dialer) {
		dialer_pause(session->dialer);
		session_cancel_arrivals(session);
	}
	if (session->migration == VSERIAL_MIGRATION_INCOMING)
		keep_blob(session, backing);
	else if (session->blob)
		come(session);
	if (session->blob && backing->handover >= VSERIAL_HANDOVER_ENDING)
		decide(session, backing->handover);
	if (session_leaves(session) && backing->handover == VSERIAL_HANDOVER_ENDING &&
	    !session->parting)
		part(session);
	if (session->migration == VSERIAL_MIGRATION_NONE)
		session->handover = VSERIAL_HANDOVER_NONE;
	if (session_leaves(session) && backing->handover == VSERIAL_HANDOVER_ASKED &&
	    !session->handover)
		ask(session);
}

void session_came(struct session *session, struct peer *peer)
{
	if (!session->service || conn_vspc_moving(peer->conn) != CONN_MAY_COME)
		return;
	if (!session->blob) {
		/* The guest was faster.  Its turn writes this. */
		conn_vspc_come(peer->conn);
		kport_wake(session->daemon->kport, &session->port);
		return;
	}
	if (session->decided) {
		arrive(session, peer);
		return;
	}
	log_line(LOG_INFO, "%s: %s lets the guest come here", session_name(session), peer->name);
	session_report_handover(session, &(struct kport_standing){
		.handover = VSERIAL_HANDOVER_GRANTED, .handover_why = "" });
}

void session_not_handed(struct session *session, const char *why)
{
	/* It has been handed over; or hung up, as is to be. */
	if (session->arrived || session->parting)
		return;
	if (!session->service && session->handover == VSERIAL_HANDOVER_ASKED) {
		settle(session);
		return;
	}
	timer_stop(session->answer_timer);
	if (session->blob || (session_leaves(session) && session->service && session->handover))
		refuse(session, why);
}

void session_forget_migration(struct session *session)
{
	sd_event_source_disable_unref(session->answer_timer);
	sd_event_source_disable_unref(session->parting_timer);
	free(session->blob);
}
