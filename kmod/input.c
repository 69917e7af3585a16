// SPDX-License-Identifier: GPL-2.0-only
/*
 * input: a port's stream into the guest
 *
 *   backing -> vserial_input_write() -> flip buffer -> line discipline -> read(2)
 *                     |                     ^
 *                     +---> rx stream ------+  vserial_input_pump()
 *
 * Bytes go straight into the tty's flip buffer; what it does not take waits in
 * the rx stream, and what that does not take is left to the backing, which is
 * told when there is room again.  Nothing is lost while the guest is on.
 *
 * The flip buffer says nothing when it drains, so the port's client operations
 * look after every piece that the line discipline took (tty_buffer.c,
 * flush_to_ldisc()).
 */
#include <linux/tty_flip.h>
#include <linux/workqueue.h>

#include "backing.h"
#include "compat.h"
#include "hold.h"
#include "host.h"
#include "input.h"
#include "line.h"
#include "port.h"
#include "port_tap.h"
#include "reader.h"
#include "state.h"
#include "trace.h"
#include "yield.h"

/* Bytes in the flip buffer, the kernel's default is ten times that. */
#define VSERIAL_FLIP_LIMIT	65536
/* When an insertion failed for want of memory, nobody else tries again. */
#define VSERIAL_RETRY_DELAY	(HZ / 50)

static bool vserial_input_flip_low(struct vserial_port *port)
{
	return atomic_read(&port->tty.buf.mem_used) <=
	       port->tty.buf.mem_limit / 2;
}

/*
 * Inserts into the flip buffer, or asks to be told when it has room: by
 * vserial_input_received(), or by a timer if the buffer is not even half full.
 * The lock makes us its only producer.
 */
static size_t vserial_input_flip(struct vserial_port *port, const u8 *buf,
				 size_t n, u8 flag)
{
	size_t r;

	if (n == 1)
		r = tty_insert_flip_char(&port->tty, *buf, flag);
	else
		r = tty_insert_flip_string_fixed_flag(&port->tty, buf, flag, n);
	if (r < n) {
		WRITE_ONCE(port->flip_wanted, true);
		/* Pairs with vserial_input_received(): it sees the wish, or
		 * this second attempt the room it made.
		 */
		smp_mb();
		r += tty_insert_flip_string_fixed_flag(&port->tty, buf + r,
						       flag, n - r);
		if (r < n && vserial_input_flip_low(port) && !port->dead)
			queue_delayed_work(vserial_wq, &port->rx_retry,
					   VSERIAL_RETRY_DELAY);
	}
	if (r) {
		tty_flip_buffer_push(&port->tty);
		vserial_yield_news(port);
	}
	if (flag == TTY_NORMAL)
		port->rx_flipped += r;
	return r;
}

/**
 * vserial_input_count_flag() - the tty was given something that is not a byte
 * @port: the port, with its lock held
 * @flag: TTY_BREAK, TTY_PARITY, TTY_FRAME or TTY_OVERRUN
 * @n: 1, or -1 if it came back
 */
void vserial_input_count_flag(struct vserial_port *port, u8 flag, int n)
{
	switch (flag) {
	case TTY_BREAK:
		port->icount.brk += n;
		break;
	case TTY_PARITY:
		port->icount.parity += n;
		break;
	case TTY_FRAME:
		port->icount.frame += n;
		break;
	case TTY_OVERRUN:
		port->icount.overrun += n;
		break;
	}
}

static bool vserial_input_flip_marker(struct vserial_port *port,
				      enum vserial_marker_type type, u32 arg)
{
	u8 flag = type == VSERIAL_MARKER_BREAK ? TTY_BREAK : arg;
	u8 byte = type == VSERIAL_MARKER_BREAK ? 0 : arg >> 8;

	if (!vserial_input_flip(port, &byte, 1, flag))
		return false;
	vserial_input_count_flag(port, flag, 1);
	return true;
}

static bool vserial_input_waits(const struct vserial_stream *s,
				const struct vserial_cursor *c)
{
	return c->pos != s->head || c->marker != s->marker_head;
}

