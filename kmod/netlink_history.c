// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink_history: reading the output that a port keeps
 */
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include <linux/vserial.h>

#include "channel.h"
#include "daemon.h"
#include "guest.h"
#include "port.h"
#include "reader.h"
#include "request.h"

/* One message holds so many bytes at most, and asks for a buffer that fits. */
#define VSERIAL_HISTORY_CHUNK	16384
#define VSERIAL_HISTORY_BUFFER	32768

/**
 * struct vserial_nl_history - where a dump stands, in &netlink_callback.ctx
 * @port: the port, with a reference on its device
 * @at: the next byte
 * @end: where the output ended when it began, so that it comes to an end
 */
struct vserial_nl_history {
	struct vserial_port *port;
	u64 at;
	u64 end;
};

int vserial_nl_history_start(struct netlink_callback *cb)
{
	bool daemon = vserial_daemon_is(NETLINK_CB(cb->skb).sk);
	struct vserial_nl_history *h = (void *)cb->ctx;
	struct nlattr *attrs[VSERIAL_A_PORT_MAX + 1];
	struct vserial_reason reason;
	int err;

	BUILD_BUG_ON(sizeof(*h) > sizeof(cb->ctx));
	err = vserial_nl_parse(cb->nlh, &vserial_nl_port, VSERIAL_NL_PORT_ID,
			       attrs, &reason);
	if (err)
		goto refuse;
	h->port = vserial_nl_find_port(attrs, &reason);
	if (IS_ERR(h->port)) {
		err = PTR_ERR(h->port);
		goto refuse;
	}
	err = vserial_guest_may_connect(vserial_guest_of_port(h->port),
					netlink_capable(cb->skb, CAP_SYS_ADMIN) || daemon,
					NETLINK_CREDS(cb->skb)->uid, &reason);
	if (!err)
		err = vserial_port_may_look_back(h->port, daemon, &reason);
	if (err) {
		put_device(&h->port->dev);
		goto refuse;
	}
	h->at = 0;
	h->end = vserial_reader_end(h->port);
	cb->min_dump_alloc = VSERIAL_HISTORY_BUFFER;
	return 0;
refuse:
	h->port = NULL;
	return vserial_nl_refuse(cb->skb, cb->nlh, err, &reason);
}

/* Writes one message.  Return: whether there was room and something left. */
static bool vserial_nl_history_put(struct sk_buff *skb,
				   struct netlink_callback *cb,
				   struct vserial_nl_history *h)
{
	struct nlattr *offset, *bytes;
	size_t n = 0, room;
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &vserial_nl_family, NLM_F_MULTI,
			  VSERIAL_CMD_PORT_HISTORY);
	if (!hdr)
		return false;
	offset = nla_reserve_64bit(skb, VSERIAL_A_PORT_HISTORY_OFFSET,
				   sizeof(u64), VSERIAL_A_PORT_PAD);
	if (!offset)
		goto cancel;
	room = skb_tailroom(skb);
	if (room < nla_total_size(1))
		goto cancel;
	room = min_t(u64, round_down(room, NLA_ALIGNTO) - NLA_HDRLEN,
		     VSERIAL_HISTORY_CHUNK);
	room = min_t(u64, room, h->end - h->at);
	bytes = room ? nla_reserve(skb, VSERIAL_A_PORT_HISTORY_BYTES, room) :
		       NULL;
	if (!bytes)
		goto cancel;

	n = vserial_reader_peek(h->port, &h->at, nla_data(bytes), room);
	/* Old bytes may have gone, so that these are too new. */
	if (h->at >= h->end)
		goto cancel;
	n = min_t(u64, n, h->end - h->at);
	memcpy(nla_data(offset), &h->at, sizeof(h->at));
	vserial_channel_cut(skb, bytes, n);
	h->at += n;
	genlmsg_end(skb, hdr);
	return n;

cancel:
	genlmsg_cancel(skb, hdr);
	return false;
}

int vserial_nl_history_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vserial_nl_history *h = (void *)cb->ctx;

	while (h->at < h->end && vserial_nl_history_put(skb, cb, h))
		;
	return skb->len;
}

int vserial_nl_history_done(struct netlink_callback *cb)
{
	struct vserial_nl_history *h = (void *)cb->ctx;

	if (h->port)
		put_device(&h->port->dev);
	return 0;
}
