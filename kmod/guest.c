// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest: virtual machines, and the registry of all of them
 *
 * Adding happens under the registry's lock, which therefore is never held for
 * longer than a device takes to appear.  Removal decides under the lock and
 * does the rest without it, because it waits for accesses of attributes, which
 * may want the lock; the name is taken until that is done.  What is done to a
 * guest's ports is in guest_ports.c.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "device.h"
#include "guest.h"
#include "migration.h"
#include "minor.h"
#include "notify.h"
#include "port.h"
#include "reason.h"

/* Guards the registry, and all of each guest but its owner. */
DEFINE_MUTEX(vserial_guests_lock);
LIST_HEAD(vserial_guests);
/* Counts guests and ports that came or went, for dumps. */
unsigned int vserial_guests_generation;
/* The module goes: nothing is added any more. */
static bool vserial_guests_closed;
/* Woken when a port's slot or a guest's name becomes free. */
DECLARE_WAIT_QUEUE_HEAD(vserial_guests_slots);

static int vserial_guest_judge_name(const char *name,
				    struct vserial_reason *reason)
{
	size_t len = strlen(name), i;

	if (!len)
		return vserial_refuse(reason, -EINVAL,
				      "guest name '' is empty; it needs 1 to %u characters",
				      VSERIAL_NAME_MAX);
	if (len > VSERIAL_NAME_MAX)
		return vserial_refuse(reason, -ENAMETOOLONG,
				      "guest name '" VSERIAL_VALUE "' has %zu characters; %u are the most",
				      name, len, VSERIAL_NAME_MAX);
	for (i = 0; i < len; i++) {
		bool ok = isascii(name[i]) && isalnum(name[i]);

		if (i)
			ok = ok || strchr("_.-", name[i]);
		if (!ok)
			return vserial_refuse(reason, -EINVAL,
					      "guest name '%*pE' is not one: it is made of A-Z a-z 0-9 _ . - and begins with a letter or digit",
					      (int)len, name);
	}
	if (!strcmp(name, VSERIAL_ROOT_TAKEN))
		return vserial_refuse(reason, -EINVAL,
				      "guest name '%s' is taken by an attribute of sysfs",
				      name);
	return 0;
}

/**
 * vserial_guest_find() - look a guest up
 * @name: its name
 * @reason: says why not
 *
 * Context: process, vserial_guests_lock held.
 * Return: the guest, valid while the lock is held; or an ERR_PTR with @reason
 * filled.
 */
struct vserial_guest *vserial_guest_find(const char *name,
					 struct vserial_reason *reason)
{
	struct vserial_guest *g;
	int err;

	list_for_each_entry(g, &vserial_guests, node)
		if (!g->dead && !strcmp(vserial_guest_name(g), name))
			return g;
	err = vserial_guest_judge_name(name, reason);
	if (!err)
		err = vserial_refuse(reason, -ENOENT,
				     "guest '%s' does not exist", name);
	return ERR_PTR(err);
}

/**
 * vserial_guest_get() - look a guest up and keep it
 * @name: its name
 * @reason: says why not
 *
 * Context: process, no locks.
 * Return: the guest with a reference on its device that the caller puts; or an
 * ERR_PTR with @reason filled.
 */
struct vserial_guest *vserial_guest_get(const char *name,
					struct vserial_reason *reason)
{
	struct vserial_guest *g;

	mutex_lock(&vserial_guests_lock);
	g = vserial_guest_find(name, reason);
	if (!IS_ERR(g))
		get_device(&g->dev);
	mutex_unlock(&vserial_guests_lock);
	return g;
}

/**
 * vserial_guest_nr_ports() - how many ports a guest has
 * @g: the guest, with vserial_guests_lock held
 *
 * Return: their number.
 */
unsigned int vserial_guest_nr_ports(const struct vserial_guest *g)
{
	unsigned int i, n = 0;

	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++)
		n += g->ports[i] && !g->ports[i]->dead;
	return n;
}

