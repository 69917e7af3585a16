// SPDX-License-Identifier: GPL-2.0-only
/*
 * port: one serial port of a guest: its life and its power
 *
 * Life: create (no one sees it) -> publish -> doom (nothing starts any more)
 * -> remove.  See port.h for what points where.
 *
 * Who waits for whom: config is taken before lock.  The tty layer calls power
 * on and off with its own locks held, and they take config; so nothing that
 * holds config may wait for the tty layer.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/xarray.h>

#include "backing.h"
#include "compat.h"
#include "device.h"
#include "hold.h"
#include "host.h"
#include "input.h"
#include "log.h"
#include "minor.h"
#include "notify.h"
#include "output.h"
#include "port_parts.h"
#include "state.h"
#include "trace.h"
#include "yield.h"

/*
 * Where ports are made: more than 2 KiB each, so that the general caches would
 * give 4 KiB.
 */
static struct kmem_cache *vserial_port_cache;
/* Published ports by minor; its own lock guards it. */
static DEFINE_XARRAY(vserial_ports);

/* Tells lockdep a port's tty from that of a UART. */
static struct lock_class_key vserial_port_tty_key;

/**
 * vserial_port_keep_size() - remember the window's size for the next opening
 * @port: the port
 * @ws: the size
 *
 * Context: any, without the port's lock.
 */
void vserial_port_keep_size(struct vserial_port *port,
			    const struct winsize *ws)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	port->winsize = *ws;
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_port_resize() - the terminal at the far end has another size
 * @port: the port
 * @rows: lines of text
 * @columns: characters a line
 *
 * Context: process, no locks, may sleep.
 */
void vserial_port_resize(struct vserial_port *port, u16 rows, u16 columns)
{
	struct winsize ws = { .ws_row = rows, .ws_col = columns };
	struct tty_struct *tty = tty_port_tty_get(&port->tty);

	vserial_port_keep_size(port, &ws);
	if (!tty)
		return;
	tty_do_resize(tty, &ws);
	tty_kref_put(tty);
}

/*
 * The first open: the guest is powered on.  The tty layer's locks are held.
 * -ENODEV if the port is being removed, -EINTR if the opener is killed.
 */
static int vserial_port_activate(struct tty_port *tty, struct tty_struct *ts)
{
	struct vserial_port *port = vserial_port_of(tty);
	struct vserial_stream_mem tx_mem = {}, rx_mem = {};
	unsigned long flags;
	bool on = false;
	int err;

	if (mutex_lock_killable(&port->config))
		return -EINTR;
	err = vserial_stream_prepare(&port->tx, port->tx.history, &tx_mem);
	if (!err)
		err = vserial_stream_prepare(&port->rx, 0, &rx_mem);
	if (err)
		goto unlock;
	/* Before the first byte passes. */
	vserial_port_opened(port);

	spin_lock_irqsave(&port->lock, flags);
	if (port->dead) {
		err = -ENODEV;
	} else {
		port->in_use = true;
		/* One that is expected is powered on when it comes. */
		on = port->held != VSERIAL_MIGRATION_INCOMING;
		WRITE_ONCE(port->power, on);
		vserial_stream_reserve(&port->tx, port->tx.history, &tx_mem);
		vserial_stream_reserve(&port->rx, 0, &rx_mem);
	}
	spin_unlock_irqrestore(&port->lock, flags);
	if (err)
		vserial_port_closed(port);
	if (!on)
		goto unlock;

	vserial_input_power_on(port);
	vserial_input_pump(port);	/* what came with a guest waits */
	if (port->connect_at_power_on)
		vserial_port_switch(port, true);
unlock:
	mutex_unlock(&port->config);
	vserial_stream_discard_mem(&port->tx, &tx_mem);
	vserial_stream_discard_mem(&port->rx, &rx_mem);
	if (!on)
		return err;
	trace_vserial_open(port);
	vserial_notify(VSERIAL_EVENT_PORT_POWER, port);
	return 0;
}

/*
 * The last close: the guest is powered off.  What it wrote goes on to the
 * backing; what waits for it is dropped.  The tty layer's locks are held.
 */
