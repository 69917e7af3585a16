// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The family "vserial" over libnl.
 *
 * Refusals carry a sentence (NLMSGERR_ATTR_MSG) that libnl 3.7 does not
 * hand on, and errno values that it folds into fewer of its own; so the
 * callbacks below read error messages themselves.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include <linux/vserial.h>

#include "memory.h"
#include "nl.h"

#define MSG_SIZE	(16 << 10)
/* Room for the events of a few thousand ports that change at once. */
#define EVENT_BUFFER	(4 << 20)
#define DUMP_TRIES	100

#define ATTR_MAX \
	((int)VSERIAL_A_PORT_MAX > (int)VSERIAL_A_GUEST_MAX ? \
	 (int)VSERIAL_A_PORT_MAX : (int)VSERIAL_A_GUEST_MAX)

/**
 * struct vnl - a socket
 * @sk: libnl's socket
 * @cb: the callbacks of vnl_call() or vnl_wait()
 * @family: the number of the family "vserial"
 * @seq: the number of the request that is under way
 * @done: the request has been answered
 * @gone: the family was removed
 * @replies: where messages go
 * @error: where the reason of a refusal goes
 */
struct vnl {
	struct nl_sock *sk;
	struct nl_cb *cb;
	int family;
	uint32_t seq;
	bool done;
	bool gone;
	struct vnl_replies *replies;
	struct vnl_error *error;
};

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
 * @attr: its attributes by number, pointing into @data
 * @data: a copy of the attributes as they came
 */
struct vnl_reply {
	uint8_t cmd;
	struct nlattr *attr[ATTR_MAX + 1];
	uint64_t data[];
};

static void set_error(struct vnl_error *error, int err, const char *text)
{
	error->err = err;
	error->from_kernel = false;
	snprintf(error->text, sizeof(error->text), "%s", text);
}

static int nle_errno(int nle)
{
	switch (-nle) {
	case NLE_OBJ_NOTFOUND:
		return ENOENT;
	case NLE_PERM:
	case NLE_NOACCESS:
		return EPERM;
	case NLE_NOMEM:
		return ENOBUFS;
	default:
		return EIO;
	}
}

static void nle_error(struct vnl_error *error, const char *what, int nle)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", what, nl_geterror(nle));
	set_error(error, nle_errno(nle), text);
}

/* Answers. */

static void add_reply(struct vnl_replies *replies, struct nlmsghdr *nlh)
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
	add_reply(replies, nlmsg_hdr(msg->msg));
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

void vnl_put_str(struct vnl_msg *msg, uint16_t id, const char *value)
{
	vnl_put_bin(msg, id, value, strlen(value) + 1);
}

/*
 * The sentence among the attributes of an extended acknowledgement.  A
 * kernel without one leaves the errno to speak.
 */
static void refusal(struct vnl_error *error, int err, const void *tlvs, int len)
{
	struct nlattr *attr = tlvs ? nla_find(tlvs, len, NLMSGERR_ATTR_MSG) : NULL;

	if (attr) {
		snprintf(error->text, sizeof(error->text), "%.*s", nla_len(attr),
			 (const char *)nla_data(attr));
		error->err = err;
		error->from_kernel = true;
	} else if (err == EPERM || err == EACCES) {
		set_error(error, err, "permission denied: this needs root (CAP_SYS_ADMIN)");
	} else {
		set_error(error, err, strerror(err));
	}
}

/* An acknowledgement, of success or of failure. */
static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)e - 1;
	struct vnl *vnl = arg;
	size_t head = sizeof(*e);
	const char *tlvs = NULL;
	int len = 0;

	(void)from;
	if (nlh->nlmsg_seq != vnl->seq)
		return NL_SKIP;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS) {
		/* Without NETLINK_CAP_ACK the request follows its header. */
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			head += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
		tlvs = (const char *)e + head;
		len = (int)(nlh->nlmsg_len - NLMSG_HDRLEN) - (int)head;
	}
	if (e->error)
		refusal(vnl->error, -e->error, len > 0 ? tlvs : NULL, len);
	vnl->done = true;
	/* NL_STOP would make libnl return a number of its own. */
	return NL_SKIP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct vnl *vnl = arg;

	(void)msg;
	vnl->done = true;
	return NL_STOP;
}

