// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes from the kernel, and the turns of the loop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#include <linux/vserial.h>

#include "cable.h"
#include "dispatch.h"
#include "handover.h"
#include "kport.h"
#include "log.h"
#include "memory.h"
#include "peer.h"
#include "printer.h"
#include "session.h"
#include "timer.h"

/* Datagram batches read before others have their turn. */
#define TAKES		8
/* Turns of sessions that cause each other before others have theirs. */
#define ROUNDS		4
/* How long the end waits for guests, in microseconds. */
#define END_PATIENCE	1000000

TAILQ_HEAD(session_list, session);

/**
 * struct dispatch - what comes from the kernel
 * @daemon: the process
 * @kport: the registered socket
 * @io: its source
 * @turn: runs at the end of a turn of the loop
 * @again: has another turn follow
 * @end: the last moment to end the loop
 * @sessions: all
 * @by_id: the same by the kernel's number
 * @seen: the backings that a dump has told of
 * @round: how often peers have been listed; see &struct peer.listed
 */
struct dispatch {
	struct daemon *daemon;
	struct kport *kport;
	sd_event_source *io;
	sd_event_source *turn;
	sd_event_source *again;
	sd_event_source *end;
	struct session_list sessions;
	struct table by_id;
	struct table seen;
	uint32_t round;
};

static void forget(struct dispatch *dispatch, struct session *session)
{
	table_remove(&dispatch->by_id, session->port.id);
	TAILQ_REMOVE(&dispatch->sessions, session, list);
}

static void on_backing(struct dispatch *dispatch, const struct vnl_reply *reply)
{
	const struct backing backing = {
		.id = vnl_u32(reply, VSERIAL_A_BACKING_ID),
		.guest = vnl_str(reply, VSERIAL_A_BACKING_GUEST),
		.index = vnl_u32(reply, VSERIAL_A_BACKING_INDEX),
		.spec = vnl_str(reply, VSERIAL_A_BACKING_SPEC),
		.proxy = vnl_str(reply, VSERIAL_A_BACKING_PROXY),
		.uuid = vnl_bin(reply, VSERIAL_A_BACKING_UUID, VSERIAL_UUID_SIZE),
		.vc_uuid = vnl_bin(reply, VSERIAL_A_BACKING_VC_UUID, VSERIAL_UUID_SIZE),
		.location_uuid = vnl_bin(reply, VSERIAL_A_BACKING_LOCATION_UUID, VSERIAL_UUID_SIZE),
		.endpoint = vnl_u32(reply, VSERIAL_A_BACKING_ENDPOINT),
		.max_clients = vnl_u32(reply, VSERIAL_A_BACKING_MAX_CLIENTS),
		.idle_timeout = vnl_u32(reply, VSERIAL_A_BACKING_IDLE_TIMEOUT),
		.owned = vnl_has(reply, VSERIAL_A_BACKING_UID),
		.uid = vnl_u32(reply, VSERIAL_A_BACKING_UID),
		.gid = vnl_u32(reply, VSERIAL_A_BACKING_GID),
		.power = vnl_u8(reply, VSERIAL_A_BACKING_POWER),
		.offset = vnl_u64(reply, VSERIAL_A_BACKING_OFFSET),
		.has_end = vnl_has(reply, VSERIAL_A_BACKING_END),
		.end = vnl_u64(reply, VSERIAL_A_BACKING_END),
		.input = vnl_u64(reply, VSERIAL_A_BACKING_INPUT),
		.cable = cable_guest(vnl_u32(reply, VSERIAL_A_BACKING_SPEED),
				     vnl_u32(reply, VSERIAL_A_BACKING_CFLAG),
				     vnl_u32(reply, VSERIAL_A_BACKING_LINES)),
		.migration = vnl_u32(reply, VSERIAL_A_BACKING_MIGRATION),
		.handover = vnl_u32(reply, VSERIAL_A_BACKING_HANDOVER),
		.migration_limit = vnl_u32(reply, VSERIAL_A_BACKING_MIGRATION_LIMIT),
		.blob_len = vnl_len(reply, VSERIAL_A_BACKING_HANDOVER_BLOB),
		.blob = vnl_bin(reply, VSERIAL_A_BACKING_HANDOVER_BLOB,
				vnl_len(reply, VSERIAL_A_BACKING_HANDOVER_BLOB)),
		.sequence_len = vnl_u32(reply, VSERIAL_A_BACKING_HANDOVER_SEQUENCE),
	};
	struct session *session = table_find(&dispatch->by_id, backing.id);

	if (!backing.id)
		return;
	table_set(&dispatch->seen, backing.id, dispatch);
	if (session) {
		session_update(session, &backing);
		return;
	}
	session = session_new(dispatch->daemon, &backing);
	table_set(&dispatch->by_id, backing.id, session);
	TAILQ_INSERT_TAIL(&dispatch->sessions, session, list);
	log_line(LOG_DEBUG, "%s: serving '%s'", session_name(session), backing.spec);
}

