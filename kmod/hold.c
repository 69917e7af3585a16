// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold: a port whose guest is between two hosts
 *
 * While port->held is set
 *
 *   output	stays in the ring, of which what is on its way is still
 *		acknowledged; the VMM can write no more, so that what it could not
 *		write moves with its devices
 *   input	waits: for a guest that leaves in the rx stream, for one that is
 *		expected with whoever sends it
 *   the tty	is given nothing.  What was on its way to it comes back, see
 *		vserial_hold_collect(), and waits in front of the rx stream.
 *
 *	before			returned			on the next host
 *	tty <- flip <- rx	front (tty, flip), rest, rx	front (all of it)
 *
 * Here is what backings and the tty's flip buffer meet of that; port_hold.c begins
 * and ends it.
 */
#include <linux/slab.h>
#include <linux/tty_flip.h>

#include "backing.h"
#include "hold.h"
#include "host.h"
#include "image.h"
#include "input.h"
#include "port.h"
#include "spec.h"
#include "state.h"

/**
 * vserial_hold_new_front() - make room in front of a port's rx stream
 *
 * Context: process, may sleep.
 * Return: what vserial_hold_free_front() frees, or NULL if memory is exhausted.
 */
struct vserial_front *vserial_hold_new_front(void)
{
	struct vserial_front *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	struct vserial_stream_mem mem;

	if (!f)
		return NULL;
	vserial_stream_init(&f->stream, &vserial_budget,
			    VSERIAL_IMAGE_INPUT_MAX, 0);
	if (vserial_stream_prepare(&f->stream, 0, &mem)) {
		kfree(f);
		return NULL;
	}
	vserial_stream_reserve(&f->stream, 0, &mem);
	vserial_stream_discard_mem(&f->stream, &mem);
	return f;
}

/**
 * vserial_hold_free_front() - undo vserial_hold_new_front()
 * @f: which no port has any more, or NULL
 *
 * Context: process, may sleep.
 */
void vserial_hold_free_front(struct vserial_front *f)
{
	if (!f)
		return;
	if (f->cursor.node.next)
		vserial_stream_detach(&f->stream, &f->cursor);
	vserial_stream_destroy(&f->stream);
	kfree(f);
}

/**
 * vserial_hold_is_empty() - has the guest read all that waits there?
 * @f: what waits in front of a port's rx stream, or NULL; with the port's lock held
 */
bool vserial_hold_is_empty(const struct vserial_front *f)
{
	return !f || (f->cursor.pos == f->stream.head &&
		      f->cursor.marker == f->stream.marker_head);
}

/**
 * vserial_hold_forget_input() - the guest is off: nobody is going to read it
 * @port: the port, with its lock held
 *
 * Return: bytes that count as dropped by this.
 */
u64 vserial_hold_forget_input(struct vserial_port *port)
{
	struct vserial_front *fronts[] = { port->front, port->rest };
	u64 dropped = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(fronts); i++) {
		struct vserial_front *f = fronts[i];

		if (!f)
			continue;
		dropped += vserial_stream_discard(&f->stream, &f->cursor);
		vserial_stream_unreserve(&f->stream);
	}
	/* They count as given to the guest, see vserial_input_count(). */
	port->rx_lost += dropped;
	return dropped;
}

/* Appends bytes that have one flag.  Return: how many there was room for. */
static size_t collect_run(struct vserial_port *port, const u8 *bytes, size_t n,
			  u8 flag)
{
	struct vserial_stream *s = &port->front->stream;

	if (flag == TTY_NORMAL)
		return vserial_stream_append(s, bytes, n,
					     VSERIAL_OVERFLOW_BLOCK);
	if (flag == TTY_BREAK)
		vserial_stream_mark(s, VSERIAL_MARKER_BREAK, 0);
	else
		vserial_stream_mark(s, VSERIAL_MARKER_ERROR, flag | *bytes << 8);
	vserial_input_count_flag(port, flag, -1);
	return 1;
}

static size_t run_length(const vserial_u8 *fp, size_t count)
{
	size_t n = 1;

	if (!fp)
		return count;
	if (*fp != TTY_NORMAL)
		return 1;
	while (n < count && fp[n] == TTY_NORMAL)
		n++;
	return n;
}

