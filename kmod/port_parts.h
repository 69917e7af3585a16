/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_parts: what the files of a port share, and nobody else sees
 */
#ifndef _VSERIAL_PORT_PARTS_H
#define _VSERIAL_PORT_PARTS_H

#include "port.h"

/* port_backing.c */
struct vserial_backing *vserial_port_backing(struct vserial_port *port);
struct vserial_backing *
vserial_port_swap_backing(struct vserial_port *port,
			  struct vserial_backing *new);
void vserial_port_switch(struct vserial_port *port, bool on);
int vserial_port_plug_in(struct vserial_port *port,
			 struct vserial_reason *reason);
void vserial_port_reconsider(struct vserial_port *port);
void vserial_port_unback(struct vserial_port *port);

/* port_rules.c */
int vserial_port_may_serve(struct vserial_port *port, bool anew,
			   struct vserial_reason *reason);
void vserial_port_opened(struct vserial_port *port);
void vserial_port_closed(struct vserial_port *port);

/* port_settings.c */
int vserial_port_lock_config(struct vserial_port *port,
			     struct vserial_reason *reason);
void vserial_port_police(struct vserial_port *port, u32 rate);
int vserial_port_apply(struct vserial_port *port,
		       const struct vserial_settings *s,
		       struct vserial_reason *reason);

/* port_arrive.c */
void vserial_port_drop_pieces(struct vserial_port *port);

#endif /* _VSERIAL_PORT_PARTS_H */
