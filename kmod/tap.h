/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap: a ring of records, each with the time and what went over a cable then
 *
 * The reader is handed bytes, records behind one another, each with
 * &struct vserial_record_head, and says when it has them; if it says that it
 * could not send them it is handed them again.  A record for which there is no
 * room is lost as a whole, and the next one tells how many bytes that were, so
 * that the reader never loses its place.
 *
 * Pure code: no I/O and no locks of its own.
 */
#ifndef _VSERIAL_TAP_H
#define _VSERIAL_TAP_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <linux/vserial.h>

/* Bytes of records that wait for the reader; a power of two. */
#define VSERIAL_TAP_SIZE	262144
/* A record holds no more than this; what is more goes into the next. */
#define VSERIAL_TAP_RECORD	4096

/**
 * struct vserial_tap - a ring of records, and its place at a port
 * @node: in &vserial_port.taps
 * @wake: queued when there is something to take; its owner's
 * @ring: VSERIAL_TAP_SIZE bytes
 * @head: offset behind the newest record
 * @taken: of the next byte to be taken
 * @settled: what lies before may be written over
 * @lost: bytes that the next record tells of
 */
struct vserial_tap {
	struct list_head node;
	struct work_struct wake;
	u8 *ring;
	u64 head;
	u64 taken;
	u64 settled;
	u64 lost;
};

int vserial_tap_init(struct vserial_tap *t, work_func_t wake);
void vserial_tap_destroy(struct vserial_tap *t);
void vserial_tap_put(struct vserial_tap *t, u64 time,
		     enum vserial_record type, u32 arg, const u8 *buf,
		     size_t n);
size_t vserial_tap_pending(const struct vserial_tap *t);
size_t vserial_tap_take(struct vserial_tap *t, u8 *buf, size_t n, u64 *offset);
void vserial_tap_untake(struct vserial_tap *t, u64 from);
void vserial_tap_settle(struct vserial_tap *t, u64 upto);

#endif /* _VSERIAL_TAP_H */
