// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink: the generic netlink family and its table of commands
 *
 * What only tells answers at once, and bytes pass at once; what changes something
 * is deferred (request.c).
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>

#include "channel.h"
#include "daemon.h"
#include "event.h"
#include "netlink.h"
#include "request.h"
#include "session.h"

#define VSERIAL_NL_GUEST(handler, attrs)				\
	{								\
		.perform = handler,					\
		.object = &vserial_nl_guest,				\
		.allowed = BIT_ULL(VSERIAL_A_GUEST_NAME) | (attrs),	\
	}

#define VSERIAL_NL_PORT(handler, attrs, open_to_owners)			\
	{								\
		.perform = handler,					\
		.object = &vserial_nl_port,				\
		.allowed = VSERIAL_NL_PORT_ID | (attrs),		\
		.owners = open_to_owners,				\
	}

#define VSERIAL_NL_IDENTITY						\
	(GENMASK_ULL(VSERIAL_A_GUEST_GID, VSERIAL_A_GUEST_UUID) |	\
	 BIT_ULL(VSERIAL_A_GUEST_MIGRATION_LIMIT))
#define VSERIAL_NL_SETTINGS						\
	(GENMASK_ULL(VSERIAL_A_PORT_CARRIER, VSERIAL_A_PORT_BACKING) |	\
	 GENMASK_ULL(VSERIAL_A_PORT_DIRECTION, VSERIAL_A_PORT_LOG) |	\
	 GENMASK_ULL(VSERIAL_A_PORT_IDLE_TIMEOUT, VSERIAL_A_PORT_ENDPOINT) | \
	 BIT_ULL(VSERIAL_A_PORT_YIELD_ON_POLL) | BIT_ULL(VSERIAL_A_PORT_PROXY))

/* What rules and tests of them are about. */
#define VSERIAL_NL_RULE							\
	(BIT_ULL(VSERIAL_A_SERVICE_GUEST) |				\
	 BIT_ULL(VSERIAL_A_SERVICE_SERVICE) |				\
	 BIT_ULL(VSERIAL_A_SERVICE_DIRECTION) |				\
	 BIT_ULL(VSERIAL_A_SERVICE_PORT) | BIT_ULL(VSERIAL_A_SERVICE_UID) | \
	 BIT_ULL(VSERIAL_A_SERVICE_EXE))