/* What waits in front of the stream, or NULL. */
static struct vserial_front *vserial_input_front(const struct vserial_port *port)
{
	struct vserial_front *f = port->front;

	if (f && vserial_input_waits(&f->stream, &f->cursor))
		return f;
	f = port->rest;
	return f && vserial_input_waits(&f->stream, &f->cursor) ? f : NULL;
}

/* Nothing waits, so that the flip buffer is next. */
static bool vserial_input_is_direct(const struct vserial_port *port)
{
	return !port->held &&
	       !vserial_input_waits(&port->rx, &port->rx_cursor) &&
	       !vserial_input_front(port);
}

/**
 * vserial_input_unread() - what waits for the guest, but for what its tty has
 * @port: the port, with its lock held
 *
 * Return: bytes.
 */
u32 vserial_input_unread(const struct vserial_port *port)
{
	const struct vserial_front *f = port->front, *r = port->rest;

	return vserial_stream_unread(&port->rx, &port->rx_cursor) +
	       (f ? vserial_stream_unread(&f->stream, &f->cursor) : 0) +
	       (r ? vserial_stream_unread(&r->stream, &r->cursor) : 0);
}

static size_t vserial_input_drop(struct vserial_port *port, size_t n)
{
	port->rx_dropped += n;
	trace_vserial_drop(port, "rx", n);
	return n;
}

/* Tells those who wait for room when the rate lets pass more. */
static void vserial_input_await_rate(struct vserial_port *port)
{
	u64 wait;

	if (port->dead || timer_pending(&port->rx_rate_timer))
		return;
	vserial_rate_ready(&port->rx_rate, ktime_get_ns(), &wait);
	mod_timer(&port->rx_rate_timer, jiffies + nsecs_to_jiffies(wait) + 1);
}

static void vserial_input_rate_up(struct timer_list *t)
{
	struct vserial_port *port = container_of(t, struct vserial_port,
						 rx_rate_timer);
	unsigned long flags;
	bool ready;
	u64 wait;

	spin_lock_irqsave(&port->lock, flags);
	ready = vserial_rate_ready(&port->rx_rate, ktime_get_ns(), &wait);
	if (!ready)
		vserial_input_await_rate(port);
	spin_unlock_irqrestore(&port->lock, flags);
	if (ready)
		vserial_input_pump(port);
}

/**
 * vserial_input_police() - set how fast input may come, and whether at all
 * @port: the port, with its lock held
 * @rate: bytes/s, 0: no limit
 *
 * Who waits by the old rate is told by vserial_input_pump(), which the caller
 * calls when it has dropped the lock.
 */
void vserial_input_police(struct vserial_port *port, u32 rate)
{
	vserial_rate_set(&port->rx_rate, rate, ktime_get_ns());
	port->rx_policed = rate || port->rx_shut;
	del_timer(&port->rx_rate_timer);
}

/**
 * vserial_input_put() - bytes for the guest
 * @port: the port
 * @buf: bytes
 * @n: how many
 *
 * Context: any, with the port's lock held.
 * Return: bytes taken; if fewer than @n, the backing's rx_room is called later.
 * A guest that is powered off, or that nothing may go to, takes all, and it
 * counts as dropped; one that is expected here takes none.
 */
