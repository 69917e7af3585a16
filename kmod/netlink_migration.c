// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink_migration: the commands that take a guest to another host
 */
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <net/genetlink.h>

#include <linux/vserial.h>

#include "migration.h"
#include "port.h"
#include "request.h"

/* One message holds so many bytes at most, and asks for a buffer that fits. */
#define VSERIAL_STATE_CHUNK	16384
#define VSERIAL_STATE_BUFFER	32768

int vserial_nl_guest_migrate(struct vserial_request *rq)
{
	struct nlattr *to = rq->attrs[VSERIAL_A_GUEST_MIGRATION];
	struct nlattr *limit = rq->attrs[VSERIAL_A_GUEST_MIGRATION_LIMIT];
	const char *name;
	u32 ms;
	int err;

	err = vserial_nl_name(rq->attrs, VSERIAL_A_GUEST_NAME, &name,
			      &rq->reason);
	if (err)
		return err;
	if (!to)
		return vserial_refuse(&rq->reason, -EINVAL,
				      "the step of the migration (attribute %d) is missing",
				      VSERIAL_A_GUEST_MIGRATION);
	if (limit)
		ms = nla_get_u32(limit);
	return vserial_migration_step(name, nla_get_u32(to),
				      limit ? &ms : NULL, &rq->reason);
}

int vserial_nl_port_return(struct vserial_request *rq)
{
	struct nlattr *bytes = rq->attrs[VSERIAL_A_PORT_STATE_BYTES];
	struct nlattr *tty = rq->attrs[VSERIAL_A_PORT_TTY];
	struct vserial_port *port;
	int err;

	if (bytes && tty)
		return vserial_refuse(&rq->reason, -EINVAL,
				      "what a port is given back is read of its tty (attribute %d), or has been (attribute %d), not both",
				      VSERIAL_A_PORT_TTY,
				      VSERIAL_A_PORT_STATE_BYTES);
	port = vserial_nl_find_port(rq->attrs, &rq->reason);
	if (IS_ERR(port))
		return PTR_ERR(port);
	if (tty)
		err = vserial_port_return_tty(port, nla_get_u32(tty),
					      &rq->reason);
	else
		err = vserial_port_return(port, bytes ? nla_data(bytes) : NULL,
					  bytes ? nla_len(bytes) : 0,
					  &rq->reason);
	put_device(&port->dev);
	return err;
}

int vserial_nl_state_set(struct vserial_request *rq)
{
	struct nlattr *size = rq->attrs[VSERIAL_A_PORT_STATE_SIZE];
	struct nlattr *offset = rq->attrs[VSERIAL_A_PORT_STATE_OFFSET];
	struct nlattr *bytes = rq->attrs[VSERIAL_A_PORT_STATE_BYTES];
	struct vserial_piece piece;
	struct vserial_port *port;
	int err;

	if (!size || !offset || !bytes)
		return vserial_refuse(&rq->reason, -EINVAL,
				      "a piece of a state has a size, an offset and bytes (attributes %d, %d and %d)",
				      VSERIAL_A_PORT_STATE_SIZE,
				      VSERIAL_A_PORT_STATE_OFFSET,
				      VSERIAL_A_PORT_STATE_BYTES);
	port = vserial_nl_find_port(rq->attrs, &rq->reason);
	if (IS_ERR(port))
		return PTR_ERR(port);
	piece = (struct vserial_piece){
		.size = nla_get_u32(size),
		.offset = nla_get_u32(offset),
		.bytes = nla_data(bytes),
		.n = nla_len(bytes),
	};
	err = vserial_port_take_piece(port, &piece, &rq->reason);
	put_device(&port->dev);
	return err;
}

/**
 * struct vserial_nl_state - where a dump stands, in &netlink_callback.ctx
 * @state: all of it
 * @size: its bytes
 * @at: the next byte
 */
struct vserial_nl_state {
	u8 *state;
	size_t size;
	size_t at;
};

int vserial_nl_state_start(struct netlink_callback *cb)
{
	struct vserial_nl_state *s = (void *)cb->ctx;
	struct nlattr *attrs[VSERIAL_A_PORT_MAX + 1];
	struct vserial_reason reason;
	struct vserial_port *port;
	int err;

	BUILD_BUG_ON(sizeof(*s) > sizeof(cb->ctx));
	s->state = NULL;
	err = vserial_nl_parse(cb->nlh, &vserial_nl_port, VSERIAL_NL_PORT_ID,
			       attrs, &reason);
	if (!err && !netlink_capable(cb->skb, CAP_SYS_ADMIN))
		err = vserial_refuse(&reason, -EPERM,
				     "a port's state needs CAP_SYS_ADMIN");
	if (err)
		goto refuse;
	port = vserial_nl_find_port(attrs, &reason);
	if (IS_ERR(port)) {
		err = PTR_ERR(port);
		goto refuse;
	}
	s->state = vserial_port_snapshot(port, &s->size, &reason);
	put_device(&port->dev);
	if (IS_ERR(s->state)) {
		err = PTR_ERR(s->state);
		s->state = NULL;
		goto refuse;
	}
	s->at = 0;
	cb->min_dump_alloc = VSERIAL_STATE_BUFFER;
	return 0;
refuse:
	return vserial_nl_refuse(cb->skb, cb->nlh, err, &reason);
}

/* Writes one message.  Return: whether there was room. */
static bool vserial_nl_state_put(struct sk_buff *skb,
				 struct netlink_callback *cb,
				 struct vserial_nl_state *s)
{
	size_t n = min_t(size_t, s->size - s->at, VSERIAL_STATE_CHUNK);
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &vserial_nl_family, NLM_F_MULTI,
			  VSERIAL_CMD_PORT_STATE_GET);
	if (!hdr)
		return false;
	if (nla_put_u32(skb, VSERIAL_A_PORT_STATE_SIZE, s->size) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_STATE_OFFSET, s->at) ||
	    nla_put(skb, VSERIAL_A_PORT_STATE_BYTES, n, s->state + s->at)) {
		genlmsg_cancel(skb, hdr);
		return false;
	}
	genlmsg_end(skb, hdr);
	s->at += n;
	return true;
}

int vserial_nl_state_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vserial_nl_state *s = (void *)cb->ctx;

	while (s->at < s->size && vserial_nl_state_put(skb, cb, s))
		;
	return skb->len;
}

int vserial_nl_state_done(struct netlink_callback *cb)
{
	struct vserial_nl_state *s = (void *)cb->ctx;

	kvfree(s->state);
	return 0;
}
