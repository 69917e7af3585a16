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

#include <linux/vserial.h>

#include "owner.h"
#include "port.h"

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
 * @uuid: by enum vserial_guest_uuid
 * @uid: the owner, INVALID_UID: nobody
 * @gid: its group
 */
struct vserial_identity {
	bool set_uuid[VSERIAL_UUIDS];
	bool set_uid, set_gid;
	uuid_t uuid[VSERIAL_UUIDS];
	kuid_t uid;
	kgid_t gid;
};

/**
 * struct vserial_guest - a virtual machine
 * @dev: its device on the vserial bus, which owns the memory and has its name
 * @node: in the registry, until the device is gone, so that no second guest
 *	takes the name before
 * @dead: being removed
 * @uuid_lock: guards @uuid besides the registry's lock; innermost, taken in
 *	process context
 * @uuid: VSERIAL_UUID_*; changed under both locks
 * @owner: the user it belongs to, with a lock of its own
 * @ports: by index; a port that is being removed stays until it is gone
 * @minors: by index; kept for as long as the guest exists, so that a port
 *	that is made again gets its former name
 *
 * All but @owner is guarded by the registry's lock, vserial_guests_lock.
 */
struct vserial_guest {
	struct device dev;
	struct list_head node;
	bool dead;
	spinlock_t uuid_lock;	/* guards uuid */
	uuid_t uuid[VSERIAL_UUIDS];
	struct vserial_owner owner;
	struct vserial_port *ports[VSERIAL_PORTS_PER_GUEST];
	struct vserial_minor *minors[VSERIAL_PORTS_PER_GUEST];
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

int vserial_guest_add(const char *name, const struct vserial_identity *id,
		      unsigned int nr_ports, struct vserial_reason *reason);
int vserial_guest_set(const char *name, const struct vserial_identity *id,
		      struct vserial_reason *reason);
int vserial_guest_del(const char *name, bool force,
		      struct vserial_reason *reason);
struct vserial_guest *vserial_guest_find(const char *name,
					 struct vserial_reason *reason);
int vserial_guest_add_port(const char *name, unsigned int index,
			   const struct vserial_settings *s,
			   struct vserial_reason *reason);
int vserial_guest_del_port(const char *name, unsigned int index, bool force,
			   struct vserial_reason *reason);
struct vserial_port *vserial_guest_get_port(const char *name,
					    unsigned int index,
					    struct vserial_reason *reason);
void vserial_guest_uuids(struct vserial_guest *g, uuid_t uuid[VSERIAL_UUIDS]);
unsigned int vserial_guest_nr_ports(const struct vserial_guest *g);
bool vserial_guest_power(const struct vserial_guest *g);
int vserial_guest_may_connect(struct vserial_guest *g, bool admin, kuid_t uid,
			      struct vserial_reason *reason);
void vserial_guests_close(void);

#endif /* _VSERIAL_GUEST_H */
