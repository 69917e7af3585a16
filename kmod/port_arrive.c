// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_arrive: a port takes the state that it had on another host
 *
 * All of it or nothing: what can fail, memory, comes first.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/tty.h>

#include "hold.h"
#include "host.h"
#include "image.h"
#include "log.h"
#include "notify.h"
#include "port_parts.h"
#include "reader.h"

/* What takes the place of what a port has, and then what it had. */
struct arriving {
	struct vserial_stream tx;
	struct vserial_cursor tx_cursor;
	struct vserial_stream rx;
	struct vserial_cursor rx_cursor;
	struct vserial_front *front;
	struct vserial_handing *handing;
};

static int make_stream(const struct vserial_image_half *half,
		       struct vserial_stream *s, struct vserial_cursor *c,
		       u32 history)
{
	struct vserial_stream_mem mem;
	int err;

	vserial_stream_init(s, &vserial_budget, VSERIAL_RING_SIZE, history);
	err = vserial_stream_prepare(s, history, &mem);
	if (err)
		return err;
	vserial_stream_reserve(s, history, &mem);
	vserial_stream_discard_mem(s, &mem);
	return vserial_image_fill(half, s, c);
}

static void end_stream(struct vserial_stream *s, struct vserial_cursor *c)
{
	if (c->node.next && !list_empty(&c->node))
		vserial_stream_detach(s, c);
	if (s->budget)
		vserial_stream_destroy(s);
}

static void end_arriving(struct arriving *a)
{
	end_stream(&a->tx, &a->tx_cursor);
	end_stream(&a->rx, &a->rx_cursor);
	vserial_hold_free_front(a->front);
	kfree(a->handing);
}

static int prepare(const struct vserial_image *im, u32 history,
		   struct arriving *a)
{
	/* Behind all of it, what comes from now on. */
	const struct vserial_image_half end = {
		.tail = im->rx.head,
		.pos = im->rx.head,
		.head = im->rx.head,
	};

	a->front = vserial_hold_new_front();
	if (!a->front ||
	    make_stream(&im->tx, &a->tx, &a->tx_cursor, history) ||
	    make_stream(&end, &a->rx, &a->rx_cursor, 0) ||
	    vserial_image_fill(&im->rx, &a->front->stream, &a->front->cursor))
		return -ENOMEM;
	if (!im->handover_len)
		return 0;
	a->handing = kzalloc(sizeof(*a->handing), GFP_KERNEL_ACCOUNT);
	if (!a->handing)
		return -ENOMEM;
	a->handing->state = VSERIAL_HANDOVER_ASKED;
	a->handing->len = im->handover_len;
	a->handing->sequence_len = im->sequence_len;
	memcpy(a->handing->blob, im->handover, im->handover_len);
	return 0;
}

static void take_line(struct vserial_port *port,
		      const struct vserial_image_line *line)
{
	WRITE_ONCE(port->mcr, line->lines);
	WRITE_ONCE(port->mcr_told, line->lines);
	port->winsize.ws_row = line->rows;
	port->winsize.ws_col = line->columns;
	port->icount = (struct async_icount){
		.cts = line->icount[0], .dsr = line->icount[1],
		.rng = line->icount[2], .dcd = line->icount[3],
		.frame = line->icount[4], .parity = line->icount[5],
		.overrun = line->icount[6], .brk = line->icount[7],
	};
}

/* Call with config and the lock, the backing stopped. */
static void exchange(struct vserial_port *port, const struct vserial_image *im,
		     struct arriving *a)
{
	struct vserial_log *log = rcu_dereference_protected(port->log,
						lockdep_is_held(&port->lock));

