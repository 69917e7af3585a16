// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink: the commands of the generic netlink family
 *
 * *_GET answer at once.  All that changes something is deferred: opening a
 * file may take as long as its file system likes, and generic netlink's locks
 * are everybody's.  The request is kept, and carried out on the caller's way
 * back to user space (task_work_add()), where its root, credentials and
 * signals are at hand and no lock is held; then it is acknowledged.
 *
 *   sendmsg(2) -> genl_rcv() -> vserial_nl_defer() -> -EINTR: no ack yet
 *        |
 *        +-- return to user space -> vserial_nl_perform() -> netlink_ack()
 *
 * That a handler returns -EINTR to keep netlink_rcv_skb() from acknowledging
 * is what __netlink_dump_start() does too.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "channel.h"
#include "daemon.h"
#include "event.h"
#include "guest.h"
#include "input.h"
#include "message.h"
#include "netlink.h"
#include "port.h"
#include "request.h"
#include "session.h"

static void vserial_nl_answer(struct sk_buff *skb, const struct nlmsghdr *nlh,
			      int err, const struct vserial_reason *reason)
{
	struct netlink_ext_ack extack = {};

	if (err)
		extack._msg = reason->text;
	if (err || nlh->nlmsg_flags & NLM_F_ACK)
		/* 6.1 does not say const, but changes nothing either. */
		netlink_ack(skb, (struct nlmsghdr *)nlh, err, &extack);
}

/**
 * vserial_nl_refuse() - refuse a request that is not deferred
 * @skb: the request
 * @nlh: its header
 * @err: a negative errno
 * @reason: says why
 *
 * Return: what the handler returns, so that netlink does not answer again.
 */
int vserial_nl_refuse(struct sk_buff *skb, const struct nlmsghdr *nlh, int err,
		      const struct vserial_reason *reason)
{
	vserial_nl_answer(skb, nlh, err, reason);
	return -EINTR;
}

static const u8 vserial_nl_guest_types[VSERIAL_A_GUEST_MAX + 1] = {
	[VSERIAL_A_GUEST_NAME] = NLA_NUL_STRING,
	[VSERIAL_A_GUEST_UUID] = NLA_BINARY,
	[VSERIAL_A_GUEST_VC_UUID] = NLA_BINARY,
	[VSERIAL_A_GUEST_LOCATION_UUID] = NLA_BINARY,
	[VSERIAL_A_GUEST_UID] = NLA_U32,
	[VSERIAL_A_GUEST_GID] = NLA_U32,
	[VSERIAL_A_GUEST_FORCE] = NLA_FLAG,
	[VSERIAL_A_GUEST_NR_PORTS] = NLA_U32,
};

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
};

static const struct vserial_nl_object vserial_nl_guest = {
	vserial_nl_guest_types, VSERIAL_A_GUEST_MAX
};

const struct vserial_nl_object vserial_nl_port = {
	vserial_nl_port_types, VSERIAL_A_PORT_MAX
};

static int vserial_nl_judge_value(const struct nlattr *attr, u8 type,
				  struct vserial_reason *reason)
{
	static const int lengths[] = {
		[NLA_U8] = sizeof(u8),
		[NLA_U32] = sizeof(u32),
		[NLA_U64] = sizeof(u64),
		[NLA_FLAG] = 0,
		[NLA_BINARY] = VSERIAL_UUID_SIZE,
	};
	const char *text = nla_data(attr);
	int len = nla_len(attr);

	if (type == VSERIAL_NL_BYTES)
		return 0;
	if (type != NLA_NUL_STRING) {
		if (len == lengths[type])
			return 0;
		return vserial_refuse(reason, -EINVAL,
				      "attribute %d has %d bytes; it needs %d",
				      nla_type(attr), len, lengths[type]);
	}
	if (len && strnlen(text, len) + 1 == len)
		return 0;
	return vserial_refuse(reason, -EINVAL,
			      "attribute %d, '%.*s', is not a string with a NUL at its end and nowhere else",
			      nla_type(attr), min(len, 100), text);
}

/**
 * vserial_nl_parse() - take a request apart
 * @nlh: the request
 * @object: what it is about
 * @allowed: bits of the attributes that the command takes
 * @attrs: filled by number, @object->max + 1 of them
 * @reason: says why not
 *
 * Return: 0 or -EINVAL.
 */
