/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uart_claim: which port has which UART
 */
#ifndef _VSERIAL_UART_CLAIM_H
#define _VSERIAL_UART_CLAIM_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "uart_ldisc.h"
#include "uart_tty.h"

struct vserial_backing;
struct vserial_port;
struct vserial_reason;

/**
 * struct vserial_uart - a UART that a port has
 * @node: in the list of those that ports have
 * @port: whose it is
 * @held: backings that hold it
 * @leaving: the last of them has let go; guarded as the above, see
 *	uart_claim.c
 * @line: N of ttyS<N>
 * @tap: hears the line discipline
 * @lines: hears changes of the modem lines
 * @event: the worker for what comes in
 * @tx: the worker for what goes out
 * @gone: it was unplugged
 * @lock: held by the worker event and by who lets go of the UART, so never by
 *	what holds a lock of a guest's tty
 * @tty: the UART
 * @b: the started backing, or NULL
 * @drive: the lines are to be driven as the guest does, or dropped
 * @unsettled: the guest changed its settings
 * @settle_at: jiffies when they count as stable
 * @rx_lock: guards what follows
 * @rooms: how often the port had room again
 * @blocked: the port takes nothing more, so the far end is to wait
 * @again: some of what came waits in the flip buffer
 */
struct vserial_uart {
	struct list_head node;
	struct vserial_port *port;
	unsigned int held;
	bool leaving;
	unsigned int line;
	struct vserial_uart_tap tap;
	struct wait_queue_entry lines;
	struct work_struct event;
	struct delayed_work tx;
	bool gone;
	struct mutex lock;	/* guards @tty against going away */
	struct vserial_uart_tty tty;
	struct vserial_backing __rcu *b;
	bool drive;
	bool unsettled;
	unsigned long settle_at;
	spinlock_t rx_lock;	/* guards all below */
	unsigned int rooms;
	bool blocked;
	bool again;
};

bool vserial_uart_holding_port(unsigned int line, char *name, size_t size);
struct vserial_uart *vserial_uart_claim(struct vserial_uart *new, dev_t dev,
					const char *path,
					struct vserial_reason *reason);
bool vserial_uart_unclaim(struct vserial_uart *u);
void vserial_uart_leave(struct vserial_uart *u);

#endif /* _VSERIAL_UART_CLAIM_H */
