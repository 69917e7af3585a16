// SPDX-License-Identifier: GPL-2.0-only
/* netlink_port: the commands on ports */
#include <linux/err.h>
#include <net/genetlink.h>

#include "guest.h"
#include "input.h"
#include "message.h"
#include "port.h"
#include "request.h"

static const u8 vserial_nl_port_types[VSERIAL_A_PORT_MAX + 1] = {
	[VSERIAL_A_PORT_GUEST] = NLA_NUL_STRING,
	[VSERIAL_A_PORT_INDEX] = NLA_U32,
	[VSERIAL_A_PORT_FORCE] = NLA_FLAG,
	[VSERIAL_A_PORT_BACKING] = NLA_NUL_STRING,
	[VSERIAL_A_PORT_CONNECT_AT_POWER_ON] = NLA_U8,
	[VSERIAL_A_PORT_OVERFLOW] = NLA_U32,
	[VSERIAL_A_PORT_STALL_LIMIT] = NLA_U32,
	[VSERIAL_A_PORT_HISTORY] = NLA_U32,
	[VSERIAL_A_PORT_CARRIER] = NLA_U32,
	[VSERIAL_A_PORT_LOG] = NLA_NUL_STRING,
	[VSERIAL_A_PORT_RATE] = NLA_U32,
	[VSERIAL_A_PORT_DIRECTION] = NLA_U32,
	[VSERIAL_A_PORT_BREAK_LENGTH] = NLA_U32,
	[VSERIAL_A_PORT_ENDPOINT] = NLA_U32,
	[VSERIAL_A_PORT_MAX_CLIENTS] = NLA_U32,
	[VSERIAL_A_PORT_IDLE_TIMEOUT] = NLA_U32,
	[VSERIAL_A_PORT_YIELD_ON_POLL] = NLA_U8,
	[VSERIAL_A_PORT_PROXY] = NLA_NUL_STRING,
	[VSERIAL_A_PORT_STATE_SIZE] = NLA_U32,
	[VSERIAL_A_PORT_STATE_OFFSET] = NLA_U32,
	[VSERIAL_A_PORT_STATE_BYTES] = VSERIAL_NL_BYTES,
	[VSERIAL_A_PORT_TTY] = NLA_U32,
};

const struct vserial_nl_object vserial_nl_port = {
	vserial_nl_port_types, VSERIAL_A_PORT_MAX
};

/* Which port a request is about.  Return: 0 or -EINVAL. */
static int vserial_nl_port_id(struct nlattr **attrs, const char **name,
			      unsigned int *index,
			      struct vserial_reason *reason)
{
	int err = vserial_nl_name(attrs, VSERIAL_A_PORT_GUEST, name, reason);

	if (err)
		return err;
	if (!attrs[VSERIAL_A_PORT_INDEX])
		return vserial_refuse(reason, -EINVAL,
				      "the port's index (attribute %d) is missing",
				      VSERIAL_A_PORT_INDEX);
	*index = nla_get_u32(attrs[VSERIAL_A_PORT_INDEX]);
	return 0;
}

/**
 * vserial_nl_find_port() - the port that a request is about
 * @attrs: its attributes
 * @reason: says why not
 *
 * Context: process, may sleep.
 * Return: the port with a reference on its device that the caller puts; or an
 * ERR_PTR with @reason filled.
 */
struct vserial_port *vserial_nl_find_port(struct nlattr **attrs,
					  struct vserial_reason *reason)
{
	const char *name;
	unsigned int index;
	int err = vserial_nl_port_id(attrs, &name, &index, reason);

	if (err)
		return ERR_PTR(err);
	return vserial_guest_get_port(name, index, reason);
}

static int vserial_nl_settings(struct vserial_request *rq,
			       struct vserial_settings *s)
{
	struct nlattr **attrs = rq->attrs;
	int i;

