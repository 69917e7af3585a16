// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_hold: a port's part in a migration, step by step
 *
 *	the host it leaves		the host it goes to
 *	vserial_port_hold()		vserial_port_hold()
 *	vserial_port_return_tty()
 *	vserial_port_snapshot()  ---->	vserial_port_take_piece()
 *					vserial_port_end_handover()
 *	vserial_port_end_handover()
 *	vserial_port_snapshot()  ---->	vserial_port_take_piece()
 *	vserial_port_unhold()		vserial_port_unhold()
 *
 * migration.c says which step follows which, and that one comes at a time.  What
 * holding means is in hold.c, what is sent in image.c.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/tty_flip.h>

#include "backing.h"
#include "hold.h"
#include "image.h"
#include "input.h"
#include "log.h"
#include "notify.h"
#include "output.h"
#include "port_parts.h"
#include "reader.h"
#include "state.h"
#include "trace.h"

/*
 * Has the daemon a peer, which a concentrator is asked for, and any other is to
 * have what is on its way?  Call with config and lock.
 */
static bool has_daemons_peer(struct vserial_port *port)
{
	return vserial_port_backing(port)->ops == &vserial_backing_helper &&
	       port->live && port->state == VSERIAL_STATE_CONNECTED;
}

/*
 * What waits in front of the stream stays behind what comes back.  Call with the
 * lock.  Return: what is needed no more.
 */
static struct vserial_front *put_front(struct vserial_port *port,
				       struct vserial_front *fresh)
{
	struct vserial_front *old = port->front;

	if (!vserial_hold_is_empty(port->front)) {
		old = port->rest;
		port->rest = port->front;
	}
	port->front = fresh;
	vserial_stream_attach(&fresh->stream, &fresh->cursor, 0);
	vserial_stream_hold(&fresh->stream, &fresh->cursor);
	return old;
}

static int judge_hold(const struct vserial_port *port,
		      enum vserial_migration how, struct vserial_reason *reason)
{
	if (how == VSERIAL_MIGRATION_INCOMING && port->in_use)
		return vserial_refuse(reason, -EBUSY,
				      "port '%s/%u' is open; a guest that is expected is off until then",
				      vserial_port_guest_name(port),
				      port->index);
	if (how == VSERIAL_MIGRATION_OUTGOING && !vserial_hold_is_empty(port->front) &&
	    !vserial_hold_is_empty(port->rest))
		return vserial_refuse(reason, -EBUSY,
				      "port '%s/%u' has given back input twice already, and its guest has read none of it",
				      vserial_port_guest_name(port),
				      port->index);
	return 0;
}

/**
 * vserial_port_hold() - nothing passes a port from now on
 * @port: the port
 * @how: VSERIAL_MIGRATION_INCOMING or _OUTGOING; if it is held so already, that
 *	is fine
 * @reason: says why not
 *
 * Context: process, no locks, may sleep.
 * Return: 0; -EBUSY, -ENOMEM, -EINTR or -ENODEV with @reason filled.
 */
int vserial_port_hold(struct vserial_port *port, enum vserial_migration how,
		      struct vserial_reason *reason)
{
	bool leaves = how == VSERIAL_MIGRATION_OUTGOING;
	struct vserial_handing *handing = NULL;
	struct vserial_front *front = NULL;
	unsigned long flags;
	int err;

	if (leaves) {
		handing = kzalloc(sizeof(*handing), GFP_KERNEL_ACCOUNT);
		front = vserial_hold_new_front();
		if (!handing || !front) {
			err = vserial_refuse(reason, -ENOMEM, "out of memory");
			goto free;
		}
	}
	err = vserial_port_lock_config(port, reason);
	if (err)
		goto free;
	spin_lock_irqsave(&port->lock, flags);
	if (port->held != how) {
		err = judge_hold(port, how, reason);
		if (!err) {
			WRITE_ONCE(port->held, how);
			port->went_off = false;
			port->came = false;
			port->rx_told = port->rx.head;
		}
		if (!err && leaves)
			front = put_front(port, front);
		if (!err && leaves && has_daemons_peer(port)) {
			handing->state = VSERIAL_HANDOVER_ASKED;
			port->handing = handing;
			handing = NULL;
		}
	}
	spin_unlock_irqrestore(&port->lock, flags);
	mutex_unlock(&port->config);
	/* What the flip buffer's worker is at has arrived, and no more does. */
	if (!err && leaves)
		flush_work(&port->tty.buf.work);
free:
	vserial_hold_free_front(front);
	kfree(handing);
	return err;
}

