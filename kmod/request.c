// SPDX-License-Identifier: GPL-2.0-only
/*
 * request: how what somebody asked for by netlink is judged and carried out
 *
 * All that changes something is deferred: opening a file may take as long as
 * its file system likes, and generic netlink's locks are everybody's.  The
 * request is kept, and carried out on the caller's way back to user space
 * (task_work_add()), where its root, credentials and signals are at hand and
 * no lock is held; then it is acknowledged.
 *
 *   sendmsg(2) -> genl_rcv() -> vserial_nl_defer() -> -EINTR: no ack yet
 *        |
 *        +-- return to user space -> vserial_nl_perform() -> netlink_ack()
 *
 * That a handler returns -EINTR to keep netlink_rcv_skb() from acknowledging
 * is what __netlink_dump_start() does too.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vserial.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "request.h"

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
 * vserial_nl_defer() - have a request carried out that changes something
 * @skb: the request
 * @info: the same, as generic netlink sees it
 * @cmd: what it asks for
 *
 * Return: -EINTR, so that netlink does not answer.
 */
int vserial_nl_defer(struct sk_buff *skb, struct genl_info *info,
		     const struct vserial_nl_command *cmd)
{
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
	rq = kzalloc(sizeof(*rq), GFP_KERNEL_ACCOUNT);
	if (!rq)
		goto refuse;
	rq->attrs = kmalloc_array(cmd->object->max + 1, sizeof(*rq->attrs),
				  GFP_KERNEL_ACCOUNT);
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
