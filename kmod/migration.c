// SPDX-License-Identifier: GPL-2.0-only
/*
 * migration: a guest's way from one host to another
 *
 *	            the host it leaves		the host it goes to
 *
 *	none ------> outgoing ---+		none ------> incoming ---+
 *	   hold, ask     | abort |		   hold         |        |
 *	                 | limit |		                |        |
 *	                 v       |		                v        |
 *	             leaving ----+		            arriving ----+
 *	                 |       |		 tell           |        |
 *	                 v       +-> aborted	 peers          |  abort +-> aborted
 *	             parting ----+		                |
 *	   end peers     |  abort		                |
 *	                 v			                v
 *	             completed			            completed
 *
 * It is decided at leaving: no limit ends it from there on.  Outgoing and incoming
 * may be completed at once, where nothing can come late.  completed and aborted
 * are as good as none for whoever begins anew; they tell who comes late what
 * became of it.  A step that has been taken may be taken again: nothing happens,
 * but that the limit of outgoing begins anew.  Whoever calls may die between any
 * two: the limit ends outgoing, an administrator the others; incoming may have to
 * wait for as long as memory takes to be copied.
 *
 * What each step does to a port is in port_hold.c.  Steps of one guest come one at
 * a time, under its step mutex, which is taken outside vserial_guests_lock and
 * ports' config.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "guest.h"
#include "host.h"
#include "migration.h"
#include "port.h"
#include "reason.h"

/* The ports of a guest, each with a reference on its device. */
struct ports {
	struct vserial_port *port[VSERIAL_PORTS_PER_GUEST];
	unsigned int n;
};

static bool is_held(enum vserial_migration m)
{
	return vserial_migration_leaves(m) || vserial_migration_comes(m);
}

/*
 * Sets where a guest stands, and finds its ports: one that is added from now on
 * sees it.  Return: whether the guest is still there.
 */
static bool set_migration(struct vserial_guest *g, enum vserial_migration to,
			  struct ports *ports)
{
	unsigned int i;
	bool there;

	ports->n = 0;
	mutex_lock(&vserial_guests_lock);
	there = !g->dead;
	if (there)
		g->migration = to;
	for (i = 0; there && i < VSERIAL_PORTS_PER_GUEST; i++) {
		if (!g->ports[i] || g->ports[i]->dead)
			continue;
		get_device(&g->ports[i]->dev);
		ports->port[ports->n++] = g->ports[i];
	}
	mutex_unlock(&vserial_guests_lock);
	return there;
}

static void put_ports(struct ports *ports)
{
	while (ports->n)
		put_device(&ports->port[--ports->n]->dev);
}

static int gone(struct vserial_guest *g, struct vserial_reason *reason)
{
	return vserial_refuse(reason, -ENOENT, "guest '%s' does not exist",
			      vserial_guest_name(g));
}

static void start_limit(struct vserial_guest *g)
{
	/* Its work has a reference on the guest. */
	get_device(&g->dev);
	if (mod_delayed_work(vserial_wq, &g->migration_work,
			     msecs_to_jiffies(g->migration_limit)))
		put_device(&g->dev);
}

static void stop_limit(struct vserial_guest *g)
{
	if (cancel_delayed_work(&g->migration_work))
		put_device(&g->dev);
}

/* Holds all ports or none. */
static int begin(struct vserial_guest *g, enum vserial_migration to, u32 limit,
		 struct vserial_reason *reason)
{
	enum vserial_migration from = g->migration;
	struct ports ports;
	unsigned int i;
	int err = 0;

	if (!set_migration(g, to, &ports))
		return gone(g, reason);
	/* The daemon is told it with what holding asks for. */
	WRITE_ONCE(g->migration_limit, limit);
	for (i = 0; i < ports.n && !err; i++)
		err = vserial_port_hold(ports.port[i], to, reason);
	if (err && from != to) {
		while (i--)
			vserial_port_unhold(ports.port[i], false);
		put_ports(&ports);
		set_migration(g, from, &ports);
	}
	put_ports(&ports);
	if (err)
		return err;
	g->migration_late = false;
	if (to == VSERIAL_MIGRATION_OUTGOING)
		start_limit(g);
	vserial_guest_tell(g);
	return 0;
}

