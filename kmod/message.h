/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * message: guests and ports as netlink messages
 */
#ifndef _VSERIAL_MESSAGE_H
#define _VSERIAL_MESSAGE_H

struct sk_buff;
struct vserial_guest;
struct vserial_port;

/* Room for any port: the longest specifications and reasons, and the rest. */
#define VSERIAL_MESSAGE_PORT_SIZE	12288

int vserial_message_guest(struct sk_buff *skb, void *hdr,
			  struct vserial_guest *g);
int vserial_message_port(struct sk_buff *skb, void *hdr,
			 struct vserial_port *port);

#endif /* _VSERIAL_MESSAGE_H */