static void vserial_port_shutdown(struct tty_port *tty)
{
	struct vserial_port *port = vserial_port_of(tty);
	struct vserial_backing *b;
	unsigned long flags;
	bool on, held;

	mutex_lock(&port->config);
	spin_lock_irqsave(&port->lock, flags);
	on = port->power;
	held = port->held;
	port->went_off = on && held;
	port->in_use = false;
	WRITE_ONCE(port->power, false);
	spin_unlock_irqrestore(&port->lock, flags);
	/* What a guest that moves has not read moves with it. */
	if (!held)
		vserial_input_power_off(port);

	b = vserial_port_backing(port);
	if (port->live && b->ops->flush)
		b->ops->flush(b);
	vserial_log_flush(port);
	if (!held && !port->connect_at_power_on)
		vserial_port_switch(port, false);
	vserial_port_closed(port);

	if (!held) {
		spin_lock_irqsave(&port->lock, flags);
		vserial_stream_unreserve(&port->tx);
		vserial_stream_unreserve(&port->rx);
		spin_unlock_irqrestore(&port->lock, flags);
	}
	mutex_unlock(&port->config);
	if (!on)
		return;
	trace_vserial_close(port);
	vserial_notify(VSERIAL_EVENT_PORT_POWER, port);
}

static void vserial_port_dtr_rts(struct tty_port *tty, vserial_dtr_t on)
{
	unsigned int lines = TIOCM_DTR | TIOCM_RTS;
	struct vserial_port *port = vserial_port_of(tty);

	/* Who opens it beside a VMM whose guest leaves only reads what is left. */
	if (on && READ_ONCE(port->held) == VSERIAL_MIGRATION_OUTGOING)
		return;
	vserial_output_lines(port, on ? lines : 0, on ? 0 : lines);
}

/* The last reference: no process has the tty any more, hung up or not. */
static void vserial_port_destruct(struct tty_port *tty)
{
	struct vserial_port *port = vserial_port_of(tty);

	vserial_minor_put(port->tty_minor);
	put_device(&port->dev);
}

/* No carrier_raised: opening never waits for a carrier. */
static const struct tty_port_operations vserial_port_tty_ops = {
	.activate = vserial_port_activate,
	.shutdown = vserial_port_shutdown,
	.dtr_rts = vserial_port_dtr_rts,
	.destruct = vserial_port_destruct,
};

/* The device's release: the last reference on the port is gone. */
static void vserial_port_release(struct device *dev)
{
	struct vserial_port *port = container_of(dev, struct vserial_port, dev);

	vserial_stream_detach(&port->tx, &port->tx_cursor);
	vserial_stream_destroy(&port->tx);
	vserial_stream_detach(&port->rx, &port->rx_cursor);
	vserial_stream_destroy(&port->rx);
	vserial_hold_free_front(port->front);
	vserial_hold_free_front(port->rest);
	kfree(port->handing);
	vserial_port_drop_pieces(port);
	vserial_verdict_put(&port->served);
	vserial_verdict_put(&port->opened);
	put_device(port->dev.parent);
	kmem_cache_free(vserial_port_cache, port);
}

/**
 * vserial_port_create() - make a port that nobody sees yet
 * @guest: its guest's device
 * @owner: its guest's owner
 * @rules: its guest's service rules
 * @index: its number there
 * @s: settings besides the defaults
 * @reason: says why not
 *
 * Context: as vserial_port_configure().
 * Return: the port, for vserial_port_publish() or vserial_port_discard(); or
 * an ERR_PTR with @reason filled.
 */
struct vserial_port *vserial_port_create(struct device *guest,
					 struct vserial_owner *owner,
					 struct vserial_ruleset *rules,
					 unsigned int index,
					 const struct vserial_settings *s,
					 struct vserial_reason *reason)
{
	struct vserial_port *port = kmem_cache_zalloc(vserial_port_cache,
						      GFP_KERNEL);
	struct vserial_backing *b;
	int err;