static int end(struct vserial_guest *g, enum vserial_migration to,
	       struct vserial_reason *reason)
{
	bool completed = to == VSERIAL_MIGRATION_COMPLETED;
	struct ports ports;
	unsigned int i;

	stop_limit(g);
	if (!set_migration(g, to, &ports))
		return gone(g, reason);
	for (i = 0; i < ports.n; i++)
		vserial_port_unhold(ports.port[i], completed);
	put_ports(&ports);
	vserial_guest_tell(g);
	return 0;
}

/* What may be taken further is neither held nor let go of by that. */
static int further(struct vserial_guest *g, enum vserial_migration to,
		   struct vserial_reason *reason)
{
	struct ports ports;
	unsigned int i;

	if (to == VSERIAL_MIGRATION_LEAVING)
		stop_limit(g);
	if (!set_migration(g, to, &ports))
		return gone(g, reason);
	for (i = 0; i < ports.n && to != VSERIAL_MIGRATION_LEAVING; i++)
		vserial_port_end_handover(ports.port[i]);
	put_ports(&ports);
	vserial_guest_tell(g);
	return 0;
}

static int judge_begin(const struct vserial_guest *g, u32 to,
		       struct vserial_reason *reason)
{
	bool comes = vserial_migration_comes(g->migration);

	if (!is_held(g->migration) || g->migration == to)
		return 0;
	if (comes && to == VSERIAL_MIGRATION_OUTGOING)
		return vserial_refuse(reason, -EBUSY,
				      "guest '%s' cannot leave before it is here: it is expected from another host",
				      vserial_guest_name(g));
	if (!comes && to == VSERIAL_MIGRATION_INCOMING)
		return vserial_refuse(reason, -EBUSY,
				      "guest '%s' cannot be expected here: it is about to leave for another host",
				      vserial_guest_name(g));
	return vserial_refuse(reason, -EBUSY,
			      "guest '%s' %s already; complete that or abort it",
			      vserial_guest_name(g),
			      comes ? "arrives" : "has been let go of");
}

/* Nothing is under way that could be ended, or taken further. */
static int refuse_idle(const struct vserial_guest *g,
		       struct vserial_reason *reason)
{
	const char *name = vserial_guest_name(g);

	if (g->migration == VSERIAL_MIGRATION_COMPLETED)
		return vserial_refuse(reason, -EALREADY,
				      "the migration of guest '%s' is completed and cannot be aborted",
				      name);
	if (g->migration_late)
		return vserial_refuse(reason, -ETIMEDOUT,
				      "guest '%s' went on here when its migration was not completed within %u ms",
				      name, g->migration_limit);
	return vserial_refuse(reason, -EINVAL,
			      "guest '%s' is not migrating; its migration %s",
			      name,
			      g->migration == VSERIAL_MIGRATION_ABORTED ?
			      "was aborted" : "was not begun");
}

static int judge_further(const struct vserial_guest *g, u32 to,
			 struct vserial_reason *reason)
{
	enum vserial_migration from =
		to == VSERIAL_MIGRATION_LEAVING ? VSERIAL_MIGRATION_OUTGOING :
		to == VSERIAL_MIGRATION_PARTING ? VSERIAL_MIGRATION_LEAVING :
						  VSERIAL_MIGRATION_INCOMING;

	if (g->migration == from || g->migration == to)
		return 0;
	if (!is_held(g->migration))
		return refuse_idle(g, reason);
	return vserial_refuse(reason, -EINVAL,
			      "guest '%s' cannot take that step now; begin, leave and rest follow each other where it was, receive and arrive where it goes to",
			      vserial_guest_name(g));
}

static int judge_end(const struct vserial_guest *g, u32 to,
		     struct vserial_reason *reason)
{
	/* Nobody need know how far it was to call it off. */
	if (is_held(g->migration) || g->migration == to ||
	    (to == VSERIAL_MIGRATION_ABORTED &&
	     g->migration == VSERIAL_MIGRATION_NONE))
		return 0;
	return refuse_idle(g, reason);
}

/* Call with the guest's step mutex. */
static int take_step(struct vserial_guest *g, u32 to, u32 limit,
		     struct vserial_reason *reason)
{
	int err;

