// SPDX-License-Identifier: GPL-2.0-only
/*
 * port: one serial port of a guest, its settings, its power and its backing
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
#include <linux/tty_flip.h>

#include "backing.h"
#include "bus.h"
#include "guest.h"
#include "input.h"
#include "line.h"
#include "notify.h"
#include "output.h"
#include "port.h"
#include "spec.h"
#include "sysfs.h"
#include "trace.h"
#include "tty.h"

struct vserial_budget vserial_budget;

/**
 * vserial_port_present() - is anybody at the far end?
 * @port: the port, with its lock held
 *
 * Return: whether output has somebody to wait for.
 */
bool vserial_port_present(const struct vserial_port *port)
{
	if (!port->live)
		return false;
	if (port->state == VSERIAL_STATE_CONNECTED)
		return true;
	return port->state == VSERIAL_STATE_RECOVERABLE_ERROR &&
	       rcu_dereference_protected(port->backing,
					 lockdep_is_held(&port->lock))
		       ->ops->waits_out_errors;
}

/* Brings what the guest sees up to date.  Call with the lock. */
static void vserial_port_update_lines(struct vserial_port *port)
{
	unsigned int msr = vserial_line_msr(port->carrier,
					    vserial_port_present(port));

	if (vserial_line_count(&port->icount, port->msr, msr))
		wake_up_interruptible(&port->tty.delta_msr_wait);
	port->msr = msr;
}

/* Call with the lock.  Return: those who waited for the peer must be released. */
static bool vserial_port_set_state(struct vserial_port *port,
				   enum vserial_state state, const char *text)
{
	bool present = vserial_port_present(port);

	port->state = state;
	strscpy(port->reason.text, text, sizeof(port->reason.text));
	vserial_port_update_lines(port);
	return present && !vserial_port_present(port);
}

/**
 * vserial_backing_report() - a backing says how it is
 * @b: the backing; heard only while it is the port's started backing
 * @state: the port's state from now on
 * @fmt: printf format of the reason, one sentence; "" if there is none
 *
 * Context: any; must not sleep.
 */
void vserial_backing_report(struct vserial_backing *b, enum vserial_state state,
			    const char *fmt, ...)
{
	struct vserial_port *port = b->port;
	struct vserial_reason reason;
	bool changed = false, gone = false;
	unsigned long flags;
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason.text, sizeof(reason.text), fmt, args);
	va_end(args);

	spin_lock_irqsave(&port->lock, flags);
	if (port->live && rcu_access_pointer(port->backing) == b) {
		changed = port->state != state ||
			  strcmp(port->reason.text, reason.text);
		gone = vserial_port_set_state(port, state, reason.text);
	}
	if (changed && !port->dead)
		queue_work(vserial_wq, &port->event);
	spin_unlock_irqrestore(&port->lock, flags);
	if (gone)
		vserial_output_released(port);
}

static void vserial_port_event(struct work_struct *work)
{
	vserial_notify_port(container_of(work, struct vserial_port, event));
}

/* The port's backing, for those who hold config. */
static struct vserial_backing *vserial_port_backing(struct vserial_port *port)
{
	return rcu_dereference_protected(port->backing,
					 lockdep_is_held(&port->config));
}

/* Sets the port's backing going.  Call with config. */
static void vserial_port_start(struct vserial_port *port)
{
	struct vserial_backing *b = vserial_port_backing(port);
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	port->live = true;
	port->stalled = false;
	port->slow_since = jiffies;
	port->slow_pos = port->tx_cursor.pos;
	spin_unlock_irqrestore(&port->lock, flags);

	b->ops->start(b);
	trace_vserial_attach(port, b->spec->text);
	vserial_output_kick(port);
}