int vserial_nl_parse(const struct nlmsghdr *nlh,
		     const struct vserial_nl_object *object, u64 allowed,
		     struct nlattr **attrs, struct vserial_reason *reason)
{
	const struct genlmsghdr *hdr = nlmsg_data(nlh);
	struct nlattr *attr;
	int left, err;

	memset(attrs, 0, (object->max + 1) * sizeof(*attrs));
	if (hdr->reserved)
		return vserial_refuse(reason, -EINVAL,
				      "the header's reserved field is %u; it must be 0",
				      hdr->reserved);
	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, left) {
		int type = nla_type(attr);

		if (type > object->max || !object->type[type])
			return vserial_refuse(reason, -EINVAL,
					      "attribute %d is unknown, or is only ever told",
					      type);
		if (!(allowed & BIT_ULL(type)))
			return vserial_refuse(reason, -EINVAL,
					      "attribute %d does not belong to command %u",
					      type, hdr->cmd);
		if (attrs[type])
			return vserial_refuse(reason, -EINVAL,
					      "attribute %d is given twice; each may be given once",
					      type);
		err = vserial_nl_judge_value(attr, object->type[type], reason);
		if (err)
			return err;
		attrs[type] = attr;
	}
	if (left)
		return vserial_refuse(reason, -EINVAL,
				      "%d bytes at the end of the message are no attribute",
				      left);
	return 0;
}

/* commands on guests */

static int vserial_nl_name(struct nlattr **attrs, int attr, const char **name,
			   struct vserial_reason *reason)
{
	if (!attrs[attr])
		return vserial_refuse(reason, -EINVAL,
				      "the guest's name (attribute %d) is missing",
				      attr);
	*name = nla_data(attrs[attr]);
	return 0;
}

static void vserial_nl_identity(struct vserial_request *rq,
				struct vserial_identity *id)
{
	static const int uuids[VSERIAL_UUIDS] = {
		[VSERIAL_UUID_BIOS] = VSERIAL_A_GUEST_UUID,
		[VSERIAL_UUID_VC] = VSERIAL_A_GUEST_VC_UUID,
		[VSERIAL_UUID_LOCATION] = VSERIAL_A_GUEST_LOCATION_UUID,
	};
	struct nlattr *uid = rq->attrs[VSERIAL_A_GUEST_UID];
	struct nlattr *gid = rq->attrs[VSERIAL_A_GUEST_GID];
	int i;

	for (i = 0; i < VSERIAL_UUIDS; i++) {
		struct nlattr *uuid = rq->attrs[uuids[i]];

		if (!uuid)
			continue;
		id->set_uuid[i] = true;
		import_uuid(&id->uuid[i], nla_data(uuid));
	}
	/* 4294967295 is no user (chown(2)); it takes the owner away. */
	if (uid) {
		id->set_uid = true;
		id->uid = make_kuid(&init_user_ns, nla_get_u32(uid));
	}
	if (gid) {
		id->set_gid = true;
		id->gid = make_kgid(&init_user_ns, nla_get_u32(gid));
	}
}

static int vserial_nl_guest_new(struct vserial_request *rq)
{
	struct nlattr *nr = rq->attrs[VSERIAL_A_GUEST_NR_PORTS];
	struct vserial_identity id = {};
	const char *name;
	int err;

	err = vserial_nl_name(rq->attrs, VSERIAL_A_GUEST_NAME, &name,
			      &rq->reason);
	vserial_nl_identity(rq, &id);
	return err ?: vserial_guest_add(name, &id, nr ? nla_get_u32(nr) : 0,
					&rq->reason);
}

static int vserial_nl_guest_set(struct vserial_request *rq)
{
	struct vserial_identity id = {};
	const char *name;
	int err;

	err = vserial_nl_name(rq->attrs, VSERIAL_A_GUEST_NAME, &name,
			      &rq->reason);
	vserial_nl_identity(rq, &id);
	return err ?: vserial_guest_set(name, &id, &rq->reason);
}

static int vserial_nl_guest_del(struct vserial_request *rq)
{
	const char *name;
	int err;

	err = vserial_nl_name(rq->attrs, VSERIAL_A_GUEST_NAME, &name,
			      &rq->reason);
	return err ?: vserial_guest_del(name,
					nla_get_flag(rq->attrs[VSERIAL_A_GUEST_FORCE]),
					&rq->reason);
}