static const struct vserial_nl_command vserial_nl_commands[] = {
	[VSERIAL_CMD_GUEST_NEW] =
		VSERIAL_NL_GUEST(vserial_nl_guest_new,
				 VSERIAL_NL_IDENTITY |
				 BIT_ULL(VSERIAL_A_GUEST_NR_PORTS)),
	[VSERIAL_CMD_GUEST_SET] =
		VSERIAL_NL_GUEST(vserial_nl_guest_set, VSERIAL_NL_IDENTITY),
	[VSERIAL_CMD_GUEST_DEL] =
		VSERIAL_NL_GUEST(vserial_nl_guest_del,
				 BIT_ULL(VSERIAL_A_GUEST_FORCE)),
	[VSERIAL_CMD_PORT_NEW] =
		VSERIAL_NL_PORT(vserial_nl_port_new, VSERIAL_NL_SETTINGS,
				false),
	[VSERIAL_CMD_PORT_SET] =
		VSERIAL_NL_PORT(vserial_nl_port_set, VSERIAL_NL_SETTINGS,
				false),
	[VSERIAL_CMD_PORT_DEL] =
		VSERIAL_NL_PORT(vserial_nl_port_del,
				BIT_ULL(VSERIAL_A_PORT_FORCE), false),
	[VSERIAL_CMD_PORT_CONNECT] =
		VSERIAL_NL_PORT(vserial_nl_port_connect, 0, true),
	[VSERIAL_CMD_PORT_DISCONNECT] =
		VSERIAL_NL_PORT(vserial_nl_port_disconnect, 0, true),
	[VSERIAL_CMD_PORT_BREAK] =
		VSERIAL_NL_PORT(vserial_nl_port_break,
				BIT_ULL(VSERIAL_A_PORT_BREAK_LENGTH), true),
	[VSERIAL_CMD_SESSION_NEW] = {
		.perform = vserial_nl_session_new,
		.object = &vserial_nl_session,
		.allowed = BIT_ULL(VSERIAL_A_SESSION_GUEST) |
			   BIT_ULL(VSERIAL_A_SESSION_INDEX) |
			   BIT_ULL(VSERIAL_A_SESSION_FORCE) |
			   BIT_ULL(VSERIAL_A_SESSION_READ_ONLY) |
			   BIT_ULL(VSERIAL_A_SESSION_CAPTURE) |
			   BIT_ULL(VSERIAL_A_SESSION_BACKING) |
			   BIT_ULL(VSERIAL_A_SESSION_PEER),
		.owners = true,
	},
	[VSERIAL_CMD_SERVICE_NEW] = {
		.perform = vserial_nl_service_new,
		.object = &vserial_nl_service,
		.allowed = VSERIAL_NL_RULE |
			   BIT_ULL(VSERIAL_A_SERVICE_RANK) |
			   BIT_ULL(VSERIAL_A_SERVICE_ACTION) |
			   BIT_ULL(VSERIAL_A_SERVICE_PORT_LAST),
	},
	[VSERIAL_CMD_SERVICE_DEL] = {
		.perform = vserial_nl_service_del,
		.object = &vserial_nl_service,
		.allowed = BIT_ULL(VSERIAL_A_SERVICE_GUEST) |
			   BIT_ULL(VSERIAL_A_SERVICE_RANK),
	},
	[VSERIAL_CMD_SERVICE_TEST] = {
		.perform = vserial_nl_service_test,
		.object = &vserial_nl_service,
		.allowed = VSERIAL_NL_RULE,
		/* It changes nothing, but may have to find a file. */
		.owners = true,
	},
	[VSERIAL_CMD_DAEMON_NEW] = {
		.perform = vserial_nl_daemon_new,
		.object = &vserial_nl_backing,
	},
	[VSERIAL_CMD_BACKING_REPORT] = {
		.perform = vserial_nl_backing_report,
		.object = &vserial_nl_backing,
		.allowed = BIT_ULL(VSERIAL_A_BACKING_ID) |
			   BIT_ULL(VSERIAL_A_BACKING_STATE) |
			   BIT_ULL(VSERIAL_A_BACKING_REASON) |
			   BIT_ULL(VSERIAL_A_BACKING_PEER) |
			   BIT_ULL(VSERIAL_A_BACKING_LINES) |
			   BIT_ULL(VSERIAL_A_BACKING_HANDOVER) |
			   BIT_ULL(VSERIAL_A_BACKING_HANDOVER_REASON) |
			   BIT_ULL(VSERIAL_A_BACKING_HANDOVER_BLOB) |
			   BIT_ULL(VSERIAL_A_BACKING_HANDOVER_SEQUENCE),
		/* It may have dropped its capabilities. */
		.owners = true,
	},
	[VSERIAL_CMD_GUEST_MIGRATE] =
		VSERIAL_NL_GUEST(vserial_nl_guest_migrate,
				 BIT_ULL(VSERIAL_A_GUEST_MIGRATION) |
				 BIT_ULL(VSERIAL_A_GUEST_MIGRATION_LIMIT)),
	[VSERIAL_CMD_PORT_RETURN] =
		VSERIAL_NL_PORT(vserial_nl_port_return,
				BIT_ULL(VSERIAL_A_PORT_STATE_BYTES) |
				BIT_ULL(VSERIAL_A_PORT_TTY), false),
	[VSERIAL_CMD_PORT_STATE_SET] =
		VSERIAL_NL_PORT(vserial_nl_state_set,
				BIT_ULL(VSERIAL_A_PORT_STATE_SIZE) |
				BIT_ULL(VSERIAL_A_PORT_STATE_OFFSET) |
				BIT_ULL(VSERIAL_A_PORT_STATE_BYTES), false),
	[VSERIAL_CMD_SESSION_DEL] = {
		.perform = vserial_nl_session_del,
		.object = &vserial_nl_session,
		.allowed = BIT_ULL(VSERIAL_A_SESSION_ID),
		.owners = true,
	},
};

static int vserial_nl_change(struct sk_buff *skb, struct genl_info *info)
{
	return vserial_nl_defer(skb, info,
				&vserial_nl_commands[info->genlhdr->cmd]);
}