/**
 * vserial_guest_power() - is a guest powered on?
 * @g: the guest, with vserial_guests_lock held
 *
 * Return: whether any of its ports is open.
 */
bool vserial_guest_power(const struct vserial_guest *g)
{
	unsigned int i;

	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++)
		if (g->ports[i] && READ_ONCE(g->ports[i]->power))
			return true;
	return false;
}

/**
 * vserial_guest_tell() - tell that something about a guest changed
 * @g: the guest; of one that goes nothing is told
 *
 * Context: process, no locks.
 */
void vserial_guest_tell(struct vserial_guest *g)
{
	mutex_lock(&vserial_guests_lock);
	if (!g->dead)
		vserial_notify(VSERIAL_EVENT_GUEST_CHANGED, g);
	mutex_unlock(&vserial_guests_lock);
}

/**
 * vserial_guest_may_connect() - may somebody plug cables of a guest?
 * @g: the guest
 * @admin: the caller has CAP_SYS_ADMIN
 * @uid: the caller
 * @reason: says why not
 *
 * Return: 0; or -EPERM with @reason filled.
 */
int vserial_guest_may_connect(struct vserial_guest *g, bool admin, kuid_t uid,
			      struct vserial_reason *reason)
{
	kuid_t owner;
	kgid_t gid;

	vserial_owner_get(&g->owner, &owner, &gid);
	if (admin || (uid_valid(owner) && uid_eq(owner, uid)))
		return 0;
	return vserial_refuse(reason, -EPERM,
			      "connecting ports of guest '%s' needs CAP_SYS_ADMIN or to be its owner",
			      vserial_guest_name(g));
}

/* Sets what @id says; judges first.  Call with the registry's lock. */
static int vserial_guest_identify(struct vserial_guest *g,
				  const struct vserial_identity *id,
				  struct vserial_reason *reason)
{
	kuid_t uid;
	kgid_t gid;
	int i;

	vserial_owner_get(&g->owner, &uid, &gid);
	if (id->set_uid) {
		uid = id->uid;
		if (!uid_valid(uid))
			gid = INVALID_GID;
	}
	if (id->set_gid)
		gid = id->gid;
	if (uid_valid(uid) != gid_valid(gid))
		return vserial_refuse(reason, -EINVAL,
				      "guest '%s': an owner has a user and a group, and one of them is missing",
				      vserial_guest_name(g));
	if (id->set_limit) {
		int err = vserial_migration_judge_limit(id->limit, reason);

		if (err)
			return err;
	}
	if ((id->set_uid || id->set_gid) &&
	    vserial_owner_set(&g->owner, uid, gid))
		return vserial_refuse(reason, -ENOMEM, "out of memory");

	spin_lock(&g->uuid_lock);
	for (i = 0; i < VSERIAL_UUIDS; i++)
		if (id->set_uuid[i])
			g->uuid[i] = id->uuid[i];
	spin_unlock(&g->uuid_lock);
	if (id->set_limit)
		WRITE_ONCE(g->limit, id->limit);
	return 0;
}

/**
 * vserial_guest_uuids() - by what a guest is known
 * @g: the guest
 * @uuid: filled, by enum vserial_guest_uuid
 *
 * Context: process.
 */
void vserial_guest_uuids(struct vserial_guest *g, uuid_t uuid[VSERIAL_UUIDS])
{
	spin_lock(&g->uuid_lock);
	memcpy(uuid, g->uuid, sizeof(g->uuid));
	spin_unlock(&g->uuid_lock);
}

static void vserial_guest_release(struct device *dev)
{
	struct vserial_guest *g = vserial_guest_of(dev);
	int i;

	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++)
		vserial_minor_put(g->minors[i]);
	vserial_owner_destroy(&g->owner);
	vserial_ruleset_destroy(&g->rules);
	kfree(g);
}

static bool vserial_guest_is_empty(const struct vserial_guest *g)
{
	unsigned int i;

	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++)
		if (READ_ONCE(g->ports[i]))
			return false;
	return true;
}

