// SPDX-License-Identifier: GPL-2.0-only
/*
 * channel: a netlink socket that ports' bytes move to and from, and its links
 *
 * How a channel sends is in channel_output.c, and what comes from it for a port
 * in channel_input.c.
 *
 * Locks: vserial_channels_lock, then a channel's lock or a link's input_lock,
 * which are never held together; a port's lock is taken inside the latter.
 */
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include <linux/vserial.h>

#include "channel_parts.h"
#include "reason.h"

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

/**
 * vserial_channel_tell_room() - have links tell of room that could not before
 * @ch: their channel
 *
 * Context: process, may sleep.
 */
void vserial_channel_tell_room(struct vserial_channel *ch)
{
	struct vserial_link *l;

	mutex_lock(&vserial_channels_lock);
	list_for_each_entry(l, &ch->links, node)
		vserial_link_room(l);
	mutex_unlock(&vserial_channels_lock);
}

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
	WRITE_ONCE(l->queued, false);
	spin_unlock_irqrestore(&ch->lock, flags);
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
