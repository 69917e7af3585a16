// SPDX-License-Identifier: GPL-2.0-only
/* netlink_guest: the commands on guests */
#include <linux/err.h>
#include <net/genetlink.h>

#include "guest.h"
#include "message.h"
#include "request.h"

static const u8 vserial_nl_guest_types[VSERIAL_A_GUEST_MAX + 1] = {
	[VSERIAL_A_GUEST_NAME] = NLA_NUL_STRING,
	[VSERIAL_A_GUEST_UUID] = NLA_BINARY,
	[VSERIAL_A_GUEST_VC_UUID] = NLA_BINARY,
	[VSERIAL_A_GUEST_LOCATION_UUID] = NLA_BINARY,
	[VSERIAL_A_GUEST_UID] = NLA_U32,
	[VSERIAL_A_GUEST_GID] = NLA_U32,
	[VSERIAL_A_GUEST_FORCE] = NLA_FLAG,
	[VSERIAL_A_GUEST_NR_PORTS] = NLA_U32,
	[VSERIAL_A_GUEST_MIGRATION] = NLA_U32,
	[VSERIAL_A_GUEST_MIGRATION_LIMIT] = NLA_U32,
};

const struct vserial_nl_object vserial_nl_guest = {
	vserial_nl_guest_types, VSERIAL_A_GUEST_MAX
};

/**
 * vserial_nl_name() - which guest a request is about
 * @attrs: its attributes
 * @attr: the one that names the guest
 * @name: filled with the name
 * @reason: says why not
 *
 * Return: 0 or -EINVAL.
 */
int vserial_nl_name(struct nlattr **attrs, int attr, const char **name,
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
	struct nlattr *limit = rq->attrs[VSERIAL_A_GUEST_MIGRATION_LIMIT];
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
	if (limit) {
		id->set_limit = true;
		id->limit = nla_get_u32(limit);
	}
}

int vserial_nl_guest_new(struct vserial_request *rq)
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

int vserial_nl_guest_set(struct vserial_request *rq)
{
	struct vserial_identity id = {};
	const char *name;
	int err;

	err = vserial_nl_name(rq->attrs, VSERIAL_A_GUEST_NAME, &name,
			      &rq->reason);
	vserial_nl_identity(rq, &id);
	return err ?: vserial_guest_set(name, &id, &rq->reason);
}

int vserial_nl_guest_del(struct vserial_request *rq)
{
	const char *name;
	int err;

	err = vserial_nl_name(rq->attrs, VSERIAL_A_GUEST_NAME, &name,
			      &rq->reason);
	return err ?: vserial_guest_del(name,
					nla_get_flag(rq->attrs[VSERIAL_A_GUEST_FORCE]),
					&rq->reason);
}

int vserial_nl_guest_get(struct sk_buff *skb, struct genl_info *info)
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

/*
 * Dumps hold the lock for one message at a time; cb->args[0] counts guests
 * and cb->args[1] ports.  If either came or went in between, the reader is
 * told (NLM_F_DUMP_INTR) and asks again.
 */
int vserial_nl_guest_dump(struct sk_buff *skb,
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

int vserial_nl_guest_start(struct netlink_callback *cb)
{
	struct nlattr *attrs[VSERIAL_A_GUEST_MAX + 1];
	struct vserial_reason reason;
	int err = vserial_nl_parse(cb->nlh, &vserial_nl_guest, 0, attrs,
				   &reason);

	if (!err)
		return 0;
	return vserial_nl_refuse(cb->skb, cb->nlh, err, &reason);
}