size_t vserial_input_put(struct vserial_port *port, const u8 *buf, size_t n)
{
	size_t may = n, r = 0;

	if (port->held == VSERIAL_MIGRATION_INCOMING) {
		port->rx_room_wanted = true;
		return 0;
	}
	/* What a guest that leaves may miss moves with it, also when it is off. */
	if (!port->power && !port->held)
		return vserial_input_drop(port, n);
	if (unlikely(port->rx_policed)) {
		if (port->rx_shut) {
			if (port->opened.denied & VSERIAL_WAY_GUEST)
				vserial_verdict_hit(&port->opened,
						    VSERIAL_TOWARDS_GUEST);
			return vserial_input_drop(port, n);
		}
		may = min_t(size_t, n, vserial_rate_room(&port->rx_rate,
							 ktime_get_ns()));
	}
	if (may && vserial_input_is_direct(port)) {
		r = vserial_input_flip(port, buf, may, TTY_NORMAL);
		vserial_stream_pass(&port->rx, r);
	}
	if (r < may)
		r += vserial_stream_append(&port->rx, buf + r, may - r,
					   VSERIAL_OVERFLOW_BLOCK);
	if (r < n)
		port->rx_room_wanted = true;
	if (unlikely(port->rx_policed)) {
		vserial_rate_take(&port->rx_rate, r);
		if (may < n && r == may)
			vserial_input_await_rate(port);
	}
	if (r)
		vserial_port_tap(port, VSERIAL_RECORD_INPUT, 0, buf, r);
	trace_vserial_rx(port, r);
	return r;
}

static void vserial_input_tap_marker(struct vserial_port *port,
				     enum vserial_marker_type type, u32 arg)
{
	if (type == VSERIAL_MARKER_BREAK)
		vserial_port_tap(port, VSERIAL_RECORD_INPUT_BREAK, arg, NULL,
				 0);
	else
		vserial_port_tap(port, VSERIAL_RECORD_INPUT_ERROR,
				 vserial_line_error(arg), NULL, 0);
}

/**
 * vserial_input_serve() - the same, from the port's backing
 * @port: the port
 * @buf: bytes
 * @n: how many
 *
 * Context: any, with the port's lock held.
 * Return: as vserial_input_put(); if a rule of the guest keeps the backing from
 * it all is taken, and counts as dropped.
 */
size_t vserial_input_serve(struct vserial_port *port, const u8 *buf, size_t n)
{
	if (likely(!port->rx_denied))
		return vserial_input_put(port, buf, n);
	vserial_verdict_hit(&port->served, VSERIAL_TOWARDS_GUEST);
	return vserial_input_drop(port, n);
}

/**
 * vserial_input_mark() - a break or a receive error for the guest
 * @port: the port
 * @type: VSERIAL_MARKER_BREAK or VSERIAL_MARKER_ERROR
 * @arg: as for &struct vserial_marker
 *
 * Context: any, with the port's lock held.
 */
void vserial_input_mark(struct vserial_port *port,
			enum vserial_marker_type type, u32 arg)
{
	if (!port->power || port->rx_shut)
		return;
	vserial_input_tap_marker(port, type, arg);
	if (!vserial_input_is_direct(port) ||
	    !vserial_input_flip_marker(port, type, arg))
		vserial_stream_mark(&port->rx, type, arg);
}

/**
 * vserial_input_write() - a backing has bytes for the guest
 * @b: the backing
 * @buf: bytes
 * @n: how many
 *
 * Context: any; must not sleep.
 * Return: bytes taken; if fewer than @n, rx_room is called later.  0 also if
 * @b is not the port's started backing.
 */
size_t vserial_input_write(struct vserial_backing *b, const u8 *buf, size_t n)
{
	struct vserial_port *port = b->port;
	unsigned long flags;
	size_t r = 0;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b))
		r = vserial_input_serve(port, buf, n);
	spin_unlock_irqrestore(&port->lock, flags);
	return r;
}

/**
 * vserial_input_break() - a backing has a break for the guest
 * @b: the backing
 * @ms: how long, 0 if not known
 *
 * Context: any; must not sleep.
 */
void vserial_input_break(struct vserial_backing *b, unsigned int ms)
{
	struct vserial_port *port = b->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b) && !port->rx_denied)
		vserial_input_mark(port, VSERIAL_MARKER_BREAK, ms);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_input_error() - a backing has a byte for the guest that is in error
 * @b: the backing
 * @flag: TTY_PARITY, TTY_FRAME or TTY_OVERRUN
 * @byte: what came of it
 *
 * Context: any; must not sleep.
 */
