/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netlink: the commands of the generic netlink family
 */
#ifndef _VSERIAL_NETLINK_H
#define _VSERIAL_NETLINK_H

int vserial_netlink_init(void);
void vserial_netlink_exit(void);

#endif /* _VSERIAL_NETLINK_H */
