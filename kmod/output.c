// SPDX-License-Identifier: GPL-2.0-only
/*
 * output: a port's stream out of the guest
 *
 *   write(2) -> vserial_output_write() -> tx stream -> backing->ops->tx()
 *                                            |
 *     writer <- tty wake-up <- vserial_output_ack() <- vserial_output_take()
 *
 * The guest's end; the backing's is in output_take.c.  The guest may wait for
 * room, and the rules for how long are here: with nobody at the far end never,
 * with a peer that takes bytes always, with one that does not for the stall
 * limit.  All of it is guarded by the port's lock; wake-ups and backings are
 * called without it.
 */
#include <linux/jiffies.h>
#include <linux/string.h>
#include <linux/tty.h>

#include "backing.h"
#include "output.h"
#include "port.h"
#include "port_tap.h"
#include "reader.h"
#include "state.h"
#include "trace.h"

/* A peer that takes fewer bytes than this in the stall limit is stalled. */
#define VSERIAL_SLOW_BYTES	100
/* For this long tcdrain() waits for a peer that takes nothing. */
#define VSERIAL_DRAIN_LIMIT	HZ
/* A writer that found no room is woken when there is so much of it. */
#define VSERIAL_WAKE_ROOM	4096

/**
 * vserial_output_wake() - wake writers and those who wait for the ring to empty
 * @port: the port
 *
 * Context: any, without the port's lock.
 */
void vserial_output_wake(struct vserial_port *port)
{
	tty_port_tty_wakeup(&port->tty);
}

static enum vserial_overflow vserial_output_policy(struct vserial_port *port)
{
	if (port->stalled || port->tx_denied || !vserial_state_present(port))
		return VSERIAL_OVERFLOW_DROP_OLD;
	return port->overflow;
}

static u64 vserial_output_dropped(const struct vserial_port *port)
{
	return port->tx_cursor.dropped + port->tx.refused;
}

/* Starts the clock by which a peer is found to be slow. */
static void vserial_output_restart_clock(struct vserial_port *port)
{
	port->slow_since = jiffies;
	port->slow_pos = port->tx_cursor.pos;
}

static unsigned long vserial_output_stall_at(const struct vserial_port *port)
{
	return port->slow_since + msecs_to_jiffies(port->stall_limit);
}

static void vserial_output_arm(struct vserial_port *port, unsigned long at)
{
	if (!port->dead && (!timer_pending(&port->slow_timer) ||
			    time_before(at, port->slow_timer.expires)))
		mod_timer(&port->slow_timer, at);
}

/* May a peer that takes too little be found stalled?  Call with the lock. */
static bool vserial_output_may_stall(const struct vserial_port *port)
{
	const struct vserial_backing *b =
		rcu_dereference_protected(port->backing,
					  lockdep_is_held(&port->lock));

	return port->stall_limit && port->overflow == VSERIAL_OVERFLOW_BLOCK &&
	       !(b && b->ops->never_stalls);
}

/* A writer found no room: it is woken when there is, or gives up waiting. */
static void vserial_output_want_room(struct vserial_port *port)
{
	if (port->room_wanted)
		return;
	port->room_wanted = true;
	vserial_output_restart_clock(port);
	if (vserial_output_may_stall(port))
		vserial_output_arm(port, vserial_output_stall_at(port));
}

/**
 * vserial_output_progress() - the peer took bytes, or they were dropped
 * @port: the port, with its lock held
 *
 * Return: whether vserial_output_wake() is to be called, without the lock.
 */
bool vserial_output_progress(struct vserial_port *port)
{
	u64 unread = vserial_stream_unread(&port->tx, &port->tx_cursor);
	bool wake = false;

	port->stalled = false;
	if (!unread || port->tx_cursor.pos - port->slow_pos >= VSERIAL_SLOW_BYTES)
		vserial_output_restart_clock(port);
	if (port->room_wanted &&
	    (!unread || vserial_stream_room(&port->tx) >= VSERIAL_WAKE_ROOM)) {
		port->room_wanted = false;
		wake = true;
	}
	if (port->drain_wanted && !unread) {
		port->drain_wanted = false;
		wake = true;
	}
	return wake;
}