/* commands on ports */

/**
 * vserial_nl_port_id() - which port a request is about
 * @attrs: its attributes
 * @name: filled with the guest's name
 * @index: filled with the port's index
 * @reason: says why not
 *
 * Return: 0 or -EINVAL.
 */
int vserial_nl_port_id(struct nlattr **attrs, const char **name,
		       unsigned int *index, struct vserial_reason *reason)
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

static struct vserial_port *vserial_nl_find_port(struct vserial_request *rq)
{
	const char *name;
	unsigned int index;
	int err = vserial_nl_port_id(rq->attrs, &name, &index, &rq->reason);

	if (err)
		return ERR_PTR(err);
	return vserial_guest_get_port(name, index, &rq->reason);
}

static int vserial_nl_settings(struct vserial_request *rq,
			       struct vserial_settings *s)
{
	struct nlattr **attrs = rq->attrs;
	int i;

	for (i = VSERIAL_A_PORT_BACKING; i <= VSERIAL_A_PORT_IDLE_TIMEOUT; i++) {
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
		case VSERIAL_A_PORT_LOG:
			s->log = nla_data(attrs[i]);
			break;
		case VSERIAL_A_PORT_RATE:
			s->rate = nla_get_u32(attrs[i]);
			break;
		case VSERIAL_A_PORT_DIRECTION:
			s->direction = nla_get_u32(attrs[i]);
			break;
		}
	}
	return 0;
}

static int vserial_nl_port_new(struct vserial_request *rq)
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

static int vserial_nl_port_set(struct vserial_request *rq)
{
	struct vserial_settings s = {};
	struct vserial_port *port;
	int err = vserial_nl_settings(rq, &s);

	if (err)
		return err;
	port = vserial_nl_find_port(rq);
	if (IS_ERR(port))
		return PTR_ERR(port);
	err = vserial_port_configure(port, &s, &rq->reason);
	put_device(&port->dev);
	return err;
}

static int vserial_nl_port_del(struct vserial_request *rq)
{
	unsigned int index;
	const char *name;
	int err;

	err = vserial_nl_port_id(rq->attrs, &name, &index, &rq->reason);
	return err ?: vserial_guest_del_port(name, index,
					     nla_get_flag(rq->attrs[VSERIAL_A_PORT_FORCE]),
					     &rq->reason);
}

static int vserial_nl_port_switch(struct vserial_request *rq, bool on)
{
	struct vserial_port *port = vserial_nl_find_port(rq);
	int err;

	if (IS_ERR(port))
		return PTR_ERR(port);
	err = vserial_guest_may_connect(vserial_guest_of_port(port), rq->admin,
					NETLINK_CREDS(rq->skb)->uid,
					&rq->reason);
	if (!err)
		err = vserial_port_connect(port, on, &rq->reason);
	put_device(&port->dev);
	return err;
}

static int vserial_nl_port_connect(struct vserial_request *rq)
{
	return vserial_nl_port_switch(rq, true);
}

static int vserial_nl_port_disconnect(struct vserial_request *rq)
{
	return vserial_nl_port_switch(rq, false);
}

static int vserial_nl_port_break(struct vserial_request *rq)
{
	struct nlattr *length = rq->attrs[VSERIAL_A_PORT_BREAK_LENGTH];
	struct vserial_port *port = vserial_nl_find_port(rq);
	int err;

	if (IS_ERR(port))
		return PTR_ERR(port);
	err = vserial_guest_may_connect(vserial_guest_of_port(port), rq->admin,
					NETLINK_CREDS(rq->skb)->uid,
					&rq->reason);
	if (!err)
		vserial_input_send_break(port, length ? nla_get_u32(length) : 0);
	put_device(&port->dev);
	return err;
}

/* deferral */

/**
 * struct vserial_nl_command - a command that changes something
 * @perform: its handler, in the caller's context, without locks
 * @object: what it is about
 * @allowed: bits of the attributes it takes
 * @owners: it is open to owners too; the handler decides
 */
struct vserial_nl_command {
	int (*perform)(struct vserial_request *rq);
	const struct vserial_nl_object *object;
	u64 allowed;
	bool owners;
};

