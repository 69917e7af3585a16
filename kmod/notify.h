/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * notify: tells whoever wants to know what changed
 */
#ifndef _VSERIAL_NOTIFY_H
#define _VSERIAL_NOTIFY_H

struct notifier_block;

/**
 * enum vserial_event - what happened
 * @VSERIAL_EVENT_GUEST_NEW: a guest was added
 * @VSERIAL_EVENT_GUEST_OWNER: a guest has another owner, and perhaps else
 * @VSERIAL_EVENT_GUEST_CHANGED: something else about a guest
 * @VSERIAL_EVENT_GUEST_GONE: a guest is about to disappear
 * @VSERIAL_EVENT_GUEST_RULES: a guest has other service rules
 * @VSERIAL_EVENT_RULE_NEW: ... this one was added
 * @VSERIAL_EVENT_RULE_GONE: ... this one was removed
 * @VSERIAL_EVENT_PORT_NEW: a port was added
 * @VSERIAL_EVENT_PORT_POWER: a port's device was opened or closed
 * @VSERIAL_EVENT_PORT_CHANGED: something else about a port
 * @VSERIAL_EVENT_PORT_LINE: a guest has set its lines or its terminal
 * @VSERIAL_EVENT_PORT_GONE: a port is about to disappear
 * @VSERIAL_EVENT_HELPER_START: the daemon is to serve a backing, or otherwise
 * @VSERIAL_EVENT_HELPER_STOP: ... is to let go of it
 * @VSERIAL_EVENT_BACKING_GONE: the daemon serves a backing no more
 * @VSERIAL_EVENT_SESSION_NEW: somebody attached to a port
 * @VSERIAL_EVENT_SESSION_CHANGED: it may write now, or may not, or hears no more
 * @VSERIAL_EVENT_SESSION_GONE: a session ended
 *
 * The object is the struct vserial_guest, vserial_port or vserial_session.  The
 * first three, VSERIAL_EVENT_PORT_NEW and VSERIAL_EVENT_RULE_*, about a struct
 * vserial_guest_rule, are told with vserial_guests_lock held,
 * VSERIAL_EVENT_PORT_POWER never, and those of sessions with
 * vserial_sessions_lock.  VSERIAL_EVENT_HELPER_* are about a struct
 * vserial_helper and VSERIAL_EVENT_BACKING_GONE about the backing's number, all
 * with vserial_daemon_lock held.
 */
enum vserial_event {
	VSERIAL_EVENT_GUEST_NEW,
	VSERIAL_EVENT_GUEST_OWNER,
	VSERIAL_EVENT_GUEST_CHANGED,
	VSERIAL_EVENT_GUEST_GONE,
	VSERIAL_EVENT_GUEST_RULES,
	VSERIAL_EVENT_RULE_NEW,
	VSERIAL_EVENT_RULE_GONE,
	VSERIAL_EVENT_PORT_NEW,
	VSERIAL_EVENT_PORT_POWER,
	VSERIAL_EVENT_PORT_CHANGED,
	VSERIAL_EVENT_PORT_LINE,
	VSERIAL_EVENT_PORT_GONE,
	VSERIAL_EVENT_HELPER_START,
	VSERIAL_EVENT_HELPER_STOP,
	VSERIAL_EVENT_BACKING_GONE,
	VSERIAL_EVENT_SESSION_NEW,
	VSERIAL_EVENT_SESSION_CHANGED,
	VSERIAL_EVENT_SESSION_GONE,
};

void vserial_notify(enum vserial_event event, void *object);
int vserial_notify_register(struct notifier_block *listener);
void vserial_notify_unregister(struct notifier_block *listener);

#endif /* _VSERIAL_NOTIFY_H */
