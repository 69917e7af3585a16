// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_turn: which of a port's sessions writes
 *
 * The first that can, until it ends or another takes over by force; then the one
 * that has waited longest.  All of this with vserial_sessions_lock.
 */
#include "notify.h"
#include "session.h"

static bool vserial_session_could_write(const struct vserial_session *s)
{
	return !s->read_only && !s->mute;
}

/* The session that writes, or NULL. */
static struct vserial_session *
vserial_session_writer(const struct vserial_port *port)
{
	struct vserial_session *s;

	list_for_each_entry(s, &vserial_sessions, node)
		if (s->port == port && s->writer)
			return s;
	return NULL;
}

static void vserial_session_set_writer(struct vserial_session *s, bool writer)
{
	WRITE_ONCE(s->writer, writer);
	vserial_notify(VSERIAL_EVENT_SESSION_CHANGED, s);
}

/**
 * vserial_session_promote() - a port has no writer: it is the next one's turn
 * @port: the port
 */
void vserial_session_promote(const struct vserial_port *port)
{
	struct vserial_session *s;

	list_for_each_entry(s, &vserial_sessions, node) {
		if (s->port == port && vserial_session_could_write(s)) {
			vserial_explain(&s->reason, "the writer left");
			vserial_session_set_writer(s, true);
			return;
		}
	}
}

/**
 * vserial_session_take_over() - a session writes from now on
 * @s: the session, of which its user is told otherwise
 */
void vserial_session_take_over(struct vserial_session *s)
{
	struct vserial_session *old = vserial_session_writer(s->port);

	if (old == s)
		return;
	if (old) {
		vserial_explain(&old->reason, "%s took over", s->peer);
		vserial_session_set_writer(old, false);
	}
	WRITE_ONCE(s->writer, true);
}

/**
 * vserial_session_turn() - a session may write now, or may not any more
 * @s: the session, of which its user is told otherwise
 */
void vserial_session_turn(struct vserial_session *s)
{
	if (s->writer && !vserial_session_could_write(s)) {
		WRITE_ONCE(s->writer, false);
		vserial_session_promote(s->port);
	} else if (vserial_session_could_write(s) &&
		   !vserial_session_writer(s->port)) {
		WRITE_ONCE(s->writer, true);
	}
}