/**
 * vserial_hold_collect() - the flip buffer has bytes for the tty of a held port
 * @port: the port
 * @cp: the bytes
 * @fp: their flags, or NULL: all are TTY_NORMAL
 * @count: how many
 *
 * Context: the flip buffer's worker.
 * Return: how many came back; the others stay in the flip buffer.
 */
size_t vserial_hold_collect(struct vserial_port *port, const vserial_u8 *cp,
			    const vserial_u8 *fp, size_t count)
{
	size_t done = 0, run, n;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	while (port->held && port->collecting && done < count) {
		run = run_length(fp ? fp + done : NULL, count - done);
		n = collect_run(port, (const u8 *)cp + done, run,
				fp ? fp[done] : TTY_NORMAL);
		done += n;
		if (n < run)
			break;
	}
	port->uncollected = port->collecting && done < count;
	port->rx_flipped -= vserial_input_bytes(fp, done);
	spin_unlock_irqrestore(&port->lock, flags);
	return done;
}

/**
 * vserial_hold_handover() - how a port's concentrator takes part
 * @port: the port, with its lock held
 * @reason: filled, "" unless it is refused
 *
 * Return: enum vserial_handover.
 */
u32 vserial_hold_handover(const struct vserial_port *port,
			  struct vserial_reason *reason)
{
	reason->text[0] = '\0';
	if (!port->handing)
		return VSERIAL_HANDOVER_NONE;
	*reason = port->handing->reason;
	return port->handing->state;
}

/**
 * vserial_hold_is_over() - has a hand-over come to its end?
 * @port: the port, with its lock held
 *
 * Return: whether the port's concentrator has been told that the guest arrives, or
 * is about to be; or is let go of.
 */
bool vserial_hold_is_over(const struct vserial_port *port)
{
	return port->handing &&
	       port->handing->state >= VSERIAL_HANDOVER_ENDING;
}

/**
 * vserial_hold_answer() - a concentrator has said whether it takes part
 * @b: the backing of which it is
 * @answer: what it said; its sequence and secret count only on the host that the
 *	guest leaves
 *
 * Heard only of the port's started backing, and only if it was asked.
 *
 * Context: process.
 */
void vserial_hold_answer(struct vserial_backing *b,
			 const struct vserial_handing *answer)
{
	struct vserial_port *port = b->port;
	struct vserial_handing *h;
	unsigned long flags;
	bool ended;

	spin_lock_irqsave(&port->lock, flags);
	h = port->handing;
	if (!h || !vserial_state_is_started(b))
		goto unlock;
	/* Whether it takes part is no question any more. */
	ended = answer->state == VSERIAL_HANDOVER_ENDED;
	if (ended != vserial_hold_is_over(port))
		goto unlock;
	h->state = answer->state;
	h->reason = answer->reason;
	if (port->held == VSERIAL_MIGRATION_OUTGOING && !ended) {
		h->len = answer->len;
		h->sequence_len = answer->sequence_len;
		memcpy(h->blob, answer->blob, answer->len);
	}
	if (!port->dead)
		queue_work(vserial_wq, &port->event);
unlock:
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_hold_unanswered() - nobody serves a backing any more
 * @b: the backing
 *
 * A connection that a hand-over was begun on went with the daemon; on the host
 * that the guest goes to the next daemon begins one.  Where there is no
 * concentrator nobody need be waited for any more.
 *
 * Context: process.
 */
void vserial_hold_unanswered(struct vserial_backing *b)
{
	struct vserial_port *port = b->port;
	struct vserial_handing *h;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	h = port->handing;
	if (vserial_hold_is_over(port)) {
		/* Whom it arrives at is told by the next daemon. */
		if (port->held == VSERIAL_MIGRATION_OUTGOING)
			h->state = VSERIAL_HANDOVER_ENDED;
	} else if (h && port->held == VSERIAL_MIGRATION_INCOMING) {
		h->state = VSERIAL_HANDOVER_ASKED;
		h->reason.text[0] = '\0';
	} else if (h && !b->spec->proxy) {
		h->state = VSERIAL_HANDOVER_GRANTED;
	} else if (h) {
		h->state = VSERIAL_HANDOVER_REFUSED;
		vserial_explain(&h->reason,
				"vseriald let go of the connection to the concentrator");
	}
	if (h && !port->dead)
		queue_work(vserial_wq, &port->event);
	spin_unlock_irqrestore(&port->lock, flags);
}
