// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_backing: which backing a port has, and whether it runs
 */
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "backing.h"
#include "log.h"
#include "output.h"
#include "port_parts.h"
#include "spec.h"
#include "state.h"
#include "stream.h"
#include "trace.h"

/**
 * vserial_port_backing() - the backing of a port
 * @port: the port
 *
 * Context: process, with config.
 * Return: the backing; NULL before there is one and after the last.
 */
struct vserial_backing *vserial_port_backing(struct vserial_port *port)
{
	return rcu_dereference_protected(port->backing,
					 lockdep_is_held(&port->config));
}

/* Sets the port's backing going, which may.  Call with config. */
static void vserial_port_go(struct vserial_port *port)
{
	struct vserial_backing *b = vserial_port_backing(port);
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	WRITE_ONCE(port->live, true);
	port->far_lines = 0;
	port->far_has_lines = false;
	port->stalled = false;
	port->slow_since = jiffies;
	port->slow_pos = port->tx_cursor.pos;
	spin_unlock_irqrestore(&port->lock, flags);

	b->ops->start(b);
	trace_vserial_attach(port, b->spec->text);
	vserial_output_kick(port);
}

/* The backing stays where it is while a rule denies it.  Call with config. */
static void vserial_port_forbid(struct vserial_port *port,
				const struct vserial_reason *reason)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	vserial_state_set(port, VSERIAL_STATE_UNRECOVERABLE_ERROR,
			  reason->text);
	spin_unlock_irqrestore(&port->lock, flags);
}

/* Sets it going if the guest's rules allow it.  Call with config. */
static void vserial_port_start(struct vserial_port *port)
{
	struct vserial_reason reason;

	if (vserial_port_may_serve(port, true, &reason))
		vserial_port_forbid(port, &reason);
	else
		vserial_port_go(port);
}

/*
 * Stops it; what it has not acknowledged is the next one's.  One that rules kept
 * from starting has nothing to stop.  Call with config.
 */
static void vserial_port_stop(struct vserial_port *port)
{
	struct vserial_backing *b = vserial_port_backing(port);
	unsigned long flags;
	bool gone;

	if (port->live && b->ops->stop)
		b->ops->stop(b);

	spin_lock_irqsave(&port->lock, flags);
	gone = vserial_state_present(port);
	WRITE_ONCE(port->live, false);
	port->rx_room_wanted = false;
	vserial_stream_rewind(&port->tx, &port->tx_cursor);
	port->peer[0] = '\0';
	vserial_state_set(port, VSERIAL_STATE_NOT_CONNECTED, "");
	gone = gone && !vserial_state_present(port);
	spin_unlock_irqrestore(&port->lock, flags);
	if (gone)
		vserial_output_released(port);
}

/**
 * vserial_port_swap_backing() - give a port another backing
 * @port: the port
 * @new: the backing, which is started if the port is connected; the port's
 *	from now on
 *
 * Context: process, with config.
 * Return: the old one, stopped; the caller's.
 */
struct vserial_backing *
vserial_port_swap_backing(struct vserial_port *port,
			  struct vserial_backing *new)
{
	struct vserial_backing *old = vserial_port_backing(port);
	unsigned long flags;
	bool gone;

	/* The guest goes on waiting as it did for the old one. */
	spin_lock_irqsave(&port->lock, flags);
	port->replacing = true;
	port->swapping = vserial_state_present(port);
	spin_unlock_irqrestore(&port->lock, flags);

	if (port->connected)
		vserial_port_stop(port);
	spin_lock_irqsave(&port->lock, flags);
	rcu_assign_pointer(port->backing, new);
	spin_unlock_irqrestore(&port->lock, flags);
	if (port->connected)
		vserial_port_start(port);

	spin_lock_irqsave(&port->lock, flags);
	gone = port->swapping;
	port->replacing = false;
	port->swapping = false;
	gone = gone && !vserial_state_present(port);
	vserial_state_update_lines(port);
	spin_unlock_irqrestore(&port->lock, flags);
	if (gone)
		vserial_output_released(port);
	return old;
}

static void vserial_port_plug(struct vserial_port *port, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	port->connected = on;
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_port_switch() - plug the cable in or pull it
 * @port: the port
 * @on: which; as it is already is fine
 *
 * Plugged in, a backing that a rule denies waits until it is allowed.
 *
 * Context: process, with config; may sleep for a bounded time.
 */
void vserial_port_switch(struct vserial_port *port, bool on)
{
	if (port->connected == on)
		return;
	vserial_port_plug(port, on);
	if (on)
		vserial_port_start(port);
	else
		vserial_port_stop(port);
}

/**
 * vserial_port_plug_in() - plug the cable in if that comes to something
 * @port: the port
 * @reason: says why not
 *
 * Context: as vserial_port_switch().
 * Return: 0; or -EACCES with @reason filled if a rule denies the backing.
 */
int vserial_port_plug_in(struct vserial_port *port,
			 struct vserial_reason *reason)
{
	int err;

	if (port->live)
		return 0;
	err = vserial_port_may_serve(port, true, reason);
	if (err)
		return err;
	vserial_port_plug(port, true);
	vserial_port_go(port);
	return 0;
}

/**
 * vserial_port_reconsider() - the guest's rules or the service may be others
 * @port: the port
 *
 * Context: as vserial_port_switch().
 */
void vserial_port_reconsider(struct vserial_port *port)
{
	struct vserial_reason reason;
	int err;

	if (!port->connected)
		return;
	err = vserial_port_may_serve(port, false, &reason);
	if (err) {
		if (port->live)
			vserial_port_stop(port);
		vserial_port_forbid(port, &reason);
	} else if (!port->live) {
		vserial_port_go(port);
	}
}

/**
 * vserial_port_unback() - take backing and log away for good
 * @port: the port, which was never published or is dead
 *
 * Context: process, no locks.
 */
void vserial_port_unback(struct vserial_port *port)
{
	struct vserial_backing *b;
	struct vserial_log *log;
	unsigned long flags;

	mutex_lock(&port->config);
	b = vserial_port_backing(port);
	if (b) {
		vserial_port_switch(port, false);
		spin_lock_irqsave(&port->lock, flags);
		RCU_INIT_POINTER(port->backing, NULL);
		spin_unlock_irqrestore(&port->lock, flags);
	}
	log = vserial_log_swap(port, NULL);
	mutex_unlock(&port->config);
	if (b)
		vserial_backing_destroy(b);
	if (log)
		vserial_log_destroy(log);
}