#define VSERIAL_NL_GUEST(handler, attrs)				\
	{								\
		.perform = handler,					\
		.object = &vserial_nl_guest,				\
		.allowed = BIT_ULL(VSERIAL_A_GUEST_NAME) | (attrs),	\
	}

#define VSERIAL_NL_PORT(handler, attrs, open_to_owners)			\
	{								\
		.perform = handler,					\
		.object = &vserial_nl_port,				\
		.allowed = VSERIAL_NL_PORT_ID | (attrs),		\
		.owners = open_to_owners,				\
	}

#define VSERIAL_NL_IDENTITY						\
	GENMASK_ULL(VSERIAL_A_GUEST_GID, VSERIAL_A_GUEST_UUID)
#define VSERIAL_NL_SETTINGS						\
	(GENMASK_ULL(VSERIAL_A_PORT_CARRIER, VSERIAL_A_PORT_BACKING) |	\
	 GENMASK_ULL(VSERIAL_A_PORT_DIRECTION, VSERIAL_A_PORT_LOG) |	\
	 GENMASK_ULL(VSERIAL_A_PORT_IDLE_TIMEOUT, VSERIAL_A_PORT_ENDPOINT))

static const struct vserial_nl_command vserial_nl_commands[] = {
	[VSERIAL_CMD_GUEST_NEW] =
		VSERIAL_NL_GUEST(vserial_nl_guest_new,
				 VSERIAL_NL_IDENTITY |
				 BIT_ULL(VSERIAL_A_GUEST_NR_PORTS)),
	[VSERIAL_CMD_GUEST_SET] =
		VSERIAL_NL_GUEST(vserial_nl_guest_set, VSERIAL_NL_IDENTITY),
	[VSERIAL_CMD_GUEST_DEL] =
		VSERIAL_NL_GUEST(vserial_nl_guest_del,
				 BIT_ULL(VSERIAL_A_GUEST_FORCE)),
	[VSERIAL_CMD_PORT_NEW] =
		VSERIAL_NL_PORT(vserial_nl_port_new, VSERIAL_NL_SETTINGS,
				false),
	[VSERIAL_CMD_PORT_SET] =
		VSERIAL_NL_PORT(vserial_nl_port_set, VSERIAL_NL_SETTINGS,
				false),
	[VSERIAL_CMD_PORT_DEL] =
		VSERIAL_NL_PORT(vserial_nl_port_del,
				BIT_ULL(VSERIAL_A_PORT_FORCE), false),
	[VSERIAL_CMD_PORT_CONNECT] =
		VSERIAL_NL_PORT(vserial_nl_port_connect, 0, true),
	[VSERIAL_CMD_PORT_DISCONNECT] =
		VSERIAL_NL_PORT(vserial_nl_port_disconnect, 0, true),
	[VSERIAL_CMD_PORT_BREAK] =
		VSERIAL_NL_PORT(vserial_nl_port_break,
				BIT_ULL(VSERIAL_A_PORT_BREAK_LENGTH), true),
	[VSERIAL_CMD_SESSION_NEW] = {
		.perform = vserial_nl_session_new,
		.object = &vserial_nl_session,
		.allowed = BIT_ULL(VSERIAL_A_SESSION_GUEST) |
			   BIT_ULL(VSERIAL_A_SESSION_INDEX) |
			   BIT_ULL(VSERIAL_A_SESSION_FORCE) |
			   BIT_ULL(VSERIAL_A_SESSION_READ_ONLY) |
			   BIT_ULL(VSERIAL_A_SESSION_BACKING) |
			   BIT_ULL(VSERIAL_A_SESSION_PEER),
		.owners = true,
	},
	[VSERIAL_CMD_DAEMON_NEW] = {
		.perform = vserial_nl_daemon_new,
		.object = &vserial_nl_backing,
	},
	[VSERIAL_CMD_BACKING_REPORT] = {
		.perform = vserial_nl_backing_report,
		.object = &vserial_nl_backing,
		.allowed = BIT_ULL(VSERIAL_A_BACKING_ID) |
			   BIT_ULL(VSERIAL_A_BACKING_STATE) |
			   BIT_ULL(VSERIAL_A_BACKING_REASON) |
			   BIT_ULL(VSERIAL_A_BACKING_PEER),
		/* It may have dropped its capabilities. */
		.owners = true,
	},
	[VSERIAL_CMD_SESSION_DEL] = {
		.perform = vserial_nl_session_del,
		.object = &vserial_nl_session,
		.allowed = BIT_ULL(VSERIAL_A_SESSION_ID),
		.owners = true,
	},
	/* Only the size of a terminal, see vserial_nl_send(). */
	[VSERIAL_CMD_DATA] = {
		.perform = vserial_nl_window,
		.object = &vserial_nl_data,
		.allowed = BIT_ULL(VSERIAL_A_DATA_SESSION) |
			   BIT_ULL(VSERIAL_A_DATA_WINDOW_ROWS) |
			   BIT_ULL(VSERIAL_A_DATA_WINDOW_COLUMNS),
		.owners = true,
	},
};

