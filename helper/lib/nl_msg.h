/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages, for nl.c, nl_msg.c and nl_batch.c alone: the others know nl.h. */
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

/** vnl_parse() - read a message where it lies; false if it is not one of the family. */
bool vnl_parse(const struct vnl *vnl, struct nlmsghdr *nlh, struct vnl_reply *reply);

/** vnl_complete() - give a request its addresses, flags and number, which is returned. */
uint32_t vnl_complete(struct vnl *vnl, struct nlmsghdr *nlh, int flags);

/** vnl_read_end() - the errno, 0 or positive, with which a request or a dump has ended. */
int vnl_read_end(struct nlmsghdr *nlh, struct vnl_error *error);

/** vnl_is_end() - whether a message of generic netlink says that the family is gone. */
bool vnl_is_end(const struct vnl *vnl, struct nlmsghdr *nlh);

/** vnl_add_reply() - copy a message behind the others of a list. */
void vnl_add_reply(struct vnl_replies *replies, struct nlmsghdr *nlh);

#endif