/**
 * vserial_output_slow() - the clock of a slow peer ran out
 * @t: the port's slow_timer
 */
void vserial_output_slow(struct timer_list *t)
{
	struct vserial_port *port = container_of(t, struct vserial_port,
						 slow_timer);
	bool wake = false;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (port->room_wanted && vserial_output_may_stall(port)) {
		unsigned long at = vserial_output_stall_at(port);

		if (time_before(jiffies, at)) {
			vserial_output_arm(port, at);
		} else {
			port->stalled = true;
			port->room_wanted = false;
			wake = true;
		}
	}
	if (port->drain_wanted) {
		unsigned long at = port->slow_since + VSERIAL_DRAIN_LIMIT;

		if (time_before(jiffies, at)) {
			vserial_output_arm(port, at);
		} else {
			port->drain_wanted = false;
			wake = true;
		}
	}
	spin_unlock_irqrestore(&port->lock, flags);
	if (wake)
		vserial_output_wake(port);
}

/* Wakes writers when the rate lets pass more. */
static void vserial_output_await_rate(struct vserial_port *port)
{
	u64 wait;

	if (port->dead || timer_pending(&port->tx_rate_timer))
		return;
	vserial_rate_ready(&port->tx_rate, ktime_get_ns(), &wait);
	mod_timer(&port->tx_rate_timer, jiffies + nsecs_to_jiffies(wait) + 1);
}

/**
 * vserial_output_rate_up() - the rate may let pass more
 * @t: the port's tx_rate_timer
 */
void vserial_output_rate_up(struct timer_list *t)
{
	struct vserial_port *port = container_of(t, struct vserial_port,
						 tx_rate_timer);
	unsigned long flags;
	bool wake;
	u64 wait;

	spin_lock_irqsave(&port->lock, flags);
	wake = vserial_rate_ready(&port->tx_rate, ktime_get_ns(), &wait);
	if (!wake)
		vserial_output_await_rate(port);
	spin_unlock_irqrestore(&port->lock, flags);
	if (wake)
		vserial_output_wake(port);
}

/**
 * vserial_output_police() - set how fast output may go, and whether at all
 * @port: the port, with its lock held
 * @rate: bytes/s, 0: no limit
 *
 * Who waits by the old rate is woken by vserial_output_released(), which the
 * caller calls when it has dropped the lock.
 */
void vserial_output_police(struct vserial_port *port, u32 rate)
{
	vserial_rate_set(&port->tx_rate, rate, ktime_get_ns());
	port->tx_policed = rate || port->tx_shut;
	del_timer(&port->tx_rate_timer);
	/* How the lines are now is news to the far end. */
	if (!port->tx_shut && port->mcr != port->mcr_told) {
		WRITE_ONCE(port->mcr_told, port->mcr);
		vserial_stream_mark(&port->tx, VSERIAL_MARKER_LINES, port->mcr);
	}
}

static void vserial_output_kick_readers(struct vserial_port *port)
{
	rcu_read_lock();
	vserial_reader_kick(port);
	rcu_read_unlock();
}

/**
 * vserial_output_kick() - tell those who read that there is something to take
 * @port: the port
 */
void vserial_output_kick(struct vserial_port *port)
{
	struct vserial_backing *b;

	rcu_read_lock();
	b = rcu_dereference(port->backing);
	if (b && READ_ONCE(port->live) && b->ops->tx)
		b->ops->tx(b);
	vserial_reader_kick(port);
	rcu_read_unlock();
}

static size_t vserial_output_append(struct vserial_port *port, const u8 *buf,
				    size_t n)
{
	size_t r = vserial_stream_append(&port->tx, buf, n,
					 vserial_output_policy(port));

	if (r < n)
		vserial_output_want_room(port);
	return r;
}

