// SPDX-License-Identifier: GPL-2.0-only
/*
 * vserial: virtual serial ports for hypervisors
 */
#include <linux/module.h>
#include <net/genetlink.h>

#include <linux/vserial.h>

#include "bus.h"
#include "guest.h"
#include "host.h"
#include "netlink.h"
#include "port.h"
#include "sysfs.h"
#include "tty.h"
#include "uart_ldisc.h"
#include "vcpu.h"

/* Guests can be made from bus_init on, so these go before what they need. */
static void vserial_drain(void)
{
	vserial_guests_close();
	vserial_host_settle();
}

static int __init vserial_init(void)
{
	int err;

	err = vserial_host_init();
	if (err)
		return err;
	err = vserial_port_init();
	if (err)
		goto host;
	err = vserial_uart_ldisc_init();
	if (err)
		goto port;
	err = vserial_tty_init();
	if (err)
		goto ldisc;
	err = vserial_sysfs_init();
	if (err)
		goto tty;
	err = vserial_bus_init();
	if (err)
		goto sysfs;
	err = vserial_vcpu_init();
	if (err)
		goto bus;
	err = vserial_netlink_init();
	if (err)
		goto vcpu;
	return 0;

vcpu:
	vserial_vcpu_exit();
bus:
	vserial_drain();
	vserial_bus_exit();
sysfs:
	vserial_sysfs_exit();
tty:
	vserial_tty_exit();
ldisc:
	vserial_uart_ldisc_exit();
port:
	vserial_port_exit();
host:
	vserial_host_exit();
	return err;
}

static void __exit vserial_exit(void)
{
	vserial_netlink_exit();
	vserial_vcpu_exit();
	vserial_drain();
	vserial_bus_exit();
	vserial_sysfs_exit();
	vserial_tty_exit();
	vserial_uart_ldisc_exit();
	vserial_port_exit();
	vserial_host_exit();
}

module_init(vserial_init);
module_exit(vserial_exit);

MODULE_DESCRIPTION("Virtual serial ports for hypervisors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_GENL_FAMILY(VSERIAL_FAMILY_NAME);
