// SPDX-License-Identifier: GPL-2.0-only
/*
 * channel_input: what a socket sends to ports
 *
 * The other way than channel_output.c.  Input comes with offsets; the guest's side
 * takes what it has room for, and what is left stays with the sender, which is
 * told when to send it again.
 */
#include <linux/spinlock.h>
#include <net/genetlink.h>

#include <linux/vserial.h>

#include "channel.h"
#include "reason.h"

#define VSERIAL_LINK_ROOM_SIZE						\
	(nla_total_size(sizeof(u32)) + nla_total_size_64bit(sizeof(u64)))

/* Return: whether the socket was told. */
static bool vserial_link_post_room(const struct vserial_link *l, u64 offset)
{
	struct sk_buff *skb = genlmsg_new(VSERIAL_LINK_ROOM_SIZE,
					  GFP_ATOMIC | __GFP_NOWARN);
	void *hdr;

	if (!skb)
		return false;
	hdr = genlmsg_put(skb, 0, 0, vserial_channel_family, 0,
			  VSERIAL_CMD_DATA_ROOM_NTF);
	if (!hdr || nla_put_u32(skb, VSERIAL_A_DATA_SESSION, l->id) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_DATA_OFFSET, offset,
			      VSERIAL_A_DATA_PAD)) {
		nlmsg_free(skb);
		return false;
	}
	genlmsg_end(skb, hdr);
	return vserial_channel_post(l, skb);
}

/* Nobody asks for this again: if it cannot be told now, then a little later. */
static void vserial_link_tell_room(struct vserial_link *l, u64 offset)
{
	unsigned long flags;

	if (vserial_link_post_room(l, offset))
		return;
	spin_lock_irqsave(&l->input_lock, flags);
	l->short_of_room = true;
	spin_unlock_irqrestore(&l->input_lock, flags);
	vserial_channel_retry(l);
}

/**
 * vserial_link_room() - input that did not fit may be sent again
 * @l: the link
 *
 * Context: any, in an RCU read section, without a lock of the port.
 */
void vserial_link_room(struct vserial_link *l)
{
	unsigned long flags;
	bool tell;
	u64 offset;

	/* Waits for vserial_link_input() to say that something did not fit. */
	spin_lock_irqsave(&l->input_lock, flags);
	tell = l->short_of_room;
	l->short_of_room = false;
	offset = l->input;
	spin_unlock_irqrestore(&l->input_lock, flags);
	if (tell)
		vserial_link_tell_room(l, offset);
}

/**
 * vserial_link_input() - bytes for the guest
 * @l: the link
 * @offset: of the first, as the sender counts
 * @buf: bytes
 * @n: how many; those that were taken before are skipped
 * @reason: says why not
 *
 * Context: any, in an RCU read section.
 * Return: 0; or -EAGAIN with @reason filled if it did not take all: then
 * VSERIAL_CMD_DATA_ROOM_NTF follows.
 */
int vserial_link_input(struct vserial_link *l, u64 offset, const u8 *buf,
		       size_t n, struct vserial_reason *reason)
{
	unsigned long flags;
	bool lost = false;
	int err = l->ops->admit(l, reason);

	if (err)
		return err;
	spin_lock_irqsave(&l->input_lock, flags);
	if (offset > l->input) {
		/* It goes on behind what did not fit, or has lost its place. */
		lost = !l->short_of_room;
		offset = l->input;
		err = -EAGAIN;
	} else if (l->input - offset < n) {
		size_t known = l->input - offset;
		size_t taken = l->ops->input(l, buf + known, n - known);

		l->input += taken;
		l->short_of_room = taken < n - known;
		if (l->short_of_room)
			err = -EAGAIN;
	}
	spin_unlock_irqrestore(&l->input_lock, flags);
	if (lost)
		vserial_link_tell_room(l, offset);
	if (!err)
		return 0;
	return vserial_refuse(reason, err,
			      "the guest has no room for all of it; wait until told to send again");
}

/**
 * vserial_link_taken() - how much input was taken
 * @l: the link
 *
 * Context: any.
 * Return: the offset of the next byte, as the sender counts.
 */
u64 vserial_link_taken(struct vserial_link *l)
{
	unsigned long flags;
	u64 taken;

	spin_lock_irqsave(&l->input_lock, flags);
	taken = l->input;
	spin_unlock_irqrestore(&l->input_lock, flags);
	return taken;
}

/**
 * vserial_link_at() - may something that is not a byte be sent here?
 * @l: the link
 * @offset: the place, as the sender counts
 * @reason: says why not
 *
 * Context: any, in an RCU read section.
 * Return: 0; or -EAGAIN with @reason filled if bytes before it were not taken.
 */
int vserial_link_at(struct vserial_link *l, u64 offset,
		    struct vserial_reason *reason)
{
	u64 at = vserial_link_taken(l);

	if (offset <= at)
		return 0;
	return vserial_refuse(reason, -EAGAIN,
			      "input was taken up to offset %llu, and this stands at %llu",
			      at, offset);
}