/* The end of a dump, which can tell of a failure too. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct vnl *vnl = arg;
	int err = 0, len;

	if (nlmsg_datalen(nlh) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(nlh), sizeof(err));
	if (err < 0) {
		len = nlmsg_datalen(nlh) - (int)NLMSG_ALIGN(sizeof(err));
		refusal(vnl->error, -err,
			nlh->nlmsg_flags & NLM_F_ACK_TLVS && len > 0 ?
			(const char *)nlmsg_data(nlh) + NLMSG_ALIGN(sizeof(err)) :
			NULL, len);
	}
	vnl->done = true;
	return NL_OK;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct vnl *vnl = arg;

	if (nlh->nlmsg_type == vnl->family && genlmsg_valid_hdr(nlh, 0))
		add_reply(vnl->replies, nlh);
	return NL_OK;
}

/* Answers to a request that was given up are passed over. */
static int on_seq(struct nl_msg *msg, void *arg)
{
	const struct vnl *vnl = arg;

	return nlmsg_hdr(msg)->nlmsg_seq == vnl->seq ? NL_OK : NL_SKIP;
}

/* Send the request once and read until it has been answered. */
static int call_once(struct vnl *vnl, struct vnl_msg *msg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg->msg);
	int rc, interrupted = 0;

	nlh->nlmsg_type = (uint16_t)vnl->family;
	nlh->nlmsg_seq = NL_AUTO_SEQ;
	nl_complete_msg(vnl->sk, msg->msg);
	vnl->seq = nlh->nlmsg_seq;
	vnl->done = false;

	rc = nl_send(vnl->sk, msg->msg);
	if (rc < 0) {
		nle_error(vnl->error, "cannot send to the kernel", rc);
		return rc;
	}
	do {
		rc = nl_recvmsgs(vnl->sk, vnl->cb);
		if (rc == -NLE_DUMP_INTR) {
			interrupted = rc;
			rc = 0;
		}
	} while (rc >= 0 && !vnl->done);
	if (rc < 0)
		nle_error(vnl->error, "cannot read from the kernel", rc);
	return rc < 0 ? rc : interrupted;
}

int vnl_call(struct vnl *vnl, struct vnl_msg *msg, struct vnl_replies *replies,
	     struct vnl_error *error)
{
	int rc = -NLE_DUMP_INTR, try;

	*replies = (struct vnl_replies){ 0 };
	*error = (struct vnl_error){ 0 };
	if (msg->overflow) {
		set_error(error, EMSGSIZE, "the values are longer than the 16 KiB a request can hold");
		return -1;
	}
	vnl->replies = replies;
	vnl->error = error;
	for (try = 0; rc == -NLE_DUMP_INTR && try < DUMP_TRIES; try++) {
		vnl_replies_free(replies);
		rc = call_once(vnl, msg);
		if (error->err)
			break;
	}
	if (rc == -NLE_DUMP_INTR && !error->err)
		set_error(error, EAGAIN, "the configuration kept changing while it was read: try again");
	if (!error->err)
		return 0;
	vnl_replies_free(replies);
	return -1;
}

/* Events. */

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct nlattr *attr[CTRL_ATTR_MAX + 1];
	struct vnl *vnl = arg;

	if (nlh->nlmsg_type != GENL_ID_CTRL)
		return on_valid(msg, arg);
	if (!genlmsg_valid_hdr(nlh, 0) ||
	    genlmsg_hdr(nlh)->cmd != CTRL_CMD_DELFAMILY ||
	    genlmsg_parse(nlh, 0, attr, CTRL_ATTR_MAX, NULL))
		return NL_OK;
	if (attr[CTRL_ATTR_FAMILY_ID] &&
	    nla_get_u16(attr[CTRL_ATTR_FAMILY_ID]) == vnl->family)
		vnl->gone = true;
	return NL_OK;
}

