/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_tap: who captures what goes over a port's cable
 */
#ifndef _VSERIAL_PORT_TAP_H
#define _VSERIAL_PORT_TAP_H

#include "port.h"
#include "tap.h"

void vserial_port_tap_join(struct vserial_port *port, struct vserial_tap *t);
void vserial_port_tap_leave(struct vserial_port *port, struct vserial_tap *t);
void vserial_port_tap_tell(struct vserial_port *port,
			   enum vserial_record type, u32 arg,
			   const u8 *buf, size_t n);

/**
 * vserial_port_tap() - something goes over a port's cable
 * @port: the port, with its lock held
 * @type: what
 * @arg: as &vserial_record_head.arg
 * @buf: bytes
 * @n: how many
 */
static inline void vserial_port_tap(struct vserial_port *port,
				    enum vserial_record type, u32 arg,
				    const u8 *buf, size_t n)
{
	if (unlikely(!list_empty(&port->taps)))
		vserial_port_tap_tell(port, type, arg, buf, n);
}

#endif /* _VSERIAL_PORT_TAP_H */
