// SPDX-License-Identifier: GPL-2.0-only
/*
 * channel: moves ports' bytes to and from a netlink socket
 *
 * Output.  A link with something to send waits for its turn in its channel's
 * ready list and sends one message a turn, so that a flooding port leaves the
 * others their share.  Whoever wrote sends: a single byte needs no worker.
 * While the socket has not read what it was sent, a few bytes wait for more of
 * them, until it has, or for a moment: a message a byte would cost more than
 * the bytes.
 *
 * Netlink drops what a receive buffer has no room for, so a channel fills half
 * of it at most: it counts the buffers that its messages take, and the socket
 * gives the count back when it has read them.
 *
 * Locks: vserial_channels_lock, then a channel's lock or a link's input_lock,
 * which are never held together; a port's lock is taken inside the latter.
 */
#include <linux/atomic.h>
#include <linux/irqflags.h>
#include <linux/kref.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/serial.h>
#include <linux/slab.h>
#include <linux/tty_flip.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include <linux/vserial.h>

#include "channel.h"
#include "host.h"
#include "reason.h"
#include "stream.h"

/* One message carries so many bytes at most, so that its buffer is 32 KiB. */
#define VSERIAL_CHANNEL_CHUNK	31744
/* ... and so many when memory is short. */
#define VSERIAL_CHANNEL_FRUGAL	3072
/* As many as this do not wait for more. */
#define VSERIAL_CHANNEL_EAGER	4096
/* Fewer wait so long at most for the socket to be read. */
#define VSERIAL_CHANNEL_DELAY	(HZ / 100 ?: 1)
/* A link sends so many bytes ahead of what is settled. */
#define VSERIAL_LINK_WINDOW	65536
/* A writer sends so many messages, then a worker goes on. */
#define VSERIAL_CHANNEL_QUANTUM	4
/* What a message holds beside its bytes. */
#define VSERIAL_CHANNEL_HEADER						\
	(nla_total_size(sizeof(u32)) +					\
	 2 * nla_total_size_64bit(sizeof(u64)) + nla_total_size(sizeof(u32)))

/**
 * struct vserial_channel - a socket's half of its links
 * @node: in vserial_channels
 * @ref: its links, and the list until the socket is closed
 * @sk: the socket, held
 * @portid: its address
 * @links: guarded by vserial_channels_lock
 * @runs: calls of vserial_channel_run() that are to be answered
 * @work: goes on for those who sent enough, and for @later
 * @lock: guards what follows
 * @closed: the socket is gone
 * @sent: bytes of receive buffer that messages have taken
 * @returned: ... that the socket has given back
 * @ready: links with output, in order of their turns
 * @later: links with few bytes, until the socket has read what it was sent
 * @hurry: ... or until now
 * @retry: links could not tell of room
 * @rcu: frees it
 */
struct vserial_channel {
	struct list_head node;
	struct kref ref;
	struct sock *sk;
	u32 portid;
	struct list_head links;
	atomic_t runs;
	struct delayed_work work;
	spinlock_t lock;	/* guards all below */
	bool closed;
	u64 sent;
	u64 returned;
	struct list_head ready;
	struct list_head later;
	bool hurry;
	bool retry;
	struct rcu_head rcu;
};

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

const struct genl_family *vserial_channel_family;
static LIST_HEAD(vserial_channels);
/* Guards changes of vserial_channels, and the links of each. */
static DEFINE_MUTEX(vserial_channels_lock);
/* Links by number; numbers of backings and sessions are never the same. */
static DEFINE_XARRAY(vserial_links);
static atomic_t vserial_last_id;

/**
 * vserial_channel_id() - a number for a session or a backing
 *
 * Return: a number that none had since the module was loaded; not 0.
 */
u32 vserial_channel_id(void)
{
	return atomic_inc_return(&vserial_last_id);
}

static void vserial_channel_free(struct rcu_head *rcu)
{
	struct vserial_channel *ch = container_of(rcu, struct vserial_channel,
						  rcu);

	sock_put(ch->sk);
	kfree(ch);
}

static void vserial_channel_release(struct kref *ref)
{
	struct vserial_channel *ch = container_of(ref, struct vserial_channel,
						  ref);

	call_rcu(&ch->rcu, vserial_channel_free);
}

static void vserial_channel_put(struct vserial_channel *ch)
{
	kref_put(&ch->ref, vserial_channel_release);
}

