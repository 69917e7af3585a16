// SPDX-License-Identifier: GPL-2.0-only
/*
 * state: how a port stands with its backing, and what the guest sees of that
 * on its lines
 */
#include <linux/string.h>

#include "backing.h"
#include "host.h"
#include "line.h"
#include "notify.h"
#include "port.h"
#include "port_tap.h"
#include "state.h"
#include "yield.h"

/* A guest may change its line as fast as it can; others are told so often. */
#define VSERIAL_LINE_DELAY	(HZ / 50 ?: 1)

/**
 * vserial_state_present() - is anybody at the far end?
 * @port: the port, with its lock held
 *
 * Return: whether output has somebody to wait for.
 */
bool vserial_state_present(const struct vserial_port *port)
{
	if (port->swapping)
		return true;
	if (!port->live)
		return false;
	if (port->state == VSERIAL_STATE_CONNECTED)
		return true;
	return port->state == VSERIAL_STATE_RECOVERABLE_ERROR &&
	       rcu_dereference_protected(port->backing,
					 lockdep_is_held(&port->lock))
		       ->ops->waits_out_errors;
}

/**
 * vserial_state_update_lines() - bring what the guest sees up to date
 * @port: the port, with its lock held
 */
void vserial_state_update_lines(struct vserial_port *port)
{
	unsigned int msr;

	/* What is between two backings is nothing that a guest could see of either. */
	if (port->replacing)
		return;
	if (port->carrier == VSERIAL_CARRIER_AUTO && port->live &&
	    !port->rx_shut && !port->rx_denied &&
	    (port->far_has_lines ||
	     rcu_dereference_protected(port->backing,
				       lockdep_is_held(&port->lock))
		     ->ops->has_lines))
		msr = port->far_lines;
	else
		msr = vserial_line_msr(port->carrier,
				       vserial_state_present(port));
	if (vserial_line_count(&port->icount, port->msr, msr))
		wake_up_interruptible(&port->tty.delta_msr_wait);
	if (port->msr != msr) {
		vserial_yield_news(port);
		vserial_port_tap(port, VSERIAL_RECORD_LINES, port->mcr | msr,
				 NULL, 0);
	}
	WRITE_ONCE(port->msr, msr);
}

/**
 * vserial_state_set() - a port stands otherwise with its backing
 * @port: the port, with its lock held
 * @state: how
 * @reason: one sentence, "" if there is none
 *
 * Return: whether the peer is gone, so that the caller has to call
 * vserial_output_released() when it has dropped the lock.
 */
bool vserial_state_set(struct vserial_port *port, enum vserial_state state,
		       const char *reason)
{
	bool present = vserial_state_present(port);

	port->state = state;
	strscpy(port->reason.text, reason, sizeof(port->reason.text));
	vserial_state_update_lines(port);
	return present && !vserial_state_present(port);
}

static void vserial_state_tell(struct work_struct *work)
{
	vserial_notify(VSERIAL_EVENT_PORT_CHANGED,
		       container_of(work, struct vserial_port, event));
}

static void vserial_state_tell_line(struct work_struct *work)
{
	vserial_notify(VSERIAL_EVENT_PORT_LINE,
		       container_of(to_delayed_work(work), struct vserial_port,
				    line_event));
}

/**
 * vserial_state_line_changed() - listeners are to know the guest's line
 * @port: the port, with its lock held
 */
void vserial_state_line_changed(struct vserial_port *port)
{
	if (!port->dead)
		queue_delayed_work(vserial_wq, &port->line_event,
				   VSERIAL_LINE_DELAY);
}

/**
 * vserial_state_setup() - prepare a port that is being made
 * @port: the port
 */
void vserial_state_setup(struct vserial_port *port)
{
	INIT_WORK(&port->event, vserial_state_tell);
	INIT_DELAYED_WORK(&port->line_event, vserial_state_tell_line);
	port->msr = vserial_line_msr(port->carrier, false);
}

/**
 * vserial_state_stop() - no worker runs for the port any more
 * @port: the port, without a backing
 *
 * Context: process, may sleep.
 */
void vserial_state_stop(struct vserial_port *port)
{
	cancel_work_sync(&port->event);
	cancel_delayed_work_sync(&port->line_event);
}
