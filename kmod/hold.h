/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hold: a port whose guest is between two hosts
 */
#ifndef _VSERIAL_HOLD_H
#define _VSERIAL_HOLD_H

#include <linux/types.h>

#include <linux/vserial.h>

#include "compat.h"
#include "reason.h"

struct vserial_backing;
struct vserial_front;
struct vserial_port;

/**
 * struct vserial_handing - how a port's concentrator takes part
 * @state: never VSERIAL_HANDOVER_NONE
 * @len: bytes of @blob; on the host that the guest leaves 0 until it is granted
 * @sequence_len: how many of them are the sequence
 * @blob: sequence and secret
 * @reason: why it is refused
 */
struct vserial_handing {
	enum vserial_handover state;
	u32 len;
	u32 sequence_len;
	u8 blob[VSERIAL_HANDOVER_MAX];
	struct vserial_reason reason;
};

/* Call these with the port's lock held. */
bool vserial_hold_is_empty(const struct vserial_front *f);
u64 vserial_hold_forget_input(struct vserial_port *port);
u32 vserial_hold_handover(const struct vserial_port *port,
			  struct vserial_reason *reason);

bool vserial_hold_is_over(const struct vserial_port *port);

/* Call these without. */
size_t vserial_hold_collect(struct vserial_port *port, const vserial_u8 *cp,
			    const vserial_u8 *fp, size_t count);
struct vserial_front *vserial_hold_new_front(void);
void vserial_hold_free_front(struct vserial_front *f);
void vserial_hold_answer(struct vserial_backing *b,
			 const struct vserial_handing *answer);
void vserial_hold_unanswered(struct vserial_backing *b);

#endif /* _VSERIAL_HOLD_H */
