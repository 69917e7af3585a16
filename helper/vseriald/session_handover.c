// SPDX-License-Identifier: GPL-2.0-or-later
/* What a backing leaves to the next daemon, and takes from the one before. */
#include <stdio.h>
#include <stdlib.h>

#include "goodbye.h"
#include "handover.h"
#include "kport.h"
#include "listener.h"
#include "log.h"
#include "session_parts.h"

/* A Unix socket is its owner's, and so is who came by it. */
static uint32_t digest(const struct session *session)
{
	const struct place *place = &session->place;
	char owner[32];

	if (session->uri.kind != URI_PIPE || !place->owned)
		return session->digest;
	snprintf(owner, sizeof(owner), "%u:%u", place->uid, place->gid);
	return session->digest ^ handover_digest(owner);
}

static struct handed handed(const struct session *session)
{
	return (struct handed){
		.guest = session->port.guest,
		.index = session->port.index,
		.spec = digest(session),
	};
}

/* Return: the connection with what was spoken on it, or NULL: then it is ended. */
static struct conn *take_up(const struct session *session, int fd, const struct handed *old,
			    const char *name)
{
	struct conn *socket = conn_new(session->ops, fd), *conn = socket;

	if (session->uri.kind == URI_TELNET)
		conn = old->above ? conn_telnet_again(socket, old->above, old->above_len) : NULL;
	if (conn)
		return conn;
	log_line(LOG_NOTICE, "%s: %s was left by a daemon of another version, and has to call again",
		 session_name(session), name);
	conn_end(socket, session->daemon->goodbyes, NULL);
	return NULL;
}

/*
 * What a backing of the same specification has nothing to do with any more: it
 * listened and dials now, or the port had another life, in which it was further.
 */
static bool is_stale(const struct session *session, const struct backing *backing,
		     const struct handed *old)
{
	return old->dialled == session->server || (backing->has_end && old->offset > backing->end);
}

static void adopt_peer(struct session *session, const struct backing *backing, int fd,
		       const struct handed *old)
{
	const struct address unknown = { 0 };
	char name[ADDRESS_TEXT];
	struct conn *conn;
	struct peer *peer;

	session->ops->describe(fd, &unknown, name);
	if (is_stale(session, backing, old)) {
		log_line(LOG_NOTICE, "%s: %s was left by another backing, and has to call again",
			 session_name(session), name);
		goodbye_say(session->daemon->goodbyes, fd, NULL);
		return;
	}
	conn = take_up(session, fd, old, name);
	peer = conn ? session_add_peer(session, conn, name) : NULL;
	if (!peer)
		return;
	conn_take_event(conn, &peer->window);
	peer->dialled = old->dialled;
	peer->resume = old->offset;
	/* Else it lacks what others have had, and is given that when it is admitted. */
	if (!peer->dialled && peer->resume < session->settled)
		return;
	peer_join(peer, peer->resume);
	session_start_flow(session);
}

static void adopt_input(struct session *session, const struct handed *old)
{
	struct handed_input input;

	if (!handover_input(session->daemon->handover, old, &input))
		return;
	/* The guest has taken none in front of these, or more than them: it was another. */
	if (session->input.offset < input.offset ||
	    session->input.offset > input.offset + input.len) {
		log_line(LOG_NOTICE, "%s: input that was left is not its guest's",
			 session_name(session));
		free(input.bytes);
		return;
	}
	/* Of these the guest takes what it has not taken yet. */
	session->input.offset = input.offset;
	input_add(&session->input, input.bytes, input.len);
	session->input_break = input.sent_break;
	kport_wake(session->daemon->kport, &session->port);
}

void session_adopt(struct session *session, const struct backing *backing)
{
	struct handover *handover = session->daemon->handover;
	struct handed old = handed(session);
	int fd;

	/* Without a guest there is nobody to dial for. */
	if (!handover || !session->ops || (!session->server && !session->power))
		return;
	/* Of TLS no connection was left, nor one of a concentrator: it is another's. */
	while (!session->uri.tls && !session->service &&
	       (fd = handover_peer(handover, &old)) >= 0) {
		adopt_peer(session, backing, fd, &old);
		free(old.above);
	}
	adopt_input(session, &old);
}

static void leave_peer(const struct session *session, struct peer *peer)
{
	struct handed keep = handed(session);

	/* TLS has a state that its library hands to nobody. */
	if (!conn_save(peer->conn, &keep.above, &keep.above_len)) {
		peer_free(peer, NULL);
		return;
	}
	keep.offset = peer_offset(peer);
	keep.dialled = peer->dialled;
	keep.writer = peer->writer;
	handover_keep_peer(peer->conn->fd, &keep);
	free(keep.above);
	peer_release(peer);
}

void session_leave_to_next(struct session *session)
{
	const struct handed_input input = {
		.offset = session->input.offset,
		.bytes = session->input.data,
		.len = session->input.len,
		.sent_break = session->input_break,
	};
	struct handed port = handed(session);
	struct peer *peer;

	session_settle(session);
	while ((peer = TAILQ_FIRST(&session->peers))) {
		TAILQ_REMOVE(&session->peers, peer, list);
		kport_retire(session->daemon->kport, peer);
		leave_peer(session, peer);
	}
	if (input.len || input.sent_break)
		handover_keep_input(&port, &input);
	listener_keep(session->listener);
}