/* Stops it; what it has not acknowledged is the next one's.  Call with config. */
static void vserial_port_stop(struct vserial_port *port)
{
	struct vserial_backing *b = vserial_port_backing(port);
	unsigned long flags;
	bool gone;

	if (b->ops->stop)
		b->ops->stop(b);

	spin_lock_irqsave(&port->lock, flags);
	gone = vserial_port_present(port);
	port->live = false;
	port->rx_room_wanted = false;
	vserial_stream_rewind(&port->tx, &port->tx_cursor);
	vserial_port_set_state(port, VSERIAL_STATE_NOT_CONNECTED, "");
	spin_unlock_irqrestore(&port->lock, flags);
	if (gone)
		vserial_output_released(port);
}

/* Puts @new in place, started if the port is connected.  Call with config. */
static struct vserial_backing *
vserial_port_swap_backing(struct vserial_port *port,
			  struct vserial_backing *new)
{
	struct vserial_backing *old = vserial_port_backing(port);
	unsigned long flags;

	if (port->connected)
		vserial_port_stop(port);
	spin_lock_irqsave(&port->lock, flags);
	rcu_assign_pointer(port->backing, new);
	spin_unlock_irqrestore(&port->lock, flags);
	if (port->connected)
		vserial_port_start(port);
	return old;
}

/* Throws the switch.  Call with config. */
static void vserial_port_switch(struct vserial_port *port, bool on)
{
	unsigned long flags;

	if (port->connected == on)
		return;
	spin_lock_irqsave(&port->lock, flags);
	port->connected = on;
	spin_unlock_irqrestore(&port->lock, flags);
	if (on)
		vserial_port_start(port);
	else
		vserial_port_stop(port);
}

static int vserial_port_lock_config(struct vserial_port *port,
				    struct vserial_reason *reason)
{
	if (mutex_lock_killable(&port->config))
		return vserial_refuse(reason, -EINTR,
				      "interrupted while another change of port '%s/%u' is under way",
				      vserial_guest_name(port->guest),
				      port->index);
	if (!port->dead)
		return 0;
	mutex_unlock(&port->config);
	return vserial_refuse(reason, -ENODEV, "port '%s/%u' is being removed",
			      vserial_guest_name(port->guest), port->index);
}

static int vserial_port_judge(const struct vserial_settings *s,
			      struct vserial_reason *reason)
{
	if (s->set & BIT_ULL(VSERIAL_A_PORT_OVERFLOW) &&
	    s->overflow > VSERIAL_OVERFLOW_DROP_NEW)
		return vserial_refuse(reason, -EINVAL,
				      "overflow %u is unknown; known are 0 (block), 1 (drop-old) and 2 (drop-new)",
				      s->overflow);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_CARRIER) &&
	    s->carrier > VSERIAL_CARRIER_PEER)
		return vserial_refuse(reason, -EINVAL,
				      "carrier %u is unknown; known are 0 (auto), 1 (always) and 2 (peer)",
				      s->carrier);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_STALL_LIMIT) &&
	    s->stall_limit > VSERIAL_STALL_LIMIT_MAX)
		return vserial_refuse(reason, -ERANGE,
				      "stall-limit %u ms is too long; the most is %u",
				      s->stall_limit, VSERIAL_STALL_LIMIT_MAX);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_HISTORY) &&
	    s->history > VSERIAL_HISTORY_MAX)
		return vserial_refuse(reason, -ERANGE,
				      "history of %u bytes is too large; the most is %u",
				      s->history, VSERIAL_HISTORY_MAX);
	return 0;
}

