/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device: the vserial bus, and the two types of device on it
 */
#ifndef _VSERIAL_DEVICE_H
#define _VSERIAL_DEVICE_H

#include <linux/device.h>

/* All that guests have in /sys/devices/vserial besides them. */
#define VSERIAL_ROOT_TAKEN	"uevent"

extern struct bus_type vserial_bus;
extern struct device *vserial_root;
extern struct device_type vserial_guest_type;
extern struct device_type vserial_port_type;

#endif /* _VSERIAL_DEVICE_H */
