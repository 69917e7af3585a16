/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * notify: objects as netlink messages, and the multicast group that is told of
 * their changes
 */
#ifndef _VSERIAL_NOTIFY_H
#define _VSERIAL_NOTIFY_H

#include <linux/types.h>

struct genl_family;
struct sk_buff;
struct vserial_guest;
struct vserial_port;

/* Room for any port: the longest specification and reason, and the rest. */
#define VSERIAL_PORT_MSG_SIZE	8192

void vserial_notify_open(const struct genl_family *family);
void vserial_notify_close(void);

int vserial_fill_guest(struct sk_buff *skb, void *hdr,
		       struct vserial_guest *guest);
int vserial_fill_port(struct sk_buff *skb, void *hdr,
		      struct vserial_port *port);

void vserial_notify_guest(struct vserial_guest *guest);
void vserial_notify_guest_gone(const char *name);
void vserial_notify_port(struct vserial_port *port);
void vserial_notify_port_gone(const char *guest, unsigned int index);

#endif /* _VSERIAL_NOTIFY_H */