/**
 * vserial_port_configure() - change settings
 * @port: the port
 * @s: which, and to what
 * @reason: says why not
 *
 * All of it or nothing: values are judged and the backing is opened before
 * anything changes.  A new backing goes on where the old one had acknowledged.
 *
 * Context: process, in the configuring task, no locks; may sleep for as long
 * as the file system likes.
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_port_configure(struct vserial_port *port,
			   const struct vserial_settings *s,
			   struct vserial_reason *reason)
{
	struct vserial_backing *b = NULL;
	struct vserial_stream_mem mem = {};
	unsigned long flags;
	int err;

	err = vserial_port_judge(s, reason);
	if (err)
		return err;
	if (s->set & BIT_ULL(VSERIAL_A_PORT_BACKING)) {
		b = vserial_backing_create(port, s->backing, reason);
		if (IS_ERR(b))
			return PTR_ERR(b);
	}
	if (s->set & BIT_ULL(VSERIAL_A_PORT_HISTORY)) {
		err = vserial_stream_prepare(&port->tx, s->history, &mem);
		if (err) {
			vserial_refuse(reason, err,
				       "no memory for a history of %u bytes",
				       s->history);
			goto destroy;
		}
	}
	err = vserial_port_lock_config(port, reason);
	if (err)
		goto destroy;

	spin_lock_irqsave(&port->lock, flags);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_CONNECT_AT_POWER_ON))
		port->connect_at_power_on = s->connect_at_power_on;
	if (s->set & BIT_ULL(VSERIAL_A_PORT_OVERFLOW))
		port->overflow = s->overflow;
	if (s->set & BIT_ULL(VSERIAL_A_PORT_STALL_LIMIT))
		port->stall_limit = s->stall_limit;
	if (s->set & BIT_ULL(VSERIAL_A_PORT_HISTORY)) {
		if (port->tx.reserved)
			vserial_stream_reserve(&port->tx, s->history, &mem);
		else
			port->tx.history = s->history;
	}
	if (s->set & BIT_ULL(VSERIAL_A_PORT_CARRIER)) {
		port->carrier = s->carrier;
		vserial_port_update_lines(port);
	}
	spin_unlock_irqrestore(&port->lock, flags);

	if (b)
		b = vserial_port_swap_backing(port, b);
	mutex_unlock(&port->config);

	/* Writers wait by the old settings. */
	vserial_output_released(port);
	vserial_notify_port(port);
destroy:
	vserial_stream_discard_mem(&port->tx, &mem);
	if (b)
		vserial_backing_destroy(b);
	return err;
}

/**
 * vserial_port_connect() - plug the cable in or pull it
 * @port: the port
 * @on: which
 * @reason: says why not
 *
 * Context: process, no locks; may sleep for a bounded time.
 * Return: 0, also if it is so already; or a negative errno with @reason filled.
 */
int vserial_port_connect(struct vserial_port *port, bool on,
			 struct vserial_reason *reason)
{
	int err = vserial_port_lock_config(port, reason);

	if (err)
		return err;
	vserial_port_switch(port, on);
	mutex_unlock(&port->config);
	vserial_notify_port(port);
	return 0;
}

/**
 * vserial_port_power_on() - the guest opens the device
 * @port: the port
 *
 * Context: process, the tty layer's locks held; may sleep for a bounded time.
 * Return: 0; -ENOMEM, -ENODEV if the port is being removed, -EINTR if killed.
 */
int vserial_port_power_on(struct vserial_port *port)
{
	struct vserial_stream_mem tx_mem = {}, rx_mem = {};
	unsigned long flags;
	int err;

	if (mutex_lock_killable(&port->config))
		return -EINTR;
	err = vserial_stream_prepare(&port->tx, port->tx.history, &tx_mem);
	if (!err)
		err = vserial_stream_prepare(&port->rx, 0, &rx_mem);
	if (err)
		goto unlock;

	spin_lock_irqsave(&port->lock, flags);
	if (port->dead) {
		err = -ENODEV;
	} else {
		port->power = true;
		vserial_stream_reserve(&port->tx, port->tx.history, &tx_mem);
		vserial_stream_reserve(&port->rx, 0, &rx_mem);
	}
	spin_unlock_irqrestore(&port->lock, flags);
	if (err)
		goto unlock;

	vserial_input_power_on(port);
	if (port->connect_at_power_on)
		vserial_port_switch(port, true);
unlock:
	mutex_unlock(&port->config);
	vserial_stream_discard_mem(&port->tx, &tx_mem);
	vserial_stream_discard_mem(&port->rx, &rx_mem);
	if (err)
		return err;
	trace_vserial_open(port);
	vserial_notify_port(port);
	vserial_guest_tell(port->guest);
	return 0;
}