/* Requests with a task work, one a task; guarded by the lock. */
static LIST_HEAD(vserial_nl_requests);
static DEFINE_SPINLOCK(vserial_nl_requests_lock);

static void vserial_nl_carry_out(struct vserial_request *rq)
{
	const struct cred *saved = override_creds(rq->cred);
	int err;

	if (current->flags & PF_EXITING)
		err = vserial_refuse(&rq->reason, -EINTR,
				     "the caller is gone");
	else
		err = rq->perform(rq);
	revert_creds(saved);

	vserial_nl_answer(rq->skb, rq->nlh, err, &rq->reason);
	kfree_skb(rq->skb);
	sock_put(rq->sender);
	put_cred(rq->cred);
	kfree(rq->attrs);
	kfree(rq);
	/* Module exit waits for the few instructions that follow. */
	module_put(THIS_MODULE);
}

static void vserial_nl_perform(struct callback_head *work)
{
	struct vserial_request *rq = container_of(work, struct vserial_request,
						  work);
	struct vserial_request *next;
	LIST_HEAD(others);

	/* This task sends no more until it is done here. */
	spin_lock(&vserial_nl_requests_lock);
	list_del(&rq->node);
	spin_unlock(&vserial_nl_requests_lock);
	list_splice(&rq->others, &others);
	__module_get(THIS_MODULE);
	vserial_nl_carry_out(rq);
	list_for_each_entry_safe(rq, next, &others, node)
		vserial_nl_carry_out(rq);
	module_put(THIS_MODULE);
}

/* Has a request carried out on the way back to user space. */
static int vserial_nl_queue(struct vserial_request *rq)
{
	struct vserial_request *first;
	int err;

	spin_lock(&vserial_nl_requests_lock);
	list_for_each_entry(first, &vserial_nl_requests, node) {
		if (first->task == current) {
			list_add_tail(&rq->node, &first->others);
			spin_unlock(&vserial_nl_requests_lock);
			return 0;
		}
	}
	spin_unlock(&vserial_nl_requests_lock);

	rq->task = current;
	INIT_LIST_HEAD(&rq->others);
	init_task_work(&rq->work, vserial_nl_perform);
	err = task_work_add(current, &rq->work, TWA_RESUME);
	if (err)
		return err;
	spin_lock(&vserial_nl_requests_lock);
	list_add(&rq->node, &vserial_nl_requests);
	spin_unlock(&vserial_nl_requests_lock);
	return 0;
}

/**
 * vserial_nl_defer() - handler of commands that change something
 * @skb: the request
 * @info: the same, as generic netlink sees it
 *
 * Return: -EINTR, so that netlink does not answer.
 */
