// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink_daemon: the commands of the daemon
 */
#include <linux/capability.h>
#include <linux/sched.h>
#include <net/genetlink.h>

#include <linux/vserial.h>

#include "daemon.h"
#include "hold.h"
#include "message.h"
#include "request.h"

static const u8 vserial_nl_backing_types[VSERIAL_A_BACKING_MAX + 1] = {
	[VSERIAL_A_BACKING_ID] = NLA_U32,
	[VSERIAL_A_BACKING_STATE] = NLA_U32,
	[VSERIAL_A_BACKING_REASON] = NLA_NUL_STRING,
	[VSERIAL_A_BACKING_PEER] = NLA_NUL_STRING,
	[VSERIAL_A_BACKING_LINES] = NLA_U32,
	[VSERIAL_A_BACKING_HANDOVER] = NLA_U32,
	[VSERIAL_A_BACKING_HANDOVER_REASON] = NLA_NUL_STRING,
	[VSERIAL_A_BACKING_HANDOVER_BLOB] = VSERIAL_NL_BYTES,
	[VSERIAL_A_BACKING_HANDOVER_SEQUENCE] = NLA_U32,
};

const struct vserial_nl_object vserial_nl_backing = {
	vserial_nl_backing_types, VSERIAL_A_BACKING_MAX
};

int vserial_nl_daemon_new(struct vserial_request *rq)
{
	return vserial_daemon_register(rq->sender,
				       NETLINK_CB(rq->skb).portid,
				       task_tgid_nr(current), &rq->reason);
}

/* What a concentrator said.  Return: 0 or -EINVAL. */
static int vserial_nl_handing(struct vserial_request *rq, struct nlattr *said,
			      struct vserial_handing *answer)
{
	struct nlattr *why = rq->attrs[VSERIAL_A_BACKING_HANDOVER_REASON];
	struct nlattr *blob = rq->attrs[VSERIAL_A_BACKING_HANDOVER_BLOB];
	struct nlattr *sequence = rq->attrs[VSERIAL_A_BACKING_HANDOVER_SEQUENCE];

	*answer = (struct vserial_handing){
		.state = nla_get_u32(said),
		.len = blob ? nla_len(blob) : 0,
		.sequence_len = sequence ? nla_get_u32(sequence) : 0,
	};
	if (answer->state != VSERIAL_HANDOVER_GRANTED &&
	    answer->state != VSERIAL_HANDOVER_REFUSED &&
	    answer->state != VSERIAL_HANDOVER_ENDED)
		return vserial_refuse(&rq->reason, -EINVAL,
				      "hand-over %u is no answer; there are 2 (granted), 3 (refused) and 5 (ended)",
				      answer->state);
	if (answer->len > VSERIAL_HANDOVER_MAX ||
	    answer->sequence_len > answer->len ||
	    !answer->len != !answer->sequence_len)
		return vserial_refuse(&rq->reason, -EINVAL,
				      "a hand-over of %u bytes with a sequence of %u is none; it is at most %u, and begins with the sequence",
				      answer->len, answer->sequence_len,
				      VSERIAL_HANDOVER_MAX);
	if (blob)
		memcpy(answer->blob, nla_data(blob), answer->len);
	if (why)
		strscpy(answer->reason.text, nla_data(why),
			sizeof(answer->reason.text));
	return 0;
}

int vserial_nl_backing_report(struct vserial_request *rq)
{
	struct nlattr *id = rq->attrs[VSERIAL_A_BACKING_ID];
	struct nlattr *state = rq->attrs[VSERIAL_A_BACKING_STATE];
	struct nlattr *why = rq->attrs[VSERIAL_A_BACKING_REASON];
	struct nlattr *peer = rq->attrs[VSERIAL_A_BACKING_PEER];
	struct nlattr *lines = rq->attrs[VSERIAL_A_BACKING_LINES];
	struct nlattr *said = rq->attrs[VSERIAL_A_BACKING_HANDOVER];
	struct vserial_handing answer;
	int err;
	struct vserial_standing standing = {
		.why = why ? nla_data(why) : "",
		.peer = peer ? nla_data(peer) : "",
		.has_lines = lines,
		.lines = lines ? nla_get_u32(lines) : 0,
	};

	if (!vserial_daemon_is(rq->sender))
		return vserial_refuse(&rq->reason, -EPERM,
				      "only the registered daemon reports on backings");
	if (!id || !state)
		return vserial_refuse(&rq->reason, -EINVAL,
				      "a report names the backing (attribute %d) and its state (attribute %d)",
				      VSERIAL_A_BACKING_ID,
				      VSERIAL_A_BACKING_STATE);
	if (said) {
		err = vserial_nl_handing(rq, said, &answer);
		if (err)
			return err;
		standing.handing = &answer;
	}
	standing.state = nla_get_u32(state);
	return vserial_daemon_report(nla_get_u32(id), &standing, &rq->reason);
}

int vserial_nl_backing_start(struct netlink_callback *cb)
{
	struct nlattr *attrs[VSERIAL_A_BACKING_MAX + 1];
	struct vserial_reason reason;
	int err = vserial_nl_parse(cb->nlh, &vserial_nl_backing, 0, attrs,
				   &reason);

	if (!err && !netlink_capable(cb->skb, CAP_SYS_ADMIN) &&
	    !vserial_daemon_is(NETLINK_CB(cb->skb).sk))
		err = vserial_refuse(&reason, -EPERM,
				     "configuring needs CAP_SYS_ADMIN");
	if (err)
		return vserial_nl_refuse(cb->skb, cb->nlh, err, &reason);
	cb->min_dump_alloc = VSERIAL_MESSAGE_PORT_SIZE;
	return 0;
}

/* cb->args[0] counts backings, as vserial_nl_guest_dump() does guests. */
int vserial_nl_backing_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vserial_helper *h;
	long nr = 0;

	mutex_lock(&vserial_daemon_lock);
	cb->seq = vserial_helpers_generation;
	list_for_each_entry(h, &vserial_helpers, node) {
		void *hdr;

		if (!h->serving || h->stopping || nr++ < cb->args[0])
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &vserial_nl_family,
				  NLM_F_MULTI, VSERIAL_CMD_BACKING_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (vserial_message_backing(skb, hdr, h))
			break;
		cb->args[0] = nr;
	}
	mutex_unlock(&vserial_daemon_lock);
	return skb->len;
}