	if (!port)
		return ERR_PTR(vserial_refuse(reason, -ENOMEM,
					      "out of memory"));
	port->owner = owner;
	port->rules = rules;
	port->index = index;
	mutex_init(&port->config);
	spin_lock_init(&port->lock);
	port->connect_at_power_on = true;
	port->stall_limit = VSERIAL_STALL_LIMIT_DEFAULT;
	port->max_clients = VSERIAL_MAX_CLIENTS_DEFAULT;
	vserial_stream_init(&port->tx, &vserial_budget, VSERIAL_RING_SIZE,
			    VSERIAL_HISTORY_DEFAULT);
	vserial_stream_attach(&port->tx, &port->tx_cursor, 0);
	vserial_stream_hold(&port->tx, &port->tx_cursor);
	vserial_stream_init(&port->rx, &vserial_budget, VSERIAL_RING_SIZE, 0);
	vserial_stream_attach(&port->rx, &port->rx_cursor, 0);
	vserial_stream_hold(&port->rx, &port->rx_cursor);
	INIT_LIST_HEAD(&port->readers);
	INIT_LIST_HEAD(&port->taps);
	timer_setup(&port->slow_timer, vserial_output_slow, 0);
	timer_setup(&port->tx_rate_timer, vserial_output_rate_up, 0);

	device_initialize(&port->dev);
	/* The attribute "power" is the guest's, and there is nothing to suspend. */
	device_set_pm_not_required(&port->dev);
	port->dev.bus = &vserial_bus;
	port->dev.type = &vserial_port_type;
	/* Held until release; the driver core's own ends with device_del(). */
	port->dev.parent = get_device(guest);
	port->dev.release = vserial_port_release;
	tty_port_init(&port->tty);
	/* Under it stopping a UART's backing waits for who takes the UART's. */
	lockdep_set_class(&port->tty.mutex, &vserial_port_tty_key);
	port->tty.ops = &vserial_port_tty_ops;
	/* What is unsent stays in the ring; a close need not wait for it. */
	port->tty.closing_wait = ASYNC_CLOSING_WAIT_NONE;
	/* The tty_port's own, see vserial_port_destruct(). */
	get_device(&port->dev);
	vserial_input_setup(port);
	vserial_state_setup(port);
	vserial_yield_setup(port);

	err = dev_set_name(&port->dev, "%s:%u", dev_name(guest), index);
	if (err) {
		vserial_refuse(reason, err, "out of memory");
		goto discard;
	}
	b = vserial_backing_create(port, "null", NULL, reason);
	if (IS_ERR(b)) {
		err = PTR_ERR(b);
		goto discard;
	}
	rcu_assign_pointer(port->backing, b);
	err = vserial_port_apply(port, s, reason);
	if (err)
		goto discard;
	return port;

discard:
	vserial_port_discard(port);
	return ERR_PTR(err);
}

/* Nobody who polls the port is to sleep any more. */
static void vserial_port_keep_polling(struct vserial_port *port)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	vserial_yield_set(port, false);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_port_discard() - unmake a port that was never published, or is
 * removed
 * @port: the port; the caller's reference is gone afterwards
 */
void vserial_port_discard(struct vserial_port *port)
{
	vserial_port_unback(port);
	/* Not before: somebody may have been about to configure it. */
	vserial_port_keep_polling(port);
	del_timer_sync(&port->slow_timer);
	del_timer_sync(&port->tx_rate_timer);
	vserial_input_stop(port);
	vserial_state_stop(port);
	tty_port_put(&port->tty);
	put_device(&port->dev);
}

/**
 * vserial_port_publish() - let everybody see a port
 * @port: the port, complete, with its minor
 * @reason: says why not
 *
 * Context: process, vserial_guests_lock held.  Users may open and configure it
 * before this returns.
 * Return: 0 or a negative errno with @reason filled; the port is discarded by
 * the caller then.
 */
int vserial_port_publish(struct vserial_port *port,
			 struct vserial_reason *reason)
{
	int err = device_add(&port->dev);