/* Decides that a guest and all its ports go.  Call with the registry's lock. */
static int vserial_guest_doom(struct vserial_guest *g, bool force,
			      unsigned long *doomed,
			      struct vserial_reason *reason)
{
	unsigned int i;
	int err = 0;

	*doomed = 0;
	for (i = 0; i < VSERIAL_PORTS_PER_GUEST && !err; i++) {
		/* One that is dead already is somebody else's to remove. */
		if (!g->ports[i] || g->ports[i]->dead)
			continue;
		err = vserial_port_doom(g->ports[i], force, reason);
		if (!err)
			*doomed |= BIT(i);
	}
	if (err) {
		for_each_set_bit(i, doomed, VSERIAL_PORTS_PER_GUEST)
			vserial_port_spare(g->ports[i]);
		return err;
	}
	g->dead = true;
	return 0;
}

/* Removes a doomed guest; consumes the registry's reference on it. */
static void vserial_guest_remove(struct vserial_guest *g, unsigned long doomed)
{
	unsigned int i;

	for_each_set_bit(i, &doomed, VSERIAL_PORTS_PER_GUEST)
		vserial_guest_remove_port(g, i);
	/* Ports that somebody else is removing: their slots empty themselves. */
	wait_event(vserial_guests_slots, vserial_guest_is_empty(g));
	vserial_migration_stop(g);

	device_del(&g->dev);
	vserial_notify(VSERIAL_EVENT_GUEST_GONE, g);
	mutex_lock(&vserial_guests_lock);
	list_del(&g->node);
	vserial_guests_generation++;
	mutex_unlock(&vserial_guests_lock);
	wake_up_all(&vserial_guests_slots);
	put_device(&g->dev);
}

/**
 * vserial_guest_add() - make a guest
 * @name: its name
 * @id: who it is
 * @nr_ports: ports 0 to @nr_ports - 1 are made with it
 * @reason: says why not
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_guest_add(const char *name, const struct vserial_identity *id,
		      unsigned int nr_ports, struct vserial_reason *reason)
{
	static const struct vserial_settings no_settings;
	struct vserial_guest *g, *other;
	struct vserial_reason ignored;
	unsigned long doomed;
	unsigned int i;
	int err;

	err = vserial_guest_judge_name(name, reason);
	if (err)
		return err;
	if (nr_ports > VSERIAL_PORTS_PER_GUEST)
		return vserial_refuse(reason, -ERANGE,
				      "guest '%s' cannot have %u ports; %u are the most",
				      name, nr_ports, VSERIAL_PORTS_PER_GUEST);

	g = kzalloc(sizeof(*g), GFP_KERNEL);
	if (!g)
		return vserial_refuse(reason, -ENOMEM, "out of memory");
	device_initialize(&g->dev);
	g->dev.parent = vserial_root;
	g->dev.bus = &vserial_bus;
	g->dev.type = &vserial_guest_type;
	g->dev.release = vserial_guest_release;
	spin_lock_init(&g->uuid_lock);
	vserial_migration_setup(g);
	vserial_ruleset_init(&g->rules, &g->dev);
	err = vserial_owner_init(&g->owner) ?:
	      dev_set_name(&g->dev, "%s", name);
	if (err) {
		vserial_refuse(reason, err, "out of memory");
		goto put;
	}
	err = vserial_guest_identify(g, id, reason);
	if (err)
		goto put;

	mutex_lock(&vserial_guests_lock);
	if (vserial_guests_closed) {
		err = vserial_refuse(reason, -ESHUTDOWN,
				     "guest '%s' cannot be added: the module is being removed",
				     name);
		goto unlock;
	}
	list_for_each_entry(other, &vserial_guests, node) {
		if (strcmp(vserial_guest_name(other), name))
			continue;
		err = vserial_refuse(reason, other->dead ? -EBUSY : -EEXIST,
				     other->dead ?
				     "guest '%s' is still being removed" :
				     "guest '%s' exists already", name);
		goto unlock;
	}
	err = device_add(&g->dev);
	if (err) {
		vserial_refuse(reason, err,
			       "device '%s' cannot be added: error %d", name,
			       err);
		goto unlock;
	}
	list_add_tail(&g->node, &vserial_guests);
	vserial_guests_generation++;
	vserial_notify(VSERIAL_EVENT_GUEST_NEW, g);
	for (i = 0; i < nr_ports; i++) {
		struct vserial_port *port;

		port = vserial_port_create(&g->dev, &g->owner, &g->rules, i,
					   &no_settings, reason);
		if (IS_ERR(port)) {
			err = PTR_ERR(port);
			break;
		}
		err = vserial_guest_publish_port(g, port, reason);
		if (err) {
			vserial_port_discard(port);
			break;
		}
	}
	if (nr_ports)
		vserial_notify(VSERIAL_EVENT_GUEST_CHANGED, g);
	/* By name it might be another's, as soon as the lock is let go of. */
	if (err)
		vserial_guest_doom(g, true, &doomed, &ignored);
	mutex_unlock(&vserial_guests_lock);
	if (err)
		vserial_guest_remove(g, doomed);
	return err;

