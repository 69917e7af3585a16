// SPDX-License-Identifier: GPL-2.0-or-later
/* How a backing stands, as the kernel is told. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "kport.h"
#include "log.h"
#include "memory.h"
#include "print_port.h"
#include "session_parts.h"

const char *session_name(const struct session *session)
{
	static char name[VSERIAL_NAME_MAX + 16];

	snprintf(name, sizeof(name), "%s/%u", session->port.guest, session->port.index);
	return name;
}

bool session_any_live(const struct session *session)
{
	const struct peer *peer;

	if (session->print)
		return true;
	TAILQ_FOREACH(peer, &session->peers, list)
		if (peer->phase != PEER_COMES)
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

struct peer *session_writing_peer(const struct session *session)
{
	struct peer *peer;

	TAILQ_FOREACH(peer, &session->peers, list)
		if (peer->writer)
			return peer;
	return NULL;
}

/* The one who writes, and how many there are besides. */
static void peer_text(const struct session *session, char *text, size_t size)
{
	const struct peer *first = session_writing_peer(session);

	if (!first)
		first = TAILQ_FIRST(&session->peers);
	if (!first)
		*text = '\0';
	else if (session->n_peers == 1)
		snprintf(text, size, "%s", first->name);
	else
		snprintf(text, size, "%s and %u more", first->name, session->n_peers - 1);
}

/* The lines of the one who writes.  Return: whether it drives any. */
static bool peer_lines(const struct session *session, uint32_t *lines)
{
	const struct peer *writer = session_writing_peer(session);

	*lines = 0;
	return writer && conn_lines(writer->conn, lines);
}

static void remember(char **what, const char *text)
{
	free(*what);
	*what = xstrdup(text);
}

/* @news: what a concentrator has said, or NULL. */
static void report(struct session *session, bool confirm, const struct kport_standing *news)
{
	uint32_t state = current_state(session);
	const char *why = current_why(session, state);
	char peer[ADDRESS_TEXT + 32], trouble[PRINTER_WHY_MAX];
	struct kport_standing now = { .handover = 0 };

	_Static_assert(sizeof(peer) >= PRINTER_NAME_MAX, "a printer's name fits, too");
	if (news)
		now = *news;
	now.state = state;
	now.peer = peer;
	peer_text(session, peer, sizeof(peer));
	if (session->print) {
		/* Its jobs wait: to the guest it is there. */
		print_port_status(session->print, trouble, peer);
		why = trouble;
	}
	now.reason = why;
	now.has_lines = peer_lines(session, &now.lines);
	if (!confirm && !news && session->told_why && state == session->told_state &&
	    !strcmp(why, session->told_why) && !strcmp(peer, session->told_peer) &&
	    now.has_lines == session->told_has_lines && now.lines == session->told_lines)
		return;
	session->told_state = state;
	session->told_has_lines = now.has_lines;
	session->told_lines = now.lines;
	remember(&session->told_why, why);
	remember(&session->told_peer, peer);
	log_line(LOG_DEBUG, "%s: state %u%s%s%s%s", session_name(session), state,
		 *peer ? ", peer " : "", peer, *why ? ": " : "", why);
	kport_report(session->daemon->kport, &session->port, &now, confirm);
}

void session_report(struct session *session, bool confirm)
{
	report(session, confirm, NULL);
}

void session_report_handover(struct session *session, const struct kport_standing *news)
{
	session->handover = news->handover;
	report(session, false, news);
}

__attribute__((format(printf, 3, 4)))
void session_set_fault(struct session *session, uint32_t fault, const char *format, ...)
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