static void on_backing_del(struct dispatch *dispatch, uint32_t id)
{
	struct session *session = table_find(&dispatch->by_id, id);

	table_remove(&dispatch->seen, id);
	if (!session)
		return;
	/* While there is a backing in whose name it can be given back. */
	kport_give_credit(dispatch->kport, true);
	forget(dispatch, session);
	session_end(session, true);
}

static void on_output(struct dispatch *dispatch, const struct vnl_reply *reply)
{
	uint32_t id = vnl_u32(reply, VSERIAL_A_DATA_SESSION);
	size_t len = vnl_len(reply, VSERIAL_A_DATA_BYTES);
	struct session *session = table_find(&dispatch->by_id, id);

	if (vnl_has(reply, VSERIAL_A_DATA_CREDIT))
		dispatch->kport->credit = vnl_u64(reply, VSERIAL_A_DATA_CREDIT);
	if (!session)
		return;
	dispatch->kport->credit_from = id;
	if (vnl_has(reply, VSERIAL_A_DATA_BREAK))
		session_break(session, vnl_u64(reply, VSERIAL_A_DATA_OFFSET));
	if (len)
		session_output(session, vnl_u64(reply, VSERIAL_A_DATA_OFFSET),
			       vnl_bin(reply, VSERIAL_A_DATA_BYTES, len), len);
}

static void on_announced(struct dispatch *dispatch, uint32_t seq, const struct vnl_reply *reply)
{
	struct request *request = request_find(&dispatch->kport->requests, seq);
	uint32_t id = vnl_u32(reply, VSERIAL_A_SESSION_ID);
	struct peer *peer;

	if (!request || request->kind != REQUEST_ANNOUNCE || !id)
		return;
	peer = request->peer;
	request_drop(&dispatch->kport->requests, request);
	if (!peer) {
		/* It left before it was known. */
		kport_end_session(dispatch->kport, id);
		return;
	}
	peer->listed = dispatch->round;
	table_set(&dispatch->kport->peers, id, peer);
	session_announced(peer->arg, peer, id, vnl_u8(reply, VSERIAL_A_SESSION_WRITER), "");
}

/* One of all sessions; those of our backings' peers are ours. */
static void on_listed(struct dispatch *dispatch, uint32_t seq, const struct vnl_reply *reply)
{
	uint32_t id = vnl_u32(reply, VSERIAL_A_SESSION_ID);
	uint32_t backing = vnl_u32(reply, VSERIAL_A_SESSION_BACKING);
	struct session *session = backing ? table_find(&dispatch->by_id, backing) : NULL;
	struct peer *peer = table_find(&dispatch->kport->peers, id);

	if (!session || !request_find(&dispatch->kport->dumps, seq))
		return;
	if (!peer) {
		/* We were never told: who it was begun for begins another. */
		kport_end_session(dispatch->kport, id);
		return;
	}
	peer->listed = dispatch->round;
	session_writer(session, peer, vnl_u8(reply, VSERIAL_A_SESSION_WRITER));
}

static void on_session(struct dispatch *dispatch, const struct vnl_reply *reply, bool gone)
{
	uint32_t id = vnl_u32(reply, VSERIAL_A_SESSION_ID);
	struct peer *peer = table_find(&dispatch->kport->peers, id);

	if (!peer)
		return;
	if (gone) {
		table_remove(&dispatch->kport->peers, peer->id);
		session_kicked(peer->arg, peer, vnl_str(reply, VSERIAL_A_SESSION_REASON));
	} else {
		session_writer(peer->arg, peer, vnl_u8(reply, VSERIAL_A_SESSION_WRITER));
	}
}

static void on_history(struct dispatch *dispatch, uint32_t seq, const struct vnl_reply *reply)
{
	struct request *request = request_find(&dispatch->kport->dumps, seq);
	size_t len = vnl_len(reply, VSERIAL_A_PORT_HISTORY_BYTES);

	if (request && request->peer && len)
		session_history(request->backing->session, request->peer,
				vnl_u64(reply, VSERIAL_A_PORT_HISTORY_OFFSET),
				vnl_bin(reply, VSERIAL_A_PORT_HISTORY_BYTES, len), len);
}

