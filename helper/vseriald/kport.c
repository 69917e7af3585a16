// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel side. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#include <linux/vserial.h>

#include "handover.h"
#include "kport.h"
#include "log.h"
#include "memory.h"
#include "nl_batch.h"
#include "peer.h"
#include "session.h"
#include "table.h"
#include "timer.h"

/* Of it half is output that was not read yet; the rest is for answers. */
#define RECEIVE_BUFFER	(4u << 20)
/* Datagram batches read before others have their turn. */
#define TAKES		8
/* Turns of sessions that cause each other before others have theirs. */
#define ROUNDS		4
/* How long the end waits for guests, in microseconds. */
#define END_PATIENCE	1000000

/**
 * enum request_kind - what an answer is awaited for
 * @REQUEST_ANNOUNCE: a peer's number
 * @REQUEST_CONFIRM: the end of output
 * @REQUEST_HISTORY: a dump of a port's history
 * @REQUEST_BACKINGS: a dump of all backings
 */
enum request_kind {
	REQUEST_ANNOUNCE,
	REQUEST_CONFIRM,
	REQUEST_HISTORY,
	REQUEST_BACKINGS,
};

/**
 * struct request - a request that is not answered yet
 * @list: among the others
 * @kind: what it asked for
 * @seq: its number; 0 while a dump waits for the one before it
 * @session: for whom, NULL if that is gone
 * @peer: for which of its peers, NULL if that is gone
 */
struct request {
	TAILQ_ENTRY(request) list;

	enum request_kind kind;
	uint32_t seq;
	struct session *session;
	struct peer *peer;
};

TAILQ_HEAD(request_list, request);
TAILQ_HEAD(session_list, session);

/**
 * struct kport - the kernel side
 * @daemon: the process
 * @vnl: the registered socket
 * @batch: how it is used
 * @io: its source
 * @turn: runs at the end of a turn of the loop
 * @again: has another turn follow
 * @end: the last moment to end the loop
 * @sessions: all
 * @awake: those with work to do in this turn
 * @sending: those whose input was sent in this turn
 * @by_id: sessions by the kernel's number
 * @peers: peers by the kernel's number
 * @requests: those that were sent
 * @dumps: dumps, of which the first has been sent: a socket has one at a time
 * @window: output that the kernel may have on its way here
 * @credit: what the kernel said its messages have taken so far
 * @credit_given: what has been given back of it
 * @credit_from: a backing that may give back
 * @seen: the backings that a dump has told of
 */
struct kport {
	struct daemon *daemon;
	struct vnl *vnl;
	struct vnl_batch *batch;
	sd_event_source *io;
	sd_event_source *turn;
	sd_event_source *again;
	sd_event_source *end;
	struct session_list sessions;
	struct session_list awake;
	struct session_list sending;
	struct table by_id;
	struct table peers;
	struct request_list requests;
	struct request_list dumps;
	uint64_t window;
	uint64_t credit;
	uint64_t credit_given;
	uint32_t credit_from;
	struct table seen;
};

/* Requests. */

static struct request *add_request(struct request_list *list, enum request_kind kind,
				   struct session *session, struct peer *peer, uint32_t seq)
{
	struct request *request = xcalloc(1, sizeof(*request));

	request->kind = kind;
	request->session = session;
	request->peer = peer;
	request->seq = seq;
	TAILQ_INSERT_TAIL(list, request, list);
	return request;
}

static void drop_request(struct request_list *list, struct request *request)
{
	TAILQ_REMOVE(list, request, list);
	free(request);
}

static void drop_requests(struct request_list *list)
{
	struct request *request, *next;

	for (request = TAILQ_FIRST(list); request; request = next) {
		next = TAILQ_NEXT(request, list);
		free(request);
	}
	TAILQ_INIT(list);
}

static struct request *find_request(const struct request_list *list, uint32_t seq)
{
	struct request *request;

	TAILQ_FOREACH(request, list, list)
		if (request->seq == seq)
			return request;
	return NULL;
}

/*
 * Sends a request that changes something.  The kernel carries these out on the
 * way back from the system call, the last one first: each goes alone.
 */
