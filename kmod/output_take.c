// SPDX-License-Identifier: GPL-2.0-only
/*
 * output_take: what backings take of their port's output, and what they ask of it
 *
 * A backing is heard while it is its port's started one; bytes that it took are
 * in flight until it acknowledges them or gives them back.
 */
#include <linux/spinlock.h>

#include "backing.h"
#include "output.h"
#include "port.h"
#include "state.h"

/**
 * vserial_output_settle() - the peer has what lies before an offset
 * @port: the port, with its lock held
 * @upto: the offset
 *
 * Return: as vserial_output_progress().
 */
bool vserial_output_settle(struct vserial_port *port, u64 upto)
{
	struct vserial_cursor *c = &port->tx_cursor;
	u64 before = c->pos - c->doubt;

	vserial_stream_ack(&port->tx, c, upto);
	return c->pos - c->doubt != before && vserial_output_progress(port);
}

/**
 * vserial_output_may_take() - may a backing have output now?
 * @b: the backing, with its port's lock held; if it is not the port's started
 *	one it may not
 *
 * What a rule of the guest keeps from it waits in the ring, as while nobody is
 * connected.  So does all while the guest moves to another host; what has left is
 * still acknowledged.
 */
bool vserial_output_may_take(struct vserial_backing *b)
{
	const struct vserial_port *port = b->port;

	return vserial_state_is_started(b) && !port->tx_denied && !port->held;
}

/**
 * vserial_output_lines_told() - the guest's lines, as the far end is to see them
 * @b: the backing, which begins
 *
 * Context: any.
 * Return: TIOCM_*; none of them while a rule keeps output from @b.
 */
unsigned int vserial_output_lines_told(const struct vserial_backing *b)
{
	return READ_ONCE(b->port->tx_denied) ? 0 :
					       READ_ONCE(b->port->mcr_told);
}

/**
 * vserial_output_termios() - how the guest set its end of the line
 * @b: the backing
 * @k: filled
 *
 * Return: whether it ever did.
 */
bool vserial_output_termios(struct vserial_backing *b, struct ktermios *k)
{
	struct vserial_port *port = b->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	*k = port->termios;
	spin_unlock_irqrestore(&port->lock, flags);
	return k->c_cflag;
}

/**
 * vserial_output_take() - a backing takes bytes to move
 * @b: the backing
 * @buf: where to
 * @n: how many at most
 * @offset: the offset of the first
 *
 * What is taken stays in flight until it is acknowledged or rewound.
 *
 * Return: bytes taken; 0 if there are none, a marker comes first, @b is not the
 * port's started backing, or a rule keeps it from @b.
 */
size_t vserial_output_take(struct vserial_backing *b, u8 *buf, size_t n,
			   u64 *offset)
{
	struct vserial_port *port = b->port;
	unsigned long flags;
	size_t r = 0;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_output_may_take(b))
		r = vserial_stream_take(&port->tx, &port->tx_cursor, buf, n,
					offset);
	spin_unlock_irqrestore(&port->lock, flags);
	return r;
}

/**
 * vserial_output_pending() - is there something for a backing to take?
 * @b: the backing
 * @bytes: how many bytes it could take now
 *
 * Return: whether a byte or a marker can be taken; never if @b is not the
 * port's started backing or a rule keeps it from @b.
 */
bool vserial_output_pending(struct vserial_backing *b, size_t *bytes)
{
	struct vserial_port *port = b->port;
	unsigned long flags;
	bool r;

	*bytes = 0;
	spin_lock_irqsave(&port->lock, flags);
	r = vserial_output_may_take(b) &&
	    vserial_stream_pending(&port->tx, &port->tx_cursor, bytes);
	spin_unlock_irqrestore(&port->lock, flags);
	return r;
}

/**
 * vserial_output_settled() - up to where output is acknowledged
 * @b: the backing
 *
 * Return: the offset of the first byte that is handed out after a rewind.
 */
u64 vserial_output_settled(struct vserial_backing *b)
{
	struct vserial_port *port = b->port;
	unsigned long flags;
	u64 pos;

	spin_lock_irqsave(&port->lock, flags);
	pos = port->tx_cursor.pos;
	spin_unlock_irqrestore(&port->lock, flags);
	return pos;
}

/**
 * vserial_output_take_marker() - a backing takes what is not a byte
 * @b: the backing
 * @m: filled
 *
 * Return: whether a marker comes before the next byte; it is dealt with then.
 */
bool vserial_output_take_marker(struct vserial_backing *b,
				struct vserial_marker *m)
{
	struct vserial_port *port = b->port;
	unsigned long flags;
	bool r = false;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_output_may_take(b)) {
		r = vserial_stream_take_marker(&port->tx, &port->tx_cursor, m);
		if (r)
			vserial_stream_ack_markers(&port->tx_cursor);
	}
	spin_unlock_irqrestore(&port->lock, flags);
	return r;
}

/**
 * vserial_output_unread() - bytes a backing has not acknowledged
 * @b: the backing
 *
 * Return: bytes, 0 if @b is not the port's started backing.
 */
size_t vserial_output_unread(struct vserial_backing *b)
{
	struct vserial_port *port = b->port;
	unsigned long flags;
	size_t r = 0;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b))
		r = vserial_stream_unread(&port->tx, &port->tx_cursor);
	spin_unlock_irqrestore(&port->lock, flags);
	return r;
}

/**
 * vserial_output_ack() - what a backing took has arrived
 * @b: the backing
 * @upto: all before this offset is for good at the far end
 */
void vserial_output_ack(struct vserial_backing *b, u64 upto)
{
	struct vserial_port *port = b->port;
	bool wake = false;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b))
		wake = vserial_output_settle(port, upto);
	spin_unlock_irqrestore(&port->lock, flags);
	if (wake)
		vserial_output_wake(port);
}

/**
 * vserial_output_rewind() - a backing gives back what it has in flight
 * @b: the backing; what it did not acknowledge is handed out again
 */
void vserial_output_rewind(struct vserial_backing *b)
{
	struct vserial_port *port = b->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b))
		vserial_stream_rewind(&port->tx, &port->tx_cursor);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_output_untake() - a backing could not pass on what it took last
 * @b: the backing
 * @from: the first of the bytes, which are handed out again
 * @m: or, if not NULL, the marker
 */
void vserial_output_untake(struct vserial_backing *b, u64 from,
			   const struct vserial_marker *m)
{
	struct vserial_port *port = b->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b) && m)
		vserial_stream_untake_marker(&port->tx, &port->tx_cursor, m);
	else if (vserial_state_is_started(b))
		vserial_stream_untake(&port->tx_cursor, from);
	spin_unlock_irqrestore(&port->lock, flags);
}