/* As above, for a port that has a rate or lets nothing out. */
static noinline size_t vserial_output_append_policed(struct vserial_port *port,
						     const u8 *buf, size_t n)
{
	size_t may, r;

	if (port->tx_shut) {
		if (port->opened.denied & VSERIAL_WAY_HOST)
			vserial_verdict_hit(&port->opened,
					    VSERIAL_TOWARDS_HOST);
		vserial_stream_refuse(&port->tx, n);
		return n;
	}
	may = min_t(size_t, n, vserial_rate_room(&port->tx_rate,
						 ktime_get_ns()));
	r = vserial_output_append(port, buf, may);
	vserial_rate_take(&port->tx_rate, r);
	if (r < may || may == n)
		return r;
	/* The rest finds the ring full, so to speak. */
	if (vserial_output_policy(port) == VSERIAL_OVERFLOW_BLOCK) {
		vserial_output_await_rate(port);
		return r;
	}
	vserial_stream_refuse(&port->tx, n - r);
	return n;
}

/*
 * What vserial_output_append_policed() would take of @room bytes.  Nothing once
 * it took too little, until those who wait are woken: or they would poll for each
 * byte that the rate lets pass.
 */
static noinline unsigned int
vserial_output_policed_room(struct vserial_port *port, unsigned int room)
{
	unsigned int may;

	if (port->tx_shut)
		return VSERIAL_RING_SIZE;
	if (timer_pending(&port->tx_rate_timer))
		return 0;
	may = vserial_rate_room(&port->tx_rate, ktime_get_ns());
	if (!may)
		vserial_output_await_rate(port);
	return min(may, room);
}

/**
 * vserial_output_write() - the guest writes
 * @port: the port
 * @buf: bytes
 * @n: how many
 *
 * Context: any; must not sleep.
 * Return: bytes taken; fewer than @n only while the guest has to wait, and
 * then the tty is woken later.
 */
ssize_t vserial_output_write(struct vserial_port *port, const u8 *buf, size_t n)
{
	bool moved = false, wake = false;
	struct vserial_backing *b;
	unsigned long flags;
	size_t r = 0;
	u64 dropped;

	spin_lock_irqsave(&port->lock, flags);
	dropped = vserial_output_dropped(port);
	if (!vserial_stream_unread(&port->tx, &port->tx_cursor))
		vserial_output_restart_clock(port);
	/* What is not taken stays with the VMM, and moves with its devices. */
	if (unlikely(port->held))
		port->room_wanted = true;
	else if (unlikely(port->tx_policed))
		r = vserial_output_append_policed(port, buf, n);
	else
		r = vserial_output_append(port, buf, n);
	dropped = vserial_output_dropped(port) - dropped;
	if (r)
		vserial_port_tap(port, VSERIAL_RECORD_OUTPUT, 0, buf, r);
	b = rcu_dereference_protected(port->backing,
				      lockdep_is_held(&port->lock));
	if (unlikely(port->live && port->tx_denied))
		vserial_verdict_hit(&port->served, VSERIAL_TOWARDS_HOST);
	else if (r && port->live && b->ops->tx_now)
		moved = b->ops->tx_now(b, &wake);
	spin_unlock_irqrestore(&port->lock, flags);

	trace_vserial_tx(port, r);
	if (dropped)
		trace_vserial_drop(port, "tx", dropped);
	if (wake)
		vserial_output_wake(port);
	if (r && !moved)
		vserial_output_kick(port);
	else if (r && !list_empty(&port->readers))
		vserial_output_kick_readers(port);
	return r;
}

/**
 * vserial_output_room() - bytes the guest can write now
 * @port: the port
 *
 * Return: as tty_operations.write_room; if 0, the tty is woken later.
 */
unsigned int vserial_output_room(struct vserial_port *port)
{
	unsigned int room = VSERIAL_RING_SIZE;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (unlikely(port->held)) {
		port->room_wanted = true;
		room = 0;
	} else if (vserial_output_policy(port) == VSERIAL_OVERFLOW_BLOCK) {
		room = vserial_stream_room(&port->tx);
		if (!room)
			vserial_output_want_room(port);
		if (unlikely(port->tx_policed))
			room = vserial_output_policed_room(port, room);
	}
	spin_unlock_irqrestore(&port->lock, flags);
	return room;
}

/**
 * vserial_output_unsent() - what tcdrain() has to wait for
 * @port: the port
 *
 * Never more than 255: n_tty reports POLLOUT only below 256 (WAKEUP_CHARS).
 * 0 as soon as waiting is no use: nobody is there, or takes too little.
 *
 * Return: as tty_operations.chars_in_buffer; if not 0, the tty is woken later.
 */
