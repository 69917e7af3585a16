// SPDX-License-Identifier: GPL-2.0-or-later
/* What one who sits at a console should know of its port. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "object.h"
#include "owner.h"
#include "printable.h"
#include "watch.h"

/*
 * "root (vserialctl[12])", the user and what the kernel says of whence; of one
 * whom the daemon serves the daemon says who it is.
 */
static void name_session(struct watch *watch, const struct session *session)
{
	char *peer = printable(session->peer, false);
	char *user = owner_user(session->uid);

	if (session->backing)
		snprintf(watch->name, sizeof(watch->name), "%s", peer);
	else if (user)
		snprintf(watch->name, sizeof(watch->name), "%s (%s)", user, peer);
	else
		snprintf(watch->name, sizeof(watch->name), "user %u (%s)", session->uid,
			 peer);
	free(peer);
	free(user);
}

static void see_session(struct watch *watch, const struct vnl_reply *message)
{
	struct session session;

	session_read(message, &session);
	if (strcmp(session.guest, watch->guest) || session.index != watch->index)
		return;
	if (session.id == watch->id) {
		watch->writes = session.writer;
		watch->read_only = session.read_only;
	}
	if (session.writer) {
		watch->writer = session.id;
		name_session(watch, &session);
	} else if (watch->writer == session.id) {
		watch->writer = 0;
	}
	/* There is one writer: another one's news may come before one's own. */
	if (watch->writer && watch->writer != watch->id)
		watch->writes = false;
}

static void see_end(struct watch *watch, const struct vnl_reply *message)
{
	if (vnl_u32(message, VSERIAL_A_SESSION_ID) == watch->writer)
		watch->writer = 0;
}

static bool is_port(const struct watch *watch, const struct vnl_reply *message)
{
	return !strcmp(vnl_str(message, VSERIAL_A_PORT_GUEST), watch->guest) &&
	       vnl_u32(message, VSERIAL_A_PORT_INDEX) == watch->index;
}

void watch_message(struct watch *watch, const struct vnl_reply *message)
{
	switch (vnl_cmd(message)) {
	case VSERIAL_CMD_SESSION_NEW:
	case VSERIAL_CMD_SESSION_GET:
	case VSERIAL_CMD_SESSION_NTF:
		see_session(watch, message);
		break;
	case VSERIAL_CMD_SESSION_DEL_NTF:
		see_end(watch, message);
		break;
	case VSERIAL_CMD_PORT_GET:
	case VSERIAL_CMD_PORT_NTF:
		if (is_port(watch, message))
			watch->power = vnl_u8(message, VSERIAL_A_PORT_POWER);
		break;
	case VSERIAL_CMD_PORT_DEL_NTF:
		watch->gone |= is_port(watch, message);
		break;
	}
}

void watch_role(const struct watch *watch, const char *take_over, char *text,
		size_t size)
{
	const char *hint = !watch->read_only && take_over ? take_over : NULL;

	if (watch->writes)
		snprintf(text, size, "you write");
	else if (watch->writer)
		snprintf(text, size, "reading only: %s writes%s%s%s", watch->name,
			 hint ? "; " : "", hint ? hint : "", hint ? " takes over" : "");
	else
		snprintf(text, size, "reading only");
}

static bool tell_role(struct watch *watch, const char *take_over, char *text, size_t size)
{
	bool writes = watch->writes;
	bool same = watch->told && writes == watch->told_writes &&
		    (writes || watch->writer == watch->told_writer);

	/* One who is out of the way for a moment is no news. */
	if (same || (watch->told && !writes && !watch->writer))
		return false;
	if (watch->told && watch->told_writes && watch->writer)
		snprintf(text, size, "%s took over: reading only%s%s%s", watch->name,
			 take_over ? "; " : "", take_over ? take_over : "",
			 take_over ? " takes it back" : "");
	else if (watch->told && writes)
		snprintf(text, size, "you write now");
	else
		watch_role(watch, take_over, text, size);
	watch->told_writes = writes;
	watch->told_writer = watch->writer;
	return true;
}

bool watch_tell(struct watch *watch, const char *take_over, char *text, size_t size)
{
	if (tell_role(watch, take_over, text, size)) {
		if (!watch->told) {
			watch->told = true;
			/* That it is on goes without saying. */
			watch->told_power = true;
		}
		return true;
	}
	if (watch->told && watch->power != watch->told_power) {
		watch->told_power = watch->power;
		snprintf(text, size, "the guest is powered %s",
			 watch->power ? "on" : "off");
		return true;
	}
	return false;
}
