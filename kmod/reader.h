/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader: who reads a port's output beside its backing
 *
 * The log and the sockets attached to a port.  Each has a cursor of its own
 * and never holds up the guest; what it was too slow for counts as its loss.
 */
#ifndef _VSERIAL_READER_H
#define _VSERIAL_READER_H

#include <linux/list.h>
#include <linux/types.h>

#include "stream.h"

struct vserial_port;

/**
 * struct vserial_reader - a place in a port's output, and a wake-up left there
 * @node: in &vserial_port.readers
 * @cursor: guarded by the port's lock
 * @room_wanted: it was told to wait with input; guarded by the port's lock
 * @tx: there is output, or was; any context, no port lock held, must not sleep
 * @room: input that did not fit may be tried again.  Optional; as @tx.
 */
struct vserial_reader {
	struct list_head node;
	struct vserial_cursor cursor;
	bool room_wanted;
	void (*tx)(struct vserial_reader *r);
	void (*room)(struct vserial_reader *r);
};

u64 vserial_reader_join(struct vserial_port *port, struct vserial_reader *r,
			u64 back);
void vserial_reader_leave(struct vserial_port *port, struct vserial_reader *r);
void vserial_reader_replace(struct vserial_port *port,
			    struct vserial_reader *old,
			    struct vserial_reader *new);
size_t vserial_reader_take(struct vserial_port *port, struct vserial_reader *r,
			   u8 *buf, size_t n, u64 *offset);
bool vserial_reader_take_marker(struct vserial_port *port,
				struct vserial_reader *r,
				struct vserial_marker *m);
void vserial_reader_ack(struct vserial_port *port, struct vserial_reader *r,
			u64 upto);
void vserial_reader_rewind(struct vserial_port *port, struct vserial_reader *r);
void vserial_reader_untake(struct vserial_port *port, struct vserial_reader *r,
			   u64 from, const struct vserial_marker *m);
bool vserial_reader_pending(struct vserial_port *port,
			    struct vserial_reader *r, size_t *bytes);
size_t vserial_reader_unread(struct vserial_port *port,
			     struct vserial_reader *r);
size_t vserial_reader_input(struct vserial_port *port, struct vserial_reader *r,
			    const u8 *buf, size_t n);

/* Without a place of one's own. */
u64 vserial_reader_end(struct vserial_port *port);
size_t vserial_reader_peek(struct vserial_port *port, u64 *offset, u8 *buf,
			   size_t n);

/* For output.c and input.c: tell all readers. */
void vserial_reader_kick(struct vserial_port *port);
bool vserial_reader_wants_room(const struct vserial_port *port);
void vserial_reader_room(struct vserial_port *port);

#endif /* _VSERIAL_READER_H */