/* No policies: see struct vserial_nl_object. */
static const struct genl_ops vserial_nl_ops[] = {
	{ .cmd = VSERIAL_CMD_GUEST_NEW, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_GUEST_SET, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_GUEST_DEL, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_GUEST_GET, .doit = vserial_nl_guest_get,
	  .start = vserial_nl_guest_start, .dumpit = vserial_nl_guest_dump },
	{ .cmd = VSERIAL_CMD_PORT_NEW, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_PORT_SET, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_PORT_DEL, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_PORT_GET, .doit = vserial_nl_port_get,
	  .start = vserial_nl_port_start, .dumpit = vserial_nl_port_dump },
	{ .cmd = VSERIAL_CMD_PORT_CONNECT, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_PORT_DISCONNECT, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_PORT_BREAK, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_PORT_HISTORY, .start = vserial_nl_history_start,
	  .dumpit = vserial_nl_history_dump,
	  .done = vserial_nl_history_done },
	{ .cmd = VSERIAL_CMD_SESSION_NEW, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_SESSION_DEL, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_SESSION_GET, .doit = vserial_nl_session_get,
	  .start = vserial_nl_session_start,
	  .dumpit = vserial_nl_session_dump },
	{ .cmd = VSERIAL_CMD_DATA, .doit = vserial_nl_send },
	{ .cmd = VSERIAL_CMD_DATA_ACK, .doit = vserial_nl_ack },
	{ .cmd = VSERIAL_CMD_DAEMON_NEW, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_BACKING_GET, .start = vserial_nl_backing_start,
	  .dumpit = vserial_nl_backing_dump },
	{ .cmd = VSERIAL_CMD_BACKING_REPORT, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_SERVICE_NEW, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_SERVICE_DEL, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_SERVICE_GET, .start = vserial_nl_service_start,
	  .dumpit = vserial_nl_service_dump,
	  .done = vserial_nl_service_done },
	{ .cmd = VSERIAL_CMD_SERVICE_TEST, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_UART_GET, .start = vserial_nl_uart_start,
	  .dumpit = vserial_nl_uart_dump },
	{ .cmd = VSERIAL_CMD_GUEST_MIGRATE, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_PORT_RETURN, .doit = vserial_nl_change },
	{ .cmd = VSERIAL_CMD_PORT_STATE_GET, .start = vserial_nl_state_start,
	  .dumpit = vserial_nl_state_dump, .done = vserial_nl_state_done },
	{ .cmd = VSERIAL_CMD_PORT_STATE_SET, .doit = vserial_nl_change },
};

static const struct genl_multicast_group vserial_nl_groups[] = {
	{ .name = VSERIAL_MCGRP_EVENTS },
};

struct genl_family vserial_nl_family __ro_after_init = {
	.name = VSERIAL_FAMILY_NAME,
	.version = VSERIAL_FAMILY_VERSION,
	.ops = vserial_nl_ops,
	.n_ops = ARRAY_SIZE(vserial_nl_ops),
	.mcgrps = vserial_nl_groups,
	.n_mcgrps = ARRAY_SIZE(vserial_nl_groups),
	/* At and above this, operations without a policy take no attributes. */
	.resv_start_op = __VSERIAL_CMD_MAX,
	.parallel_ops = true,
	.module = THIS_MODULE,
};

/**
 * vserial_netlink_init() - register the family; requests come from now on
 *
 * Return: 0 or a negative errno.
 */
int vserial_netlink_init(void)
{
	int err = vserial_channel_init(&vserial_nl_family);

	if (err)
		return err;
	err = vserial_session_init();
	if (err)
		goto channel;
	err = vserial_daemon_init();
	if (err)
		goto session;
	err = genl_register_family(&vserial_nl_family);
	if (err)
		goto daemon;
	err = vserial_event_init(&vserial_nl_family);
	if (!err)
		return 0;

	genl_unregister_family(&vserial_nl_family);
daemon:
	vserial_daemon_exit();
session:
	vserial_session_exit();
channel:
	vserial_channel_exit();
	return err;
}

/**
 * vserial_netlink_exit() - unregister the family
 *
 * A request that is under way holds the module, so none is; but the task that
 * carried out the last one may not have left our code.
 */
void vserial_netlink_exit(void)
{
	vserial_event_exit();
	genl_unregister_family(&vserial_nl_family);
	vserial_daemon_exit();
	vserial_session_exit();
	vserial_channel_exit();
	synchronize_rcu_tasks();
}