/* Sending.  All of it in an RCU read section, for links that are closed. */

static u64 vserial_channel_outstanding(const struct vserial_channel *ch)
{
	return ch->sent - ch->returned;
}

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
	l->queued = true;
	list_add_tail(&l->turn, &l->channel->ready);
	return true;
}

static void vserial_channel_queue_work(struct vserial_channel *ch,
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
		l->queued = false;
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
		l->queued = true;
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
				   m->arg == TTY_FRAME ?
				   VSERIAL_LINE_ERROR_FRAME :
				   m->arg == TTY_PARITY ?
				   VSERIAL_LINE_ERROR_PARITY :
				   VSERIAL_LINE_ERROR_OVERRUN);
	}
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
		bytes->nla_len = nla_attr_size(load->n);
		skb_trim(skb, (u8 *)bytes - skb->data +
			      (load->n ? nla_total_size(load->n) : 0));
	}
	if (!load->n) {
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
	if (load->n)
		l->sent = load->offset + load->n;
	spin_unlock_irqrestore(&ch->lock, flags);

	/* The address may be another's as soon as the socket is closed. */
	if (sock_flag(ch->sk, SOCK_DEAD))
		nlmsg_free(skb);
	else if (!genlmsg_unicast(&init_net, skb, ch->portid))
		return true;

	spin_lock_irqsave(&ch->lock, flags);
	ch->sent -= taken;
	l->sent = before;
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

/*
 * Sends what there is to send, up to @quantum messages.  One at a time: who
 * comes meanwhile leaves a note, and is answered by the one who runs.
 */
static void vserial_channel_run(struct vserial_channel *ch,
				unsigned int quantum)
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

/* Has those tell of room that could not before. */
static void vserial_channel_tell_room(struct vserial_channel *ch)
{
	struct vserial_link *l;

	mutex_lock(&vserial_channels_lock);
	list_for_each_entry(l, &ch->links, node)
		vserial_link_room(l);
	mutex_unlock(&vserial_channels_lock);
}

static void vserial_channel_work(struct work_struct *work)
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

/* Links */

/* The channel of a socket, made if there is none; call with the list's lock. */
static struct vserial_channel *vserial_channel_get(struct sock *sk, u32 portid)
{
	struct vserial_channel *ch;

	list_for_each_entry(ch, &vserial_channels, node) {
		if (ch->sk == sk) {
			kref_get(&ch->ref);
			return ch;
		}
	}
	/* The notifier either finds it in the list, or has been and gone. */
	if (sock_flag(sk, SOCK_DEAD))
		return NULL;
	ch = kzalloc(sizeof(*ch), GFP_KERNEL_ACCOUNT);
	if (!ch)
		return NULL;
	sock_hold(sk);
	ch->sk = sk;
	ch->portid = portid;
	kref_init(&ch->ref);
	INIT_LIST_HEAD(&ch->links);
	INIT_DELAYED_WORK(&ch->work, vserial_channel_work);
	spin_lock_init(&ch->lock);
	INIT_LIST_HEAD(&ch->ready);
	INIT_LIST_HEAD(&ch->later);
	list_add_rcu(&ch->node, &vserial_channels);
	kref_get(&ch->ref);
	return ch;
}

/**
 * vserial_link_open() - put a port's bytes on a socket
 * @l: the link; zeroed but for @ops, @id, which is vserial_channel_id(), and
 *	@input
 * @sk: the socket
 * @portid: its address
 * @reason: says why not
 *
 * Input comes from now on, output after vserial_link_flow().
 *
 * Context: process, may sleep.
 * Return: 0; -ENOMEM, or -ENOTCONN if the socket is closed, with @reason
 * filled.
 */
int vserial_link_open(struct vserial_link *l, struct sock *sk, u32 portid,
		      struct vserial_reason *reason)
{
	int err = 0;

	INIT_LIST_HEAD(&l->turn);
	spin_lock_init(&l->input_lock);
	mutex_lock(&vserial_channels_lock);
	l->channel = vserial_channel_get(sk, portid);
	if (!l->channel) {
		err = sock_flag(sk, SOCK_DEAD) ? -ENOTCONN : -ENOMEM;
	} else {
		list_add_tail(&l->node, &l->channel->links);
		err = xa_err(xa_store(&vserial_links, l->id, l, GFP_KERNEL));
		if (err) {
			list_del(&l->node);
			vserial_channel_put(l->channel);
		}
	}
	mutex_unlock(&vserial_channels_lock);
	if (!err)
		return 0;
	l->channel = NULL;
	return vserial_refuse(reason, err, err == -ENOTCONN ?
			      "the caller's socket is closed" :
			      "out of memory");
}

/**
 * vserial_link_close() - take a port's bytes off its socket
 * @l: the link; may still be looked at until an RCU grace period is over.
 *	Nothing happens if it was closed before.
 *
 * Context: process, may sleep.
 */
void vserial_link_close(struct vserial_link *l)
{
	bool first;

	vserial_link_ebb(l);
	mutex_lock(&vserial_channels_lock);
	first = xa_erase(&vserial_links, l->id);
	if (first)
		list_del(&l->node);
	mutex_unlock(&vserial_channels_lock);
	if (first)
		vserial_channel_put(l->channel);
}

/**
 * vserial_link_flow() - send output from now on
 * @l: the link
 * @from: the offset of the first byte
 *
 * Context: process.
 */
void vserial_link_flow(struct vserial_link *l, u64 from)
{
	struct vserial_channel *ch = l->channel;
	unsigned long flags;

	spin_lock_irqsave(&ch->lock, flags);
	l->sent = from;
	l->acked = from;
	WRITE_ONCE(l->flowing, true);
	spin_unlock_irqrestore(&ch->lock, flags);
	rcu_read_lock();
	vserial_link_kick(l);
	rcu_read_unlock();
}

/**
 * vserial_link_ebb() - send no more output
 * @l: the link; what was sent may still be settled
 *
 * Context: any.
 */
void vserial_link_ebb(struct vserial_link *l)
{
	struct vserial_channel *ch = l->channel;
	unsigned long flags;

	spin_lock_irqsave(&ch->lock, flags);
	WRITE_ONCE(l->flowing, false);
	if (l->queued)
		list_del_init(&l->turn);
	l->queued = false;
	spin_unlock_irqrestore(&ch->lock, flags);
}

/**
 * vserial_link_portid() - the address of a link's socket
 * @l: the link
 *
 * Return: the netlink port number.
 */
u32 vserial_link_portid(const struct vserial_link *l)
{
	return l->channel->portid;
}

/**
 * vserial_link_is_of() - is a link on this socket?
 * @l: the link
 * @sk: the socket
 *
 * Return: whether it is.
 */
bool vserial_link_is_of(const struct vserial_link *l, const struct sock *sk)
{
	return l->channel->sk == sk;
}

/* What the socket sends */

/**
 * vserial_link_find() - the link that a message is about
 * @id: its number
 * @sk: the socket the message came from
 * @reason: says why not
 *
 * Context: any, in an RCU read section, which the result is valid in.
 * Return: the link; or an ERR_PTR with @reason filled.
 */
struct vserial_link *vserial_link_find(u32 id, const struct sock *sk,
				       struct vserial_reason *reason)
{
	struct vserial_link *l = xa_load(&vserial_links, id);

	if (l && l->channel->sk == sk)
		return l;
	return ERR_PTR(vserial_refuse(reason, -ENOENT,
				      "this socket has no session %u", id));
}

static void vserial_channel_repay(struct vserial_channel *ch, u64 returned)
{
	unsigned long flags;

	spin_lock_irqsave(&ch->lock, flags);
	/* Who gives back more than it was given has given back all. */
	ch->returned = clamp(returned, ch->returned, ch->sent);
	if (!vserial_channel_outstanding(ch))
		list_splice_tail_init(&ch->later, &ch->ready);
	spin_unlock_irqrestore(&ch->lock, flags);
	vserial_channel_run(ch, VSERIAL_CHANNEL_QUANTUM);
}

/**
 * vserial_link_credit() - a socket has read what it was sent
 * @l: any of its links
 * @returned: the highest VSERIAL_A_DATA_CREDIT that it has read
 *
 * Context: any, in an RCU read section.
 */
void vserial_link_credit(struct vserial_link *l, u64 returned)
{
	vserial_channel_repay(l->channel, returned);
}

/**
 * vserial_channel_credit() - the same for a socket whose link is gone
 * @sk: the socket
 * @returned: the highest VSERIAL_A_DATA_CREDIT that it has read
 *
 * Context: any, in an RCU read section.
 * Return: whether it ever had one.
 */
bool vserial_channel_credit(const struct sock *sk, u64 returned)
{
	struct vserial_channel *ch;

	list_for_each_entry_rcu(ch, &vserial_channels, node) {
		if (ch->sk == sk) {
			vserial_channel_repay(ch, returned);
			return true;
		}
	}
	return false;
}

/**
 * vserial_link_ack() - output is settled
 * @l: the link
 * @upto: all before this offset
 *
 * Context: any, in an RCU read section.
 */
void vserial_link_ack(struct vserial_link *l, u64 upto)
{
	struct vserial_channel *ch = l->channel;
	unsigned long flags;

	spin_lock_irqsave(&ch->lock, flags);
	upto = min(upto, l->sent);
	l->acked = max(l->acked, upto);
	spin_unlock_irqrestore(&ch->lock, flags);
	l->ops->ack(l, upto);
	vserial_link_kick(l);
}

/**
 * vserial_channel_post() - send a small message that costs no credit
 * @l: the link it is about
 * @skb: the message; is used up
 *
 * Context: any, in an RCU read section.
 * Return: whether the socket took it, or is closed.
 */
bool vserial_channel_post(const struct vserial_link *l, struct sk_buff *skb)
{
	if (!sock_flag(l->channel->sk, SOCK_DEAD))
		return !genlmsg_unicast(&init_net, skb, l->channel->portid);
	nlmsg_free(skb);
	return true;
}

/**
 * vserial_channel_retry() - call vserial_link_room() a little later
 * @l: one that could not post
 *
 * Context: any, in an RCU read section.
 */
void vserial_channel_retry(struct vserial_link *l)
{
	struct vserial_channel *ch = l->channel;
	unsigned long flags;

	spin_lock_irqsave(&ch->lock, flags);
	if (!ch->retry)
		vserial_channel_queue_work(ch, VSERIAL_CHANNEL_DELAY);
	ch->retry = true;
	spin_unlock_irqrestore(&ch->lock, flags);
}

/* A socket is closed: end what it held. */
static int vserial_channel_released(struct notifier_block *nb,
				    unsigned long event, void *data)
{
	const struct netlink_notify *n = data;
	struct vserial_channel *ch;
	unsigned long flags;
	bool found = false;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;

	mutex_lock(&vserial_channels_lock);
	list_for_each_entry(ch, &vserial_channels, node) {
		/* The address may be another socket's already. */
		found = ch->portid == n->portid &&
			sock_flag(ch->sk, SOCK_DEAD);
		if (found) {
			list_del_rcu(&ch->node);
			break;
		}
	}
	mutex_unlock(&vserial_channels_lock);
	if (!found)
		return NOTIFY_DONE;

	spin_lock_irqsave(&ch->lock, flags);
	ch->closed = true;
	spin_unlock_irqrestore(&ch->lock, flags);
	cancel_delayed_work_sync(&ch->work);
	for (;;) {
		const struct vserial_link_ops *ops = NULL;
		struct vserial_link *l;
		u32 id;

		mutex_lock(&vserial_channels_lock);
		l = list_first_entry_or_null(&ch->links, struct vserial_link,
					     node);
		if (l) {
			ops = l->ops;
			id = l->id;
		}
		mutex_unlock(&vserial_channels_lock);
		if (!l)
			break;
		ops->closed(id);
	}
	vserial_channel_put(ch);
	return NOTIFY_DONE;
}

static struct notifier_block vserial_channel_notifier = {
	.notifier_call = vserial_channel_released,
};

/**
 * vserial_channel_init() - before the first socket comes
 * @family: what messages belong to, about to be registered
 *
 * Return: 0 or a negative errno.
 */
int vserial_channel_init(const struct genl_family *family)
{
	vserial_channel_family = family;
	return netlink_register_notifier(&vserial_channel_notifier);
}

/**
 * vserial_channel_exit() - the last socket is gone
 *
 * Each link holds the module, so there is none; channels without links may be.
 */
void vserial_channel_exit(void)
{
	struct vserial_channel *ch, *next;

	netlink_unregister_notifier(&vserial_channel_notifier);
	list_for_each_entry_safe(ch, next, &vserial_channels, node) {
		list_del_rcu(&ch->node);
		ch->closed = true;
		cancel_delayed_work_sync(&ch->work);
		vserial_channel_put(ch);
	}
	xa_destroy(&vserial_links);
}
