// SPDX-License-Identifier: GPL-2.0-only
/* netlink_service: the commands on service rules */
#include <linux/err.h>
#include <net/genetlink.h>

#include <linux/vserial.h>

#include "guest.h"
#include "message.h"
#include "program.h"
#include "request.h"
#include "ruleset.h"

static const u8 vserial_nl_service_types[VSERIAL_A_SERVICE_MAX + 1] = {
	[VSERIAL_A_SERVICE_GUEST] = NLA_NUL_STRING,
	[VSERIAL_A_SERVICE_RANK] = NLA_U32,
	[VSERIAL_A_SERVICE_ACTION] = NLA_U32,
	[VSERIAL_A_SERVICE_SERVICE] = NLA_U32,
	[VSERIAL_A_SERVICE_DIRECTION] = NLA_U32,
	[VSERIAL_A_SERVICE_PORT] = NLA_U32,
	[VSERIAL_A_SERVICE_PORT_LAST] = NLA_U32,
	[VSERIAL_A_SERVICE_UID] = NLA_U32,
	[VSERIAL_A_SERVICE_EXE] = NLA_NUL_STRING,
};

const struct vserial_nl_object vserial_nl_service = {
	vserial_nl_service_types, VSERIAL_A_SERVICE_MAX
};

static int vserial_nl_need(struct vserial_request *rq, int attr,
			   const char *what, u32 *value)
{
	if (!rq->attrs[attr])
		return vserial_refuse(&rq->reason, -EINVAL,
				      "the %s (attribute %d) is missing", what,
				      attr);
	*value = nla_get_u32(rq->attrs[attr]);
	return 0;
}

/* What rules and tests have in common. */
static int vserial_nl_terms(struct vserial_request *rq, struct vserial_rule_terms *t)
{
	struct nlattr *towards = rq->attrs[VSERIAL_A_SERVICE_DIRECTION];
	struct nlattr *port = rq->attrs[VSERIAL_A_SERVICE_PORT];
	struct nlattr *uid = rq->attrs[VSERIAL_A_SERVICE_UID];
	struct nlattr *exe = rq->attrs[VSERIAL_A_SERVICE_EXE];
	int err;

	err = vserial_nl_need(rq, VSERIAL_A_SERVICE_SERVICE, "service",
			      &t->service);
	if (err)
		return err;
	if (towards)
		t->towards = nla_get_u32(towards);
	if (port) {
		t->has_port = true;
		t->port = nla_get_u32(port);
		t->port_last = t->port;
	}
	if (uid) {
		t->has_uid = true;
		t->uid = make_kuid(&init_user_ns, nla_get_u32(uid));
	}
	if (!exe)
		return 0;
	if (!nla_len(exe) || !*(char *)nla_data(exe))
		return vserial_refuse(&rq->reason, -EINVAL,
				      "the executable's path is empty; leave it out for any");
	if (strscpy(t->exe, nla_data(exe), sizeof(t->exe)) < 0)
		return vserial_refuse(&rq->reason, -ENAMETOOLONG,
				      "executable '" VSERIAL_VALUE "' has %d characters; the most is %u",
				      (char *)nla_data(exe), nla_len(exe) - 1,
				      VSERIAL_EXE_MAX);
	return 0;
}

int vserial_nl_service_new(struct vserial_request *rq)
{
	struct nlattr *last = rq->attrs[VSERIAL_A_SERVICE_PORT_LAST];
	struct vserial_rule_terms t = {};
	const char *name;
	int err;

	err = vserial_nl_name(rq->attrs, VSERIAL_A_SERVICE_GUEST, &name,
			      &rq->reason) ?:
	      vserial_nl_need(rq, VSERIAL_A_SERVICE_RANK, "rule's rank",
			      &t.rank) ?:
	      vserial_nl_need(rq, VSERIAL_A_SERVICE_ACTION, "rule's action",
			      &t.action) ?:
	      vserial_nl_terms(rq, &t);
	if (err)
		return err;
	if (last && !t.has_port)
		return vserial_refuse(&rq->reason, -EINVAL,
				      "the last port (attribute %d) needs the first one (attribute %d)",
				      VSERIAL_A_SERVICE_PORT_LAST,
				      VSERIAL_A_SERVICE_PORT);
	if (last)
		t.port_last = nla_get_u32(last);
	return vserial_guest_add_rule(name, &t, &rq->reason);
}

int vserial_nl_service_del(struct vserial_request *rq)
{
	const char *name;
	u32 rank;
	int err;

	err = vserial_nl_name(rq->attrs, VSERIAL_A_SERVICE_GUEST, &name,
			      &rq->reason) ?:
	      vserial_nl_need(rq, VSERIAL_A_SERVICE_RANK, "rule's rank", &rank);
	return err ?: vserial_guest_del_rule(name, rank, &rq->reason);
}

/* What a test asks for, as an access; without a direction either is tested. */
static int vserial_nl_test_access(struct vserial_request *rq,
				  struct vserial_access *access, u32 *towards)
{
	struct vserial_rule_terms t = {};
	int err;

	err = vserial_nl_terms(rq, &t) ?: vserial_rule_judge(&t, &rq->reason);
	if (err)
		return err;
	if (vserial_service_is_class(t.service))
		return vserial_refuse(&rq->reason, -EINVAL,
				      "%s stands for several services; a test is about one of them",
				      vserial_service_name(t.service));
	*towards = t.towards;
	*access = (struct vserial_access){
		.service = t.service,
		.has_port = t.has_port,
		.port = t.port,
		.has_program = vserial_service_has_program(t.service),
		.uid = t.has_uid ? t.uid : GLOBAL_ROOT_UID,
	};
	if (*t.exe)
		vserial_program_look_up(t.exe, &access->exe);
	return 0;
}