/**
 * vserial_port_end_handover() - its peer learns what has been decided
 * @port: the port, held
 *
 * The guest leaves: what its peers have sent is read to the end, and they are let
 * go of.  It comes: its concentrator is told so.  The daemon does either, and
 * says when it has.
 *
 * Context: process, no locks, may sleep.
 */
void vserial_port_end_handover(struct vserial_port *port)
{
	unsigned long flags;

	mutex_lock(&port->config);
	spin_lock_irqsave(&port->lock, flags);
	if (port->handing)
		port->handing->state =
			port->held == VSERIAL_MIGRATION_OUTGOING &&
			!has_daemons_peer(port) ? VSERIAL_HANDOVER_ENDED :
						  VSERIAL_HANDOVER_ENDING;
	spin_unlock_irqrestore(&port->lock, flags);
	mutex_unlock(&port->config);
}

/* Where an image is put together; there is @room for so many bytes of input. */
struct snapshot {
	struct vserial_image im;
	u8 *state;
	u8 *at;
	size_t room;
};

/* Output is held, so that its end stays; what is acknowledged may go meanwhile. */
static void copy_output(struct vserial_port *port, struct snapshot *shot)
{
	u8 *bytes = shot->state + VSERIAL_IMAGE_HEAD;
	u64 start = shot->im.tx.tail, at = start, wanted = at;
	size_t n;

	do {
		n = vserial_reader_peek(port, &at, bytes + (at - start),
					VSERIAL_RING_SIZE);
		if (at != wanted) {
			/* These went first. */
			memmove(bytes, bytes + (wanted - start), n);
			start = at;
		}
		at += n;
		wanted = at;
	} while (n && at < shot->im.tx.head);
	shot->im.tx.tail = start;
	shot->im.tx.bytes = bytes;
	shot->at = bytes + (shot->im.tx.head - start);
}

/* One stream's part of the input, with its markers.  Call with the lock. */
static void copy_input(struct snapshot *shot, struct vserial_stream *s,
		       const struct vserial_cursor *c,
		       struct vserial_marker *markers)
{
	struct vserial_image_half *rx = &shot->im.rx;
	u64 at = c->pos, had = rx->head;
	u32 n, i;

	n = vserial_stream_peek_markers(s, c, markers + rx->nr_markers,
					2 * VSERIAL_MARKERS_MAX - rx->nr_markers);
	for (i = rx->nr_markers; i < rx->nr_markers + n; i++)
		markers[i].offset = had + (max(markers[i].offset, c->pos) -
					   c->pos);
	rx->nr_markers += n;
	rx->head += vserial_stream_peek(s, &at, shot->at + (had - rx->tail),
					s->head - c->pos);
}

static u8 *put_markers(struct vserial_image_half *half, u8 *to,
		       const struct vserial_marker *markers)
{
	u32 i;

	half->markers = to;
	for (i = 0; i < half->nr_markers; i++, to += VSERIAL_IMAGE_MARKER)
		vserial_image_put_marker(to, &markers[i]);
	return to;
}

static void copy_line(const struct vserial_port *port,
		      struct vserial_image_line *line)
{
	const struct async_icount *ic = &port->icount;

	*line = (struct vserial_image_line){
		.lines = port->mcr,
		.cflag = port->termios.c_cflag & VSERIAL_IMAGE_CFLAG,
		.ispeed = port->termios.c_ispeed,
		.ospeed = port->termios.c_ospeed,
		.rows = port->winsize.ws_row,
		.columns = port->winsize.ws_col,
		.icount = { ic->cts, ic->dsr, ic->rng, ic->dcd, ic->frame,
			    ic->parity, ic->overrun, ic->brk },
	};
}

/* All but the output's bytes.  Call with the lock. */
static int copy_rest(struct vserial_port *port, struct snapshot *shot,
		     struct vserial_marker *markers,
		     struct vserial_reason *reason)
{
	struct vserial_image *im = &shot->im;
	struct vserial_cursor *c = &port->tx_cursor;
	struct vserial_log *log = rcu_dereference_protected(port->log,
						lockdep_is_held(&port->lock));
	u32 unread = vserial_input_unread(port), i;

