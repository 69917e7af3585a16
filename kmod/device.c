// SPDX-License-Identifier: GPL-2.0-only
/*
 * device: the vserial bus, and the two types of device on it
 *
 * Guests and ports are made of these; bus.c and sysfs.c fill in the attributes
 * before the first one is.
 */
#include "device.h"

/* Nothing on this bus has a driver. */
struct bus_type vserial_bus = {
	.name = "vserial",
};

/*
 * The parent of all guests, while there is the bus.  At the top of /sys/devices
 * a guest could not be named as what is there, like "cpu" or "virtual".
 */
struct device *vserial_root;

struct device_type vserial_guest_type = {
	.name = "guest",
};

struct device_type vserial_port_type = {
	.name = "port",
};
