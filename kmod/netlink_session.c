// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink_session: the commands on sessions, and the data they send
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include <linux/vserial.h>

#include "channel.h"
#include "daemon.h"
#include "guest.h"
#include "message.h"
#include "port.h"
#include "request.h"
#include "session.h"

/* "COMM[PID]", of which each byte may take four. */
#define VSERIAL_NL_PEER_SIZE	(4 * TASK_COMM_LEN + 16)

static const u8 vserial_nl_session_types[VSERIAL_A_SESSION_MAX + 1] = {
	[VSERIAL_A_SESSION_ID] = NLA_U32,
	[VSERIAL_A_SESSION_GUEST] = NLA_NUL_STRING,
	[VSERIAL_A_SESSION_INDEX] = NLA_U32,
	[VSERIAL_A_SESSION_FORCE] = NLA_FLAG,
	[VSERIAL_A_SESSION_READ_ONLY] = NLA_FLAG,
	[VSERIAL_A_SESSION_BACKING] = NLA_U32,
	[VSERIAL_A_SESSION_CAPTURE] = NLA_FLAG,
	[VSERIAL_A_SESSION_PEER] = NLA_NUL_STRING,
};

static const u8 vserial_nl_data_types[VSERIAL_A_DATA_MAX + 1] = {
	[VSERIAL_A_DATA_SESSION] = NLA_U32,
	[VSERIAL_A_DATA_OFFSET] = NLA_U64,
	[VSERIAL_A_DATA_BYTES] = VSERIAL_NL_BYTES,
	[VSERIAL_A_DATA_CREDIT] = NLA_U64,
	[VSERIAL_A_DATA_BREAK] = NLA_U32,
	[VSERIAL_A_DATA_LINES] = NLA_U32,
	[VSERIAL_A_DATA_WINDOW_ROWS] = NLA_U32,
	[VSERIAL_A_DATA_WINDOW_COLUMNS] = NLA_U32,
};

const struct vserial_nl_object vserial_nl_session = {
	vserial_nl_session_types, VSERIAL_A_SESSION_MAX
};

static const struct vserial_nl_object vserial_nl_data = {
	vserial_nl_data_types, VSERIAL_A_DATA_MAX
};

static int vserial_nl_id(struct nlattr **attrs, int attr, u32 *id,
			 struct vserial_reason *reason)
{
	if (!attrs[attr])
		return vserial_refuse(reason, -EINVAL,
				      "the session's number (attribute %d) is missing",
				      attr);
	*id = nla_get_u32(attrs[attr]);
	return 0;
}

/* commands on sessions */

/* The answer says what became of the request; data flows only after it. */
static int vserial_nl_session_reply(struct vserial_request *rq, u32 id)
{
	struct sk_buff *msg = genlmsg_new(VSERIAL_MESSAGE_SESSION_SIZE,
					  GFP_KERNEL);
	struct vserial_session *s;
	void *hdr;
	int err;

	if (!msg)
		return vserial_refuse(&rq->reason, -ENOMEM, "out of memory");
	hdr = genlmsg_put(msg, NETLINK_CB(rq->skb).portid, rq->nlh->nlmsg_seq,
			  &vserial_nl_family, 0, VSERIAL_CMD_SESSION_NEW);
	mutex_lock(&vserial_sessions_lock);
	s = vserial_session_find(id, &rq->reason);
	err = PTR_ERR_OR_ZERO(s);
	if (!err && (!hdr || vserial_message_session(msg, hdr, s)))
		err = vserial_refuse(&rq->reason, -EMSGSIZE,
				     "no room in message");
	mutex_unlock(&vserial_sessions_lock);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_unicast(&init_net, msg, NETLINK_CB(rq->skb).portid);
}

/* A process may call itself whatever it likes, and others are shown it. */
static void vserial_nl_caller(struct vserial_request *rq,
			      struct vserial_caller *who,
			      char peer[VSERIAL_NL_PEER_SIZE])
{
	char comm[TASK_COMM_LEN];

	who->sk = rq->sender;
	who->portid = NETLINK_CB(rq->skb).portid;
	who->admin = rq->admin;
	who->uid = NETLINK_CREDS(rq->skb)->uid;
	who->pid = task_tgid_nr(current);
	get_task_comm(comm, current);
	snprintf(peer, VSERIAL_NL_PEER_SIZE, "%*pE[%d]", (int)strlen(comm),
		 comm, who->pid);
	who->peer = peer;
}

