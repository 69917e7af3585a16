// SPDX-License-Identifier: GPL-2.0-only
/*
 * notify: tells whoever wants to know what changed
 *
 * Objects know nothing of those who show them, or do what follows; these listen
 * here.
 */
#include <linux/notifier.h>

#include "notify.h"

/* SRCU, because listeners may take locks that tellers hold. */
SRCU_NOTIFIER_HEAD_STATIC(vserial_listeners);

/**
 * vserial_notify() - tell listeners
 * @event: what happened
 * @object: to what, see enum vserial_event
 *
 * Context: process, may sleep; see enum vserial_event for locks.
 */
void vserial_notify(enum vserial_event event, void *object)
{
	srcu_notifier_call_chain(&vserial_listeners, event, object);
}

/**
 * vserial_notify_register() - listen from now on
 * @listener: called with enum vserial_event and the object
 *
 * Return: 0 or a negative errno.
 */
int vserial_notify_register(struct notifier_block *listener)
{
	return srcu_notifier_chain_register(&vserial_listeners, listener);
}

/**
 * vserial_notify_unregister() - listen no more
 * @listener: is not being called any more when this returns
 */
void vserial_notify_unregister(struct notifier_block *listener)
{
	srcu_notifier_chain_unregister(&vserial_listeners, listener);
}
