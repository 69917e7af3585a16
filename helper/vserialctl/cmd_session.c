// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl session: who is attached to ports. */
#include <string.h>

#include <linux/vserial.h>

#include "command.h"
#include "memory.h"
#include "object.h"
#include "output.h"
#include "refs.h"

/*
 * The guest or port is asked for as well: one that does not exist is refused,
 * and the answer tells print() whose sessions are wanted.
 */
static enum ctl_status show(struct ctl *ctl, char **words)
{
	enum ctl_status status = CTL_DONE;
	struct vnl_msg *msg;
	const char *guest;

	if (*words && strchr(*words, '/')) {
		status = ref_port(ctl, &words, VSERIAL_CMD_PORT_GET, &msg);
	} else if (*words) {
		status = ref_guest(ctl, &words, &guest);
		if (status == CTL_DONE)
			vnl_put_str(ctl_queue(ctl, VSERIAL_CMD_GUEST_GET),
				    VSERIAL_A_GUEST_NAME, guest);
	}
	if (status != CTL_DONE)
		return status;
	ctl_queue_dump(ctl, VSERIAL_CMD_SESSION_GET);
	return ref_end(ctl, words);
}

/* Is a session one of those that the first answer names? */
static bool wanted(const struct vnl_reply *first, const struct session *session)
{
	struct guest guest;
	struct port port;

	switch (vnl_cmd(first)) {
	case VSERIAL_CMD_GUEST_GET:
		guest_read(first, &guest);
		return !strcmp(session->guest, guest.name);
	case VSERIAL_CMD_PORT_GET:
		port_read(first, &port);
		return !strcmp(session->guest, port.guest) &&
		       session->index == port.index;
	default:
		return true;
	}
}

static enum ctl_status print(struct ctl *ctl, const struct vnl_replies *replies)
{
	struct vnl_replies sessions = {
		.v = xcalloc(replies->n + 1, sizeof(*sessions.v)),
	};
	struct session session;
	size_t i;

	for (i = 0; i < replies->n; i++) {
		if (vnl_cmd(replies->v[i]) != VSERIAL_CMD_SESSION_GET)
			continue;
		session_read(replies->v[i], &session);
		if (wanted(replies->v[0], &session))
			sessions.v[sessions.n++] = replies->v[i];
	}
	if (ctl->json)
		json_sessions(&sessions, true);
	else
		text_sessions(&sessions, ctl->details);
	free(sessions.v);
	return CTL_DONE;
}

static enum ctl_status kick(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	uint32_t id;

	do {
		status = ref_session(ctl, &words, &id);
		if (status != CTL_DONE)
			return status;
		vnl_put_u32(ctl_queue(ctl, VSERIAL_CMD_SESSION_DEL),
			    VSERIAL_A_SESSION_ID, id);
	} while (*words);
	return CTL_DONE;
}

const struct command session_commands[] = {
	{ .verb = "show", .args = "[GUEST[/INDEX]]",
	  .help = "show who is attached: to a port, to a guest's, or to any",
	  .words = { WORD_GUEST_OR_PORT }, .fill = show, .print = print },
	{ .verb = "kick", .args = "ID...", .help = "end sessions, by their numbers",
	  .words = { WORD_SESSION }, .fill = kick },
	{ 0 },
};