	if (err)
		return vserial_refuse(reason, err,
				      "device '%s' cannot be added: error %d",
				      vserial_port_name(port), err);
	err = xa_err(xa_store(&vserial_ports, port->minor, port, GFP_KERNEL));
	if (err)
		goto del;
	port->tty_dev = tty_port_register_device(&port->tty,
						 vserial_minor_driver(),
						 port->minor, &port->dev);
	if (!IS_ERR(port->tty_dev))
		return 0;
	err = PTR_ERR(port->tty_dev);
	xa_erase(&vserial_ports, port->minor);
del:
	device_del(&port->dev);
	return vserial_refuse(reason, err,
			      "tty device ttyVS%u cannot be added: error %d",
			      port->minor, err);
}

/**
 * vserial_port_by_minor() - the port of a device
 * @minor: N of ttyVS<N>
 *
 * Return: the port, of which the caller puts the tty_port; NULL if there is
 * none, or none any more.
 */
struct vserial_port *vserial_port_by_minor(unsigned int minor)
{
	struct vserial_port *port;

	xa_lock(&vserial_ports);
	port = xa_load(&vserial_ports, minor);
	if (port)
		tty_port_get(&port->tty);
	xa_unlock(&vserial_ports);
	return port;
}

/* Takes the device away and hangs up whoever has it open. */
static void vserial_port_unpublish(struct vserial_port *port)
{
	struct tty_struct *tty;

	xa_erase(&vserial_ports, port->minor);
	tty_port_unregister_device(&port->tty, vserial_minor_driver(),
				   port->minor);
	smp_mb();	/* pairs with vserial_tty_open() */
	tty = tty_port_tty_get(&port->tty);
	if (tty) {
		tty_vhangup(tty);
		tty_kref_put(tty);
	}
	device_del(&port->dev);
}

/**
 * vserial_port_doom() - decide that a port is removed
 * @port: the port
 * @force: even if it is open
 * @reason: says why not
 *
 * Nothing can open, configure or start it any more; vserial_port_spare() takes
 * that back.
 *
 * Context: process, vserial_guests_lock held.
 * Return: 0; or -EBUSY with @reason filled.
 */
int vserial_port_doom(struct vserial_port *port, bool force,
		      struct vserial_reason *reason)
{
	unsigned long flags;
	bool open;

	spin_lock_irqsave(&port->lock, flags);
	/* One that is expected has it open before it is powered on. */
	open = port->in_use;
	if (!open || force)
		WRITE_ONCE(port->dead, true);
	spin_unlock_irqrestore(&port->lock, flags);
	if (open && !force)
		return vserial_refuse(reason, -EBUSY,
				      "port '%s/%u' is open; close it first, or use force to hang it up",
				      vserial_port_guest_name(port),
				      port->index);
	return 0;
}

/**
 * vserial_port_spare() - a doomed port stays after all
 * @port: the port
 *
 * Context: process, vserial_guests_lock held.
 */
void vserial_port_spare(struct vserial_port *port)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	port->dead = false;
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_port_remove() - remove a doomed port
 * @port: the port; the caller's reference is gone afterwards
 *
 * The last of the output goes to the backing if that takes no longer than its
 * stop.  A process that has the device open is hung up and may keep the hung
 * up tty for as long as it likes.
 *
 * Context: process, no locks; waits for accesses of its attributes to end.
 */
void vserial_port_remove(struct vserial_port *port)
{
	vserial_port_unpublish(port);
	/* Listeners look whether any port is polled. */
	vserial_port_keep_polling(port);
	vserial_notify(VSERIAL_EVENT_PORT_GONE, port);
	vserial_port_discard(port);
}

/**
 * vserial_port_init() - before the first port
 *
 * Return: 0 or -ENOMEM.
 */
int vserial_port_init(void)
{
	vserial_port_cache = KMEM_CACHE(vserial_port, 0);
	return vserial_port_cache ? 0 : -ENOMEM;
}

/**
 * vserial_port_exit() - after the last
 */
void vserial_port_exit(void)
{
	kmem_cache_destroy(vserial_port_cache);
}