	vserial_stream_adopt(&port->tx, &port->tx_cursor, &a->tx,
			     &a->tx_cursor);
	port->tx_cursor.dropped = im->tx.lost;
	port->tx.refused = im->tx_refused;
	if (log) {
		log->reader.cursor.pos = max(im->log, port->tx.tail);
		log->reader.cursor.taken = log->reader.cursor.pos;
	}
	vserial_stream_adopt(&port->rx, &port->rx_cursor, &a->rx,
			     &a->rx_cursor);
	port->rx_cursor.dropped = 0;
	port->rx_dropped = im->rx_dropped;
	port->rx_lost = im->rx.lost;
	port->rx_flipped = READ_ONCE(port->rx_received);
	if (!port->in_use) {
		vserial_stream_unreserve(&port->tx);
		vserial_stream_unreserve(&port->rx);
	}
	swap(port->front, a->front);
	swap(port->handing, a->handing);
	take_line(port, &im->line);
	port->came = true;
	port->came_connected = im->connected;
}

/* The VMM has it open already: its tty goes on with the line as it was. */
static void set_line(struct vserial_port *port,
		     const struct vserial_image_line *line)
{
	struct tty_struct *tty = tty_port_tty_get(&port->tty);
	struct ktermios k;

	if (!tty)
		return;
	down_read(&tty->termios_rwsem);
	k = tty->termios;
	up_read(&tty->termios_rwsem);
	if (line->cflag) {
		k.c_cflag &= ~VSERIAL_IMAGE_CFLAG;
		k.c_cflag |= line->cflag & VSERIAL_IMAGE_CFLAG;
		k.c_ispeed = line->ispeed;
		k.c_ospeed = line->ospeed;
		tty_set_termios(tty, &k);
	}
	tty_kref_put(tty);
}

/* Nobody but the log may be in the middle of what is replaced. */
static bool has_other_readers(struct vserial_port *port)
{
	const struct vserial_log *log = rcu_dereference_protected(port->log,
						lockdep_is_held(&port->config));
	const struct vserial_reader *r;
	unsigned long flags;
	bool others = false;

	spin_lock_irqsave(&port->lock, flags);
	list_for_each_entry(r, &port->readers, node)
		others |= !log || r != &log->reader;
	spin_unlock_irqrestore(&port->lock, flags);
	return others;
}

/*
 * The state comes once more when the port's concentrator speaks to this host already:
 * only what has been added to the input is new.  Call with config.
 */
static int add_input(struct vserial_port *port, const struct vserial_image *im,
		     struct vserial_reason *reason)
{
	struct vserial_front *f;
	unsigned long flags;
	int err = -EINVAL;

	spin_lock_irqsave(&port->lock, flags);
	f = port->front;
	if (f) {
		err = vserial_image_append(&im->rx, &f->stream, &f->cursor);
		/* What comes from now on comes behind it. */
		vserial_stream_pass(&port->rx, f->stream.head - port->rx.head);
	}
	spin_unlock_irqrestore(&port->lock, flags);
	if (err == -ENOMEM)
		return vserial_refuse(reason, err,
				      "no memory for more input of port '%s/%u'",
				      vserial_port_guest_name(port),
				      port->index);
	if (err)
		return vserial_refuse(reason, err,
				      "the guest of port '%s/%u' arrives already, and this state is not the one that it came with, or more of that",
				      vserial_port_guest_name(port),
				      port->index);
	return 0;
}

static bool is_over(struct vserial_port *port)
{
	unsigned long flags;
	bool over;

	spin_lock_irqsave(&port->lock, flags);
	over = vserial_hold_is_over(port);
	spin_unlock_irqrestore(&port->lock, flags);
	return over;
}

