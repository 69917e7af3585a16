/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log: a file that a port's output is teed into, whatever its backing
 */
#ifndef _VSERIAL_LOG_H
#define _VSERIAL_LOG_H

#include <linux/workqueue.h>

#include "capture.h"
#include "reader.h"
#include "reason.h"

struct vserial_port;
struct vserial_spec;

/**
 * struct vserial_log - a port's log
 * @reader: its place in the output
 * @capture: its worker, and the file
 * @spec: what it was made from, owned
 * @port: its port; holds a reference on the device
 * @reason: why it fails, "" if it does not; guarded by the port's lock
 * @release: closes and frees after an RCU grace period
 */
struct vserial_log {
	struct vserial_reader reader;
	struct vserial_capture capture;
	struct vserial_spec *spec;
	struct vserial_port *port;
	struct vserial_reason reason;
	struct rcu_work release;
};

struct vserial_log *vserial_log_create(struct vserial_port *port,
				       const char *text,
				       struct vserial_reason *reason);
struct vserial_log *vserial_log_swap(struct vserial_port *port,
				     struct vserial_log *new);
void vserial_log_destroy(struct vserial_log *log);
void vserial_log_flush(struct vserial_port *port);

#endif /* _VSERIAL_LOG_H */
