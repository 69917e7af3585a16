// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader: who reads a port's output beside its backing
 *
 *   port --readers--> vserial_reader (in a log, or a socket's session)
 *
 * The list is changed under the port's lock and walked under RCU, so that a
 * reader is told without a lock held.
 */
#include <linux/rculist.h>

#include "input.h"
#include "port.h"
#include "reader.h"

/**
 * vserial_reader_join() - read a port's output from now on
 * @port: the port, of which the caller keeps a reference until it leaves
 * @r: its members tx and room are set
 * @back: begin so many bytes before the end of the output, as far as they are
 *	still there
 *
 * Context: any.
 * Return: the offset of the first byte it will be given.
 */
u64 vserial_reader_join(struct vserial_port *port, struct vserial_reader *r,
			u64 back)
{
	unsigned long flags;
	u64 from;

	spin_lock_irqsave(&port->lock, flags);
	from = port->tx.head > back ? port->tx.head - back : 0;
	vserial_stream_attach(&port->tx, &r->cursor, from);
	from = r->cursor.pos;
	r->room_wanted = false;
	list_add_tail_rcu(&r->node, &port->readers);
	spin_unlock_irqrestore(&port->lock, flags);
	return from;
}

/**
 * vserial_reader_leave() - read no more
 * @port: the port
 * @r: the reader; may still be called until an RCU grace period is over
 *
 * Context: any.
 */
void vserial_reader_leave(struct vserial_port *port, struct vserial_reader *r)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	list_del_rcu(&r->node);
	vserial_stream_detach(&port->tx, &r->cursor);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_reader_replace() - leave, and let another go on
 * @port: the port, of which the caller keeps a reference until @new leaves
 * @old: its reader; as for vserial_reader_leave()
 * @new: its members tx and room are set.  It is given what @old did not
 *	settle, and inherits its loss.
 *
 * Context: any.
 */
void vserial_reader_replace(struct vserial_port *port,
			    struct vserial_reader *old,
			    struct vserial_reader *new)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	vserial_stream_rewind(&port->tx, &old->cursor);
	vserial_stream_attach(&port->tx, &new->cursor, old->cursor.pos);
	new->cursor.dropped = old->cursor.dropped;
	new->room_wanted = false;
	list_replace_rcu(&old->node, &new->node);
	vserial_stream_detach(&port->tx, &old->cursor);
	spin_unlock_irqrestore(&port->lock, flags);
}

/* One that left finds nothing.  Call with the lock. */
static bool vserial_reader_is_there(const struct vserial_reader *r)
{
	return !list_empty(&r->cursor.node);
}

/**
 * vserial_reader_take() - take output
 * @port: the port
 * @r: one of its readers; for one that left there is nothing, here and in all
 *	that follow
 * @buf: where to
 * @n: how many bytes at most
 * @offset: the offset of the first; ahead of what was taken before by what
 *	the reader lost
 *
 * Context: any.
 * Return: bytes taken; 0 if there are none or a marker comes first.
 */
size_t vserial_reader_take(struct vserial_port *port, struct vserial_reader *r,
			   u8 *buf, size_t n, u64 *offset)
{
	unsigned long flags;
	size_t taken = 0;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_reader_is_there(r))
		taken = vserial_stream_take(&port->tx, &r->cursor, buf, n,
					    offset);
	spin_unlock_irqrestore(&port->lock, flags);
	return taken;
}

/**
 * vserial_reader_take_marker() - take what is not a byte
 * @port: the port
 * @r: the reader
 * @m: filled
 *
 * Context: any.
 * Return: whether a marker comes before the next byte; it is dealt with then.
 */
bool vserial_reader_take_marker(struct vserial_port *port,
				struct vserial_reader *r,
				struct vserial_marker *m)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&port->lock, flags);
	taken = vserial_reader_is_there(r) &&
		vserial_stream_take_marker(&port->tx, &r->cursor, m);
	if (taken)
		vserial_stream_ack_markers(&r->cursor);
	spin_unlock_irqrestore(&port->lock, flags);
	return taken;
}

/**
 * vserial_reader_ack() - what a reader took is settled
 * @port: the port
 * @r: the reader
 * @upto: all before this offset
 *
 * Context: any.
 */
void vserial_reader_ack(struct vserial_port *port, struct vserial_reader *r,
			u64 upto)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_reader_is_there(r))
		vserial_stream_ack(&port->tx, &r->cursor, upto);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_reader_rewind() - give back what is in flight, to take it again
 * @port: the port
 * @r: the reader
 *
 * Context: any.
 */