unlock:
	mutex_unlock(&vserial_guests_lock);
put:
	put_device(&g->dev);
	return err;
}

/**
 * vserial_guest_set() - change who a guest is
 * @name: its name
 * @id: what is to change
 * @reason: says why not
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_guest_set(const char *name, const struct vserial_identity *id,
		      struct vserial_reason *reason)
{
	struct vserial_guest *g;
	int err;

	mutex_lock(&vserial_guests_lock);
	g = vserial_guest_find(name, reason);
	if (IS_ERR(g))
		err = PTR_ERR(g);
	else
		err = vserial_guest_identify(g, id, reason);
	if (!err)
		vserial_notify(id->set_uid || id->set_gid ?
			       VSERIAL_EVENT_GUEST_OWNER :
			       VSERIAL_EVENT_GUEST_CHANGED, g);
	mutex_unlock(&vserial_guests_lock);
	return err;
}

/**
 * vserial_guest_del() - remove a guest and its ports
 * @name: its name
 * @force: even if ports are open; they are hung up
 * @reason: says why not
 *
 * Context: process, no locks, not from an attribute of the guest; may sleep.
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_guest_del(const char *name, bool force,
		      struct vserial_reason *reason)
{
	struct vserial_guest *g;
	unsigned long doomed;
	int err;

	mutex_lock(&vserial_guests_lock);
	g = vserial_guest_find(name, reason);
	if (IS_ERR(g))
		err = PTR_ERR(g);
	else
		err = vserial_guest_doom(g, force, &doomed, reason);
	mutex_unlock(&vserial_guests_lock);
	if (!err)
		vserial_guest_remove(g, doomed);
	return err;
}

/**
 * vserial_guests_close() - remove all guests, for good
 *
 * Context: process, when the module is removed: no port is open.
 */
void vserial_guests_close(void)
{
	struct vserial_reason ignored;
	struct vserial_guest *g;
	unsigned long doomed;

	mutex_lock(&vserial_guests_lock);
	vserial_guests_closed = true;
	for (;;) {
		g = list_first_entry_or_null(&vserial_guests,
					     struct vserial_guest, node);
		if (!g)
			break;
		if (g->dead) {
			/* Somebody else removes it, through an attribute. */
			unsigned int seen = vserial_guests_generation;

			mutex_unlock(&vserial_guests_lock);
			wait_event(vserial_guests_slots,
				   READ_ONCE(vserial_guests_generation) != seen);
			mutex_lock(&vserial_guests_lock);
			continue;
		}
		vserial_guest_doom(g, true, &doomed, &ignored);
		mutex_unlock(&vserial_guests_lock);
		vserial_guest_remove(g, doomed);
		mutex_lock(&vserial_guests_lock);
	}
	mutex_unlock(&vserial_guests_lock);
}
