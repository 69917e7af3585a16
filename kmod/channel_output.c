// SPDX-License-Identifier: GPL-2.0-only
/*
 * channel_output: how a channel sends ports' output
 *
 * A link with something to send waits for its turn in its channel's ready list
 * and sends one message a turn, so that a flooding port leaves the others their
 * share.  Whoever wrote sends: a single byte needs no worker.  While the socket
 * has not read what it was sent, a few bytes wait for more of them, until it
 * has, or for a moment: a message a byte would cost more than the bytes.
 *
 * Netlink drops what a receive buffer has no room for, so a channel fills half
 * of it at most: it counts the buffers that its messages take, and the socket
 * gives the count back when it has read them.
 *
 * All of it in an RCU read section, for links that are closed.
 */
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/netlink.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include <linux/vserial.h>

#include "channel_parts.h"
#include "host.h"
#include "line.h"
#include "stream.h"

/* One message carries so many bytes at most, so that its buffer is 32 KiB. */
#define VSERIAL_CHANNEL_CHUNK	31744
/* ... and so many when memory is short. */
#define VSERIAL_CHANNEL_FRUGAL	3072
/* As many as this do not wait for more. */
#define VSERIAL_CHANNEL_EAGER	4096
/* A link sends so many bytes ahead of what is settled. */
#define VSERIAL_LINK_WINDOW	65536
/* What a message holds beside its bytes. */
#define VSERIAL_CHANNEL_HEADER						\
	(nla_total_size(sizeof(u32)) +					\
	 2 * nla_total_size_64bit(sizeof(u64)) + nla_total_size(sizeof(u32)))

/**
 * struct vserial_load - what a message carries
 * @n: so many bytes; if none, a marker
 * @offset: of the first of them, or of the marker
 * @marker: what is not bytes
 */
struct vserial_load {
	size_t n;
	u64 offset;
	struct vserial_marker marker;
};

static unsigned int vserial_channel_window(const struct vserial_channel *ch)
{
	return READ_ONCE(ch->sk->sk_rcvbuf) / 2;
}

static u64 vserial_link_window(const struct vserial_link *l)
{
	return VSERIAL_LINK_WINDOW - (l->sent - l->acked);
}

/* With its window full a link waits for vserial_link_ack(). */
static bool vserial_link_queue(struct vserial_link *l)
{
	if (l->queued || !l->flowing || !vserial_link_window(l))
		return false;
	WRITE_ONCE(l->queued, true);
	list_add_tail(&l->turn, &l->channel->ready);
	return true;
}

/**
 * vserial_channel_queue_work() - have the worker go on
 * @ch: the channel, with its lock held; nothing happens once it is closed
 * @delay: jiffies
 */
void vserial_channel_queue_work(struct vserial_channel *ch,
				unsigned long delay)
{
	if (!ch->closed)
		mod_delayed_work(vserial_wq, &ch->work, delay);
}

/*
 * Takes the link whose turn it is, if the socket has credit.
 * Return: the link, with the bytes it may send; or NULL.
 */
static struct vserial_link *vserial_channel_next(struct vserial_channel *ch,
						 size_t *left, bool *busy)
{
	struct vserial_link *l = NULL;
	unsigned long flags;
	u64 outstanding;

	spin_lock_irqsave(&ch->lock, flags);
	outstanding = vserial_channel_outstanding(ch);
	*busy = outstanding && !ch->hurry;
	if (!ch->closed && (!outstanding ||
			    outstanding < vserial_channel_window(ch)))
		l = list_first_entry_or_null(&ch->ready, struct vserial_link,
					     turn);
	if (list_empty(&ch->ready))
		ch->hurry = false;
	if (l) {
		list_del_init(&l->turn);
		WRITE_ONCE(l->queued, false);
		*left = min_t(u64, VSERIAL_CHANNEL_CHUNK,
			      vserial_link_window(l));
	}
	spin_unlock_irqrestore(&ch->lock, flags);
	return l;
}

/* Puts a link with few bytes by, until the socket was read or time is up. */
static void vserial_channel_postpone(struct vserial_channel *ch,
				     struct vserial_link *l)
{
	unsigned long flags;

	spin_lock_irqsave(&ch->lock, flags);
	if (l->flowing && !l->queued) {
		WRITE_ONCE(l->queued, true);
		if (list_empty(&ch->later))
			vserial_channel_queue_work(ch, VSERIAL_CHANNEL_DELAY);
		list_add_tail(&l->turn, &ch->later);
	}
	spin_unlock_irqrestore(&ch->lock, flags);
}

static void vserial_channel_requeue(struct vserial_channel *ch,
				    struct vserial_link *l)
{
	unsigned long flags;

	spin_lock_irqsave(&ch->lock, flags);
	vserial_link_queue(l);
	spin_unlock_irqrestore(&ch->lock, flags);
}

static struct sk_buff *vserial_channel_alloc(size_t *n)
{
	struct sk_buff *skb;
	gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;