	if (unread > VSERIAL_IMAGE_INPUT_MAX || unread > port->rx.head)
		return vserial_refuse(reason, -ENOSPC,
				      "port '%s/%u' has %u bytes of input that its guest did not read; %u are the most that move",
				      vserial_port_guest_name(port),
				      port->index, unread,
				      VSERIAL_IMAGE_INPUT_MAX);
	/* In between it may have been let go of, and held anew. */
	if (unread > shot->room || port->tx.head != im->tx.head)
		return vserial_refuse(reason, -EAGAIN,
				      "port '%s/%u' changed while its state was copied; ask for it again",
				      vserial_port_guest_name(port),
				      port->index);
	im->connected = port->connected;
	copy_line(port, &im->line);
	im->tx.pos = max(c->pos, im->tx.tail);
	/* The next host cannot take back what it counts, so neither may this one. */
	vserial_stream_give_up(c);
	im->tx.lost = c->dropped;
	im->tx_refused = port->tx.refused;
	im->log = log ? max(log->reader.cursor.pos, im->tx.tail) : im->tx.head;
	im->tx.nr_markers = vserial_stream_peek_markers(&port->tx, c, markers,
							VSERIAL_MARKERS_MAX);
	for (i = 0; i < im->tx.nr_markers; i++)
		markers[i].offset = max(markers[i].offset, im->tx.pos);
	shot->at = put_markers(&im->tx, shot->at, markers);

	port->rx_told = port->rx.head;
	im->rx.head = port->rx.head - unread;
	im->rx.tail = im->rx.head;
	im->rx.pos = im->rx.head;
	im->rx.bytes = shot->at;
	im->rx.lost = port->rx_cursor.dropped + port->rx_lost;
	im->rx_dropped = port->rx_dropped;
	im->rx.nr_markers = 0;
	if (port->front)
		copy_input(shot, &port->front->stream, &port->front->cursor,
			   markers);
	if (port->rest)
		copy_input(shot, &port->rest->stream, &port->rest->cursor,
			   markers);
	copy_input(shot, &port->rx, &port->rx_cursor, markers);
	shot->at = put_markers(&im->rx, shot->at + unread, markers);

	if (!port->handing || !port->handing->len)
		return 0;
	im->handover = shot->at;
	im->handover_len = port->handing->len;
	im->sequence_len = port->handing->sequence_len;
	memcpy(shot->at, port->handing->blob, im->handover_len);
	return 0;
}

/* Call with the lock. */
static int judge_snapshot(const struct vserial_port *port,
			  struct vserial_reason *reason)
{
	if (port->held != VSERIAL_MIGRATION_OUTGOING)
		return vserial_refuse(reason, -EINVAL,
				      "port '%s/%u' tells no state: its guest is not about to leave",
				      vserial_port_guest_name(port),
				      port->index);
	if (!port->collecting || port->uncollected)
		return vserial_refuse(reason, -EINVAL,
				      "port '%s/%u' tells no state before it is given back what its tty has",
				      vserial_port_guest_name(port),
				      port->index);
	return 0;
}

/**
 * vserial_port_snapshot() - a port as bytes
 * @port: the port
 * @size: filled with how many
 * @reason: says why not
 *
 * Context: process, no locks, may sleep.
 * Return: the image, the caller's to kvfree(); or an ERR_PTR with @reason filled.
 */
u8 *vserial_port_snapshot(struct vserial_port *port, size_t *size,
			  struct vserial_reason *reason)
{
	struct vserial_marker *markers;
	struct snapshot shot = {};
	unsigned long flags;
	int err;

	spin_lock_irqsave(&port->lock, flags);
	err = judge_snapshot(port, reason);
	shot.im.tx.tail = port->tx.tail;
	shot.im.tx.head = port->tx.head;
	/* More may come into the rx stream meanwhile. */
	shot.room = vserial_input_unread(port) + VSERIAL_RING_SIZE;
	spin_unlock_irqrestore(&port->lock, flags);
	if (err)
		return ERR_PTR(err);

	shot.state = kvmalloc(VSERIAL_IMAGE_HEAD +
			      (shot.im.tx.head - shot.im.tx.tail) + shot.room +
			      3 * VSERIAL_MARKERS_MAX * VSERIAL_IMAGE_MARKER +
			      VSERIAL_HANDOVER_MAX, GFP_KERNEL_ACCOUNT);
	markers = kvmalloc_array(2 * VSERIAL_MARKERS_MAX, sizeof(*markers),
				 GFP_KERNEL_ACCOUNT);
	if (!shot.state || !markers) {
		err = vserial_refuse(reason, -ENOMEM, "out of memory");
		goto free;
	}
	copy_output(port, &shot);
	spin_lock_irqsave(&port->lock, flags);
	/* It may have gone on here since, by itself. */
	err = judge_snapshot(port, reason) ?:
	      copy_rest(port, &shot, markers, reason);
	spin_unlock_irqrestore(&port->lock, flags);
	if (!err) {
		*size = vserial_image_size(&shot.im);
		vserial_image_write(&shot.im, shot.state);
	}
free:
	kvfree(markers);
	if (!err)
		return shot.state;
	kvfree(shot.state);
	return ERR_PTR(err);
}

