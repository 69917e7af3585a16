/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bus: /sys/bus/vserial
 */
#ifndef _VSERIAL_BUS_H
#define _VSERIAL_BUS_H

int vserial_bus_init(void);
void vserial_bus_exit(void);

#endif /* _VSERIAL_BUS_H */
