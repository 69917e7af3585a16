/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bus: /sys/bus/vserial
 */
#ifndef _VSERIAL_BUS_H
#define _VSERIAL_BUS_H

#include <linux/device.h>

extern struct bus_type vserial_bus;

int vserial_bus_init(void);
void vserial_bus_exit(void);

#endif /* _VSERIAL_BUS_H */