/* What a port has is another host's now.  Call with the lock. */
static void forget(struct vserial_port *port)
{
	struct vserial_front *fronts[] = { port->front, port->rest };
	int i;

	vserial_stream_skip(&port->tx, &port->tx_cursor);
	vserial_stream_skip(&port->rx, &port->rx_cursor);
	for (i = 0; i < ARRAY_SIZE(fronts); i++) {
		if (!fronts[i])
			continue;
		vserial_stream_skip(&fronts[i]->stream, &fronts[i]->cursor);
		vserial_stream_unreserve(&fronts[i]->stream);
	}
}

/* Call with config and the lock.  Return: what is to be freed. */
static struct vserial_handing *let_go(struct vserial_port *port)
{
	struct vserial_handing *h = port->handing;

	port->handing = NULL;
	WRITE_ONCE(port->held, VSERIAL_MIGRATION_NONE);
	port->collecting = false;
	if (!port->in_use) {
		vserial_stream_unreserve(&port->tx);
		vserial_stream_unreserve(&port->rx);
	}
	return h;
}

/* The guest runs on another host from now on.  Call with config. */
static struct vserial_handing *depart(struct vserial_port *port)
{
	struct vserial_handing *h;
	struct vserial_reason why;
	unsigned long flags;
	u64 late;

	vserial_port_switch(port, false);
	spin_lock_irqsave(&port->lock, flags);
	late = port->rx.head - port->rx_told;
	forget(port);
	port->rx_cursor.dropped += late;
	h = let_go(port);
	vserial_explain(&why, "its guest has moved to another host");
	if (late)
		vserial_explain(&why,
				"its guest has moved to another host, and %llu bytes of input came here behind its state",
				late);
	vserial_state_set(port, VSERIAL_STATE_NOT_CONNECTED, why.text);
	spin_unlock_irqrestore(&port->lock, flags);
	return h;
}

/* It goes on here.  Call with config. */
static struct vserial_handing *resume(struct vserial_port *port)
{
	struct vserial_handing *h;
	unsigned long flags;
	bool off;

	spin_lock_irqsave(&port->lock, flags);
	h = let_go(port);
	off = !port->power && port->went_off;
	spin_unlock_irqrestore(&port->lock, flags);
	/* What vserial_port_shutdown() left for later. */
	if (off)
		vserial_input_power_off(port);
	if (off && !port->connect_at_power_on)
		vserial_port_switch(port, false);
	return h;
}

/* It runs here from now on.  Call with config. */
static struct vserial_handing *arrive(struct vserial_port *port)
{
	struct vserial_handing *h;
	unsigned long flags;
	bool on;

	spin_lock_irqsave(&port->lock, flags);
	h = let_go(port);
	on = port->in_use;
	WRITE_ONCE(port->power, on);
	spin_unlock_irqrestore(&port->lock, flags);
	if (on)
		vserial_input_power_on(port);
	if (on && (port->came ? port->came_connected :
		   port->connect_at_power_on))
		vserial_port_switch(port, true);
	return h;
}

/* It does not come.  Call with config. */
static struct vserial_handing *stay_away(struct vserial_port *port)
{
	struct vserial_handing *h;
	unsigned long flags;

	/* Its concentrator is told nothing more. */
	if (port->handing)
		vserial_port_switch(port, false);
	spin_lock_irqsave(&port->lock, flags);
	if (port->came)
		forget(port);
	h = let_go(port);
	spin_unlock_irqrestore(&port->lock, flags);
	return h;
}

/**
 * vserial_port_unhold() - a port passes bytes again
 * @port: the port; if it is not held, that is fine
 * @completed: its guest has moved; else it stays where it was
 *
 * Context: process, no locks, may sleep for a bounded time.
 */
void vserial_port_unhold(struct vserial_port *port, bool completed)
{
	enum vserial_migration held;
	struct vserial_handing *h;
	bool on;

	mutex_lock(&port->config);
	held = port->held;
	if (!held) {
		mutex_unlock(&port->config);
		return;
	}
	if (held == VSERIAL_MIGRATION_OUTGOING)
		h = completed ? depart(port) : resume(port);
	else
		h = completed ? arrive(port) : stay_away(port);
	on = held == VSERIAL_MIGRATION_INCOMING && port->power;
	vserial_port_drop_pieces(port);
	mutex_unlock(&port->config);
	kfree(h);

	tty_flip_buffer_push(&port->tty);
	vserial_input_pump(port);
	vserial_output_released(port);
	vserial_output_kick(port);
	if (on)
		trace_vserial_open(port);
	vserial_notify(on ? VSERIAL_EVENT_PORT_POWER :
			    VSERIAL_EVENT_PORT_CHANGED, port);
}