/* The port that somebody wants to attach to. */
static struct vserial_port *vserial_nl_session_port(struct vserial_request *rq)
{
	struct nlattr *guest = rq->attrs[VSERIAL_A_SESSION_GUEST];
	struct nlattr *index = rq->attrs[VSERIAL_A_SESSION_INDEX];
	int err;

	if (guest && index && !rq->attrs[VSERIAL_A_SESSION_PEER])
		return vserial_guest_get_port(nla_data(guest),
					      nla_get_u32(index), &rq->reason);
	err = vserial_refuse(&rq->reason, -EINVAL,
			     "a session needs its port, named by guest (attribute %d) and index (attribute %d), and no peer (attribute %d)",
			     VSERIAL_A_SESSION_GUEST, VSERIAL_A_SESSION_INDEX,
			     VSERIAL_A_SESSION_PEER);
	return ERR_PTR(err);
}

/* The port whose peer the daemon announces. */
static struct vserial_port *vserial_nl_announced(struct vserial_request *rq,
						 struct vserial_caller *who)
{
	struct nlattr *backing = rq->attrs[VSERIAL_A_SESSION_BACKING];
	struct nlattr *peer = rq->attrs[VSERIAL_A_SESSION_PEER];

	if (!vserial_daemon_is(rq->sender))
		return ERR_PTR(vserial_refuse(&rq->reason, -EPERM,
					      "only the registered daemon announces peers"));
	if (!peer || who->capture || rq->attrs[VSERIAL_A_SESSION_GUEST] ||
	    rq->attrs[VSERIAL_A_SESSION_INDEX])
		return ERR_PTR(vserial_refuse(&rq->reason, -EINVAL,
					      "a backing's peer has a name (attribute %d), no port but the backing's, and captures nothing",
					      VSERIAL_A_SESSION_PEER));
	who->backing = nla_get_u32(backing);
	who->peer = nla_data(peer);
	who->admin = true;
	return vserial_daemon_port(who->backing, &rq->reason);
}

int vserial_nl_session_new(struct vserial_request *rq)
{
	struct nlattr **attrs = rq->attrs;
	struct vserial_caller who = {
		.force = attrs[VSERIAL_A_SESSION_FORCE],
		.read_only = attrs[VSERIAL_A_SESSION_READ_ONLY] ||
			     attrs[VSERIAL_A_SESSION_CAPTURE],
		.capture = attrs[VSERIAL_A_SESSION_CAPTURE],
	};
	char peer[VSERIAL_NL_PEER_SIZE];
	struct vserial_port *port;
	u32 id;
	int err;

	vserial_nl_caller(rq, &who, peer);
	if (attrs[VSERIAL_A_SESSION_BACKING])
		port = vserial_nl_announced(rq, &who);
	else
		port = vserial_nl_session_port(rq);
	if (IS_ERR(port))
		return PTR_ERR(port);
	err = vserial_session_attach(port, &who, &id, &rq->reason);
	put_device(&port->dev);
	if (err)
		return err;
	err = vserial_nl_session_reply(rq, id);
	vserial_session_start(id);
	return err;
}

int vserial_nl_session_del(struct vserial_request *rq)
{
	char peer[VSERIAL_NL_PEER_SIZE];
	struct vserial_caller who = {};
	u32 id;
	int err;

	err = vserial_nl_id(rq->attrs, VSERIAL_A_SESSION_ID, &id, &rq->reason);
	if (err)
		return err;
	vserial_nl_caller(rq, &who, peer);
	return vserial_session_kick(id, &who, &rq->reason);
}

