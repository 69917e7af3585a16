// SPDX-License-Identifier: GPL-2.0-or-later
/* Input: from the peer that writes to the kernel. */
#include "kport.h"
#include "session_parts.h"

/* Whether another is about to be the writer: what it types now is not that of an onlooker. */
static bool writer_leaves(const struct session *session)
{
	const struct peer *writer = session_writing_peer(session);

	return session->passing || (writer && peer_has_hung_up(writer));
}

bool session_may_read(void *arg, const struct peer *peer)
{
	const struct session *session = arg;

	if (!peer->id || session->daemon->ending)
		return false;
	if (!peer->writer)
		return !writer_leaves(session);
	return input_idle(&session->input) && !session->input_break;
}

void session_take_input(void *arg, struct peer *peer, char *bytes, size_t len)
{
	struct session *session = arg;

	(void)peer;
	input_add(&session->input, bytes, len);
	kport_wake(session->daemon->kport, &session->port);
}

/* A break has its place behind bytes that have all been taken. */
static void send_break_if_due(struct session *session)
{
	if (!session->input_break || !input_idle(&session->input))
		return;
	session->input_break = false;
	kport_break(session->daemon->kport, &session->port, session->input.offset);
}

void session_take_break(void *arg, struct peer *peer)
{
	struct session *session = arg;

	(void)peer;
	session->input_break = true;
	send_break_if_due(session);
}

void session_take_window(void *arg, struct peer *peer)
{
	struct session *session = arg;

	if (peer->window.rows && peer->window.columns)
		kport_window(session->daemon->kport, peer);
}

void session_take_lines(void *arg, struct peer *peer)
{
	(void)peer;
	session_report(arg, false);
}

void session_send_input(struct session *session)
{
	const char *bytes;
	uint64_t offset;
	size_t len = input_to_send(&session->input, &bytes, &offset);

	if (len)
		kport_input(session->daemon->kport, &session->port, offset, bytes, len);
}

void session_read_on(struct session *session)
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
		session_read_on(session);
	kport_wake(session->daemon->kport, &session->port);
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
		session_read_on(session);
}
