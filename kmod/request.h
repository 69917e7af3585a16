/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * request: what somebody asked for by netlink, for the files that answer
 */
#ifndef _VSERIAL_REQUEST_H
#define _VSERIAL_REQUEST_H

#include <linux/netlink.h>
#include <linux/task_work.h>
#include <net/genetlink.h>

#include "reason.h"

struct cred;
struct vserial_port;

/**
 * struct vserial_request - what somebody asked for
 * @work: carries it out, and those of @others
 * @task: who sent it
 * @node: in the list of requests under way, or in @others of another
 * @others: what the same task asked for after this; they go in that order,
 *	which task works, last in first out, do not
 * @skb: the request, kept
 * @nlh: its header, in @skb
 * @sender: the sender's socket, kept
 * @cred: the sender's credentials
 * @attrs: its attributes, in @skb, by number
 * @admin: the sender has CAP_SYS_ADMIN
 * @perform: the command's handler
 * @reason: why it is refused
 */
struct vserial_request {
	struct callback_head work;
	struct task_struct *task;
	struct list_head node;
	struct list_head others;
	struct sk_buff *skb;
	const struct nlmsghdr *nlh;
	struct sock *sender;
	const struct cred *cred;
	struct nlattr **attrs;
	bool admin;
	int (*perform)(struct vserial_request *rq);
	struct vserial_reason reason;
};

/* An attribute of any length; the kernel's policies have no word for it. */
#define VSERIAL_NL_BYTES	NLA_BITFIELD32

/**
 * struct vserial_nl_object - what there is of attributes for one kind of object
 * @type: NLA_* by attribute; NLA_UNSPEC: only told, never taken
 * @max: the last attribute
 *
 * These are not the kernel's policies, whose refusals name neither value nor
 * rule, and which take the last of two attributes, strings with bytes after
 * their end, and attributes that a command has no use for.
 */
struct vserial_nl_object {
	const u8 *type;
	int max;
};

/**
 * struct vserial_nl_command - a command that changes something
 * @perform: its handler, in the caller's context, without locks
 * @object: what it is about
 * @allowed: bits of the attributes it takes
 * @owners: it is open to owners too; the handler decides
 */
struct vserial_nl_command {
	int (*perform)(struct vserial_request *rq);
	const struct vserial_nl_object *object;
	u64 allowed;
	bool owners;
};

#define VSERIAL_NL_PORT_ID						\
	(BIT_ULL(VSERIAL_A_PORT_GUEST) | BIT_ULL(VSERIAL_A_PORT_INDEX))

/* netlink.c */
extern struct genl_family vserial_nl_family;

/* request.c */
int vserial_nl_parse(const struct nlmsghdr *nlh,
		     const struct vserial_nl_object *object, u64 allowed,
		     struct nlattr **attrs, struct vserial_reason *reason);
int vserial_nl_refuse(struct sk_buff *skb, const struct nlmsghdr *nlh, int err,
		      const struct vserial_reason *reason);
int vserial_nl_defer(struct sk_buff *skb, struct genl_info *info,
		     const struct vserial_nl_command *cmd);

/* netlink_guest.c */
extern const struct vserial_nl_object vserial_nl_guest;

int vserial_nl_name(struct nlattr **attrs, int attr, const char **name,
		    struct vserial_reason *reason);
int vserial_nl_guest_new(struct vserial_request *rq);
int vserial_nl_guest_set(struct vserial_request *rq);
int vserial_nl_guest_del(struct vserial_request *rq);
int vserial_nl_guest_get(struct sk_buff *skb, struct genl_info *info);
int vserial_nl_guest_start(struct netlink_callback *cb);
int vserial_nl_guest_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_port.c */
extern const struct vserial_nl_object vserial_nl_port;

struct vserial_port *vserial_nl_find_port(struct nlattr **attrs,
					  struct vserial_reason *reason);
int vserial_nl_port_new(struct vserial_request *rq);
int vserial_nl_port_set(struct vserial_request *rq);
int vserial_nl_port_del(struct vserial_request *rq);
int vserial_nl_port_connect(struct vserial_request *rq);
int vserial_nl_port_disconnect(struct vserial_request *rq);
int vserial_nl_port_break(struct vserial_request *rq);
int vserial_nl_port_get(struct sk_buff *skb, struct genl_info *info);
int vserial_nl_port_start(struct netlink_callback *cb);
int vserial_nl_port_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_session.c */
extern const struct vserial_nl_object vserial_nl_session;

int vserial_nl_session_new(struct vserial_request *rq);
int vserial_nl_session_del(struct vserial_request *rq);
int vserial_nl_session_get(struct sk_buff *skb, struct genl_info *info);
int vserial_nl_session_start(struct netlink_callback *cb);
int vserial_nl_session_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vserial_nl_send(struct sk_buff *skb, struct genl_info *info);
int vserial_nl_ack(struct sk_buff *skb, struct genl_info *info);

/* netlink_daemon.c */
extern const struct vserial_nl_object vserial_nl_backing;

int vserial_nl_daemon_new(struct vserial_request *rq);
int vserial_nl_backing_report(struct vserial_request *rq);
int vserial_nl_backing_start(struct netlink_callback *cb);
int vserial_nl_backing_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_service.c */
extern const struct vserial_nl_object vserial_nl_service;

int vserial_nl_service_new(struct vserial_request *rq);
int vserial_nl_service_del(struct vserial_request *rq);
int vserial_nl_service_test(struct vserial_request *rq);
int vserial_nl_service_start(struct netlink_callback *cb);
int vserial_nl_service_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vserial_nl_service_done(struct netlink_callback *cb);

/* netlink_history.c */
int vserial_nl_history_start(struct netlink_callback *cb);
int vserial_nl_history_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vserial_nl_history_done(struct netlink_callback *cb);

/* netlink_migration.c */
int vserial_nl_guest_migrate(struct vserial_request *rq);
int vserial_nl_port_return(struct vserial_request *rq);
int vserial_nl_state_set(struct vserial_request *rq);
int vserial_nl_state_start(struct netlink_callback *cb);
int vserial_nl_state_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vserial_nl_state_done(struct netlink_callback *cb);

/* netlink_uart.c */
int vserial_nl_uart_start(struct netlink_callback *cb);
int vserial_nl_uart_dump(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* _VSERIAL_REQUEST_H */
