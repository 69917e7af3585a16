// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_tap: a session that captures what goes over its port's cable
 *
 *   socket <--channel-- vserial_session --tap--> vserial_port
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "port_tap.h"
#include "session.h"
#include "session_tap.h"

/**
 * struct vserial_session_tap - what such a session has besides
 * @tap: the records; guarded by the port's lock
 * @session: whose it is
 */
struct vserial_session_tap {
	struct vserial_tap tap;
	struct vserial_session *session;
};

static struct vserial_session *of_link(struct vserial_link *l)
{
	return container_of(l, struct vserial_session, link);
}

static bool vserial_session_tap_pending(struct vserial_link *l, size_t *bytes)
{
	struct vserial_session *s = of_link(l);
	unsigned long flags;

	spin_lock_irqsave(&s->port->lock, flags);
	*bytes = vserial_tap_pending(&s->tap->tap);
	spin_unlock_irqrestore(&s->port->lock, flags);
	return *bytes;
}

static size_t vserial_session_tap_take(struct vserial_link *l, u8 *buf,
				       size_t n, u64 *offset)
{
	struct vserial_session *s = of_link(l);
	unsigned long flags;

	spin_lock_irqsave(&s->port->lock, flags);
	n = vserial_tap_take(&s->tap->tap, buf, n, offset);
	spin_unlock_irqrestore(&s->port->lock, flags);
	return n;
}

/* Whatever is no byte is a record. */
static bool vserial_session_tap_take_marker(struct vserial_link *l,
					    struct vserial_marker *m)
{
	return false;
}

static void vserial_session_tap_ack(struct vserial_link *l, u64 upto)
{
	struct vserial_session *s = of_link(l);
	unsigned long flags;

	spin_lock_irqsave(&s->port->lock, flags);
	vserial_tap_settle(&s->tap->tap, upto);
	spin_unlock_irqrestore(&s->port->lock, flags);
}

static void vserial_session_tap_untake(struct vserial_link *l, u64 from,
				       const struct vserial_marker *m)
{
	struct vserial_session *s = of_link(l);
	unsigned long flags;

	spin_lock_irqsave(&s->port->lock, flags);
	vserial_tap_untake(&s->tap->tap, from);
	spin_unlock_irqrestore(&s->port->lock, flags);
}

static int vserial_session_tap_admit(struct vserial_link *l,
				     struct vserial_reason *reason)
{
	return vserial_refuse(reason, -EPERM,
			      "session %u captures; it writes nothing", l->id);
}

/* Nothing comes that was not admitted. */
static size_t vserial_session_tap_input(struct vserial_link *l, const u8 *buf,
					size_t n)
{
	return n;
}

static void vserial_session_tap_break(struct vserial_link *l, unsigned int ms)
{
}

const struct vserial_link_ops vserial_session_tap_ops = {
	.pending = vserial_session_tap_pending,
	.take = vserial_session_tap_take,
	.take_marker = vserial_session_tap_take_marker,
	.ack = vserial_session_tap_ack,
	.untake = vserial_session_tap_untake,
	.admit = vserial_session_tap_admit,
	.input = vserial_session_tap_input,
	.input_break = vserial_session_tap_break,
	.closed = vserial_session_closed,
};

static void vserial_session_tap_wake(struct work_struct *work)
{
	struct vserial_session_tap *st =
		container_of(work, struct vserial_session_tap, tap.wake);

	rcu_read_lock();
	vserial_link_kick(&st->session->link);
	rcu_read_unlock();
}

/**
 * vserial_session_tap_create() - have a session capture
 * @s: the session, which has its port
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM; end with vserial_session_tap_destroy().
 */
int vserial_session_tap_create(struct vserial_session *s)
{
	struct vserial_session_tap *st = kzalloc(sizeof(*st),
						 GFP_KERNEL_ACCOUNT);

	if (!st)
		return -ENOMEM;
	if (vserial_tap_init(&st->tap, vserial_session_tap_wake)) {
		kfree(st);
		return -ENOMEM;
	}
	st->session = s;
	s->tap = st;
	return 0;
}

/**
 * vserial_session_tap_join() - capture from now on
 * @s: the session, with a reference on its port and a link
 */
void vserial_session_tap_join(struct vserial_session *s)
{
	vserial_port_tap_join(s->port, &s->tap->tap);
}

/**
 * vserial_session_tap_leave() - capture no more
 * @s: the session; the link is still open
 *
 * Context: process, may sleep.
 */
void vserial_session_tap_leave(struct vserial_session *s)
{
	vserial_port_tap_leave(s->port, &s->tap->tap);
}

/**
 * vserial_session_tap_destroy() - free what vserial_session_tap_create() made
 * @s: the session, which may capture or not
 *
 * Context: process, may sleep.
 */
void vserial_session_tap_destroy(struct vserial_session *s)
{
	if (!s->tap)
		return;
	vserial_tap_destroy(&s->tap->tap);
	kfree(s->tap);
	s->tap = NULL;
}
