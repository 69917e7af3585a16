/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ruleset: the service rules of a guest
 *
 *   vserial_guest .rules --list--> vserial_rule <--rule[]-- vserial_verdict
 *        ^                                          (in a port or a session)
 *        +-- port->rules points there
 */
#ifndef _VSERIAL_RULESET_H
#define _VSERIAL_RULESET_H

#include <linux/list.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "service.h"

struct device;
struct vserial_program;
struct vserial_reason;

/**
 * struct vserial_ruleset - the service rules of a guest
 * @guest: the guest's device, in which this is embedded
 * @log: how often what is denied is logged
 * @lock: guards the rest; innermost but for a port's, taken in process context
 * @list: struct vserial_rule, in the order of their ranks
 * @nr: how many
 * @nr_exe: how many of them name an executable
 */
struct vserial_ruleset {
	const struct device *guest;
	struct ratelimit_state log;
	spinlock_t lock;	/* guards all below */
	struct list_head list;
	unsigned int nr;
	unsigned int nr_exe;
};

/**
 * struct vserial_verdict - what was decided of an access
 * @ways: the ways it goes, VSERIAL_WAY_*
 * @denied: those of them that are denied
 * @rule: by way, enum vserial_towards: which rule decided, with a reference;
 *	NULL: none
 *
 * All zero is one that nothing was decided by.
 */
struct vserial_verdict {
	u8 ways;
	u8 denied;
	struct vserial_rule *rule[VSERIAL_TOWARDS_HOST + 1];
};

/* Is nothing of it allowed? */
static inline bool vserial_verdict_denies(const struct vserial_verdict *v)
{
	return v->ways && v->denied == v->ways;
}

void vserial_ruleset_init(struct vserial_ruleset *rs,
			  const struct device *guest);
void vserial_ruleset_destroy(struct vserial_ruleset *rs);
int vserial_ruleset_add(struct vserial_ruleset *rs, struct vserial_rule *rule,
			struct vserial_reason *reason);
struct vserial_rule *vserial_ruleset_del(struct vserial_ruleset *rs, u32 rank,
					 struct vserial_reason *reason);
void vserial_ruleset_refresh(struct vserial_ruleset *rs);
void vserial_ruleset_judge(struct vserial_ruleset *rs,
			   const struct vserial_access *access,
			   struct vserial_verdict *v);
int vserial_ruleset_refuse(struct vserial_ruleset *rs,
			   const struct vserial_access *access,
			   const struct vserial_verdict *v,
			   struct vserial_reason *reason);
void vserial_ruleset_audit(struct vserial_ruleset *rs,
			   const struct vserial_reason *reason,
			   const struct vserial_program *program, int port);
void vserial_access_program(struct vserial_access *access, u32 service,
			    const struct vserial_program *program);

struct vserial_rule *vserial_rule_create(const struct vserial_rule_terms *t,
					 struct vserial_reason *reason);
void vserial_rule_put(struct vserial_rule *rule);

bool vserial_verdict_same(const struct vserial_verdict *a,
			  const struct vserial_verdict *b);
void vserial_verdict_count(const struct vserial_verdict *v);
void vserial_verdict_hit(const struct vserial_verdict *v, u32 towards);
void vserial_verdict_put(struct vserial_verdict *v);

#endif /* _VSERIAL_RULESET_H */
