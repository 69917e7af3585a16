/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * input: a port's stream into the guest
 */
#ifndef _VSERIAL_INPUT_H
#define _VSERIAL_INPUT_H

#include <linux/types.h>

#include "compat.h"
#include "stream.h"

struct vserial_port;
struct work_struct;

/* Call these with the port's lock held. */
size_t vserial_input_put(struct vserial_port *port, const u8 *buf, size_t n);
void vserial_input_mark(struct vserial_port *port,
			enum vserial_marker_type type, u32 arg);
void vserial_input_police(struct vserial_port *port, u32 rate);
size_t vserial_input_serve(struct vserial_port *port, const u8 *buf, size_t n);
void vserial_input_count(const struct vserial_port *port, u64 *bytes,
			 u64 *dropped);
u32 vserial_input_unread(const struct vserial_port *port);
void vserial_input_count_flag(struct vserial_port *port, u8 flag, int n);

size_t vserial_input_bytes(const vserial_u8 *fp, size_t count);

/* Call these without. */
void vserial_input_setup(struct vserial_port *port);
void vserial_input_power_on(struct vserial_port *port);
void vserial_input_power_off(struct vserial_port *port);
void vserial_input_send_break(struct vserial_port *port, unsigned int ms);
void vserial_input_pump(struct vserial_port *port);
void vserial_input_stop(struct vserial_port *port);
void vserial_input_init(void);

#endif /* _VSERIAL_INPUT_H */