static uint32_t post_alone(struct kport *kport, bool ack)
{
	uint32_t seq = vnl_batch_post(kport->batch, ack);
	struct vnl_error error;

	if (vnl_batch_flush(kport->batch, &error))
		log_line(LOG_ERR, "%s", error.text);
	return seq;
}

static void put_offset(struct vnl_msg *msg, uint32_t id, uint64_t offset)
{
	vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, id);
	vnl_put_u64(msg, VSERIAL_A_DATA_OFFSET, offset);
}

static void put_credit(struct kport *kport, struct vnl_msg *msg)
{
	vnl_put_u64(msg, VSERIAL_A_DATA_CREDIT, kport->credit);
	kport->credit_given = kport->credit;
}

void kport_report(struct kport *kport, struct session *session, uint32_t state,
		  const char *reason, const char *peer, bool confirm)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_BACKING_REPORT, false);
	uint32_t seq;

	log_line(LOG_DEBUG, "%s: state %u%s%s%s%s", session_name(session), state,
		 *peer ? ", peer " : "", peer, *reason ? ": " : "", reason);
	vnl_put_u32(msg, VSERIAL_A_BACKING_ID, session->id);
	vnl_put_u32(msg, VSERIAL_A_BACKING_STATE, state);
	if (*reason)
		vnl_put_str(msg, VSERIAL_A_BACKING_REASON, reason);
	if (*peer)
		vnl_put_str(msg, VSERIAL_A_BACKING_PEER, peer);
	seq = post_alone(kport, confirm);
	if (confirm)
		add_request(&kport->requests, REQUEST_CONFIRM, session, NULL, seq);
}

void kport_settle(struct kport *kport, uint32_t id, uint64_t offset)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA_ACK, false);

	put_offset(msg, id, offset);
	if (kport->credit != kport->credit_given)
		put_credit(kport, msg);
	vnl_batch_post(kport->batch, false);
}

/* Not for each message: the kernel needs it when much is on its way. */
static void give_credit(struct kport *kport, bool all)
{
	uint64_t owed = kport->credit - kport->credit_given;
	struct vnl_msg *msg;

	if (!owed || (!all && owed < kport->window / 4))
		return;
	msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA_ACK, false);
	vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, kport->credit_from);
	put_credit(kport, msg);
	vnl_batch_post(kport->batch, false);
}

void kport_input(struct kport *kport, struct session *session, uint64_t offset,
		 const char *bytes, size_t len)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA, false);

	put_offset(msg, session->id, offset);
	vnl_put_bin(msg, VSERIAL_A_DATA_BYTES, bytes, len);
	session->input_seq = vnl_batch_post(kport->batch, false);
	if (session->is_sending)
		return;
	session->is_sending = true;
	TAILQ_INSERT_TAIL(&kport->sending, session, sending);
}

void kport_break(struct kport *kport, struct session *session, uint64_t offset)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA, false);

	put_offset(msg, session->id, offset);
	/* How long it is has no meaning on a network. */
	vnl_put_u32(msg, VSERIAL_A_DATA_BREAK, 0);
	vnl_batch_post(kport->batch, false);
}

void kport_window(struct kport *kport, const struct peer *writer)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA, false);

	vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, writer->id);
	vnl_put_u32(msg, VSERIAL_A_DATA_WINDOW_ROWS, writer->window.rows);
	vnl_put_u32(msg, VSERIAL_A_DATA_WINDOW_COLUMNS, writer->window.columns);
	vnl_batch_post(kport->batch, false);
}

void kport_announce(struct kport *kport, struct session *session, struct peer *peer)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_SESSION_NEW, false);

	vnl_put_u32(msg, VSERIAL_A_SESSION_BACKING, session->id);
	vnl_put_str(msg, VSERIAL_A_SESSION_PEER, peer->name);
	add_request(&kport->requests, REQUEST_ANNOUNCE, session, peer,
		    post_alone(kport, false));
}

