/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest: a virtual machine, and the registry of all of them
 */
#ifndef _VSERIAL_GUEST_H
#define _VSERIAL_GUEST_H

#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/uuid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/vserial.h>

#include "owner.h"
#include "port.h"
#include "ruleset.h"

struct vserial_minor;

enum vserial_guest_uuid {
	VSERIAL_UUID_BIOS,
	VSERIAL_UUID_VC,
	VSERIAL_UUID_LOCATION,
	VSERIAL_UUIDS,
};

/**
 * struct vserial_identity - who a guest is, to be set by netlink or sysfs
 * @set_uuid: which of @uuid are to be set
 * @set_uid: @uid is to be set
 * @set_gid: @gid is to be set
 * @set_limit: @limit is to be set
 * @uuid: by enum vserial_guest_uuid
 * @uid: the owner, INVALID_UID: nobody
 * @gid: its group
 * @limit: ms that it is held at most when it leaves
 */
struct vserial_identity {
	bool set_uuid[VSERIAL_UUIDS];
	bool set_uid, set_gid, set_limit;
	uuid_t uuid[VSERIAL_UUIDS];
	kuid_t uid;
	kgid_t gid;
	u32 limit;
};

/**
 * struct vserial_guest - a virtual machine
 * @dev: its device on the vserial bus, which owns the memory and has its name
 * @node: in the registry, until the device is gone, so that no second guest
 *	takes the name before
 * @dead: being removed
 * @migration: where it stands between two hosts; changed under @step, too
 * @limit: ms that it is held at most when it leaves; a setting
 * @step: steps of its migration come one at a time; taken outside the registry's
 *	lock
 * @migration_limit: the same, of the migration that is under way; this and what
 *	follows up to @migration_work is guarded by @step
 * @migration_late: it was over before somebody had said that the guest is gone
 * @migration_work: lets the guest go on here then; holds a reference on the
 *	device while it is queued
 * @uuid_lock: guards @uuid besides the registry's lock; innermost, taken in
 *	process context
 * @uuid: VSERIAL_UUID_*; changed under both locks
 * @owner: the user it belongs to, with a lock of its own
 * @rules: its service rules, likewise; changed under the registry's lock too
 * @ports: by index; a port that is being removed stays until it is gone
 * @minors: by index; kept for as long as the guest exists, so that a port
 *	that is made again gets its former name
 *
 * All else is guarded by the registry's lock, vserial_guests_lock.
 */
struct vserial_guest {
	struct device dev;
	struct list_head node;
	bool dead;
	enum vserial_migration migration;
	u32 limit;
	struct mutex step;	/* serialises steps, guards what is said above */
	u32 migration_limit;
	bool migration_late;
	struct delayed_work migration_work;
	spinlock_t uuid_lock;	/* guards uuid */
	uuid_t uuid[VSERIAL_UUIDS];
	struct vserial_owner owner;
	struct vserial_ruleset rules;
	struct vserial_port *ports[VSERIAL_PORTS_PER_GUEST];
	struct vserial_minor *minors[VSERIAL_PORTS_PER_GUEST];
};

/**
 * struct vserial_guest_rule - a rule, and whose it is
 * @guest: the guest
 * @rule: its rule
 */
struct vserial_guest_rule {
	const struct vserial_guest *guest;
	const struct vserial_rule *rule;
};

static inline struct vserial_guest *vserial_guest_of(struct device *dev)
{
	return container_of(dev, struct vserial_guest, dev);
}

static inline struct vserial_guest *
vserial_guest_of_port(const struct vserial_port *port)
{
	return vserial_guest_of(port->dev.parent);
}

static inline const char *vserial_guest_name(const struct vserial_guest *g)
{
	return dev_name(&g->dev);
}

extern struct mutex vserial_guests_lock;
extern struct list_head vserial_guests;
extern unsigned int vserial_guests_generation;
extern wait_queue_head_t vserial_guests_slots;

int vserial_guest_add(const char *name, const struct vserial_identity *id,
		      unsigned int nr_ports, struct vserial_reason *reason);
int vserial_guest_set(const char *name, const struct vserial_identity *id,
		      struct vserial_reason *reason);
int vserial_guest_del(const char *name, bool force,
		      struct vserial_reason *reason);
struct vserial_guest *vserial_guest_get(const char *name,
					struct vserial_reason *reason);
struct vserial_guest *vserial_guest_find(const char *name,
					 struct vserial_reason *reason);
void vserial_guest_uuids(struct vserial_guest *g, uuid_t uuid[VSERIAL_UUIDS]);
unsigned int vserial_guest_nr_ports(const struct vserial_guest *g);
bool vserial_guest_power(const struct vserial_guest *g);
void vserial_guest_tell(struct vserial_guest *g);
int vserial_guest_may_connect(struct vserial_guest *g, bool admin, kuid_t uid,
			      struct vserial_reason *reason);
void vserial_guests_close(void);

/* guest_ports.c */
int vserial_guest_add_port(const char *name, unsigned int index,
			   const struct vserial_settings *s,
			   struct vserial_reason *reason);
int vserial_guest_del_port(const char *name, unsigned int index, bool force,
			   struct vserial_reason *reason);
struct vserial_port *vserial_guest_get_port(const char *name,
					    unsigned int index,
					    struct vserial_reason *reason);
int vserial_guest_publish_port(struct vserial_guest *g,
			       struct vserial_port *port,
			       struct vserial_reason *reason);
void vserial_guest_remove_port(struct vserial_guest *g, unsigned int index);

/* guest_rules.c */
int vserial_guest_add_rule(const char *name, const struct vserial_rule_terms *t,
			   struct vserial_reason *reason);
int vserial_guest_del_rule(const char *name, u32 rank,
			   struct vserial_reason *reason);

#endif /* _VSERIAL_GUEST_H */