	switch (to) {
	case VSERIAL_MIGRATION_INCOMING:
	case VSERIAL_MIGRATION_OUTGOING:
		err = judge_begin(g, to, reason);
		return err ?: begin(g, to, limit, reason);
	case VSERIAL_MIGRATION_LEAVING:
	case VSERIAL_MIGRATION_PARTING:
	case VSERIAL_MIGRATION_ARRIVING:
		err = judge_further(g, to, reason);
		return err || g->migration == to ? err : further(g, to, reason);
	default:
		err = judge_end(g, to, reason);
		return err || !is_held(g->migration) ? err : end(g, to, reason);
	}
}

/**
 * vserial_migration_judge_limit() - may a guest be held for so long?
 * @limit: ms
 * @reason: says why not
 *
 * Return: 0 or -ERANGE with @reason filled.
 */
int vserial_migration_judge_limit(u32 limit, struct vserial_reason *reason)
{
	if (limit && limit <= VSERIAL_MIGRATION_LIMIT_MAX)
		return 0;
	return vserial_refuse(reason, -ERANGE,
			      "a vmotion-limit of %u ms is out of range; it is 1 to %u",
			      limit, VSERIAL_MIGRATION_LIMIT_MAX);
}

/**
 * vserial_migration_step() - take a guest one step
 * @name: its name
 * @to: enum vserial_migration, not VSERIAL_MIGRATION_NONE
 * @limit: ms after which a guest that leaves goes on here, and for which its
 *	concentrators are waited for; NULL: as the guest's setting says
 * @reason: says why not
 *
 * Context: process, no locks, may sleep for a bounded time.
 * Return: 0, also if it has been taken already; or a negative errno with @reason
 * filled.
 */
int vserial_migration_step(const char *name, u32 to, const u32 *limit,
			   struct vserial_reason *reason)
{
	struct vserial_guest *g;
	u32 ms = 0;
	int err;

	if (!to || to > VSERIAL_MIGRATION_ARRIVING)
		return vserial_refuse(reason, -EINVAL,
				      "migration %u is no step; there are 1 (incoming), 2 (outgoing), 3 (completed), 4 (aborted), 5 (leaving), 6 (parting) and 7 (arriving)",
				      to);
	err = limit ? vserial_migration_judge_limit(*limit, reason) : 0;
	if (err)
		return err;
	mutex_lock(&vserial_guests_lock);
	g = vserial_guest_find(name, reason);
	if (!IS_ERR(g)) {
		get_device(&g->dev);
		ms = limit ? *limit : g->limit;
	}
	mutex_unlock(&vserial_guests_lock);
	if (IS_ERR(g))
		return PTR_ERR(g);

	if (mutex_lock_killable(&g->step)) {
		err = vserial_refuse(reason, -EINTR,
				     "interrupted while guest '%s' is at another step",
				     name);
	} else {
		err = take_step(g, to, ms, reason);
		mutex_unlock(&g->step);
	}
	put_device(&g->dev);
	return err;
}

/* Nobody has said within the limit that the guest is gone. */
static void vserial_migration_late(struct work_struct *work)
{
	struct vserial_guest *g = container_of(to_delayed_work(work),
					       struct vserial_guest,
					       migration_work);
	struct vserial_reason ignored;

	mutex_lock(&g->step);
	/* Somebody may have been faster, and may have begun anew. */
	if (g->migration == VSERIAL_MIGRATION_OUTGOING &&
	    !delayed_work_pending(&g->migration_work)) {
		g->migration_late = true;
		end(g, VSERIAL_MIGRATION_ABORTED, &ignored);
	}
	mutex_unlock(&g->step);
	put_device(&g->dev);
}

/**
 * vserial_migration_setup() - prepare a guest that is being made
 * @g: the guest
 */
void vserial_migration_setup(struct vserial_guest *g)
{
	g->limit = VSERIAL_MIGRATION_LIMIT_DEFAULT;
	mutex_init(&g->step);
	INIT_DELAYED_WORK(&g->migration_work, vserial_migration_late);
}

/**
 * vserial_migration_stop() - a guest is removed: no limit runs any more
 * @g: the guest, dead
 *
 * Context: process, no locks.
 */
void vserial_migration_stop(struct vserial_guest *g)
{
	mutex_lock(&g->step);
	stop_limit(g);
	mutex_unlock(&g->step);
}
