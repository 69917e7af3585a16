// SPDX-License-Identifier: GPL-2.0-or-later
/* What a backing leaves to the next daemon, and takes from the one before. */
#include "handover.h"
#include "kport.h"
#include "listener.h"
#include "session_parts.h"

static struct handed handed(const struct session *session)
{
	return (struct handed){
		.guest = session->port.guest,
		.index = session->port.index,
		.spec = session->digest,
	};
}

static void adopt_peer(struct session *session, int fd, const struct handed *old)
{
	const struct address unknown = { 0 };
	char name[ADDRESS_TEXT];
	struct peer *peer;

	session->ops->describe(fd, &unknown, name);
	peer = session_add_peer(session, conn_new(session->ops, fd), name);
	if (!peer)
		return;
	peer->dialled = old->dialled;
	peer->resume = old->offset;
	if (!peer->dialled && peer->resume < session->settled) {
		kport_history(session->daemon->kport, &session->port, peer);
		return;
	}
	peer_join(peer, peer->resume);
	session_start_flow(session);
}

void session_adopt(struct session *session)
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
	kport_wake(session->daemon->kport, &session->port);
}

void session_leave_to_next(struct session *session)
{
	struct handed keep = handed(session);
	struct peer *peer;

	session_settle(session);
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
}