/* Sends the first dump that waits, if none is under way. */
static void next_dump(struct kport *kport)
{
	struct request *request, *next;
	struct vnl_msg *msg;

	for (request = TAILQ_FIRST(&kport->dumps); request && !request->seq; request = next) {
		next = TAILQ_NEXT(request, list);
		if (request->kind == REQUEST_BACKINGS) {
			vnl_batch_begin(kport->batch, VSERIAL_CMD_BACKING_GET, true);
		} else if (request->peer) {
			msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_PORT_HISTORY, true);
			vnl_put_str(msg, VSERIAL_A_PORT_GUEST, request->session->guest);
			vnl_put_u32(msg, VSERIAL_A_PORT_INDEX, request->session->index);
		} else {
			drop_request(&kport->dumps, request);
			continue;
		}
		request->seq = vnl_batch_post(kport->batch, false);
		return;
	}
}

void kport_history(struct kport *kport, struct session *session, struct peer *peer)
{
	add_request(&kport->dumps, REQUEST_HISTORY, session, peer, 0);
	next_dump(kport);
}

static void forget(struct request_list *list, const struct session *session,
		   const struct peer *peer)
{
	struct request *request;

	TAILQ_FOREACH(request, list, list) {
		if (session ? request->session != session : request->peer != peer)
			continue;
		if (session)
			request->session = NULL;
		request->peer = NULL;
	}
}

static void end_kernel_session(struct kport *kport, uint32_t id)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_SESSION_DEL, false);

	vnl_put_u32(msg, VSERIAL_A_SESSION_ID, id);
	post_alone(kport, false);
}

void kport_retire(struct kport *kport, struct peer *peer)
{
	forget(&kport->requests, NULL, peer);
	forget(&kport->dumps, NULL, peer);
	if (!peer->id)
		return;
	table_remove(&kport->peers, peer->id);
	end_kernel_session(kport, peer->id);
}

void kport_wake(struct kport *kport, struct session *session)
{
	if (session->is_awake)
		return;
	session->is_awake = true;
	TAILQ_INSERT_TAIL(&kport->awake, session, awake);
}

void kport_forget(struct kport *kport, struct session *session)
{
	forget(&kport->requests, session, NULL);
	forget(&kport->dumps, session, NULL);
	table_remove(&kport->by_id, session->id);
	TAILQ_REMOVE(&kport->sessions, session, list);
	if (session->is_awake)
		TAILQ_REMOVE(&kport->awake, session, awake);
	if (session->is_sending)
		TAILQ_REMOVE(&kport->sending, session, sending);
}

unsigned int kport_sessions(const struct kport *kport)
{
	return (unsigned int)kport->by_id.n;
}

void kport_reload(struct kport *kport)
{
	struct session *session;

	TAILQ_FOREACH(session, &kport->sessions, list)
		session_reload(session);
}

/* Messages. */

static void on_backing(struct kport *kport, const struct vnl_reply *reply)
{
	const struct backing backing = {
		.id = vnl_u32(reply, VSERIAL_A_BACKING_ID),
		.guest = vnl_str(reply, VSERIAL_A_BACKING_GUEST),
		.index = vnl_u32(reply, VSERIAL_A_BACKING_INDEX),
		.spec = vnl_str(reply, VSERIAL_A_BACKING_SPEC),
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
	};
	struct session *session = table_find(&kport->by_id, backing.id);

	if (!backing.id)
		return;
	table_set(&kport->seen, backing.id, kport);
	if (session) {
		session_update(session, &backing);
		return;
	}
	session = session_new(kport->daemon, &backing);
	table_set(&kport->by_id, session->id, session);
	TAILQ_INSERT_TAIL(&kport->sessions, session, list);
	log_line(LOG_DEBUG, "%s: serving '%s'", session_name(session), backing.spec);
}

static void on_backing_del(struct kport *kport, uint32_t id)
{
	struct session *session = table_find(&kport->by_id, id);

	table_remove(&kport->seen, id);
	if (!session)
		return;
	/* While there is a backing in whose name it can be given back. */
	give_credit(kport, true);
	session_end(session, true);
}

static void on_output(struct kport *kport, const struct vnl_reply *reply)
{
	uint32_t id = vnl_u32(reply, VSERIAL_A_DATA_SESSION);
	size_t len = vnl_len(reply, VSERIAL_A_DATA_BYTES);
	struct session *session = table_find(&kport->by_id, id);

	if (vnl_has(reply, VSERIAL_A_DATA_CREDIT))
		kport->credit = vnl_u64(reply, VSERIAL_A_DATA_CREDIT);
	if (!session)
		return;
	kport->credit_from = id;
	if (vnl_has(reply, VSERIAL_A_DATA_BREAK))
		session_break(session, vnl_u64(reply, VSERIAL_A_DATA_OFFSET));
	if (len)
		session_output(session, vnl_u64(reply, VSERIAL_A_DATA_OFFSET),
			       vnl_bin(reply, VSERIAL_A_DATA_BYTES, len), len);
}