unsigned int vserial_output_unsent(struct vserial_port *port)
{
	unsigned long flags, at;
	u64 unread;

	spin_lock_irqsave(&port->lock, flags);
	unread = vserial_stream_unread(&port->tx, &port->tx_cursor);
	at = port->slow_since + VSERIAL_DRAIN_LIMIT;
	if (port->stalled || port->tx_denied || !vserial_state_present(port) ||
	    time_after_eq(jiffies, at))
		unread = 0;
	if (unread) {
		port->drain_wanted = true;
		vserial_output_arm(port, at);
	}
	spin_unlock_irqrestore(&port->lock, flags);
	return min_t(u64, unread, 255);
}

/**
 * vserial_output_released() - nobody is there to wait for any more
 * @port: the port, after its peer left; wakes those who waited for it
 */
void vserial_output_released(struct vserial_port *port)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	port->stalled = false;
	port->room_wanted = false;
	port->drain_wanted = false;
	spin_unlock_irqrestore(&port->lock, flags);
	vserial_output_wake(port);
}

/**
 * vserial_output_flush() - the guest discards what it wrote (TCOFLUSH)
 * @port: the port; what is discarded counts as dropped
 *
 * While the port is held its guest stands: what asks is a VMM that begins or ends.
 */
void vserial_output_flush(struct vserial_port *port)
{
	unsigned long flags;
	u64 n = 0;

	spin_lock_irqsave(&port->lock, flags);
	if (!port->held)
		n = vserial_stream_discard(&port->tx, &port->tx_cursor);
	vserial_output_progress(port);
	spin_unlock_irqrestore(&port->lock, flags);
	if (n)
		trace_vserial_drop(port, "tx", n);
	vserial_output_wake(port);
}

/**
 * vserial_output_break() - the guest sends a break
 * @port: the port
 * @ms: how long, 0 if not known
 */
void vserial_output_break(struct vserial_port *port, unsigned int ms)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (!port->tx_shut)
		vserial_stream_mark(&port->tx, VSERIAL_MARKER_BREAK, ms);
	vserial_port_tap(port, VSERIAL_RECORD_OUTPUT_BREAK, ms, NULL, 0);
	spin_unlock_irqrestore(&port->lock, flags);
	vserial_output_kick(port);
}

/**
 * vserial_output_lines() - the guest drives its lines
 * @port: the port
 * @set: TIOCM_* lines to assert
 * @clear: TIOCM_* lines to drop
 */
void vserial_output_lines(struct vserial_port *port, unsigned int set,
			  unsigned int clear)
{
	bool changed;
	unsigned long flags;
	unsigned int mcr;

	spin_lock_irqsave(&port->lock, flags);
	mcr = (port->mcr & ~clear) | set;
	if (port->mcr != mcr)
		vserial_port_tap(port, VSERIAL_RECORD_LINES, mcr | port->msr,
				 NULL, 0);
	WRITE_ONCE(port->mcr, mcr);
	changed = mcr != port->mcr_told && !port->tx_shut;
	if (changed) {
		WRITE_ONCE(port->mcr_told, mcr);
		vserial_stream_mark(&port->tx, VSERIAL_MARKER_LINES, mcr);
		vserial_state_line_changed(port);
	}
	spin_unlock_irqrestore(&port->lock, flags);
	if (changed)
		vserial_output_kick(port);
}

/**
 * vserial_output_set_termios() - the guest sets its end of the line
 * @port: the port
 * @k: how; on the way to that a guest may pass others
 */
void vserial_output_set_termios(struct vserial_port *port,
				const struct ktermios *k)
{
	struct vserial_backing *b;
	unsigned long flags;
	bool changed;

	spin_lock_irqsave(&port->lock, flags);
	changed = memcmp(&port->termios, k, sizeof(*k));
	port->termios = *k;
	if (changed)
		vserial_state_line_changed(port);
	spin_unlock_irqrestore(&port->lock, flags);
	if (!changed)
		return;
	rcu_read_lock();
	b = rcu_dereference(port->backing);
	if (b && READ_ONCE(port->live) && b->ops->termios)
		b->ops->termios(b);
	rcu_read_unlock();
}