static void on_message(void *arg, uint32_t seq, const struct vnl_reply *reply)
{
	struct dispatch *dispatch = arg;
	struct session *session;

	switch (vnl_cmd(reply)) {
	case VSERIAL_CMD_DATA_NTF:
		on_output(dispatch, reply);
		break;
	case VSERIAL_CMD_DATA_ROOM_NTF:
		session = table_find(&dispatch->by_id, vnl_u32(reply, VSERIAL_A_DATA_SESSION));
		if (session)
			session_room(session, vnl_u64(reply, VSERIAL_A_DATA_OFFSET));
		break;
	case VSERIAL_CMD_BACKING_GET:
	case VSERIAL_CMD_BACKING_NTF:
		on_backing(dispatch, reply);
		break;
	case VSERIAL_CMD_BACKING_DEL_NTF:
		on_backing_del(dispatch, vnl_u32(reply, VSERIAL_A_BACKING_ID));
		break;
	case VSERIAL_CMD_SESSION_NEW:
		on_announced(dispatch, seq, reply);
		break;
	case VSERIAL_CMD_SESSION_GET:
		on_listed(dispatch, seq, reply);
		break;
	case VSERIAL_CMD_SESSION_NTF:
		on_session(dispatch, reply, false);
		break;
	case VSERIAL_CMD_SESSION_DEL_NTF:
		on_session(dispatch, reply, true);
		break;
	case VSERIAL_CMD_PORT_HISTORY:
		on_history(dispatch, seq, reply);
		break;
	}
}

/* What a complete dump has not told of is gone. */
static void sweep(struct dispatch *dispatch)
{
	struct session *session, *next;

	for (session = TAILQ_FIRST(&dispatch->sessions); session; session = next) {
		next = TAILQ_NEXT(session, list);
		if (table_find(&dispatch->seen, session->port.id))
			continue;
		forget(dispatch, session);
		/* The kernel may be waiting for that. */
		session_end(session, true);
	}
}

/* The same of peers; and those that may not be known are announced again. */
static void sweep_peers(struct dispatch *dispatch)
{
	struct kport *kport = dispatch->kport;
	struct kport_backing *backing;
	struct request *request, *then;
	struct peer *peer, *next;
	struct session *session;

	TAILQ_FOREACH(session, &dispatch->sessions, list)
		for (peer = TAILQ_FIRST(&session->peers); peer; peer = next) {
			next = TAILQ_NEXT(peer, list);
			if (!peer->id || peer->listed == dispatch->round)
				continue;
			table_remove(&kport->peers, peer->id);
			session_kicked(session, peer, "");
		}
	for (request = TAILQ_FIRST(&kport->requests); request; request = then) {
		then = TAILQ_NEXT(request, list);
		if (!request->lost)
			continue;
		backing = request->backing;
		peer = request->peer;
		request_drop(&kport->requests, request);
		if (peer)
			kport_announce(kport, backing, peer);
	}
}

static void fetch_backings(struct dispatch *dispatch)
{
	table_free(&dispatch->seen);
	kport_list(dispatch->kport, REQUEST_BACKINGS);
}

static void fetch_sessions(struct dispatch *dispatch)
{
	dispatch->round++;
	kport_list(dispatch->kport, REQUEST_SESSIONS);
}

static void dump_done(struct dispatch *dispatch, struct request *request,
		      const struct vnl_error *error)
{
	struct request done = *request;

	if (error && (error->err == EBUSY || error->err == ENOBUFS)) {
		/* One that was given up, or this, is under way; its end starts this one. */
		request->seq = 0;
		return;
	}
	request_drop(&dispatch->kport->dumps, request);
	kport_next_dump(dispatch->kport);
	if (done.kind == REQUEST_HISTORY) {
		if (error && done.peer)
			log_line(LOG_WARNING, "%s: no history for %s: %s",
				 session_name(done.backing->session), done.peer->name, error->text);
		if (done.peer)
			session_history_end(done.backing->session, done.peer);
	} else if (error && error->err == EINTR) {
		/* It was overtaken by a change. */
		if (done.kind == REQUEST_BACKINGS)
			fetch_backings(dispatch);
		else
			fetch_sessions(dispatch);
	} else if (error) {
		log_line(LOG_ERR, "cannot list what is to be served: %s", error->text);
	} else if (done.kind == REQUEST_SESSIONS) {
		sweep_peers(dispatch);
	} else {
		sweep(dispatch);
		/* What belongs to none of them is nobody's. */
		handover_free(dispatch->daemon->handover);
		dispatch->daemon->handover = NULL;
		printers_settle(dispatch->daemon->printers);
	}
}