static void on_announced(struct kport *kport, uint32_t seq, const struct vnl_reply *reply)
{
	struct request *request = find_request(&kport->requests, seq);
	uint32_t id = vnl_u32(reply, VSERIAL_A_SESSION_ID);
	struct session *session;
	struct peer *peer;

	if (!request || request->kind != REQUEST_ANNOUNCE || !id)
		return;
	session = request->session;
	peer = request->peer;
	drop_request(&kport->requests, request);
	if (!peer) {
		/* It left before it was known. */
		end_kernel_session(kport, id);
		return;
	}
	table_set(&kport->peers, id, peer);
	session_announced(session, peer, id, vnl_u8(reply, VSERIAL_A_SESSION_WRITER), "");
}

static void on_session(struct kport *kport, const struct vnl_reply *reply, bool gone)
{
	struct peer *peer = table_find(&kport->peers, vnl_u32(reply, VSERIAL_A_SESSION_ID));

	if (!peer)
		return;
	if (gone) {
		table_remove(&kport->peers, peer->id);
		session_kicked(peer->arg, peer, vnl_str(reply, VSERIAL_A_SESSION_REASON));
	} else {
		session_writer(peer->arg, peer, vnl_u8(reply, VSERIAL_A_SESSION_WRITER));
	}
}

static void on_history(struct kport *kport, uint32_t seq, const struct vnl_reply *reply)
{
	struct request *request = find_request(&kport->dumps, seq);
	size_t len = vnl_len(reply, VSERIAL_A_PORT_HISTORY_BYTES);

	if (request && request->peer && len)
		session_history(request->session, request->peer,
				vnl_u64(reply, VSERIAL_A_PORT_HISTORY_OFFSET),
				vnl_bin(reply, VSERIAL_A_PORT_HISTORY_BYTES, len), len);
}

static void on_message(void *arg, uint32_t seq, const struct vnl_reply *reply)
{
	struct kport *kport = arg;
	struct session *session;

	switch (vnl_cmd(reply)) {
	case VSERIAL_CMD_DATA_NTF:
		on_output(kport, reply);
		break;
	case VSERIAL_CMD_DATA_ROOM_NTF:
		session = table_find(&kport->by_id, vnl_u32(reply, VSERIAL_A_DATA_SESSION));
		if (session)
			session_room(session, vnl_u64(reply, VSERIAL_A_DATA_OFFSET));
		break;
	case VSERIAL_CMD_BACKING_GET:
	case VSERIAL_CMD_BACKING_NTF:
		on_backing(kport, reply);
		break;
	case VSERIAL_CMD_BACKING_DEL_NTF:
		on_backing_del(kport, vnl_u32(reply, VSERIAL_A_BACKING_ID));
		break;
	case VSERIAL_CMD_SESSION_NEW:
		on_announced(kport, seq, reply);
		break;
	case VSERIAL_CMD_SESSION_NTF:
		on_session(kport, reply, false);
		break;
	case VSERIAL_CMD_SESSION_DEL_NTF:
		on_session(kport, reply, true);
		break;
	case VSERIAL_CMD_PORT_HISTORY:
		on_history(kport, seq, reply);
		break;
	}
}

/* What a complete dump has not told of is gone. */
static void sweep(struct kport *kport)
{
	struct session *session, *next;

	for (session = TAILQ_FIRST(&kport->sessions); session; session = next) {
		next = TAILQ_NEXT(session, list);
		if (!table_find(&kport->seen, session->id))
			session_end(session, false);
	}
}

static void fetch_backings(struct kport *kport)
{
	table_free(&kport->seen);
	add_request(&kport->dumps, REQUEST_BACKINGS, NULL, NULL, 0);
	next_dump(kport);
}

