/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * state: how a port stands with its backing; what backings may call of it is
 * in backing.h
 */
#ifndef _VSERIAL_STATE_H
#define _VSERIAL_STATE_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include <linux/vserial.h>

#include "backing.h"
#include "port.h"

/**
 * vserial_state_is_started() - is it the port's started backing?
 * @b: the backing, with its port's lock held
 *
 * Return: whether it may move the port's bytes, and is heard.
 */
static inline bool vserial_state_is_started(const struct vserial_backing *b)
{
	const struct vserial_port *port = b->port;

	return port->live && rcu_access_pointer(port->backing) == b;
}

/* Call these with the port's lock held. */
bool vserial_state_present(const struct vserial_port *port);
bool vserial_state_set(struct vserial_port *port, enum vserial_state state,
		       const char *reason);
void vserial_state_update_lines(struct vserial_port *port);
void vserial_state_line_changed(struct vserial_port *port);

/* Call these without. */
void vserial_state_setup(struct vserial_port *port);
void vserial_state_stop(struct vserial_port *port);

#endif /* _VSERIAL_STATE_H */