static void request_done(struct dispatch *dispatch, struct request *request,
			 const struct vnl_error *error)
{
	struct request done = *request;

	request_drop(&dispatch->kport->requests, request);
	if (done.kind == REQUEST_CONFIRM && done.backing)
		session_confirmed(done.backing->session);
	else if (done.kind == REQUEST_ANNOUNCE && done.peer)
		session_announced(done.backing->session, done.peer, 0, false,
				  error ? error->text : "the kernel did not say who it is");
}

static void on_done(void *arg, uint32_t seq, const struct vnl_error *error)
{
	struct dispatch *dispatch = arg;
	struct request *request = request_find(&dispatch->kport->dumps, seq);
	struct kport_backing *backing;

	if (request) {
		dump_done(dispatch, request, error);
		return;
	}
	request = request_find(&dispatch->kport->requests, seq);
	if (request) {
		request_done(dispatch, request, error);
		return;
	}
	/* It may be the end of a dump that was given up. */
	kport_next_dump(dispatch->kport);
	if (!error)
		return;
	TAILQ_FOREACH(backing, &dispatch->kport->sending, sending)
		if (backing->input_seq == seq && error->err == EAGAIN) {
			session_refused(backing->session);
			return;
		}
	log_line(LOG_DEBUG, "the kernel refused request %u: %s", seq, error->text);
}

static const struct vnl_taker taker = {
	.message = on_message,
	.done = on_done,
};

/*
 * Messages of the kernel were lost, and nothing is left to take.  What we sent
 * it has all of, and output that found no room it still has (channel.c of the
 * module): neither is asked for.  What can be lost is
 *
 *   answers to requests	asked again, after sessions that they began are ended
 *   a refusal of input, and	input is sent again from the first byte that is
 *   that there is room		not known to be taken; the kernel skips the rest
 *   that a dump cannot begin	it is begun again.  One that is under way loses
 *				nothing: it goes on when we read.
 *   news of backings		told by a dump of all
 *   news of peers' sessions	the same
 */
static void start_over(struct dispatch *dispatch)
{
	struct kport *kport = dispatch->kport;
	struct session *session;
	struct request *request;

	log_line(LOG_WARNING, "messages of the kernel were lost; asking for them again");
	/* Sessions ask for these again. */
	request_drop_kind(&kport->requests, REQUEST_CONFIRM);
	TAILQ_FOREACH(request, &kport->requests, list)
		request->lost = true;
	TAILQ_FOREACH(request, &kport->dumps, list)
		request->seq = 0;
	TAILQ_FOREACH(session, &dispatch->sessions, list)
		session_resync(session);
	fetch_backings(dispatch);
	fetch_sessions(dispatch);
}

/*
 * Takes what there is, and says so if messages were lost.  That is told once:
 * the kernel goes on dropping all it has for us, refusals and confirmations as
 * well, until nothing is left to take.  So nothing may be asked before.
 *
 * Return: how many datagrams were taken last, as vnl_batch_take().
 */
static int take_all(struct dispatch *dispatch, bool *lost, struct vnl_error *error)
{
	int n;

	do {
		n = vnl_batch_take(dispatch->kport->batch, error);
		*lost = *lost || (n < 0 && error->err == ENOBUFS);
	} while (*lost && (n > 0 || (n < 0 && error->err == ENOBUFS)));
	return n;
}

/* Return: whether more may be there; ends the loop where the module is gone. */
static bool take(struct dispatch *dispatch)
{
	struct vnl_error error = { 0 };
	bool lost = false;
	int n = take_all(dispatch, &lost, &error);

	if (n >= 0 && lost)
		start_over(dispatch);
	if (n >= 0)
		return lost || n == VNL_BATCH_TAKES;
	log_line(error.err == ENOENT ? LOG_NOTICE : LOG_ERR, "%s", error.text);
	sd_event_exit(dispatch->daemon->event, error.err == ENOENT ? 0 : 1);
	return false;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	int i;

	(void)source;
	(void)fd;
	(void)events;
	for (i = 0; i < TAKES; i++)
		if (!take(arg))
			break;
	return 0;
}

static void turn_sessions(struct kport *kport)
{
	struct kport_backing *backing, *last = TAILQ_LAST(&kport->awake, kport_backing_list);

	/* Those that wake up meanwhile have the next round. */
	while (last && (backing = TAILQ_FIRST(&kport->awake))) {
		bool end = backing == last;

		TAILQ_REMOVE(&kport->awake, backing, awake);
		backing->is_awake = false;
		session_turn(backing->session);
		if (end)
			return;
	}
}