int vserial_nl_session_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attrs[VSERIAL_A_SESSION_MAX + 1];
	struct vserial_reason reason;
	struct vserial_session *s;
	struct sk_buff *msg;
	void *hdr;
	int err;
	u32 id;

	err = vserial_nl_parse(info->nlhdr, &vserial_nl_session,
			       BIT_ULL(VSERIAL_A_SESSION_ID), attrs,
			       &reason) ?:
	      vserial_nl_id(attrs, VSERIAL_A_SESSION_ID, &id, &reason);
	if (err)
		return vserial_nl_refuse(skb, info->nlhdr, err, &reason);
	msg = genlmsg_new(VSERIAL_MESSAGE_SESSION_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &vserial_nl_family, 0,
				VSERIAL_CMD_SESSION_GET);

	mutex_lock(&vserial_sessions_lock);
	s = vserial_session_find(id, &reason);
	err = PTR_ERR_OR_ZERO(s);
	if (!err && (!hdr || vserial_message_session(msg, hdr, s)))
		err = vserial_refuse(&reason, -EMSGSIZE, "no room in message");
	mutex_unlock(&vserial_sessions_lock);
	if (!err)
		return genlmsg_reply(msg, info);
	nlmsg_free(msg);
	return vserial_nl_refuse(skb, info->nlhdr, err, &reason);
}

int vserial_nl_session_start(struct netlink_callback *cb)
{
	struct nlattr *attrs[VSERIAL_A_SESSION_MAX + 1];
	struct vserial_reason reason;
	int err = vserial_nl_parse(cb->nlh, &vserial_nl_session, 0, attrs,
				   &reason);

	return err ? vserial_nl_refuse(cb->skb, cb->nlh, err, &reason) : 0;
}

/* cb->args[0] counts sessions, as vserial_nl_guest_dump() does guests. */
int vserial_nl_session_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vserial_session *s;
	long nr = 0;

	mutex_lock(&vserial_sessions_lock);
	cb->seq = vserial_sessions_generation;
	list_for_each_entry(s, &vserial_sessions, node) {
		void *hdr;

		if (nr++ < cb->args[0])
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &vserial_nl_family,
				  NLM_F_MULTI, VSERIAL_CMD_SESSION_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (vserial_message_session(skb, hdr, s))
			break;
		cb->args[0] = nr;
	}
	mutex_unlock(&vserial_sessions_lock);
	return skb->len;
}

/* data */

/* The one thing a session sends that cannot be done at once. */
static int vserial_nl_window(struct vserial_request *rq)
{
	struct nlattr *rows = rq->attrs[VSERIAL_A_DATA_WINDOW_ROWS];
	struct nlattr *columns = rq->attrs[VSERIAL_A_DATA_WINDOW_COLUMNS];
	u32 id;
	int err;

	err = vserial_nl_id(rq->attrs, VSERIAL_A_DATA_SESSION, &id,
			    &rq->reason);
	if (err)
		return err;
	if (!rows || !columns)
		return vserial_refuse(&rq->reason, -EINVAL,
				      "a terminal has rows and columns; one of them is missing");
	return vserial_session_resize(id, rq->sender, nla_get_u32(rows),
				      nla_get_u32(columns), &rq->reason);
}

static int vserial_nl_send_to(struct vserial_link *l, struct nlattr **attrs,
			      struct vserial_reason *reason)
{
	struct nlattr *bytes = attrs[VSERIAL_A_DATA_BYTES];
	struct nlattr *offset = attrs[VSERIAL_A_DATA_OFFSET];
	struct nlattr *lines = attrs[VSERIAL_A_DATA_LINES];
	int err;

	if (!!bytes + !!attrs[VSERIAL_A_DATA_BREAK] + !!lines != 1)
		return vserial_refuse(reason, -EINVAL,
				      "data is bytes, a break, lines or the size of a terminal, one of them a message");
	if (bytes) {
		if (!offset)
			return vserial_refuse(reason, -EINVAL,
					      "the bytes' offset (attribute %d) is missing",
					      VSERIAL_A_DATA_OFFSET);
		return vserial_link_input(l, nla_get_u64(offset),
					  nla_data(bytes), nla_len(bytes),
					  reason);
	}
	err = l->ops->admit(l, reason);
	if (!err && offset)
		err = vserial_link_at(l, nla_get_u64(offset), reason);
	if (err)
		return err;
	if (!lines)
		l->ops->input_break(l, nla_get_u32(attrs[VSERIAL_A_DATA_BREAK]));
	else
		err = vserial_refuse(reason, -EOPNOTSUPP,
				     "session %u has no lines; its port's backing has",
				     l->id);
	return err;
}

