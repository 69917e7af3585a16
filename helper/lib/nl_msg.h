/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages, for nl.c and nl_msg.c alone: the others know nl.h. */
#ifndef HELPER_NL_MSG_H
#define HELPER_NL_MSG_H

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <linux/vserial.h>

#include "nl.h"

/* No set has more attributes; nl_msg.c makes sure. */
#define ATTR_MAX	63

/**
 * struct vnl_msg - a request
 * @msg: libnl's message, complete but for family and sequence number
 * @overflow: an attribute found no room
 */
struct vnl_msg {
	struct nl_msg *msg;
	bool overflow;
};

/**
 * struct vnl_reply - a message from the kernel
 * @cmd: VSERIAL_CMD_*
 * @attr: its attributes by number, pointing into @data or what was received
 * @data: a copy of the attributes as they came, if there is one
 */
struct vnl_reply {
	uint8_t cmd;
	struct nlattr *attr[ATTR_MAX + 1];
	uint64_t data[];
};

/** vnl_add_reply() - copy a message behind the others of a list. */
void vnl_add_reply(struct vnl_replies *replies, struct nlmsghdr *nlh);

#endif
