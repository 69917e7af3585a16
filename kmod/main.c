// SPDX-License-Identifier: GPL-2.0-only
/*
 * vserial: virtual serial ports for hypervisors
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>

#include "backing.h"
#include "bus.h"
#include "guest.h"
#include "netlink.h"
#include "port.h"
#include "tty.h"

struct workqueue_struct *vserial_wq;

static unsigned int max_memory;
module_param(max_memory, uint, 0444);
MODULE_PARM_DESC(max_memory, "MiB that all ports together may buffer (default: a sixteenth of the host's memory)");

static unsigned long vserial_pages(void)
{
	if (max_memory)
		return (unsigned long)max_memory << (20 - PAGE_SHIFT);
	return totalram_pages() / 16;
}

static int __init vserial_init(void)
{
	int err;

	vserial_budget.limit = vserial_pages();
	vserial_wq = alloc_workqueue("vserial", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!vserial_wq)
		return -ENOMEM;
	err = vserial_bus_init();
	if (err)
		goto wq;
	err = vserial_tty_init();
	if (err)
		goto bus;
	err = vserial_netlink_init();
	if (err)
		goto tty;
	return 0;

tty:
	vserial_guests_close();
	vserial_tty_exit();
bus:
	vserial_bus_exit();
wq:
	destroy_workqueue(vserial_wq);
	return err;
}

static void __exit vserial_exit(void)
{
	vserial_netlink_exit();
	vserial_guests_close();
	/* Backings are closed by work that waits for an RCU grace period. */
	rcu_barrier();
	flush_workqueue(vserial_wq);
	vserial_tty_exit();
	vserial_bus_exit();
	destroy_workqueue(vserial_wq);
}

module_init(vserial_init);
module_exit(vserial_exit);

MODULE_DESCRIPTION("Virtual serial ports for hypervisors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(VSERIAL_FAMILY_NAME);
