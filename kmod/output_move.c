// SPDX-License-Identifier: GPL-2.0-only
/*
 * output_move: output that is moved to an input where it lies, or is dropped
 *
 * What null, loopback and a null modem do with it.  Nobody is woken for it and
 * nothing is copied twice; while nobody is in the way the guest's own write(2)
 * does all of it (vserial_backing_ops.tx_now).
 */
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include "backing.h"
#include "input.h"
#include "output.h"
#include "port.h"
#include "state.h"

/**
 * vserial_output_swallow_now() - vserial_backing_ops.tx_now of one that looks
 * at nothing
 * @b: the backing, with its port's lock held
 * @wake: set if writers are to be woken
 *
 * Return: true, nothing is left.
 */
bool vserial_output_swallow_now(struct vserial_backing *b, bool *wake)
{
	struct vserial_port *port = b->port;

	vserial_stream_skip(&port->tx, &port->tx_cursor);
	*wake |= vserial_output_progress(port);
	return true;
}

/**
 * vserial_output_swallow() - a backing takes all there is and looks at nothing
 * @b: the backing
 */
void vserial_output_swallow(struct vserial_backing *b)
{
	struct vserial_port *port = b->port;
	bool wake = false;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_output_may_take(b))
		vserial_output_swallow_now(b, &wake);
	spin_unlock_irqrestore(&port->lock, flags);
	if (wake)
		vserial_output_wake(port);
}

/* Is nothing left to move, neither bytes nor markers? */
static bool vserial_output_is_through(const struct vserial_port *port)
{
	return port->tx_cursor.pos == port->tx.head &&
	       port->tx_cursor.marker == port->tx.marker_head;
}

/*
 * Moves output to the input of @far, as much as lies in one page.  Call with
 * the locks of both.  Return: bytes moved.
 */
static size_t vserial_output_move(struct vserial_port *port,
				  struct vserial_port *far, bool *wake)
{
	size_t n, put;
	const u8 *buf;
	u64 offset;

	if (far->rx_room_wanted)
		return 0;
	buf = vserial_stream_view(&port->tx, &port->tx_cursor, &n, &offset);
	if (!buf)
		return 0;
	put = vserial_input_serve(far, buf, n);
	*wake |= vserial_output_settle(port, offset + put);
	if (put < n)
		vserial_stream_rewind(&port->tx, &port->tx_cursor);
	return put;
}

/* Moves all there is.  Call with the locks of both.  Return: was it all? */
static bool vserial_output_move_all(struct vserial_port *port,
				    struct vserial_port *far, bool *wake)
{
	while (vserial_output_move(port, far, wake))
		if (vserial_output_is_through(port))
			return true;
	return false;
}

/**
 * vserial_output_cross() - move output to another port's input
 * @b: the backing
 * @far: the other port's
 *
 * A piece moves under the locks of both ports, so that callers at the same time
 * keep the order.  Call until nothing moves.
 *
 * Return: bytes moved; 0 if there are none, a marker comes first, the input is
 * full, or one of the two is not its port's started backing.  If it was full,
 * @far's vserial_backing_ops.rx_room tells when it is not.
 */
size_t vserial_output_cross(struct vserial_backing *b,
			    struct vserial_backing *far)
{
	struct vserial_port *first = b->port, *second = far->port;
	unsigned long flags;
	bool wake = false;
	size_t n = 0;

	if (first == second)
		return 0;
	/* The other direction takes them in the same order. */
	if (first > second)
		swap(first, second);
	spin_lock_irqsave(&first->lock, flags);
	spin_lock_nested(&second->lock, SINGLE_DEPTH_NESTING);
	if (vserial_output_may_take(b) && vserial_state_is_started(far))
		n = vserial_output_move(b->port, far->port, &wake);
	spin_unlock(&second->lock);
	spin_unlock_irqrestore(&first->lock, flags);
	if (wake)
		vserial_output_wake(b->port);
	return n;
}

/**
 * vserial_output_cross_now() - the same, of all there is, for tx_now
 * @b: the backing, with its port's lock held
 * @far: the other port's
 * @wake: set if writers are to be woken
 *
 * Return: whether nothing is left to move; false also if somebody else is busy
 * with the other port.
 */
bool vserial_output_cross_now(struct vserial_backing *b,
			      struct vserial_backing *far, bool *wake)
{
	bool through = false;

	/* The other may be waiting for the lock that we have. */
	if (b->port == far->port || !spin_trylock(&far->port->lock))
		return false;
	if (vserial_state_is_started(far))
		through = vserial_output_move_all(b->port, far->port, wake);
	spin_unlock(&far->port->lock);
	return through;
}

/**
 * vserial_output_echo_now() - vserial_backing_ops.tx_now of one that echoes
 * @b: the backing, with its port's lock held
 * @wake: set if writers are to be woken
 *
 * Return: whether nothing is left to move.
 */
bool vserial_output_echo_now(struct vserial_backing *b, bool *wake)
{
	return vserial_output_move_all(b->port, b->port, wake);
}

/**
 * vserial_output_echo() - move output to the same port's input
 * @b: the backing
 *
 * Stops when the input is full; vserial_backing_ops.rx_room tells when it is
 * not.  Two callers at a time keep the order: each piece moves under the lock.
 * A caller moves what was there when it came; whoever adds more comes, too.
 */
void vserial_output_echo(struct vserial_backing *b)
{
	struct vserial_port *port = b->port;
	struct vserial_cursor *c = &port->tx_cursor;
	struct vserial_marker m;
	bool wake = false, more;
	unsigned long flags;
	u64 end, markers;

	spin_lock_irqsave(&port->lock, flags);
	end = port->tx.head;
	markers = port->tx.marker_head;
	spin_unlock_irqrestore(&port->lock, flags);

	do {
		more = false;
		spin_lock_irqsave(&port->lock, flags);
		if (c->taken >= end && c->marker >= markers)
			goto unlock;
		if (!vserial_output_may_take(b) || port->rx_room_wanted)
			goto unlock;
		more = vserial_output_move(port, port, &wake);
		if (!more && vserial_stream_take_marker(&port->tx, c, &m)) {
			if (m.type != VSERIAL_MARKER_LINES && !port->rx_denied)
				vserial_input_mark(port, m.type, m.arg);
			vserial_stream_ack_markers(c);
			more = true;
		}
unlock:
		spin_unlock_irqrestore(&port->lock, flags);
	} while (more);
	if (wake)
		vserial_output_wake(port);
}
