// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_ports: making, finding and removing the ports of a guest
 *
 * Locked as guests are: see guest.c.
 */
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "guest.h"
#include "migration.h"
#include "minor.h"
#include "notify.h"
#include "port.h"
#include "reason.h"

static int vserial_guest_judge_index(unsigned int index,
				     struct vserial_reason *reason)
{
	if (index < VSERIAL_PORTS_PER_GUEST)
		return 0;
	return vserial_refuse(reason, -ERANGE,
			      "port index %u is out of range; a guest has ports 0 to %u",
			      index, VSERIAL_PORTS_PER_GUEST - 1);
}

/* Gives a port the minor it had before, or a free one while that is in use. */
static int vserial_guest_give_minor(struct vserial_guest *g,
				    struct vserial_port *port,
				    struct vserial_reason *reason)
{
	struct vserial_minor **slot = &g->minors[port->index];

	if (!*slot || vserial_minor_is_used(*slot)) {
		struct vserial_minor *m = vserial_minor_alloc();

		if (PTR_ERR(m) == -ENOSPC)
			return vserial_refuse(reason, -ENOSPC,
					      "port '%s/%u' is one too many for this host; see the module's parameter max_ports",
					      vserial_guest_name(g),
					      port->index);
		if (IS_ERR(m))
			return vserial_refuse(reason, PTR_ERR(m),
					      "out of memory");
		vserial_minor_put(*slot);
		*slot = m;
	}
	port->tty_minor = vserial_minor_get(*slot);
	port->minor = vserial_minor_nr(*slot);
	return 0;
}

static int vserial_guest_check_slot(struct vserial_guest *g,
				    unsigned int index,
				    struct vserial_reason *reason)
{
	if (!g->ports[index])
		return 0;
	if (!g->ports[index]->dead)
		return vserial_refuse(reason, -EEXIST,
				      "port '%s/%u' exists already",
				      vserial_guest_name(g), index);
	return vserial_refuse(reason, -EBUSY,
			      "port '%s/%u' is still being removed",
			      vserial_guest_name(g), index);
}

/**
 * vserial_guest_publish_port() - let everybody see a port
 * @g: its guest
 * @port: the port, from vserial_port_create()
 * @reason: says why not
 *
 * Context: process, vserial_guests_lock held.
 * Return: 0; or a negative errno with @reason filled: then the caller discards
 * the port.
 */
int vserial_guest_publish_port(struct vserial_guest *g,
			       struct vserial_port *port,
			       struct vserial_reason *reason)
{
	int err = vserial_guest_check_slot(g, port->index, reason);

	/* Nobody sees it yet, so that it needs no lock. */
	port->held = vserial_migration_comes(g->migration) ?
		     VSERIAL_MIGRATION_INCOMING : VSERIAL_MIGRATION_NONE;
	if (!err && vserial_migration_leaves(g->migration))
		err = vserial_refuse(reason, -EBUSY,
				     "port '%s/%u' cannot be added: its guest is about to leave for another host",
				     vserial_guest_name(g), port->index);
	if (!err)
		err = vserial_guest_give_minor(g, port, reason);
	if (!err)
		err = vserial_port_publish(port, reason);
	if (err)
		return err;
	g->ports[port->index] = port;
	vserial_guests_generation++;
	vserial_notify(VSERIAL_EVENT_PORT_NEW, port);
	return 0;
}

/**
 * vserial_guest_remove_port() - remove a doomed port
 * @g: its guest, of which the caller has a reference
 * @index: its number
 *
 * And then let go of its slot: as long as others find it there it has to exist.
 *
 * Context: process, no locks; waits for accesses of its attributes to end.
 */
void vserial_guest_remove_port(struct vserial_guest *g, unsigned int index)
{
	struct vserial_port *port = g->ports[index];

	get_device(&port->dev);
	vserial_port_remove(port);
	mutex_lock(&vserial_guests_lock);
	WRITE_ONCE(g->ports[index], NULL);
	vserial_guests_generation++;
	mutex_unlock(&vserial_guests_lock);
	wake_up_all(&vserial_guests_slots);
	put_device(&port->dev);
}

