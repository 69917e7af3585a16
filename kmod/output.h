/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * output: a port's stream out of the guest; what backings may call of it is in
 * backing.h
 */
#ifndef _VSERIAL_OUTPUT_H
#define _VSERIAL_OUTPUT_H

#include <linux/types.h>

#include <linux/vserial.h>

struct timer_list;
struct vserial_backing;
struct vserial_port;

ssize_t vserial_output_write(struct vserial_port *port, const u8 *buf,
			     size_t n);
unsigned int vserial_output_room(struct vserial_port *port);
unsigned int vserial_output_unsent(struct vserial_port *port);
void vserial_output_flush(struct vserial_port *port);
void vserial_output_break(struct vserial_port *port, unsigned int ms);
void vserial_output_set_termios(struct vserial_port *port,
				const struct ktermios *k);
void vserial_output_lines(struct vserial_port *port, unsigned int set,
			  unsigned int clear);
void vserial_output_kick(struct vserial_port *port);
void vserial_output_released(struct vserial_port *port);
void vserial_output_slow(struct timer_list *t);

/* Call this with the port's lock held. */
void vserial_output_police(struct vserial_port *port, u32 rate);
void vserial_output_rate_up(struct timer_list *t);

/* For output_take.c and output_move.c. */
void vserial_output_wake(struct vserial_port *port);
bool vserial_output_progress(struct vserial_port *port);

/* output_take.c, for output_move.c */
bool vserial_output_settle(struct vserial_port *port, u64 upto);
bool vserial_output_may_take(struct vserial_backing *b);

#endif /* _VSERIAL_OUTPUT_H */
