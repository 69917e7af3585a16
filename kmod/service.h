/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * service: what service rules say, and which of them decides
 *
 * Pure code: compares values that others found out.  Who keeps the rules of a
 * guest and asks them is ruleset.c.
 */
#ifndef _VSERIAL_SERVICE_H
#define _VSERIAL_SERVICE_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include <linux/vserial.h>

struct vserial_reason;
struct vserial_spec;

/* Ways that bytes and commands go. */
#define VSERIAL_WAY_GUEST	BIT(VSERIAL_TOWARDS_GUEST)
#define VSERIAL_WAY_HOST	BIT(VSERIAL_TOWARDS_HOST)

/**
 * struct vserial_exe - which file a program runs from
 * @dev: its file system
 * @ino: its number there, 0: there is no file
 * @generation: tells it from others that had the number before
 */
struct vserial_exe {
	u64 dev;
	u64 ino;
	u32 generation;
};

/**
 * struct vserial_rule_terms - what a rule says
 * @rank: its place
 * @action: enum vserial_action
 * @service: enum vserial_service
 * @towards: enum vserial_towards
 * @has_port: it is about the network ports @port to @port_last alone
 * @port: the first
 * @port_last: the last
 * @has_uid: it is about what the user @uid asks for alone
 * @uid: that user
 * @exe: it is about what the program of this path asks for alone; "": any
 */
struct vserial_rule_terms {
	u32 rank;
	u32 action;
	u32 service;
	u32 towards;
	bool has_port;
	u32 port;
	u32 port_last;
	bool has_uid;
	kuid_t uid;
	char exe[VSERIAL_EXE_MAX + 1];
};

/**
 * struct vserial_rule - a rule of a guest
 * @node: in the guest's rules, in the order of their ranks
 * @users: the list, and each verdict that names it
 * @hits: how often it decided
 * @terms: what it says; never changes
 * @exe: the file that has its path now, if it names one
 */
struct vserial_rule {
	struct list_head node;
	refcount_t users;
	atomic64_t hits;
	struct vserial_rule_terms terms;
	struct vserial_exe exe;
};

/**
 * struct vserial_access - what somebody wants to do
 * @service: enum vserial_service, never one that stands for several; but
 *	VSERIAL_SERVICE_MODULE for a backing without a name of its own
 * @has_port: it has a network port
 * @port: which
 * @has_program: a program of this host asks for it
 * @uid: the program's user
 * @exe: what it runs from
 */
struct vserial_access {
	u32 service;
	bool has_port;
	u32 port;
	bool has_program;
	kuid_t uid;
	struct vserial_exe exe;
};

const char *vserial_service_name(u32 service);
bool vserial_service_is_class(u32 service);
bool vserial_service_has_program(u32 service);
unsigned long vserial_service_ways(u32 service);
int vserial_rule_judge(const struct vserial_rule_terms *t,
		       struct vserial_reason *reason);
bool vserial_rule_matches(const struct vserial_rule *rule,
			  const struct vserial_access *access, u32 towards);
struct vserial_rule *vserial_rules_decide(const struct list_head *rules,
					  const struct vserial_access *access,
					  u32 towards);
struct vserial_rule *vserial_rules_find(const struct list_head *rules,
					u32 rank, struct list_head **before);
void vserial_access_backing(struct vserial_access *access,
			    const struct vserial_spec *spec, u32 endpoint);

#endif /* _VSERIAL_SERVICE_H */
