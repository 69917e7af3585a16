// SPDX-License-Identifier: GPL-2.0-only
/*
 * ruleset: the service rules of a guest
 *
 * They are asked when somebody opens, attaches, commands or connects, and when
 * they change; a port or a session keeps the verdict.  So bytes pass by a flag
 * of the port, under the lock that is held for them anyway, and a guest without
 * rules pays nothing.
 */
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "program.h"
#include "reason.h"
#include "ruleset.h"

static bool deny_services;
module_param(deny_services, bool, 0444);
MODULE_PARM_DESC(deny_services, "deny what no service rule of a guest speaks of (default: allow it)");

/**
 * vserial_ruleset_init() - a guest without rules
 * @rs: its rules
 * @guest: the guest's device
 */
void vserial_ruleset_init(struct vserial_ruleset *rs,
			  const struct device *guest)
{
	rs->guest = guest;
	ratelimit_state_init(&rs->log, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	spin_lock_init(&rs->lock);
	INIT_LIST_HEAD(&rs->list);
}

/**
 * vserial_ruleset_destroy() - let go of a guest's rules
 * @rs: the rules, of which nobody asks any more
 */
void vserial_ruleset_destroy(struct vserial_ruleset *rs)
{
	struct vserial_rule *rule, *next;

	list_for_each_entry_safe(rule, next, &rs->list, node) {
		list_del(&rule->node);
		vserial_rule_put(rule);
	}
}

/**
 * vserial_rule_put() - let go of a rule
 * @rule: the rule
 *
 * Context: any.
 */
void vserial_rule_put(struct vserial_rule *rule)
{
	if (refcount_dec_and_test(&rule->users))
		kfree(rule);
}

/**
 * vserial_rule_create() - make a rule
 * @t: what it says
 * @reason: says why not
 *
 * Context: process; may sleep for as long as the file system likes.
 * Return: the rule, with a reference that the caller puts; or an ERR_PTR:
 * -EINVAL or -ENOMEM with @reason filled.
 */
struct vserial_rule *vserial_rule_create(const struct vserial_rule_terms *t,
					 struct vserial_reason *reason)
{
	struct vserial_rule *rule;
	int err = vserial_rule_judge(t, reason);

	if (err)
		return ERR_PTR(err);
	rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	if (!rule)
		return ERR_PTR(vserial_refuse(reason, -ENOMEM,
					      "out of memory"));
	rule->terms = *t;
	refcount_set(&rule->users, 1);
	if (*t->exe)
		vserial_program_look_up(t->exe, &rule->exe);
	return rule;
}

/**
 * vserial_ruleset_add() - put a rule in
 * @rs: a guest's rules
 * @rule: the rule, new; the list takes a reference of its own
 * @reason: says why not
 *
 * Context: process.
 * Return: 0; -EEXIST or -ENOSPC with @reason filled.
 */
int vserial_ruleset_add(struct vserial_ruleset *rs, struct vserial_rule *rule,
			struct vserial_reason *reason)
{
	struct list_head *before;
	int err = 0;

	spin_lock(&rs->lock);
	if (vserial_rules_find(&rs->list, rule->terms.rank, &before)) {
		err = vserial_refuse(reason, -EEXIST,
				     "guest '%s' has a service rule %u already; remove it, or choose another rank",
				     dev_name(rs->guest), rule->terms.rank);
	} else if (rs->nr == VSERIAL_RULES_MAX) {
		err = vserial_refuse(reason, -ENOSPC,
				     "guest '%s' has %u service rules, and that is the most",
				     dev_name(rs->guest), rs->nr);
	} else {
		refcount_inc(&rule->users);
		list_add_tail(&rule->node, before);
		rs->nr++;
		WRITE_ONCE(rs->nr_exe, rs->nr_exe + !!*rule->terms.exe);
	}
	spin_unlock(&rs->lock);
	return err;
}

/**
 * vserial_ruleset_del() - take a rule out
 * @rs: a guest's rules
 * @rank: the rule's rank
 * @reason: says why not
 *
 * Context: process.
 * Return: the rule, with a reference that the caller puts; or an ERR_PTR:
 * -ENOENT with @reason filled.
 */
struct vserial_rule *vserial_ruleset_del(struct vserial_ruleset *rs, u32 rank,
					 struct vserial_reason *reason)
{
	struct vserial_rule *rule;

	spin_lock(&rs->lock);
	rule = vserial_rules_find(&rs->list, rank, NULL);
	if (rule) {
		list_del(&rule->node);
		rs->nr--;
		WRITE_ONCE(rs->nr_exe, rs->nr_exe - !!*rule->terms.exe);
	}
	spin_unlock(&rs->lock);
	if (rule)
		return rule;
	return ERR_PTR(vserial_refuse(reason, -ENOENT,
				      "guest '%s' has no service rule %u",
				      dev_name(rs->guest), rank));
}

/* The first rule behind @rank that names an executable, with a reference. */
static struct vserial_rule *vserial_ruleset_next_exe(struct vserial_ruleset *rs,
						     s64 rank)
{
	struct vserial_rule *rule;

	spin_lock(&rs->lock);
	list_for_each_entry(rule, &rs->list, node) {
		if (rule->terms.rank <= rank || !*rule->terms.exe)
			continue;
		refcount_inc(&rule->users);
		spin_unlock(&rs->lock);
		return rule;
	}
	spin_unlock(&rs->lock);
	return NULL;
}

/**
 * vserial_ruleset_refresh() - find the executables that rules name
 * @rs: a guest's rules
 *
 * A package may have brought others since.  Call it before a program is judged,
 * where no lock is held: rules that name one are rare, and this may take time.
 *
 * Context: process; may sleep for as long as the file system likes.
 */
void vserial_ruleset_refresh(struct vserial_ruleset *rs)
{
	struct vserial_rule *rule;
	struct vserial_exe exe;
	s64 rank = -1;

	if (!READ_ONCE(rs->nr_exe))
		return;
	while ((rule = vserial_ruleset_next_exe(rs, rank))) {
		rank = rule->terms.rank;
		vserial_program_look_up(rule->terms.exe, &exe);
		spin_lock(&rs->lock);
		rule->exe = exe;
		spin_unlock(&rs->lock);
		vserial_rule_put(rule);
	}
}

/**
 * vserial_access_program() - what a program wants to do
 * @access: filled
 * @service: enum vserial_service
 * @program: the program
 */
void vserial_access_program(struct vserial_access *access, u32 service,
			    const struct vserial_program *program)
{
	*access = (struct vserial_access){
		.service = service,
		.has_program = true,
		.uid = program->uid,
		.exe = program->exe,
	};
}

/**
 * vserial_ruleset_judge() - may this be?
 * @rs: the guest's rules
 * @access: what somebody wants to do
 * @v: filled; put it when it is not needed any more
 *
 * Nothing is counted or logged.
 *
 * Context: process, without a port's lock.
 */
void vserial_ruleset_judge(struct vserial_ruleset *rs,
			   const struct vserial_access *access,
			   struct vserial_verdict *v)
{
	u32 towards;

	memset(v, 0, sizeof(*v));
	v->ways = vserial_service_ways(access->service);
	spin_lock(&rs->lock);
	for (towards = VSERIAL_TOWARDS_GUEST; towards <= VSERIAL_TOWARDS_HOST;
	     towards++) {
		struct vserial_rule *rule;

		if (!(v->ways & BIT(towards)))
			continue;
		rule = vserial_rules_decide(&rs->list, access, towards);
		if (rule)
			refcount_inc(&rule->users);
		v->rule[towards] = rule;
		if (rule ? rule->terms.action == VSERIAL_ACTION_DENY :
			   deny_services)
			v->denied |= BIT(towards);
	}
	spin_unlock(&rs->lock);
}

/**
 * vserial_ruleset_refuse() - say why something is denied
 * @rs: the guest's rules
 * @access: what somebody wanted to do
 * @v: what was decided; denied in one direction at least
 * @reason: filled with the sentence
 *
 * Return: -EACCES.
 */
int vserial_ruleset_refuse(struct vserial_ruleset *rs,
			   const struct vserial_access *access,
			   const struct vserial_verdict *v,
			   struct vserial_reason *reason)
{
	u32 towards = v->denied & VSERIAL_WAY_HOST ? VSERIAL_TOWARDS_HOST :
						     VSERIAL_TOWARDS_GUEST;
	const struct vserial_rule *rule = v->rule[towards];
	const char *service = vserial_service_name(access->service);
	const char *way = "";
	char port[sizeof(" with port 4294967295")] = "";

	if (!vserial_verdict_denies(v))
		way = towards == VSERIAL_TOWARDS_HOST ? " towards the host" :
							" towards the guest";
	if (access->has_port)
		snprintf(port, sizeof(port), " with port %u", access->port);
	if (rule)
		return vserial_refuse(reason, -EACCES,
				      "service rule %u of guest '%s' denies %s%s%s",
				      rule->terms.rank, dev_name(rs->guest),
				      service, port, way);
	return vserial_refuse(reason, -EACCES,
			      "no service rule of guest '%s' allows %s%s%s, and the module was loaded with deny_services",
			      dev_name(rs->guest), service, port, way);
}

/**
 * vserial_ruleset_audit() - note in the kernel's log that something was denied
 * @rs: the guest's rules
 * @reason: the sentence of vserial_ruleset_refuse()
 * @program: who asked; NULL: nobody but the port itself
 * @port: the index of the port it is about
 *
 * The audit subsystem's kinds of records are handed out in the kernel's own
 * tree; and its daemon runs on few hosts, while all keep the kernel's log.
 * Each guest has a limit of its own, so that none hides what others do.
 */
void vserial_ruleset_audit(struct vserial_ruleset *rs,
			   const struct vserial_reason *reason,
			   const struct vserial_program *program, int port)
{
	if (!__ratelimit(&rs->log))
		return;
	if (program)
		pr_notice("vserial: %s (port %d; asked by %*pE, process %d of user %u)\n",
			  reason->text, port, (int)strlen(program->comm),
			  program->comm, program->pid,
			  from_kuid_munged(&init_user_ns, program->uid));
	else
		pr_notice("vserial: %s (port %d)\n", reason->text, port);
}

/**
 * vserial_verdict_same() - was the same decided by the same rules?
 * @a: a verdict
 * @b: another
 *
 * Return: whether it was.
 */
bool vserial_verdict_same(const struct vserial_verdict *a,
			  const struct vserial_verdict *b)
{
	return a->ways == b->ways && a->denied == b->denied &&
	       !memcmp(a->rule, b->rule, sizeof(a->rule));
}

/**
 * vserial_verdict_count() - the rules of a verdict have decided
 * @v: the verdict; a rule that decided both ways is counted once
 *
 * Context: any.
 */
void vserial_verdict_count(const struct vserial_verdict *v)
{
	struct vserial_rule *guest = v->rule[VSERIAL_TOWARDS_GUEST];
	struct vserial_rule *host = v->rule[VSERIAL_TOWARDS_HOST];

	if (guest)
		atomic64_inc(&guest->hits);
	if (host && host != guest)
		atomic64_inc(&host->hits);
}

/**
 * vserial_verdict_hit() - the rule of one way has stopped something
 * @v: the verdict
 * @towards: the way
 *
 * Context: any, with what guards the verdict.
 */
void vserial_verdict_hit(const struct vserial_verdict *v, u32 towards)
{
	if (v->rule[towards])
		atomic64_inc(&v->rule[towards]->hits);
}

/**
 * vserial_verdict_put() - let go of a verdict
 * @v: the verdict; becomes one that nothing was decided by
 *
 * Context: any.
 */
void vserial_verdict_put(struct vserial_verdict *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(v->rule); i++)
		if (v->rule[i])
			vserial_rule_put(v->rule[i]);
	memset(v, 0, sizeof(*v));
}