static void dump_done(struct kport *kport, struct request *request, const struct vnl_error *error)
{
	struct request done = *request;

	if (error && error->err == EBUSY) {
		/* One that was given up is still under way; its end starts this one. */
		request->seq = 0;
		return;
	}
	drop_request(&kport->dumps, request);
	next_dump(kport);
	if (done.kind == REQUEST_HISTORY) {
		if (error && done.peer)
			log_line(LOG_WARNING, "%s: no history for %s: %s",
				 session_name(done.session), done.peer->name, error->text);
		if (done.peer)
			session_history_end(done.session, done.peer);
	} else if (error && error->err == EINTR) {
		/* It was overtaken by a change. */
		fetch_backings(kport);
	} else if (error) {
		log_line(LOG_ERR, "cannot list what is to be served: %s", error->text);
	} else {
		sweep(kport);
		/* What belongs to none of them is nobody's. */
		handover_free(kport->daemon->handover);
		kport->daemon->handover = NULL;
	}
}

static void request_done(struct kport *kport, struct request *request,
			 const struct vnl_error *error)
{
	struct request done = *request;

	drop_request(&kport->requests, request);
	if (done.kind == REQUEST_CONFIRM && done.session)
		session_confirmed(done.session);
	else if (done.kind == REQUEST_ANNOUNCE && done.peer)
		session_announced(done.session, done.peer, 0, false,
				  error ? error->text : "the kernel did not say who it is");
}

static void on_done(void *arg, uint32_t seq, const struct vnl_error *error)
{
	struct kport *kport = arg;
	struct request *request = find_request(&kport->dumps, seq);
	struct session *session;

	if (request) {
		dump_done(kport, request, error);
		return;
	}
	request = find_request(&kport->requests, seq);
	if (request) {
		request_done(kport, request, error);
		return;
	}
	if (!error) {
		next_dump(kport);
		return;
	}
	TAILQ_FOREACH(session, &kport->sending, sending)
		if (session->input_seq == seq && error->err == EAGAIN) {
			session_refused(session);
			return;
		}
	log_line(LOG_DEBUG, "the kernel refused request %u: %s", seq, error->text);
}

static const struct vnl_taker taker = {
	.message = on_message,
	.done = on_done,
};

/* Messages were lost: nothing that was awaited can be relied on. */
static void start_over(struct kport *kport)
{
	static const struct vnl_error lost = {
		.err = ENOBUFS,
		.text = "the kernel's answer was lost",
	};
	struct session *session;
	struct request *request;

	log_line(LOG_WARNING, "messages of the kernel were lost; asking for them again");
	while ((request = TAILQ_FIRST(&kport->requests)))
		request_done(kport, request, &lost);
	request = TAILQ_FIRST(&kport->dumps);
	if (request && request->seq)
		dump_done(kport, request, &lost);
	TAILQ_FOREACH(session, &kport->sessions, list)
		session_resync(session);
	fetch_backings(kport);
}

/* Return: whether more may be there; ends the loop where the module is gone. */
static bool take(struct kport *kport)
{
	struct vnl_error error = { 0 };
	int n = vnl_batch_take(kport->batch, &error);

	if (n >= 0)
		return n == VNL_BATCH_TAKES;
	if (error.err == ENOBUFS) {
		start_over(kport);
		return true;
	}
	log_line(error.err == ENOENT ? LOG_NOTICE : LOG_ERR, "%s", error.text);
	sd_event_exit(kport->daemon->event, error.err == ENOENT ? 0 : 1);
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
	struct session *session, *last = TAILQ_LAST(&kport->awake, session_list);

	/* Those that wake up meanwhile have the next round. */
	while (last && (session = TAILQ_FIRST(&kport->awake))) {
		bool end = session == last;

		TAILQ_REMOVE(&kport->awake, session, awake);
		session->is_awake = false;
		session_turn(session);
		if (end)
			return;
	}
}

static void flush(struct kport *kport)
{
	struct vnl_error error = { 0 };
	struct session *session;

	if (vnl_batch_posted(kport->batch) && vnl_batch_flush(kport->batch, &error))
		log_line(LOG_ERR, "%s", error.text);
	if (TAILQ_EMPTY(&kport->sending))
		return;
	/* Refusals were queued when the requests were sent: afterwards none comes. */
	while (take(kport))
		;
	while ((session = TAILQ_FIRST(&kport->sending))) {
		TAILQ_REMOVE(&kport->sending, session, sending);
		session->is_sending = false;
		session_answered(session);
	}
}

