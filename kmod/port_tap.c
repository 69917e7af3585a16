// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_tap: who captures what goes over a port's cable
 *
 * What the guest writes is captured whether it is dropped later or not, and
 * what comes for it when it is taken for the guest.
 */
#include <linux/ktime.h>

#include "host.h"
#include "port_tap.h"

/**
 * vserial_port_tap_join() - capture from now on
 * @port: the port, of which the caller keeps a reference until it leaves
 * @t: begins with how the lines are
 *
 * Context: any.
 */
void vserial_port_tap_join(struct vserial_port *port, struct vserial_tap *t)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	vserial_tap_put(t, ktime_get_real_ns(), VSERIAL_RECORD_LINES,
			port->mcr | port->msr, NULL, 0);
	list_add_tail(&t->node, &port->taps);
	spin_unlock_irqrestore(&port->lock, flags);
}

/**
 * vserial_port_tap_leave() - capture no more
 * @port: the port
 * @t: its work is not queued or running any more
 *
 * Context: process, may sleep.
 */
void vserial_port_tap_leave(struct vserial_port *port, struct vserial_tap *t)
{
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	list_del_init(&t->node);
	spin_unlock_irqrestore(&port->lock, flags);
	cancel_work_sync(&t->wake);
}

/**
 * vserial_port_tap_tell() - as vserial_port_tap(), where somebody captures
 * @port: the port, with its lock held
 * @type: what
 * @arg: as &vserial_record_head.arg
 * @buf: bytes
 * @n: how many
 */
void vserial_port_tap_tell(struct vserial_port *port,
			   enum vserial_record type, u32 arg,
			   const u8 *buf, size_t n)
{
	bool output = type == VSERIAL_RECORD_OUTPUT ||
		      type == VSERIAL_RECORD_OUTPUT_BREAK;
	u64 time = ktime_get_real_ns();
	struct vserial_tap *t;

	/* What a rule keeps in the guest nobody gets. */
	if (output && port->opened.denied & VSERIAL_WAY_HOST)
		return;
	list_for_each_entry(t, &port->taps, node) {
		vserial_tap_put(t, time, type, arg, buf, n);
		queue_work(vserial_wq, &t->wake);
	}
}