static int any_seq(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

int vnl_subscribe(struct vnl *vnl, struct vnl_error *error)
{
	int size = EVENT_BUFFER;
	int group, rc;

	group = genl_ctrl_resolve_grp(vnl->sk, VSERIAL_FAMILY_NAME,
				      VSERIAL_MCGRP_EVENTS);
	rc = group < 0 ? group : nl_socket_add_membership(vnl->sk, group);
	/* The generic netlink family itself tells when the module goes. */
	if (!rc)
		rc = nl_socket_add_membership(vnl->sk, GENL_ID_CTRL);
	if (rc < 0) {
		nle_error(error, "cannot subscribe to the events of vserial", rc);
		return -1;
	}
	/* Above the system's limit only for root; others get the limit. */
	if (setsockopt(nl_socket_get_fd(vnl->sk), SOL_SOCKET, SO_RCVBUFFORCE,
		       &size, sizeof(size)))
		setsockopt(nl_socket_get_fd(vnl->sk), SOL_SOCKET, SO_RCVBUF,
			   &size, sizeof(size));
	nl_cb_set(vnl->cb, NL_CB_VALID, NL_CB_CUSTOM, on_event, vnl);
	nl_cb_set(vnl->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, any_seq, NULL);
	return 0;
}

int vnl_wait(struct vnl *vnl, struct vnl_replies *events, struct vnl_error *error)
{
	int rc;

	*events = (struct vnl_replies){ 0 };
	*error = (struct vnl_error){ 0 };
	vnl->replies = events;
	vnl->error = error;
	while (!events->n) {
		if (vnl->gone) {
			set_error(error, ENOENT, "the module vserial was unloaded");
			return -1;
		}
		rc = nl_recvmsgs(vnl->sk, vnl->cb);
		if (rc == -NLE_NOMEM) {
			set_error(error, ENOBUFS, "events were lost: they came faster than they were read");
			return -1;
		}
		if (rc < 0) {
			nle_error(error, "cannot read events", rc);
			return -1;
		}
	}
	return 0;
}

/* The socket. */

static int connect_family(struct vnl *vnl, struct vnl_error *error)
{
	int on = 1;
	int rc = genl_connect(vnl->sk);

	if (rc < 0) {
		nle_error(error, "cannot open a generic netlink socket", rc);
		return -1;
	}
	/* Refusals in sentences, without the request repeated before them. */
	setsockopt(nl_socket_get_fd(vnl->sk), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	setsockopt(nl_socket_get_fd(vnl->sk), SOL_NETLINK, NETLINK_CAP_ACK, &on,
		   sizeof(on));

	vnl->family = genl_ctrl_resolve(vnl->sk, VSERIAL_FAMILY_NAME);
	if (vnl->family == -NLE_OBJ_NOTFOUND) {
		set_error(error, ENOENT, "the module vserial is not loaded: load it with 'modprobe vserial'");
		return -1;
	}
	if (vnl->family < 0) {
		nle_error(error, "cannot find the netlink family vserial", vnl->family);
		return -1;
	}
	return 0;
}

struct vnl *vnl_open(struct vnl_error *error)
{
	struct vnl *vnl = xcalloc(1, sizeof(*vnl));

	*error = (struct vnl_error){ 0 };
	vnl->sk = nl_socket_alloc();
	vnl->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!vnl->sk || !vnl->cb)
		err(MEMORY_STATUS, "out of memory");
	if (connect_family(vnl, error)) {
		vnl_close(vnl);
		return NULL;
	}
	nl_cb_err(vnl->cb, NL_CB_CUSTOM, on_error, vnl);
	nl_cb_set(vnl->cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, vnl);
	nl_cb_set(vnl->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, vnl);
	nl_cb_set(vnl->cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, vnl);
	nl_cb_set(vnl->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq, vnl);
	return vnl;
}

void vnl_close(struct vnl *vnl)
{
	if (!vnl)
		return;
	nl_cb_put(vnl->cb);
	nl_socket_free(vnl->sk);
	free(vnl);
}