void vserial_input_error(struct vserial_backing *b, u8 flag, u8 byte)
{
	struct vserial_port *port = b->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b) && !port->rx_denied)
		vserial_input_mark(port, VSERIAL_MARKER_ERROR,
				   flag | byte << 8);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_input_send_break() - somebody beside the backing has a break
 * @port: the port
 * @ms: how long, 0 if not known
 *
 * Context: any; must not sleep.
 */
void vserial_input_send_break(struct vserial_port *port, unsigned int ms)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	vserial_input_mark(port, VSERIAL_MARKER_BREAK, ms);
	spin_unlock_irqrestore(&port->lock, flags);
}

/* Is it worth while to try again with input that was not taken? */
static bool vserial_input_has_room(const struct vserial_port *port)
{
	/* Then all is taken, and dropped. */
	if (!port->power || port->rx_shut || port->rx_denied)
		return true;
	/* The timer runs while the rate lets nothing pass. */
	return vserial_stream_room(&port->rx) >= VSERIAL_RING_SIZE / 2 &&
	       !timer_pending(&port->rx_rate_timer);
}

/*
 * Moves a piece of what waits to the flip buffer.  Call with the lock.  Return:
 * whether there may be more to move now.
 */
static bool vserial_input_move(struct vserial_port *port)
{
	struct vserial_front *front = vserial_input_front(port);
	struct vserial_stream *s = front ? &front->stream : &port->rx;
	struct vserial_cursor *c = front ? &front->cursor : &port->rx_cursor;
	struct vserial_marker m;
	bool more = false;
	const u8 *buf;
	size_t n, r;
	u64 offset;

	buf = vserial_stream_view(s, c, &n, &offset);
	if (buf) {
		r = vserial_input_flip(port, buf, n, TTY_NORMAL);
		vserial_stream_ack(s, c, offset + r);
		more = r == n;
	} else if (vserial_stream_take_marker(s, c, &m)) {
		more = vserial_input_flip_marker(port, m.type, m.arg);
		if (more)
			vserial_stream_ack_markers(c);
	}
	if (!more)
		vserial_stream_rewind(s, c);
	else if (front && !vserial_input_waits(s, c))
		vserial_stream_unreserve(s);
	return more;
}

/**
 * vserial_input_pump() - move what waits in the stream to the flip buffer
 * @port: the port
 *
 * What came with a guest waits there until its VMM opens the port.
 *
 * Context: any; must not sleep.
 */
void vserial_input_pump(struct vserial_port *port)
{
	struct vserial_backing *b;
	unsigned long flags;
	bool more, room = false, others = false;

	do {
		more = false;
		spin_lock_irqsave(&port->lock, flags);
		if (port->held) {
			spin_unlock_irqrestore(&port->lock, flags);
			break;
		}
		WRITE_ONCE(port->flip_wanted, false);
		if (port->power)
			more = vserial_input_move(port);
		if (vserial_input_has_room(port)) {
			room |= port->rx_room_wanted;
			port->rx_room_wanted = false;
			others |= vserial_reader_wants_room(port);
		}
		spin_unlock_irqrestore(&port->lock, flags);
	} while (more);

	if (!room && !others)
		return;
	rcu_read_lock();
	b = rcu_dereference(port->backing);
	if (room && b && READ_ONCE(port->live) && b->ops->rx_room)
		b->ops->rx_room(b);
	if (others)
		vserial_reader_room(port);
	rcu_read_unlock();
}

/**
 * vserial_input_bytes() - how many of what a flip buffer holds are bytes
 * @fp: what each is, or NULL: all are TTY_NORMAL
 * @count: how many there are
 *
 * Return: those that are neither breaks nor receive errors, which no counter of
 * bytes knows.
 */
size_t vserial_input_bytes(const vserial_u8 *fp, size_t count)
{
	size_t i, n = 0;

	if (!fp)
		return count;
	for (i = 0; i < count; i++)
		n += fp[i] == TTY_NORMAL;
	return n;
}

static struct tty_port_client_operations vserial_input_client_ops;