void vserial_reader_rewind(struct vserial_port *port, struct vserial_reader *r)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_reader_is_there(r))
		vserial_stream_rewind(&port->tx, &r->cursor);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_reader_untake() - give back what was taken last, to take it again
 * @port: the port
 * @r: the reader
 * @from: the first of the bytes
 * @m: or, if not NULL, the marker
 *
 * Context: any.
 */
void vserial_reader_untake(struct vserial_port *port, struct vserial_reader *r,
			   u64 from, const struct vserial_marker *m)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_reader_is_there(r) && m)
		vserial_stream_untake_marker(&port->tx, &r->cursor, m);
	else if (vserial_reader_is_there(r))
		vserial_stream_untake(&r->cursor, from);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_reader_pending() - is there something to take?
 * @port: the port
 * @r: the reader
 * @bytes: how many bytes could be taken now
 *
 * Context: any.
 * Return: whether a byte or a marker can be taken.
 */
bool vserial_reader_pending(struct vserial_port *port,
			    struct vserial_reader *r, size_t *bytes)
{
	unsigned long flags;
	bool pending;

	*bytes = 0;
	spin_lock_irqsave(&port->lock, flags);
	pending = vserial_reader_is_there(r) &&
		  vserial_stream_pending(&port->tx, &r->cursor, bytes);
	spin_unlock_irqrestore(&port->lock, flags);
	return pending;
}

/**
 * vserial_reader_unread() - bytes that a reader has not settled
 * @port: the port
 * @r: the reader
 *
 * Context: any.
 * Return: bytes.
 */
size_t vserial_reader_unread(struct vserial_port *port,
			     struct vserial_reader *r)
{
	unsigned long flags;
	size_t n = 0;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_reader_is_there(r))
		n = vserial_stream_unread(&port->tx, &r->cursor);
	spin_unlock_irqrestore(&port->lock, flags);
	return n;
}

/**
 * vserial_reader_input() - a reader has bytes for the guest
 * @port: the port
 * @r: the reader
 * @buf: bytes
 * @n: how many
 *
 * Context: any.
 * Return: bytes taken; if fewer than @n, the reader's room is called later.
 */
size_t vserial_reader_input(struct vserial_port *port, struct vserial_reader *r,
			    const u8 *buf, size_t n)
{
	unsigned long flags;
	size_t taken = n;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_reader_is_there(r)) {
		taken = vserial_input_put(port, buf, n);
		WRITE_ONCE(r->room_wanted, taken < n);
	}
	spin_unlock_irqrestore(&port->lock, flags);
	return taken;
}

/**
 * vserial_reader_end() - where the guest's output ends now
 * @port: the port
 *
 * Context: any.
 * Return: the offset of the next byte to be written.
 */
u64 vserial_reader_end(struct vserial_port *port)
{
	unsigned long flags;
	u64 end;

	spin_lock_irqsave(&port->lock, flags);
	end = port->tx.head;
	spin_unlock_irqrestore(&port->lock, flags);
	return end;
}

/**
 * vserial_reader_peek() - look at output that is kept
 * @port: the port
 * @offset: the first byte wanted; moved to the oldest kept if it is gone
 * @buf: where to
 * @n: how many bytes at most
 *
 * Context: any.
 * Return: bytes copied; 0 at the end.
 */
size_t vserial_reader_peek(struct vserial_port *port, u64 *offset, u8 *buf,
			   size_t n)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	n = vserial_stream_peek(&port->tx, offset, buf, n);
	spin_unlock_irqrestore(&port->lock, flags);
	return n;
}

/**
 * vserial_reader_kick() - tell all readers that there is output
 * @port: the port
 *
 * Context: any, under rcu_read_lock(), without the port's lock.
 */
void vserial_reader_kick(struct vserial_port *port)
{
	struct vserial_reader *r;

	list_for_each_entry_rcu(r, &port->readers, node)
		r->tx(r);
}

/**
 * vserial_reader_wants_room() - does a reader wait with input?
 * @port: the port, with its lock held
 *
 * Return: whether one does.
 */
bool vserial_reader_wants_room(const struct vserial_port *port)
{
	struct vserial_reader *r;

	list_for_each_entry(r, &port->readers, node)
		if (r->room_wanted)
			return true;
	return false;
}

/**
 * vserial_reader_room() - tell readers that wait with input to try again
 * @port: the port
 *
 * Context: any, under rcu_read_lock(), without the port's lock.
 */
void vserial_reader_room(struct vserial_port *port)
{
	struct vserial_reader *r;

	list_for_each_entry_rcu(r, &port->readers, node)
		if (READ_ONCE(r->room_wanted))
			r->room(r);
}