/* Takes a state that is all there.  Call with config. */
static int take_state(struct vserial_port *port, struct vserial_reason *reason)
{
	struct vserial_image im;
	struct arriving a = {};
	bool connected = port->connected;
	unsigned long flags;
	int err;

	err = vserial_image_parse(port->arrival.state, port->arrival.size, &im,
				  reason);
	if (err)
		return err;
	if (is_over(port))
		return add_input(port, &im, reason);
	if (has_other_readers(port))
		return vserial_refuse(reason, -EBUSY,
				      "port '%s/%u' has sessions attached; end them before its state comes",
				      vserial_port_guest_name(port),
				      port->index);
	err = prepare(&im, port->tx.history, &a);
	if (err) {
		end_arriving(&a);
		return vserial_refuse(reason, err,
				      "no memory for the state of port '%s/%u'",
				      vserial_port_guest_name(port),
				      port->index);
	}
	vserial_port_switch(port, false);
	spin_lock_irqsave(&port->lock, flags);
	exchange(port, &im, &a);
	spin_unlock_irqrestore(&port->lock, flags);
	set_line(port, &im.line);
	/* A concentrator is told now that the guest comes. */
	if (connected || im.handover_len)
		vserial_port_switch(port, true);
	end_arriving(&a);
	return 0;
}

/**
 * vserial_port_drop_pieces() - forget the pieces of a state
 * @port: the port
 *
 * Context: process, with config, or nobody sees the port any more.
 */
void vserial_port_drop_pieces(struct vserial_port *port)
{
	kvfree(port->arrival.state);
	port->arrival = (struct vserial_arrival){};
}

static int judge_piece(struct vserial_port *port,
		       const struct vserial_piece *piece,
		       struct vserial_reason *reason)
{
	const struct vserial_arrival *a = &port->arrival;

	if (READ_ONCE(port->held) != VSERIAL_MIGRATION_INCOMING)
		return vserial_refuse(reason, -EINVAL,
				      "port '%s/%u' takes no state: its guest is not expected here",
				      vserial_port_guest_name(port),
				      port->index);
	if (!piece->n || piece->size > VSERIAL_IMAGE_MAX ||
	    piece->offset > piece->size ||
	    piece->n > piece->size - piece->offset)
		return vserial_refuse(reason, -EINVAL,
				      "%zu bytes at %u are no piece of a state of %u bytes; a state has at most %u",
				      piece->n, piece->offset, piece->size,
				      VSERIAL_IMAGE_MAX);
	if (piece->offset &&
	    (piece->offset != a->have || piece->size != a->size))
		return vserial_refuse(reason, -EINVAL,
				      "the piece at %u of %u bytes is out of order; of a state of %u bytes %u are here",
				      piece->offset, piece->size, a->size,
				      a->have);
	return 0;
}

/**
 * vserial_port_take_piece() - a piece of the state that a port had on another host
 * @port: the port
 * @piece: the piece; the first begins anew, with the last the state is taken
 * @reason: says why not
 *
 * A refusal of the last leaves the port as it was, without any pieces.
 *
 * Context: process, no locks, may sleep.
 * Return: 0; -EINVAL, -EBUSY, -ENOMEM, -EINTR or -ENODEV with @reason filled.
 */
int vserial_port_take_piece(struct vserial_port *port,
			    const struct vserial_piece *piece,
			    struct vserial_reason *reason)
{
	struct vserial_arrival *a = &port->arrival;
	bool whole = false;
	int err = vserial_port_lock_config(port, reason);

	if (err)
		return err;
	err = judge_piece(port, piece, reason);
	if (err)
		goto unlock;
	if (!piece->offset) {
		vserial_port_drop_pieces(port);
		a->state = kvmalloc(piece->size, GFP_KERNEL_ACCOUNT);
		if (!a->state) {
			err = vserial_refuse(reason, -ENOMEM,
					     "no memory for a state of %u bytes",
					     piece->size);
			goto unlock;
		}
		a->size = piece->size;
	}
	memcpy(a->state + piece->offset, piece->bytes, piece->n);
	a->have += piece->n;
	whole = a->have == a->size;
	if (whole) {
		err = take_state(port, reason);
		vserial_port_drop_pieces(port);
	}
unlock:
	mutex_unlock(&port->config);
	if (whole && !err)
		vserial_notify(VSERIAL_EVENT_PORT_CHANGED, port);
	return err;
}