int vserial_nl_defer(struct sk_buff *skb, struct genl_info *info)
{
	const struct vserial_nl_command *cmd =
		&vserial_nl_commands[info->genlhdr->cmd];
	bool admin = netlink_capable(skb, CAP_SYS_ADMIN);
	struct vserial_reason reason;
	struct vserial_request *rq;
	int err;

	if (!admin && !cmd->owners) {
		err = vserial_refuse(&reason, -EPERM,
				     "configuring needs CAP_SYS_ADMIN");
		goto refuse;
	}
	/* These never return to user space, so nothing would happen. */
	if (current->flags & (PF_KTHREAD | PF_IO_WORKER)) {
		err = vserial_refuse(&reason, -EOPNOTSUPP,
				     "requests are taken from processes, not from kernel threads");
		goto refuse;
	}

	err = vserial_refuse(&reason, -ENOMEM, "out of memory");
	rq = kzalloc(sizeof(*rq), GFP_KERNEL);
	if (!rq)
		goto refuse;
	rq->attrs = kmalloc_array(cmd->object->max + 1, sizeof(*rq->attrs),
				  GFP_KERNEL);
	if (!rq->attrs)
		goto free;
	err = vserial_nl_parse(info->nlhdr, cmd->object, cmd->allowed,
			       rq->attrs, &reason);
	if (err)
		goto free;
	rq->skb = skb_get(skb);
	rq->nlh = info->nlhdr;
	rq->sender = NETLINK_CB(skb).sk;
	sock_hold(rq->sender);
	rq->cred = get_current_cred();
	rq->admin = admin;
	rq->perform = cmd->perform;
	__module_get(THIS_MODULE);
	err = vserial_nl_queue(rq);
	if (!err)
		return -EINTR;

	err = vserial_refuse(&reason, err, "the caller is exiting");
	module_put(THIS_MODULE);
	put_cred(rq->cred);
	sock_put(rq->sender);
	kfree_skb(rq->skb);
free:
	kfree(rq->attrs);
	kfree(rq);
refuse:
	return vserial_nl_refuse(skb, info->nlhdr, err, &reason);
}

/* answers */

static int vserial_nl_guest_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attrs[VSERIAL_A_GUEST_MAX + 1];
	struct vserial_reason reason;
	struct vserial_guest *g;
	struct sk_buff *msg;
	const char *name;
	void *hdr;
	int err;

	err = vserial_nl_parse(info->nlhdr, &vserial_nl_guest,
			       BIT_ULL(VSERIAL_A_GUEST_NAME), attrs,
			       &reason) ?:
	      vserial_nl_name(attrs, VSERIAL_A_GUEST_NAME, &name,
			      &reason);
	if (err)
		return vserial_nl_refuse(skb, info->nlhdr, err, &reason);
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &vserial_nl_family, 0,
				VSERIAL_CMD_GUEST_GET);

	mutex_lock(&vserial_guests_lock);
	g = vserial_guest_find(name, &reason);
	if (IS_ERR(g))
		err = PTR_ERR(g);
	else if (!hdr || vserial_message_guest(msg, hdr, g))
		err = vserial_refuse(&reason, -EMSGSIZE, "no room in message");
	mutex_unlock(&vserial_guests_lock);
	if (!err)
		return genlmsg_reply(msg, info);
	nlmsg_free(msg);
	return vserial_nl_refuse(skb, info->nlhdr, err, &reason);
}

static int vserial_nl_port_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attrs[VSERIAL_A_PORT_MAX + 1];
	struct vserial_reason reason;
	struct vserial_port *port;
	unsigned int index;
	struct sk_buff *msg;
	const char *name;
	void *hdr;
	int err;

	err = vserial_nl_parse(info->nlhdr, &vserial_nl_port,
			       VSERIAL_NL_PORT_ID, attrs, &reason) ?:
	      vserial_nl_port_id(attrs, &name, &index, &reason);
	if (err)
		return vserial_nl_refuse(skb, info->nlhdr, err, &reason);
	port = vserial_guest_get_port(name, index, &reason);
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

/*
 * Dumps hold the lock for one message at a time; cb->args[0] counts guests
 * and cb->args[1] ports.  If either came or went in between, the reader is
 * told (NLM_F_DUMP_INTR) and asks again.
 */
static int vserial_nl_guest_dump(struct sk_buff *skb,
				 struct netlink_callback *cb)
{
	struct vserial_guest *g;
	long nr = 0;

