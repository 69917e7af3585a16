// SPDX-License-Identifier: GPL-2.0-only
/*
 * host: what all ports share, workers and memory
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "host.h"
#include "stream.h"

/* Unbound, because work here may wait for file systems. */
struct workqueue_struct *vserial_wq;
struct vserial_budget vserial_budget;

static unsigned int max_memory;
module_param(max_memory, uint, 0444);
MODULE_PARM_DESC(max_memory, "MiB that all ports together may buffer (default: a sixteenth of the host's memory)");

/**
 * vserial_host_init() - first of all
 *
 * Return: 0 or -ENOMEM.
 */
int vserial_host_init(void)
{
	vserial_budget.limit = max_memory ?
			       (unsigned long)max_memory << (20 - PAGE_SHIFT) :
			       totalram_pages() / 16;
	vserial_wq = alloc_workqueue("vserial", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return vserial_wq ? 0 : -ENOMEM;
}

/**
 * vserial_host_settle() - wait until what was let go of is gone
 *
 * Backings are closed by work that is queued after an RCU grace period, and
 * they hold their port, and that its guest.
 */
void vserial_host_settle(void)
{
	rcu_barrier();
	flush_workqueue(vserial_wq);
}

/**
 * vserial_host_exit() - last of all
 */
void vserial_host_exit(void)
{
	destroy_workqueue(vserial_wq);
}