	skb = genlmsg_new(VSERIAL_CHANNEL_HEADER + *n, gfp);
	if (skb || *n <= VSERIAL_CHANNEL_FRUGAL)
		return skb;
	*n = VSERIAL_CHANNEL_FRUGAL;
	return genlmsg_new(VSERIAL_CHANNEL_HEADER + *n, gfp);
}

static int vserial_channel_put_marker(struct sk_buff *skb,
				      const struct vserial_marker *m)
{
	switch (m->type) {
	case VSERIAL_MARKER_BREAK:
		return nla_put_u32(skb, VSERIAL_A_DATA_BREAK, m->arg);
	case VSERIAL_MARKER_LINES:
		return nla_put_u32(skb, VSERIAL_A_DATA_LINES, m->arg);
	default:
		return nla_put_u32(skb, VSERIAL_A_DATA_ERROR,
				   vserial_line_error(m->arg));
	}
}

/**
 * vserial_channel_cut() - shorten the last attribute of a message
 * @skb: the message
 * @last: the attribute, from nla_reserve()
 * @n: how many bytes it has after all; what was not filled is told nobody
 */
void vserial_channel_cut(struct sk_buff *skb, struct nlattr *last, size_t n)
{
	last->nla_len = nla_attr_size(n);
	memset((u8 *)last + last->nla_len, 0, nla_padlen(n));
	skb_trim(skb, (u8 *)last - skb->data + nla_total_size(n));
}

/*
 * Writes up to @load->n bytes, or a marker, into @skb, which has room for them.
 * Return: whether there was anything; @load tells what.
 */
static bool vserial_channel_fill(struct vserial_channel *ch,
				 struct vserial_link *l, struct sk_buff *skb,
				 struct vserial_load *load)
{
	struct nlattr *offset_attr, *bytes;
	void *hdr;

	hdr = genlmsg_put(skb, 0, 0, vserial_channel_family, 0,
			  VSERIAL_CMD_DATA_NTF);
	if (!hdr || nla_put_u32(skb, VSERIAL_A_DATA_SESSION, l->id) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_DATA_CREDIT,
			      ch->sent + skb->truesize, VSERIAL_A_DATA_PAD))
		return false;
	offset_attr = nla_reserve_64bit(skb, VSERIAL_A_DATA_OFFSET,
					sizeof(u64), VSERIAL_A_DATA_PAD);
	if (!offset_attr)
		return false;

	bytes = load->n ? nla_reserve(skb, VSERIAL_A_DATA_BYTES, load->n) :
			  NULL;
	if (bytes) {
		size_t room = load->n;

		load->n = l->ops->take(l, nla_data(bytes), room, &load->offset);
		vserial_channel_cut(skb, bytes, load->n);
	}
	if (!load->n) {
		if (bytes)
			skb_trim(skb, (u8 *)bytes - skb->data);
		if (!l->ops->take_marker(l, &load->marker))
			return false;
		load->offset = load->marker.offset;
		if (vserial_channel_put_marker(skb, &load->marker))
			return false;
	}
	memcpy(nla_data(offset_attr), &load->offset, sizeof(u64));
	genlmsg_end(skb, hdr);
	return true;
}

/*
 * Gives a message to the socket.  One that is refused leaves no trace: what it
 * carried is the next to be sent, and all that the socket did take is as it was.
 * Return: whether it took it.
 */
static bool vserial_channel_deliver(struct vserial_channel *ch,
				    struct vserial_link *l,
				    struct sk_buff *skb,
				    const struct vserial_load *load)
{
	unsigned int taken = skb->truesize;
	unsigned long flags;
	u64 before;

	/* It may be settled before we are told that it was taken. */
	spin_lock_irqsave(&ch->lock, flags);
	ch->sent += taken;
	before = l->sent;
	if (load->n) {
		/* What was lost in front of them nobody settles. */
		if (load->offset > before)
			l->acked += load->offset - before;
		l->sent = load->offset + load->n;
	}
	spin_unlock_irqrestore(&ch->lock, flags);

	/* The address may be another's as soon as the socket is closed. */
	if (sock_flag(ch->sk, SOCK_DEAD))
		nlmsg_free(skb);
	else if (!genlmsg_unicast(&init_net, skb, ch->portid))
		return true;

	spin_lock_irqsave(&ch->lock, flags);
	ch->sent -= taken;
	l->sent = before;
	l->acked = min(l->acked, before);
	spin_unlock_irqrestore(&ch->lock, flags);
	l->ops->untake(l, load->offset, load->n ? NULL : &load->marker);
	return false;
}

/* Others may fill the socket's buffer, too, and netlink drops what is over. */
static bool vserial_channel_has_room(const struct vserial_channel *ch,
				     const struct sk_buff *skb)
{
	int used = atomic_read(&ch->sk->sk_rmem_alloc);

	return !used ||
	       used + (int)skb->truesize <= READ_ONCE(ch->sk->sk_rcvbuf);
}