/**
 * vserial_port_power_off() - the guest has closed the device
 * @port: the port
 *
 * What the guest wrote goes on to the backing; what waits for it is dropped.
 *
 * Context: process, the tty layer's locks held; may sleep for a bounded time.
 */
void vserial_port_power_off(struct vserial_port *port)
{
	struct vserial_backing *b;
	unsigned long flags;

	mutex_lock(&port->config);
	spin_lock_irqsave(&port->lock, flags);
	port->power = false;
	spin_unlock_irqrestore(&port->lock, flags);
	vserial_input_power_off(port);

	b = vserial_port_backing(port);
	if (port->live && b->ops->flush)
		b->ops->flush(b);
	if (!port->connect_at_power_on)
		vserial_port_switch(port, false);

	spin_lock_irqsave(&port->lock, flags);
	vserial_stream_unreserve(&port->tx);
	vserial_stream_unreserve(&port->rx);
	spin_unlock_irqrestore(&port->lock, flags);
	mutex_unlock(&port->config);
	trace_vserial_close(port);
	vserial_notify_port(port);
	vserial_guest_tell(port->guest);
}

/**
 * vserial_port_status() - take down how a port is
 * @port: the port
 * @st: filled
 */
void vserial_port_status(struct vserial_port *port,
			 struct vserial_port_status *st)
{
	unsigned long flags;
	u64 rx_dropped;

	spin_lock_irqsave(&port->lock, flags);
	st->connected = port->connected;
	st->power = port->power;
	st->connect_at_power_on = port->connect_at_power_on;
	st->state = port->state;
	st->reason = port->reason;
	st->overflow = port->overflow;
	st->carrier = port->carrier;
	st->stall_limit = port->stall_limit;
	st->history = port->tx.history;
	st->tx_unread = vserial_stream_unread(&port->tx, &port->tx_cursor);
	st->rx_unread = vserial_stream_unread(&port->rx, &port->rx_cursor);
	st->lines = port->mcr | port->msr;
	st->tx_bytes = vserial_stream_written(&port->tx);
	vserial_input_count(port, &st->rx_bytes, &rx_dropped);
	/* What is in doubt is lost unless its reader says otherwise. */
	st->dropped_bytes = rx_dropped + port->tx_cursor.dropped +
			    port->tx_cursor.doubt + port->tx.refused;
	st->icount = port->icount;
	spin_unlock_irqrestore(&port->lock, flags);
}

/* The device's release: the last reference on the port is gone. */
static void vserial_port_release(struct device *dev)
{
	struct vserial_port *port = container_of(dev, struct vserial_port, dev);

	vserial_stream_detach(&port->tx, &port->tx_cursor);
	vserial_stream_destroy(&port->tx);
	vserial_stream_detach(&port->rx, &port->rx_cursor);
	vserial_stream_destroy(&port->rx);
	put_device(&port->guest->dev);
	kfree(port);
}

/**
 * vserial_port_create() - make a port that nobody sees yet
 * @guest: its guest
 * @index: its number there
 * @s: settings besides the defaults
 * @reason: says why not
 *
 * Context: as vserial_port_configure().
 * Return: the port, for vserial_port_publish() or vserial_port_discard(); or
 * an ERR_PTR with @reason filled.
 */
struct vserial_port *vserial_port_create(struct vserial_guest *guest,
					 unsigned int index,
					 const struct vserial_settings *s,
					 struct vserial_reason *reason)
{
	struct vserial_port *port = kzalloc(sizeof(*port), GFP_KERNEL);
	struct vserial_backing *b;
	int err;