	for (i = VSERIAL_A_PORT_BACKING; i <= VSERIAL_A_PORT_PROXY; i++) {
		if (!attrs[i])
			continue;
		s->set |= BIT_ULL(i);
		switch (i) {
		case VSERIAL_A_PORT_BACKING:
			s->backing = nla_data(attrs[i]);
			break;
		case VSERIAL_A_PORT_CONNECT_AT_POWER_ON:
			if (nla_get_u8(attrs[i]) > 1)
				return vserial_refuse(&rq->reason, -EINVAL,
						      "connect-at-power-on %u is neither 0 nor 1",
						      nla_get_u8(attrs[i]));
			s->connect_at_power_on = nla_get_u8(attrs[i]);
			break;
		case VSERIAL_A_PORT_OVERFLOW:
			s->overflow = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_STALL_LIMIT:
			s->stall_limit = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_HISTORY:
			s->history = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_CARRIER:
			s->carrier = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_ENDPOINT:
			s->endpoint = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_MAX_CLIENTS:
			s->max_clients = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_IDLE_TIMEOUT:
			s->idle_timeout = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_PROXY:
			s->proxy = nla_data(attrs[i]);
			break;
		case VSERIAL_A_PORT_LOG:
			s->log = nla_data(attrs[i]);
			break;
		case VSERIAL_A_PORT_RATE:
			s->rate = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_DIRECTION:
			s->direction = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_YIELD_ON_POLL:
			if (nla_get_u8(attrs[i]) > 1)
				return vserial_refuse(&rq->reason, -EINVAL,
						      "yield-on-poll %u is neither 0 nor 1",
						      nla_get_u8(attrs[i]));
			s->yield_on_poll = nla_get_u8(attrs[i]);
			break;
		}
	}
	return 0;
}

int vserial_nl_port_new(struct vserial_request *rq)
{
	struct vserial_settings s = {};
	unsigned int index;
	const char *name;
	int err;

	err = vserial_nl_port_id(rq->attrs, &name, &index, &rq->reason);
	if (!err)
		err = vserial_nl_settings(rq, &s);
	return err ?: vserial_guest_add_port(name, index, &s, &rq->reason);
}

int vserial_nl_port_set(struct vserial_request *rq)
{
	struct vserial_settings s = {};
	struct vserial_port *port;
	int err = vserial_nl_settings(rq, &s);

	if (err)
		return err;
	port = vserial_nl_find_port(rq->attrs, &rq->reason);
	if (IS_ERR(port))
		return PTR_ERR(port);
	err = vserial_port_configure(port, &s, &rq->reason);
	put_device(&port->dev);
	return err;
}

int vserial_nl_port_del(struct vserial_request *rq)
{
	unsigned int index;
	const char *name;
	int err;

	err = vserial_nl_port_id(rq->attrs, &name, &index, &rq->reason);
	return err ?: vserial_guest_del_port(name, index,
					     nla_get_flag(rq->attrs[VSERIAL_A_PORT_FORCE]),
					     &rq->reason);
}

/* The port, as vserial_nl_find_port(), if the sender may operate it. */
static struct vserial_port *vserial_nl_operated(struct vserial_request *rq)
{
	struct vserial_port *port = vserial_nl_find_port(rq->attrs,
							 &rq->reason);
	int err;

	if (IS_ERR(port))
		return port;
	err = vserial_guest_may_connect(vserial_guest_of_port(port), rq->admin,
					NETLINK_CREDS(rq->skb)->uid,
					&rq->reason);
	if (!err)
		err = vserial_port_may_control(port, &rq->reason);
	if (!err)
		return port;
	put_device(&port->dev);
	return ERR_PTR(err);
}

static int vserial_nl_port_switch(struct vserial_request *rq, bool on)
{
	struct vserial_port *port = vserial_nl_operated(rq);
	int err;

	if (IS_ERR(port))
		return PTR_ERR(port);
	err = vserial_port_connect(port, on, &rq->reason);
	put_device(&port->dev);
	return err;
}

int vserial_nl_port_connect(struct vserial_request *rq)
{
	return vserial_nl_port_switch(rq, true);
}

int vserial_nl_port_disconnect(struct vserial_request *rq)
{
	return vserial_nl_port_switch(rq, false);
}