/* The line discipline is handed bytes: the flip buffer may have room again. */
static vserial_receive_t vserial_input_received(struct tty_port *tty,
						const vserial_u8 *cp,
						const vserial_u8 *fp,
						size_t count)
{
	struct vserial_port *port = vserial_port_of(tty);
	size_t r;

	if (unlikely(READ_ONCE(port->held)))
		return vserial_hold_collect(port, cp, fp, count);
	r = tty_port_default_client_ops.receive_buf(tty, cp, fp, count);
	WRITE_ONCE(port->rx_received,
		   port->rx_received + vserial_input_bytes(fp, r));
	/* Pairs with vserial_input_flip(). */
	smp_mb();
	if (r && READ_ONCE(port->flip_wanted) && vserial_input_flip_low(port))
		vserial_input_pump(port);
	return r;
}

static void vserial_input_retry(struct work_struct *work)
{
	vserial_input_pump(container_of(to_delayed_work(work),
					struct vserial_port, rx_retry));
}

/* Bytes in the flip buffer that nobody is going to read.  Call with the lock,
 * and only while the guest is off.
 */
static u64 vserial_input_lost(const struct vserial_port *port)
{
	u64 received = READ_ONCE(port->rx_received);

	return port->rx_flipped > received ? port->rx_flipped - received : 0;
}

/**
 * vserial_input_count() - what became of the bytes for the guest
 * @port: the port, with its lock held
 * @bytes: those that the line discipline was given, or is about to be
 * @dropped: those that came while the guest was off, or that it had not read
 *	when it went
 */
void vserial_input_count(const struct vserial_port *port, u64 *bytes,
			 u64 *dropped)
{
	u64 lost = port->power ? 0 : vserial_input_lost(port);

	*bytes = port->rx_cursor.pos - port->rx_cursor.dropped -
		 port->rx_lost - lost;
	*dropped = port->rx_cursor.dropped + port->rx_dropped +
		   port->rx_lost + lost;
}

/**
 * vserial_input_power_on() - the guest may have input from now on
 * @port: the port
 *
 * What the last opener left in the flip buffer went with it (tty_port_close(),
 * tty_ldisc_flush()).  The buffer's worker is set going, which nobody does on
 * opening a port again.
 */
void vserial_input_power_on(struct vserial_port *port)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	port->rx_lost += vserial_input_lost(port);
	port->rx_flipped = READ_ONCE(port->rx_received);
	tty_flip_buffer_push(&port->tty);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_input_power_off() - what waits for the guest is dropped
 * @port: the port, already off
 */
void vserial_input_power_off(struct vserial_port *port)
{
	unsigned long flags;
	u64 n;

	spin_lock_irqsave(&port->lock, flags);
	n = vserial_stream_discard(&port->rx, &port->rx_cursor);
	n += vserial_hold_forget_input(port);
	spin_unlock_irqrestore(&port->lock, flags);
	if (n)
		trace_vserial_drop(port, "rx", n);
	vserial_input_pump(port);	/* the backing may go on */
}

/**
 * vserial_input_setup() - prepare a port that is being made
 * @port: the port, its tty_port initialised
 */
void vserial_input_setup(struct vserial_port *port)
{
	port->tty.client_ops = &vserial_input_client_ops;
	tty_buffer_set_limit(&port->tty, VSERIAL_FLIP_LIMIT);
	INIT_DELAYED_WORK(&port->rx_retry, vserial_input_retry);
	timer_setup(&port->rx_rate_timer, vserial_input_rate_up, 0);
}

/**
 * vserial_input_stop() - no worker runs for the port any more
 * @port: the port, dead and hung up
 *
 * Context: process, may sleep.
 */
void vserial_input_stop(struct vserial_port *port)
{
	del_timer_sync(&port->rx_rate_timer);
	cancel_delayed_work_sync(&port->rx_retry);
}

/**
 * vserial_input_init() - once, when the module is loaded
 */
void vserial_input_init(void)
{
	vserial_input_client_ops = tty_port_default_client_ops;
	vserial_input_client_ops.receive_buf = vserial_input_received;
}