	if (!port)
		return ERR_PTR(vserial_refuse(reason, -ENOMEM,
					      "out of memory"));
	get_device(&guest->dev);
	port->guest = guest;
	port->index = index;
	mutex_init(&port->config);
	INIT_WORK(&port->event, vserial_port_event);
	spin_lock_init(&port->lock);
	port->connect_at_power_on = true;
	port->stall_limit = VSERIAL_STALL_LIMIT_DEFAULT;
	vserial_stream_init(&port->tx, &vserial_budget, VSERIAL_RING_SIZE,
			    VSERIAL_HISTORY_DEFAULT);
	vserial_stream_attach(&port->tx, &port->tx_cursor, 0);
	vserial_stream_hold(&port->tx, &port->tx_cursor);
	vserial_stream_init(&port->rx, &vserial_budget, VSERIAL_RING_SIZE, 0);
	vserial_stream_attach(&port->rx, &port->rx_cursor, 0);
	vserial_stream_hold(&port->rx, &port->rx_cursor);
	timer_setup(&port->slow_timer, vserial_output_slow, 0);

	device_initialize(&port->dev);
	/* The attribute "power" is the guest's, and there is nothing to suspend. */
	device_set_pm_not_required(&port->dev);
	port->dev.bus = &vserial_bus;
	port->dev.type = &vserial_port_type;
	port->dev.parent = &guest->dev;
	port->dev.release = vserial_port_release;
	vserial_tty_setup(port);
	vserial_input_setup(port);

	port->msr = vserial_line_msr(port->carrier, false);
	err = dev_set_name(&port->dev, "%s:%u", vserial_guest_name(guest),
			   index);
	if (err) {
		vserial_refuse(reason, err, "out of memory");
		goto discard;
	}
	b = vserial_backing_create(port, "null", reason);
	if (IS_ERR(b)) {
		err = PTR_ERR(b);
		goto discard;
	}
	rcu_assign_pointer(port->backing, b);
	err = vserial_port_configure(port, s, reason);
	if (err)
		goto discard;
	return port;

discard:
	vserial_port_discard(port);
	return ERR_PTR(err);
}

/* Takes the backing away for good; nobody else can see the port. */
static void vserial_port_unback(struct vserial_port *port)
{
	struct vserial_backing *b;

	mutex_lock(&port->config);
	b = vserial_port_backing(port);
	if (b) {
		vserial_port_switch(port, false);
		RCU_INIT_POINTER(port->backing, NULL);
	}
	mutex_unlock(&port->config);
	if (b)
		vserial_backing_destroy(b);
}

/**
 * vserial_port_discard() - unmake a port that was never published, or is
 * removed
 * @port: the port; the caller's reference is gone afterwards
 */
void vserial_port_discard(struct vserial_port *port)
{
	vserial_port_unback(port);
	del_timer_sync(&port->slow_timer);
	vserial_input_stop(port);
	cancel_work_sync(&port->event);
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
	err = vserial_tty_publish(port);
	if (err) {
		device_del(&port->dev);
		return vserial_refuse(reason, err,
				      "tty device ttyVS%u cannot be added: error %d",
				      port->minor, err);
	}
	return 0;
}

/**
 * vserial_port_doom() - decide that a port is removed
 * @port: the port
 * @force: even if it is open
 * @reason: says why not
 *
 * Nothing can open, configure or start it any more.  Takes back by
 * vserial_port_spare().
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
	open = port->power;
	if (!open || force)
		port->dead = true;
	spin_unlock_irqrestore(&port->lock, flags);
	if (open && !force)
		return vserial_refuse(reason, -EBUSY,
				      "port '%s/%u' is open, its guest is powered on; close it first, or use force to hang it up",
				      vserial_guest_name(port->guest),
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
	vserial_tty_unpublish(port);
	device_del(&port->dev);
	vserial_notify_port_gone(vserial_guest_name(port->guest), port->index);
	vserial_port_discard(port);
}