/* Of data only the size of a terminal may have to wait. */
static const struct vserial_nl_command vserial_nl_window_command = {
	.perform = vserial_nl_window,
	.object = &vserial_nl_data,
	.allowed = BIT_ULL(VSERIAL_A_DATA_SESSION) |
		   BIT_ULL(VSERIAL_A_DATA_WINDOW_ROWS) |
		   BIT_ULL(VSERIAL_A_DATA_WINDOW_COLUMNS),
	.owners = true,
};

int vserial_nl_send(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attrs[VSERIAL_A_DATA_MAX + 1];
	struct vserial_reason reason;
	struct vserial_link *l;
	int err;
	u32 id;

	err = vserial_nl_parse(info->nlhdr, &vserial_nl_data,
			       BIT_ULL(VSERIAL_A_DATA_SESSION) |
			       BIT_ULL(VSERIAL_A_DATA_OFFSET) |
			       BIT_ULL(VSERIAL_A_DATA_BYTES) |
			       BIT_ULL(VSERIAL_A_DATA_BREAK) |
			       BIT_ULL(VSERIAL_A_DATA_LINES) |
			       BIT_ULL(VSERIAL_A_DATA_WINDOW_ROWS) |
			       BIT_ULL(VSERIAL_A_DATA_WINDOW_COLUMNS), attrs,
			       &reason);
	if (!err && (attrs[VSERIAL_A_DATA_WINDOW_ROWS] ||
		     attrs[VSERIAL_A_DATA_WINDOW_COLUMNS]))
		return vserial_nl_defer(skb, info,
					&vserial_nl_window_command);
	if (!err)
		err = vserial_nl_id(attrs, VSERIAL_A_DATA_SESSION, &id,
				    &reason);
	if (!err) {
		rcu_read_lock();
		l = vserial_link_find(id, NETLINK_CB(skb).sk, &reason);
		err = IS_ERR(l) ? PTR_ERR(l) :
				  vserial_nl_send_to(l, attrs, &reason);
		rcu_read_unlock();
	}
	return err ? vserial_nl_refuse(skb, info->nlhdr, err, &reason) : 0;
}

int vserial_nl_ack(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attrs[VSERIAL_A_DATA_MAX + 1];
	struct vserial_reason reason;
	struct vserial_link *l;
	int err;
	u32 id;

	err = vserial_nl_parse(info->nlhdr, &vserial_nl_data,
			       BIT_ULL(VSERIAL_A_DATA_SESSION) |
			       BIT_ULL(VSERIAL_A_DATA_OFFSET) |
			       BIT_ULL(VSERIAL_A_DATA_CREDIT), attrs,
			       &reason) ?:
	      vserial_nl_id(attrs, VSERIAL_A_DATA_SESSION, &id, &reason);
	if (err)
		return vserial_nl_refuse(skb, info->nlhdr, err, &reason);

	rcu_read_lock();
	l = vserial_link_find(id, NETLINK_CB(skb).sk, &reason);
	if (IS_ERR(l)) {
		err = PTR_ERR(l);
		/* What a session owes outlives it. */
		if (attrs[VSERIAL_A_DATA_CREDIT] &&
		    vserial_channel_credit(NETLINK_CB(skb).sk,
					   nla_get_u64(attrs[VSERIAL_A_DATA_CREDIT])))
			err = 0;
	} else {
		if (attrs[VSERIAL_A_DATA_OFFSET])
			vserial_link_ack(l, nla_get_u64(attrs[VSERIAL_A_DATA_OFFSET]));
		if (attrs[VSERIAL_A_DATA_CREDIT])
			vserial_link_credit(l, nla_get_u64(attrs[VSERIAL_A_DATA_CREDIT]));
	}
	rcu_read_unlock();
	return err ? vserial_nl_refuse(skb, info->nlhdr, err, &reason) : 0;
}
