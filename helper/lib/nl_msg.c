// SPDX-License-Identifier: GPL-2.0-or-later
/* What is written into requests and read from answers, by libnl. */
#include <string.h>

#include <netlink/genl/genl.h>

#include "memory.h"
#include "nl_msg.h"

#define MSG_SIZE	(16 << 10)

#define FITS(set) \
	_Static_assert((int)(set) <= ATTR_MAX, "ATTR_MAX is too small for " #set)
FITS(VSERIAL_A_GUEST_MAX);
FITS(VSERIAL_A_PORT_MAX);
FITS(VSERIAL_A_SESSION_MAX);
FITS(VSERIAL_A_DATA_MAX);
FITS(VSERIAL_A_BACKING_MAX);

/* Requests. */

struct vnl_msg *vnl_msg_new(uint8_t cmd, bool dump)
{
	struct vnl_msg *msg = xcalloc(1, sizeof(*msg));

	msg->msg = nlmsg_alloc_size(MSG_SIZE);
	if (!msg->msg || !genlmsg_put(msg->msg, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0,
				      dump ? NLM_F_DUMP : 0, cmd,
				      VSERIAL_FAMILY_VERSION))
		err(MEMORY_STATUS, "out of memory");
	return msg;
}

void vnl_msg_free(struct vnl_msg *msg)
{
	if (msg)
		nlmsg_free(msg->msg);
	free(msg);
}

void vnl_msg_read(const struct vnl_msg *msg, struct vnl_replies *replies)
{
	*replies = (struct vnl_replies){ 0 };
	vnl_add_reply(replies, nlmsg_hdr(msg->msg));
}

void vnl_put_bin(struct vnl_msg *msg, uint16_t id, const void *value, size_t len)
{
	if (len > UINT16_MAX - NLA_HDRLEN || nla_put(msg->msg, id, (int)len, value))
		msg->overflow = true;
}

void vnl_put_flag(struct vnl_msg *msg, uint16_t id)
{
	vnl_put_bin(msg, id, NULL, 0);
}

void vnl_put_u8(struct vnl_msg *msg, uint16_t id, uint8_t value)
{
	vnl_put_bin(msg, id, &value, sizeof(value));
}

void vnl_put_u32(struct vnl_msg *msg, uint16_t id, uint32_t value)
{
	vnl_put_bin(msg, id, &value, sizeof(value));
}

void vnl_put_u64(struct vnl_msg *msg, uint16_t id, uint64_t value)
{
	vnl_put_bin(msg, id, &value, sizeof(value));
}

void vnl_put_str(struct vnl_msg *msg, uint16_t id, const char *value)
{
	vnl_put_bin(msg, id, value, strlen(value) + 1);
}

/* Answers. */

void vnl_add_reply(struct vnl_replies *replies, struct nlmsghdr *nlh)
{
	struct genlmsghdr *ghdr = genlmsg_hdr(nlh);
	int len = genlmsg_attrlen(ghdr, 0);
	struct vnl_reply *reply;

	if (len < 0)
		return;
	reply = xcalloc(1, sizeof(*reply) + (size_t)len);
	reply->cmd = ghdr->cmd;
	memcpy(reply->data, genlmsg_attrdata(ghdr, 0), (size_t)len);
	/* Attributes of a newer module have higher numbers and are skipped. */
	nla_parse(reply->attr, ATTR_MAX, (struct nlattr *)reply->data, len, NULL);

	replies->v = xrealloc(replies->v, replies->n + 1, sizeof(*replies->v));
	replies->v[replies->n++] = reply;
}

void vnl_replies_free(struct vnl_replies *replies)
{
	size_t i;

	for (i = 0; i < replies->n; i++)
		free(replies->v[i]);
	free(replies->v);
	*replies = (struct vnl_replies){ 0 };
}

uint8_t vnl_cmd(const struct vnl_reply *reply)
{
	return reply->cmd;
}

/* The payload of attribute @id if it has at least @len bytes. */
static const void *payload(const struct vnl_reply *reply, uint16_t id, size_t len)
{
	struct nlattr *attr = id <= ATTR_MAX ? reply->attr[id] : NULL;

	if (!attr || (size_t)nla_len(attr) < len)
		return NULL;
	return nla_data(attr);
}

bool vnl_has(const struct vnl_reply *reply, uint16_t id)
{
	return payload(reply, id, 0);
}

/* Copies the payload: it may lie off its alignment. */
static void number(const struct vnl_reply *reply, uint16_t id, void *n, size_t len)
{
	const void *data = payload(reply, id, len);

	if (data)
		memcpy(n, data, len);
}

uint8_t vnl_u8(const struct vnl_reply *reply, uint16_t id)
{
	uint8_t n = 0;

	number(reply, id, &n, sizeof(n));
	return n;
}

uint32_t vnl_u32(const struct vnl_reply *reply, uint16_t id)
{
	uint32_t n = 0;

	number(reply, id, &n, sizeof(n));
	return n;
}

uint64_t vnl_u64(const struct vnl_reply *reply, uint16_t id)
{
	uint64_t n = 0;

	number(reply, id, &n, sizeof(n));
	return n;
}

const char *vnl_str(const struct vnl_reply *reply, uint16_t id)
{
	const char *s = payload(reply, id, 1);

	if (!s || !memchr(s, '\0', (size_t)nla_len(reply->attr[id])))
		return "";
	return s;
}

const void *vnl_bin(const struct vnl_reply *reply, uint16_t id, size_t len)
{
	return payload(reply, id, len);
}

size_t vnl_len(const struct vnl_reply *reply, uint16_t id)
{
	return payload(reply, id, 0) ? (size_t)nla_len(reply->attr[id]) : 0;
}
