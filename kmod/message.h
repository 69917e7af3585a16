/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * message: guests, ports, sessions and rules as netlink messages
 */
#ifndef _VSERIAL_MESSAGE_H
#define _VSERIAL_MESSAGE_H

#include <linux/vserial.h>

struct sk_buff;
struct vserial_guest;
struct vserial_helper;
struct vserial_port;
struct vserial_rule;
struct vserial_session;

/*
 * Room for any port: its specifications, of backing, proxy and log, with reasons
 * and the rest.  A dump that has less ends in front of a port that does not fit.
 */
#define VSERIAL_MESSAGE_PORT_SIZE	(3 * (VSERIAL_SPEC_MAX + 1) + 2048)
#define VSERIAL_MESSAGE_SESSION_SIZE	1024
#define VSERIAL_MESSAGE_RULE_SIZE	1024

int vserial_message_guest(struct sk_buff *skb, void *hdr,
			  struct vserial_guest *g);
int vserial_message_port(struct sk_buff *skb, void *hdr,
			 struct vserial_port *port);
int vserial_message_rule(struct sk_buff *skb, void *hdr,
			 const struct vserial_guest *g,
			 const struct vserial_rule *rule);
int vserial_message_session(struct sk_buff *skb, void *hdr,
			    const struct vserial_session *s);
int vserial_message_backing(struct sk_buff *skb, void *hdr,
			    struct vserial_helper *h);

#endif /* _VSERIAL_MESSAGE_H */
