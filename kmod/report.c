// SPDX-License-Identifier: GPL-2.0-only
/*
 * report: what backings say of themselves and of the far end
 */
#include <linux/kernel.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include "backing.h"
#include "host.h"
#include "output.h"
#include "port.h"
#include "state.h"

/**
 * vserial_backing_report() - a backing says how it is
 * @b: the backing; heard only while it is the port's started backing
 * @state: the port's state from now on
 * @fmt: printf format of the reason, one sentence
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
	if (vserial_state_is_started(b)) {
		changed = port->state != state ||
			  strcmp(port->reason.text, reason.text);
		gone = vserial_state_set(port, state, reason.text);
	}
	if (changed && !port->dead)
		queue_work(vserial_wq, &port->event);
	spin_unlock_irqrestore(&port->lock, flags);
	if (gone)
		vserial_output_released(port);
}

/**
 * vserial_backing_peer() - a backing knows who is at the far end
 * @b: the backing; heard only while it is the port's started backing
 * @peer: the name, "" if there is nobody
 *
 * Context: any; must not sleep.
 */
void vserial_backing_peer(struct vserial_backing *b, const char *peer)
{
	struct vserial_port *port = b->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b))
		strscpy(port->peer, peer, sizeof(port->peer));
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_backing_lines() - the far end drives its lines
 * @b: the backing; heard only while it is the port's started backing
 * @lines: TIOCM_* as the guest is to see them
 *
 * Context: any; must not sleep.
 */
void vserial_backing_lines(struct vserial_backing *b, unsigned int lines)
{
	struct vserial_port *port = b->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b)) {
		port->far_lines = lines;
		port->far_has_lines = true;
		vserial_state_update_lines(port);
	}
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_backing_no_lines() - the far end has no lines, or none any more
 * @b: the backing; heard only while it is the port's started backing
 *
 * Context: any; must not sleep.
 */
void vserial_backing_no_lines(struct vserial_backing *b)
{
	struct vserial_port *port = b->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (vserial_state_is_started(b)) {
		port->far_has_lines = false;
		vserial_state_update_lines(port);
	}
	spin_unlock_irqrestore(&port->lock, flags);
}