/**
 * vserial_guest_add_port() - make a port
 * @name: the guest's name
 * @index: the port's number
 * @s: its settings besides the defaults
 * @reason: says why not
 *
 * Context: process, in the configuring task, no locks; may sleep for as long
 * as the file system likes, if the backing is a file.
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_guest_add_port(const char *name, unsigned int index,
			   const struct vserial_settings *s,
			   struct vserial_reason *reason)
{
	struct vserial_guest *g;
	struct vserial_port *port;
	int err;

	err = vserial_guest_judge_index(index, reason);
	if (err)
		return err;

	/* Refuse what is clear before files are opened, and perhaps made. */
	mutex_lock(&vserial_guests_lock);
	g = vserial_guest_find(name, reason);
	if (IS_ERR(g))
		err = PTR_ERR(g);
	else
		err = vserial_guest_check_slot(g, index, reason);
	if (!err)
		get_device(&g->dev);
	mutex_unlock(&vserial_guests_lock);
	if (err)
		return err;

	port = vserial_port_create(&g->dev, &g->owner, &g->rules, index, s,
				   reason);
	if (IS_ERR(port)) {
		err = PTR_ERR(port);
		goto put;
	}

	mutex_lock(&vserial_guests_lock);
	if (g->dead)
		err = vserial_refuse(reason, -ENOENT,
				     "guest '%s' does not exist", name);
	else
		err = vserial_guest_publish_port(g, port, reason);
	if (!err)
		vserial_notify(VSERIAL_EVENT_GUEST_CHANGED, g);
	mutex_unlock(&vserial_guests_lock);
	if (err)
		vserial_port_discard(port);
put:
	put_device(&g->dev);
	return err;
}

/* Call with the registry's lock. */
static struct vserial_port *
vserial_guest_find_port(const char *name, unsigned int index,
			struct vserial_reason *reason)
{
	struct vserial_guest *g = vserial_guest_find(name, reason);
	int err;

	if (IS_ERR(g))
		return ERR_CAST(g);
	err = vserial_guest_judge_index(index, reason);
	if (err)
		return ERR_PTR(err);
	if (g->ports[index] && !g->ports[index]->dead)
		return g->ports[index];
	return ERR_PTR(vserial_refuse(reason, -ENOENT,
				      "port '%s/%u' does not exist", name,
				      index));
}

/**
 * vserial_guest_del_port() - remove a port
 * @name: the guest's name
 * @index: the port's number
 * @force: even if it is open; it is hung up
 * @reason: says why not
 *
 * Context: process, no locks, not from an attribute of the port; may sleep.
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_guest_del_port(const char *name, unsigned int index, bool force,
			   struct vserial_reason *reason)
{
	struct vserial_guest *g = NULL;
	struct vserial_port *port;
	int err;

	mutex_lock(&vserial_guests_lock);
	port = vserial_guest_find_port(name, index, reason);
	if (IS_ERR(port))
		err = PTR_ERR(port);
	else
		err = vserial_port_doom(port, force, reason);
	if (!err) {
		g = vserial_guest_of_port(port);
		get_device(&g->dev);
	}
	mutex_unlock(&vserial_guests_lock);
	if (err)
		return err;

	vserial_guest_remove_port(g, index);
	vserial_guest_tell(g);
	put_device(&g->dev);
	return 0;
}

/**
 * vserial_guest_get_port() - look a port up
 * @name: the guest's name
 * @index: the port's number
 * @reason: says why not
 *
 * Context: process, may sleep.
 * Return: the port with a reference on its device that the caller puts; or an
 * ERR_PTR with @reason filled.
 */
struct vserial_port *vserial_guest_get_port(const char *name,
					    unsigned int index,
					    struct vserial_reason *reason)
{
	struct vserial_port *port;

	mutex_lock(&vserial_guests_lock);
	port = vserial_guest_find_port(name, index, reason);
	if (!IS_ERR(port))
		get_device(&port->dev);
	mutex_unlock(&vserial_guests_lock);
	return port;
}