static int end_if_done(struct kport *kport)
{
	const struct session *session;

	if (!kport->daemon->ending)
		return 0;
	TAILQ_FOREACH(session, &kport->sessions, list)
		if (!input_idle(&session->input))
			return 0;
	return sd_event_exit(kport->daemon->event, 0);
}

static int on_turn(sd_event_source *source, void *arg)
{
	struct kport *kport = arg;
	int i;

	(void)source;
	for (i = 0; i < ROUNDS; i++) {
		turn_sessions(kport);
		give_credit(kport, false);
		flush(kport);
		if (TAILQ_EMPTY(&kport->awake) && !vnl_batch_posted(kport->batch))
			return end_if_done(kport);
	}
	sd_event_source_set_enabled(kport->again, SD_EVENT_ONESHOT);
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
	struct kport *kport = arg;

	(void)source;
	(void)now;
	return sd_event_exit(kport->daemon->event, 0);
}

void kport_end(struct kport *kport)
{
	/* What the guests do not take soon, they get twice or not at all. */
	kport->daemon->ending = true;
	timer_start(kport->daemon->event, &kport->end, END_PATIENCE, on_end, kport);
}

/* The whole. */

static int register_daemon(struct kport *kport, struct vnl_error *error)
{
	struct vnl_msg *msg = vnl_msg_new(VSERIAL_CMD_DAEMON_NEW, false);
	struct vnl_replies replies;
	int rc = vnl_call(kport->vnl, msg, &replies, error);

	vnl_replies_free(&replies);
	vnl_msg_free(msg);
	return rc;
}

struct kport *kport_new(struct daemon *daemon, struct vnl_error *error)
{
	struct kport *kport = xcalloc(1, sizeof(*kport));

	kport->daemon = daemon;
	TAILQ_INIT(&kport->sessions);
	TAILQ_INIT(&kport->awake);
	TAILQ_INIT(&kport->sending);
	TAILQ_INIT(&kport->requests);
	TAILQ_INIT(&kport->dumps);
	kport->vnl = vnl_open(error);
	if (!kport->vnl) {
		free(kport);
		return NULL;
	}
	kport->window = vnl_receive_buffer(kport->vnl, RECEIVE_BUFFER) / 2;
	if (vnl_watch_module(kport->vnl, error) || register_daemon(kport, error)) {
		vnl_close(kport->vnl);
		free(kport);
		return NULL;
	}
	kport->batch = vnl_batch_new(kport->vnl, &taker, kport);
	return kport;
}

int kport_start(struct kport *kport, struct vnl_error *error)
{
	sd_event *event = kport->daemon->event;
	int rc;

	rc = sd_event_add_io(event, &kport->io, vnl_fd(kport->vnl), EPOLLIN, on_io, kport);
	if (rc >= 0)
		rc = sd_event_add_post(event, &kport->turn, on_turn, kport);
	if (rc >= 0)
		rc = sd_event_add_defer(event, &kport->again, on_again, kport);
	if (rc < 0) {
		error->err = -rc;
		snprintf(error->text, sizeof(error->text), "cannot watch the kernel's socket: %s",
			 strerror(-rc));
		return -1;
	}
	fetch_backings(kport);
	return 0;
}

void kport_free(struct kport *kport, bool keep)
{
	struct vnl_error error;
	struct session *session;

	if (!kport)
		return;
	while ((session = TAILQ_FIRST(&kport->sessions))) {
		if (keep)
			session_keep(session);
		else
			session_end(session, true);
	}
	vnl_batch_flush(kport->batch, &error);
	drop_requests(&kport->requests);
	drop_requests(&kport->dumps);
	sd_event_source_disable_unref(kport->io);
	sd_event_source_disable_unref(kport->turn);
	sd_event_source_disable_unref(kport->again);
	sd_event_source_disable_unref(kport->end);
	table_free(&kport->by_id);
	table_free(&kport->peers);
	table_free(&kport->seen);
	vnl_batch_free(kport->batch);
	vnl_close(kport->vnl);
	free(kport);
}
