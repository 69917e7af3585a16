/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture: a worker that writes a port's output to a file
 *
 * Whose output, and who is told how it goes, is its source's to say: the
 * backing file: and a port's log are two.
 */
#ifndef _VSERIAL_CAPTURE_H
#define _VSERIAL_CAPTURE_H

#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct vserial_capture;
struct vserial_marker;
struct vserial_port;
struct vserial_reason;
struct vserial_spec;
struct vserial_writer;

/**
 * struct vserial_capture_ops - where a capture's bytes come from
 * @take: take bytes to write, as vserial_output_take()
 * @take_marker: take what is not a byte, as vserial_output_take_marker()
 * @ack: all before this offset is in the file
 * @rewind: what was taken and not acknowledged is to be handed out again
 * @unread: bytes that were not acknowledged
 * @report: writing failed, and why; or "", it goes on
 *
 * Called by the worker and, @unread, by vserial_capture_kick(), without locks.
 * Whoever is the source no longer answers that there is nothing.
 */
struct vserial_capture_ops {
	size_t (*take)(struct vserial_capture *c, u8 *buf, size_t n,
		       u64 *offset);
	bool (*take_marker)(struct vserial_capture *c, struct vserial_marker *m);
	void (*ack)(struct vserial_capture *c, u64 upto);
	void (*rewind)(struct vserial_capture *c);
	size_t (*unread)(struct vserial_capture *c);
	void (*report)(struct vserial_capture *c, const char *reason);
};

/**
 * struct vserial_capture - a worker that writes a port's output to a file
 * @ops: its source
 * @port: the port; kept by whoever has the capture
 * @writer: used by the worker alone once it is started
 * @work: the worker
 * @idle: woken when a run of the worker ends
 * @flags: see capture.c
 */
struct vserial_capture {
	const struct vserial_capture_ops *ops;
	struct vserial_port *port;
	struct vserial_writer *writer;
	struct delayed_work work;
	wait_queue_head_t idle;
	unsigned long flags;
};

int vserial_capture_open(struct vserial_capture *c,
			 const struct vserial_capture_ops *ops,
			 struct vserial_port *port,
			 const struct vserial_spec *spec,
			 struct vserial_reason *reason);
int vserial_capture_begin(struct vserial_capture *c,
			  struct vserial_reason *reason);
void vserial_capture_close(struct vserial_capture *c);
void vserial_capture_start(struct vserial_capture *c);
void vserial_capture_stop(struct vserial_capture *c);
void vserial_capture_kick(struct vserial_capture *c);
void vserial_capture_flush(struct vserial_capture *c);

#endif /* _VSERIAL_CAPTURE_H */
