/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * channel_parts: what the files of a channel share, and nobody else sees
 */
#ifndef _VSERIAL_CHANNEL_PARTS_H
#define _VSERIAL_CHANNEL_PARTS_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "channel.h"

/* Few bytes wait so long at most for the socket to be read, and others for room. */
#define VSERIAL_CHANNEL_DELAY	(HZ / 100 ?: 1)
/* A writer sends so many messages, then a worker goes on. */
#define VSERIAL_CHANNEL_QUANTUM	4

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

/* How much of its receive buffer the socket has yet to give back. */
static inline u64
vserial_channel_outstanding(const struct vserial_channel *ch)
{
	return ch->sent - ch->returned;
}

/* channel.c */
void vserial_channel_tell_room(struct vserial_channel *ch);

/* channel_output.c */
void vserial_channel_queue_work(struct vserial_channel *ch,
				unsigned long delay);
void vserial_channel_run(struct vserial_channel *ch, unsigned int quantum);
void vserial_channel_work(struct work_struct *work);

#endif /* _VSERIAL_CHANNEL_PARTS_H */