/* Tells what is decided of one way. */
static int vserial_nl_test_reply(struct vserial_request *rq,
				 const struct vserial_guest *g, u32 service,
				 const struct vserial_verdict *v, u32 towards)
{
	struct sk_buff *msg = genlmsg_new(VSERIAL_MESSAGE_RULE_SIZE,
					  GFP_KERNEL);
	const struct vserial_rule *rule = v->rule[towards];
	u32 action = v->denied & BIT(towards) ? VSERIAL_ACTION_DENY :
						VSERIAL_ACTION_ALLOW;
	void *hdr;

	if (!msg)
		return vserial_refuse(&rq->reason, -ENOMEM, "out of memory");
	hdr = genlmsg_put(msg, NETLINK_CB(rq->skb).portid, rq->nlh->nlmsg_seq,
			  &vserial_nl_family, 0, VSERIAL_CMD_SERVICE_TEST);
	if (!hdr ||
	    nla_put_string(msg, VSERIAL_A_SERVICE_GUEST,
			   vserial_guest_name(g)) ||
	    nla_put_u32(msg, VSERIAL_A_SERVICE_SERVICE, service) ||
	    nla_put_u32(msg, VSERIAL_A_SERVICE_DIRECTION, towards) ||
	    nla_put_u32(msg, VSERIAL_A_SERVICE_ACTION, action) ||
	    (rule && nla_put_u32(msg, VSERIAL_A_SERVICE_RANK,
				 rule->terms.rank))) {
		nlmsg_free(msg);
		return vserial_refuse(&rq->reason, -EMSGSIZE,
				      "no room in message");
	}
	genlmsg_end(msg, hdr);
	return genlmsg_unicast(&init_net, msg, NETLINK_CB(rq->skb).portid);
}

int vserial_nl_service_test(struct vserial_request *rq)
{
	struct vserial_access access;
	struct vserial_verdict v;
	struct vserial_guest *g;
	const char *name;
	u32 asked, towards;
	int err;

	err = vserial_nl_name(rq->attrs, VSERIAL_A_SERVICE_GUEST, &name,
			      &rq->reason) ?:
	      vserial_nl_test_access(rq, &access, &asked);
	if (err)
		return err;
	g = vserial_guest_get(name, &rq->reason);
	if (IS_ERR(g))
		return PTR_ERR(g);
	vserial_ruleset_refresh(&g->rules);
	vserial_ruleset_judge(&g->rules, &access, &v);
	for (towards = VSERIAL_TOWARDS_GUEST;
	     towards <= VSERIAL_TOWARDS_HOST && !err; towards++)
		if (v.ways & BIT(towards) && (!asked || asked == towards))
			err = vserial_nl_test_reply(rq, g, access.service, &v,
						    towards);
	vserial_verdict_put(&v);
	put_device(&g->dev);
	return err;
}

int vserial_nl_service_start(struct netlink_callback *cb)
{
	struct nlattr *attrs[VSERIAL_A_SERVICE_MAX + 1];
	struct vserial_guest *g = NULL;
	struct vserial_reason reason;
	const char *name;
	int err;

	err = vserial_nl_parse(cb->nlh, &vserial_nl_service,
			       BIT_ULL(VSERIAL_A_SERVICE_GUEST), attrs,
			       &reason);
	if (!err && attrs[VSERIAL_A_SERVICE_GUEST]) {
		vserial_nl_name(attrs, VSERIAL_A_SERVICE_GUEST, &name, &reason);
		g = vserial_guest_get(name, &reason);
		err = PTR_ERR_OR_ZERO(g);
	}
	if (err)
		return vserial_nl_refuse(cb->skb, cb->nlh, err, &reason);
	/* Held until the dump is done: its name may be another's by then. */
	cb->args[2] = (long)g;
	return 0;
}

int vserial_nl_service_done(struct netlink_callback *cb)
{
	struct vserial_guest *g = (struct vserial_guest *)cb->args[2];

	if (g)
		put_device(&g->dev);
	return 0;
}

/* One guest's rules from the @skip-th on.  Return: whether there was room. */
static bool vserial_nl_dump_rules(struct sk_buff *skb,
				  struct netlink_callback *cb,
				  struct vserial_guest *g, long skip)
{
	struct vserial_rule *rule;
	bool room = true;
	long nr = 0;

	spin_lock(&g->rules.lock);
	list_for_each_entry(rule, &g->rules.list, node) {
		void *hdr;

		if (nr++ < skip)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &vserial_nl_family,
				  NLM_F_MULTI, VSERIAL_CMD_SERVICE_GET);
		if (hdr)
			genl_dump_check_consistent(cb, hdr);
		room = hdr && !vserial_message_rule(skb, hdr, g, rule);
		if (!room)
			break;
		cb->args[1] = nr;
	}
	spin_unlock(&g->rules.lock);
	return room;
}

/*
 * cb->args[0] counts guests, as vserial_nl_guest_dump() does, and cb->args[1]
 * the rules of the one that is next.
 */
int vserial_nl_service_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct vserial_guest *only = (void *)cb->args[2];
	struct vserial_guest *g;
	long nr = 0;

	mutex_lock(&vserial_guests_lock);
	cb->seq = vserial_guests_generation;
	list_for_each_entry(g, &vserial_guests, node) {
		if (g->dead || nr++ < cb->args[0])
			continue;
		if (!only || g == only) {
			if (!vserial_nl_dump_rules(skb, cb, g, cb->args[1]))
				break;
		}
		cb->args[0] = nr;
		cb->args[1] = 0;
	}
	mutex_unlock(&vserial_guests_lock);
	return skb->len;
}
