/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * yield: a guest that only polls a port gives its processor back
 */
#ifndef _VSERIAL_YIELD_H
#define _VSERIAL_YIELD_H

#include <linux/jump_label.h>
#include <linux/types.h>

struct vserial_port;

/* On while any port yields on poll; vcpu.c turns it. */
DECLARE_STATIC_KEY_FALSE(vserial_yield_key);

void vserial_yield_setup(struct vserial_port *port);
void vserial_yield_set(struct vserial_port *port, bool on);
bool vserial_yield_wanted(void);
void vserial_yield_sleep(struct vserial_port *port, unsigned int news, u32 us);
void vserial_yield_poll_lines_slow(struct vserial_port *port);
void vserial_yield_news_slow(struct vserial_port *port);

/**
 * vserial_yield_poll_lines() - somebody asks for the lines (TIOCMGET)
 * @port: the port
 *
 * A guest that reads MSR, by QEMU.
 *
 * Context: process, no locks; may sleep for a quarter of a millisecond.
 */
static inline void vserial_yield_poll_lines(struct vserial_port *port)
{
	if (static_branch_unlikely(&vserial_yield_key))
		vserial_yield_poll_lines_slow(port);
}

/**
 * vserial_yield_news() - who polls a port may find something
 * @port: the port, of which a byte moved or a line changed
 *
 * Context: any.
 */
static inline void vserial_yield_news(struct vserial_port *port)
{
	if (static_branch_unlikely(&vserial_yield_key))
		vserial_yield_news_slow(port);
}

#endif /* _VSERIAL_YIELD_H */