static void flush(struct dispatch *dispatch)
{
	struct kport *kport = dispatch->kport;
	struct vnl_error error = { 0 };
	struct kport_backing *backing;

	if (vnl_batch_posted(kport->batch) && vnl_batch_flush(kport->batch, &error)) {
		log_line(LOG_ERR, "%s", error.text);
		/* Nobody knows what was sent. */
		TAILQ_FOREACH(backing, &kport->sending, sending)
			session_resync(backing->session);
	}
	if (TAILQ_EMPTY(&kport->sending))
		return;
	/* Refusals were queued when the requests were sent: afterwards none comes. */
	while (take(dispatch))
		;
	while ((backing = TAILQ_FIRST(&kport->sending))) {
		TAILQ_REMOVE(&kport->sending, backing, sending);
		backing->is_sending = false;
		session_answered(backing->session);
	}
}

static int end_if_done(struct dispatch *dispatch)
{
	const struct session *session;

	if (!dispatch->daemon->ending)
		return 0;
	TAILQ_FOREACH(session, &dispatch->sessions, list)
		if (!input_idle(&session->input))
			return 0;
	return sd_event_exit(dispatch->daemon->event, 0);
}

static int on_turn(sd_event_source *source, void *arg)
{
	struct dispatch *dispatch = arg;
	struct kport *kport = dispatch->kport;
	int i;

	(void)source;
	for (i = 0; i < ROUNDS; i++) {
		turn_sessions(kport);
		kport_give_credit(kport, false);
		flush(dispatch);
		if (TAILQ_EMPTY(&kport->awake) && !vnl_batch_posted(kport->batch))
			return end_if_done(dispatch);
	}
	sd_event_source_set_enabled(dispatch->again, SD_EVENT_ONESHOT);
	return 0;
}

static int on_again(sd_event_source *source, void *arg)
{
	/* That it ran has on_turn() run again. */
	(void)source;
	(void)arg;
	return 0;
}

static int on_end(sd_event_source *source, uint64_t now, void *arg)
{
	struct dispatch *dispatch = arg;

	(void)source;
	(void)now;
	return sd_event_exit(dispatch->daemon->event, 0);
}

void dispatch_end(struct dispatch *dispatch)
{
	/* What the guests do not take soon, they get twice or not at all. */
	dispatch->daemon->ending = true;
	timer_start(dispatch->daemon->event, &dispatch->end, END_PATIENCE, on_end,
		    dispatch);
}

struct dispatch *dispatch_new(struct daemon *daemon, struct vnl_error *error)
{
	struct dispatch *dispatch = xcalloc(1, sizeof(*dispatch));

	dispatch->daemon = daemon;
	TAILQ_INIT(&dispatch->sessions);
	dispatch->kport = kport_new(&taker, dispatch, error);
	if (!dispatch->kport) {
		free(dispatch);
		return NULL;
	}
	daemon->kport = dispatch->kport;
	return dispatch;
}

int dispatch_start(struct dispatch *dispatch, struct vnl_error *error)
{
	sd_event *event = dispatch->daemon->event;
	int rc;

	rc = sd_event_add_io(event, &dispatch->io, vnl_fd(dispatch->kport->vnl), EPOLLIN, on_io,
			     dispatch);
	if (rc >= 0)
		rc = sd_event_add_post(event, &dispatch->turn, on_turn, dispatch);
	if (rc >= 0)
		rc = sd_event_add_defer(event, &dispatch->again, on_again, dispatch);
	if (rc < 0) {
		error->err = -rc;
		snprintf(error->text, sizeof(error->text), "cannot watch the kernel's socket: %s",
			 strerror(-rc));
		return -1;
	}
	fetch_backings(dispatch);
	return 0;
}

void dispatch_free(struct dispatch *dispatch, bool keep)
{
	struct session *session;

	if (!dispatch)
		return;
	while ((session = TAILQ_FIRST(&dispatch->sessions))) {
		forget(dispatch, session);
		if (keep)
			session_keep(session);
		else
			session_end(session, true);
	}
	kport_free(dispatch->kport);
	sd_event_source_disable_unref(dispatch->io);
	sd_event_source_disable_unref(dispatch->turn);
	sd_event_source_disable_unref(dispatch->again);
	sd_event_source_disable_unref(dispatch->end);
	table_free(&dispatch->by_id);
	table_free(&dispatch->seen);
	free(dispatch);
}

void dispatch_reload(struct dispatch *dispatch)
{
	struct session *session;

	TAILQ_FOREACH(session, &dispatch->sessions, list)
		session_reload(session);
}