	mutex_lock(&vserial_guests_lock);
	cb->seq = vserial_guests_generation;
	list_for_each_entry(g, &vserial_guests, node) {
		void *hdr;

		if (g->dead || nr++ < cb->args[0])
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &vserial_nl_family,
				  NLM_F_MULTI, VSERIAL_CMD_GUEST_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (vserial_message_guest(skb, hdr, g))
			break;
		cb->args[0] = nr;
	}
	mutex_unlock(&vserial_guests_lock);
	return skb->len;
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

static int vserial_nl_guest_start(struct netlink_callback *cb)
{
	struct nlattr *attrs[VSERIAL_A_GUEST_MAX + 1];
	struct vserial_reason reason;
	int err = vserial_nl_parse(cb->nlh, &vserial_nl_guest, 0, attrs,
				   &reason);

	if (!err)
		return 0;
	return vserial_nl_refuse(cb->skb, cb->nlh, err, &reason);
}

/* cb->args[2] is the name of the guest whose ports are asked for, or NULL. */
static int vserial_nl_port_start(struct netlink_callback *cb)
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

static int vserial_nl_port_dump(struct sk_buff *skb,
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

/* No policies: see struct vserial_nl_object. */
static const struct genl_ops vserial_nl_ops[] = {
	{ .cmd = VSERIAL_CMD_GUEST_NEW, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_GUEST_SET, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_GUEST_DEL, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_GUEST_GET, .doit = vserial_nl_guest_get,
	  .start = vserial_nl_guest_start, .dumpit = vserial_nl_guest_dump },
	{ .cmd = VSERIAL_CMD_PORT_NEW, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_PORT_SET, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_PORT_DEL, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_PORT_GET, .doit = vserial_nl_port_get,
	  .start = vserial_nl_port_start, .dumpit = vserial_nl_port_dump },
	{ .cmd = VSERIAL_CMD_PORT_CONNECT, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_PORT_DISCONNECT, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_PORT_BREAK, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_PORT_HISTORY, .start = vserial_nl_history_start,
	  .dumpit = vserial_nl_history_dump,
	  .done = vserial_nl_history_done },
	{ .cmd = VSERIAL_CMD_SESSION_NEW, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_SESSION_DEL, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_SESSION_GET, .doit = vserial_nl_session_get,
	  .start = vserial_nl_session_start,
	  .dumpit = vserial_nl_session_dump },
	{ .cmd = VSERIAL_CMD_DATA, .doit = vserial_nl_send },
	{ .cmd = VSERIAL_CMD_DATA_ACK, .doit = vserial_nl_ack },
	{ .cmd = VSERIAL_CMD_DAEMON_NEW, .doit = vserial_nl_defer },
	{ .cmd = VSERIAL_CMD_BACKING_GET, .start = vserial_nl_backing_start,
	  .dumpit = vserial_nl_backing_dump },
	{ .cmd = VSERIAL_CMD_BACKING_REPORT, .doit = vserial_nl_defer },
};

static const struct genl_multicast_group vserial_nl_groups[] = {
	{ .name = VSERIAL_MCGRP_EVENTS },
};

struct genl_family vserial_nl_family __ro_after_init = {
	.name = VSERIAL_FAMILY_NAME,
	.version = VSERIAL_FAMILY_VERSION,
	.ops = vserial_nl_ops,
	.n_ops = ARRAY_SIZE(vserial_nl_ops),
	.mcgrps = vserial_nl_groups,
	.n_mcgrps = ARRAY_SIZE(vserial_nl_groups),
	/* At and above this, operations without a policy take no attributes. */
	.resv_start_op = __VSERIAL_CMD_MAX,
	.parallel_ops = true,
	.module = THIS_MODULE,
};

/**
 * vserial_netlink_init() - register the family; requests come from now on
 *
 * Return: 0 or a negative errno.
 */
int vserial_netlink_init(void)
{
	int err = vserial_channel_init(&vserial_nl_family);

	if (err)
		return err;
	err = vserial_session_init();
	if (err)
		goto channel;
	err = vserial_daemon_init();
	if (err)
		goto session;
	err = genl_register_family(&vserial_nl_family);
	if (err)
		goto daemon;
	err = vserial_event_init(&vserial_nl_family);
	if (!err)
		return 0;

	genl_unregister_family(&vserial_nl_family);
daemon:
	vserial_daemon_exit();
session:
	vserial_session_exit();
channel:
	vserial_channel_exit();
	return err;
}

/**
 * vserial_netlink_exit() - unregister the family
 *
 * A request that is under way holds the module, so none is; but the task that
 * carried out the last one may not have left our code.
 */
void vserial_netlink_exit(void)
{
	vserial_event_exit();
	genl_unregister_family(&vserial_nl_family);
	vserial_daemon_exit();
	vserial_session_exit();
	vserial_channel_exit();
	synchronize_rcu_tasks();
}
