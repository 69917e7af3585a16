/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * channel: moves ports' bytes to and from a netlink socket
 *
 *   vserial_channel (a socket) --links--> vserial_link (in a session, or in a
 *        ^                                     |        backing of the daemon)
 *        +-------------- channel --------------+
 *
 * A link is one stream of output and one of input on the socket, told apart by
 * its number.  What stands behind it is in its operations.
 */
#ifndef _VSERIAL_CHANNEL_H
#define _VSERIAL_CHANNEL_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct genl_family;
struct nlattr;
struct sk_buff;
struct sock;
struct vserial_channel;
struct vserial_link;
struct vserial_marker;
struct vserial_reason;

/**
 * struct vserial_link_ops - what stands behind a link
 * @pending: is there output to take?  @bytes is filled with how many come
 *	before the next marker.
 * @take: take bytes
 * @take_marker: take what is not a byte
 * @ack: what was taken before @upto is settled
 * @untake: what was taken last was not sent and comes again: the bytes from
 *	@from on or, if it is not NULL, the marker @m
 * @admit: may the socket send input?  0, or a negative errno with @reason
 *	filled
 * @input: bytes for the guest; returns how many it took, and calls
 *	vserial_link_room() later if they were fewer than @n
 * @input_break: a break for the guest
 * @closed: the socket is gone; the link of this number, if it is still there,
 *	is to be closed.  In process context without locks, may sleep.
 *
 * All but @closed are called in any context, without a lock of the port, and
 * must not sleep.
 */
struct vserial_link_ops {
	bool (*pending)(struct vserial_link *l, size_t *bytes);
	size_t (*take)(struct vserial_link *l, u8 *buf, size_t n, u64 *offset);
	bool (*take_marker)(struct vserial_link *l, struct vserial_marker *m);
	void (*ack)(struct vserial_link *l, u64 upto);
	void (*untake)(struct vserial_link *l, u64 from,
		       const struct vserial_marker *m);
	int (*admit)(struct vserial_link *l, struct vserial_reason *reason);
	size_t (*input)(struct vserial_link *l, const u8 *buf, size_t n);
	void (*input_break)(struct vserial_link *l, unsigned int ms);
	void (*closed)(u32 id);
};

/**
 * struct vserial_link - one port's bytes on a socket
 * @ops: what stands behind it
 * @channel: the socket's; holds a reference
 * @id: its number, vserial_channel_id()
 * @node: in &vserial_channel.links
 * @turn: in &vserial_channel.ready or .later; this and what follows, up to
 *	@acked, is guarded by the channel's lock
 * @queued: @turn is in one of them
 * @flowing: output may be sent
 * @sent: offset behind the last byte sent
 * @acked: offset up to which they are settled, or were lost before they were sent
 * @input_lock: guards what follows, and keeps two senders in order; taken
 *	outside the port's lock
 * @input: offset of the next byte of input
 * @short_of_room: the sender waits for room
 */
struct vserial_link {
	const struct vserial_link_ops *ops;
	struct vserial_channel *channel;
	u32 id;
	struct list_head node;
	struct list_head turn;
	bool queued;
	bool flowing;
	u64 sent;
	u64 acked;
	spinlock_t input_lock;	/* guards all below */
	u64 input;
	bool short_of_room;
};

/* channel.c: a socket and its links */
extern const struct genl_family *vserial_channel_family;

int vserial_channel_init(const struct genl_family *family);
void vserial_channel_exit(void);

u32 vserial_channel_id(void);
int vserial_link_open(struct vserial_link *l, struct sock *sk, u32 portid,
		      struct vserial_reason *reason);
void vserial_link_close(struct vserial_link *l);
void vserial_link_flow(struct vserial_link *l, u64 from);
void vserial_link_ebb(struct vserial_link *l);
bool vserial_channel_post(const struct vserial_link *l, struct sk_buff *skb);
void vserial_channel_retry(struct vserial_link *l);
struct vserial_link *vserial_link_find(u32 id, const struct sock *sk,
				       struct vserial_reason *reason);
void vserial_link_ack(struct vserial_link *l, u64 upto);
void vserial_link_credit(struct vserial_link *l, u64 returned);
bool vserial_channel_credit(const struct sock *sk, u64 returned);
bool vserial_link_is_of(const struct vserial_link *l, const struct sock *sk);

/* channel_output.c: out of the guest */
void vserial_link_kick(struct vserial_link *l);
void vserial_link_hasten(struct vserial_link *l);
void vserial_channel_cut(struct sk_buff *skb, struct nlattr *last, size_t n);

/* channel_input.c: into the guest */
void vserial_link_room(struct vserial_link *l);
int vserial_link_input(struct vserial_link *l, u64 offset, const u8 *buf,
		       size_t n, struct vserial_reason *reason);
u64 vserial_link_taken(struct vserial_link *l);
int vserial_link_at(struct vserial_link *l, u64 offset,
		    struct vserial_reason *reason);

#endif /* _VSERIAL_CHANNEL_H */