int vserial_nl_port_break(struct vserial_request *rq)
{
	struct nlattr *length = rq->attrs[VSERIAL_A_PORT_BREAK_LENGTH];
	struct vserial_port *port = vserial_nl_operated(rq);

	if (IS_ERR(port))
		return PTR_ERR(port);
	vserial_input_send_break(port, length ? nla_get_u32(length) : 0);
	put_device(&port->dev);
	return 0;
}

int vserial_nl_port_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attrs[VSERIAL_A_PORT_MAX + 1];
	struct vserial_reason reason;
	struct vserial_port *port;
	struct sk_buff *msg;
	void *hdr;
	int err;

	err = vserial_nl_parse(info->nlhdr, &vserial_nl_port,
			       VSERIAL_NL_PORT_ID, attrs, &reason);
	if (err)
		return vserial_nl_refuse(skb, info->nlhdr, err, &reason);
	port = vserial_nl_find_port(attrs, &reason);
	if (IS_ERR(port))
		return vserial_nl_refuse(skb, info->nlhdr, PTR_ERR(port), &reason);

	err = -ENOMEM;
	msg = genlmsg_new(VSERIAL_MESSAGE_PORT_SIZE, GFP_KERNEL);
	if (!msg)
		goto put;
	hdr = genlmsg_put_reply(msg, info, &vserial_nl_family, 0,
				VSERIAL_CMD_PORT_GET);
	if (hdr && !vserial_message_port(msg, hdr, port)) {
		err = genlmsg_reply(msg, info);
	} else {
		nlmsg_free(msg);
		err = -EMSGSIZE;
	}
put:
	put_device(&port->dev);
	return err;
}

/* Writes ports from @first on.  Return: where it stopped for want of room. */
static unsigned int vserial_nl_dump_ports(struct sk_buff *skb,
					  struct netlink_callback *cb,
					  struct vserial_guest *g,
					  unsigned int first)
{
	unsigned int i;

	for (i = first; i < VSERIAL_PORTS_PER_GUEST; i++) {
		void *hdr;

		if (!g->ports[i] || g->ports[i]->dead)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &vserial_nl_family,
				  NLM_F_MULTI, VSERIAL_CMD_PORT_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (vserial_message_port(skb, hdr, g->ports[i]))
			break;
	}
	return i;
}

/* cb->args[2] is the name of the guest whose ports are asked for, or NULL. */
int vserial_nl_port_start(struct netlink_callback *cb)
{
	struct nlattr *attrs[VSERIAL_A_PORT_MAX + 1];
	struct vserial_reason reason;
	struct nlattr *only;
	int err;

	err = vserial_nl_parse(cb->nlh, &vserial_nl_port,
			       BIT_ULL(VSERIAL_A_PORT_GUEST), attrs, &reason);
	if (err)
		goto refuse;
	cb->min_dump_alloc = VSERIAL_MESSAGE_PORT_SIZE;
	only = attrs[VSERIAL_A_PORT_GUEST];
	if (!only)
		return 0;
	cb->args[2] = (long)nla_data(only);
	mutex_lock(&vserial_guests_lock);
	err = PTR_ERR_OR_ZERO(vserial_guest_find(nla_data(only), &reason));
	mutex_unlock(&vserial_guests_lock);
	if (!err)
		return 0;
refuse:
	return vserial_nl_refuse(cb->skb, cb->nlh, err, &reason);
}

int vserial_nl_port_dump(struct sk_buff *skb,
			 struct netlink_callback *cb)
{
	const char *only = (const char *)cb->args[2];
	struct vserial_guest *g;
	long nr = 0;

	mutex_lock(&vserial_guests_lock);
	cb->seq = vserial_guests_generation;
	list_for_each_entry(g, &vserial_guests, node) {
		if (g->dead || nr++ < cb->args[0])
			continue;
		if (!only || !strcmp(only, vserial_guest_name(g)))
			cb->args[1] = vserial_nl_dump_ports(skb, cb, g,
							    cb->args[1]);
		else
			cb->args[1] = VSERIAL_PORTS_PER_GUEST;
		if (cb->args[1] < VSERIAL_PORTS_PER_GUEST)
			break;
		cb->args[0] = nr;
		cb->args[1] = 0;
	}
	mutex_unlock(&vserial_guests_lock);
	return skb->len;
}