/* Sends one message.  Return: whether to go on. */
static bool vserial_channel_send(struct vserial_channel *ch)
{
	struct vserial_load load;
	struct vserial_link *l;
	struct sk_buff *skb;
	unsigned long flags;
	size_t left;
	bool busy;

	l = vserial_channel_next(ch, &left, &busy);
	if (!l)
		return false;
	if (!l->ops->pending(l, &load.n))
		return true;
	if (busy && load.n < VSERIAL_CHANNEL_EAGER) {
		vserial_channel_postpone(ch, l);
		return true;
	}

	load.n = min(load.n, left);
	load.n = min_t(size_t, load.n,
		       max_t(int, vserial_channel_window(ch) / 2, 256));
	skb = vserial_channel_alloc(&load.n);
	if (!skb || !vserial_channel_has_room(ch, skb)) {
		nlmsg_free(skb);
		goto later;
	}
	if (!vserial_channel_fill(ch, l, skb, &load)) {
		nlmsg_free(skb);
		return true;
	}
	if (!vserial_channel_deliver(ch, l, skb, &load))
		goto later;
	vserial_channel_requeue(ch, l);
	return true;

later:
	vserial_channel_requeue(ch, l);
	spin_lock_irqsave(&ch->lock, flags);
	vserial_channel_queue_work(ch, VSERIAL_CHANNEL_DELAY);
	spin_unlock_irqrestore(&ch->lock, flags);
	return false;
}

/**
 * vserial_channel_run() - send what there is to send
 * @ch: the channel
 * @quantum: so many messages at most, then the worker goes on
 *
 * One at a time: who comes meanwhile leaves a note, and is answered by the one
 * who runs.
 *
 * Context: any in which netlink may send; the channel's lock is not held.
 */
void vserial_channel_run(struct vserial_channel *ch, unsigned int quantum)
{
	unsigned long flags;
	int runs;

	if (atomic_inc_return(&ch->runs) != 1)
		return;
	do {
		runs = atomic_read(&ch->runs);
		for (;;) {
			bool more;

			rcu_read_lock();
			more = vserial_channel_send(ch);
			rcu_read_unlock();
			if (!more)
				break;
			if (quantum-- > 1)
				continue;
			/* The worker answers all notes left until here. */
			atomic_set(&ch->runs, 0);
			spin_lock_irqsave(&ch->lock, flags);
			vserial_channel_queue_work(ch, 0);
			spin_unlock_irqrestore(&ch->lock, flags);
			return;
		}
	} while (atomic_sub_return(runs, &ch->runs));
}

/**
 * vserial_channel_work() - go on for those who sent enough, or put it off
 * @work: the channel's
 */
void vserial_channel_work(struct work_struct *work)
{
	struct vserial_channel *ch = container_of(to_delayed_work(work),
						  struct vserial_channel, work);
	unsigned long flags;
	bool retry;

	spin_lock_irqsave(&ch->lock, flags);
	ch->hurry = !list_empty(&ch->later);
	list_splice_tail_init(&ch->later, &ch->ready);
	retry = ch->retry;
	ch->retry = false;
	spin_unlock_irqrestore(&ch->lock, flags);
	if (retry)
		vserial_channel_tell_room(ch);
	vserial_channel_run(ch, 16 * VSERIAL_CHANNEL_QUANTUM);
}

/**
 * vserial_link_kick() - there is output for a link, or was
 * @l: the link
 *
 * Context: any, in an RCU read section, without a lock of the port.
 */
void vserial_link_kick(struct vserial_link *l)
{
	struct vserial_channel *ch = l->channel;
	unsigned long flags;
	bool run;

	if (READ_ONCE(l->queued) || !READ_ONCE(l->flowing))
		return;
	spin_lock_irqsave(&ch->lock, flags);
	run = !ch->closed && vserial_link_queue(l);
	/* Netlink may not send everywhere. */
	if (run && (in_hardirq() || irqs_disabled_flags(flags))) {
		vserial_channel_queue_work(ch, 0);
		run = false;
	}
	spin_unlock_irqrestore(&ch->lock, flags);
	if (run)
		vserial_channel_run(ch, VSERIAL_CHANNEL_QUANTUM);
}

/**
 * vserial_link_hasten() - send now what waits for more of it
 * @l: a link that is about to end; what its socket has no room for stays
 *
 * Context: process, may sleep, without a lock of the port.
 */
void vserial_link_hasten(struct vserial_link *l)
{
	struct vserial_channel *ch = l->channel;
	unsigned int tries = 3;
	unsigned long flags;

	do {
		spin_lock_irqsave(&ch->lock, flags);
		ch->hurry = true;
		list_splice_tail_init(&ch->later, &ch->ready);
		spin_unlock_irqrestore(&ch->lock, flags);
		vserial_channel_run(ch, 16 * VSERIAL_CHANNEL_QUANTUM);
		/* Somebody else who runs may have put it off just before. */
		if (atomic_read(&ch->runs))
			synchronize_rcu();
	} while (READ_ONCE(l->queued) && --tries);
}
