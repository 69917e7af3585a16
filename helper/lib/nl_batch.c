// SPDX-License-Identifier: GPL-2.0-or-later
/* Many messages at a time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/genl.h>

#include "memory.h"
#include "nl_batch.h"
#include "nl_msg.h"

/* A request: 16 KiB of data and what stands around them. */
#define REQUEST_SIZE	(20 << 10)
/* What is sent at once, if the send buffer holds it. */
#define BATCH_SIZE	(96 << 10)
/* What a send buffer of netlink holds less than its size (netlink_sendmsg()). */
#define SEND_OVERHEAD	32
/* Where memory is lacking it is asked for again after so long, so many times: a second. */
#define MEMORY_PAUSE	10000000
#define MEMORY_TRIES	100
/* An attribute has at most 64 KiB. */
#define DATAGRAM_SIZE	(68 << 10)

/**
 * struct vnl_batch - a socket with much to carry
 * @vnl: the socket
 * @taker: who is told of what came
 * @arg: for @taker
 * @request: the request that was begun
 * @failed: the errno of sending, since the last flush
 * @gone: the module went
 * @limit: what is sent at once
 * @posted: bytes in @batch
 * @batch: the requests to be sent
 * @datagrams: where they are received
 */
struct vnl_batch {
	struct vnl *vnl;
	const struct vnl_taker *taker;
	void *arg;
	struct vnl_msg request;
	int failed;
	bool gone;
	size_t limit;
	/* Behind a size_t, and of a size that is a multiple of it: messages are aligned. */
	size_t posted;
	char batch[BATCH_SIZE];
	char datagrams[VNL_BATCH_TAKES][DATAGRAM_SIZE];
};

/* libnl makes it small.  Return: how much may be sent at once. */
static size_t send_buffer(int fd)
{
	int size = BATCH_SIZE;
	socklen_t len = sizeof(size);

	/* Linux doubles it, within what the system allows. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) ||
	    getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) ||
	    size < REQUEST_SIZE + SEND_OVERHEAD)
		return REQUEST_SIZE;
	size -= SEND_OVERHEAD;
	return size < BATCH_SIZE ? (size_t)size : BATCH_SIZE;
}

struct vnl_batch *vnl_batch_new(struct vnl *vnl, const struct vnl_taker *taker, void *arg)
{
	/* Memory that is never used is never there. */
	struct vnl_batch *batch = xcalloc(1, sizeof(*batch));

	batch->vnl = vnl;
	batch->taker = taker;
	batch->arg = arg;
	batch->limit = send_buffer(vnl_fd(vnl));
	batch->request.msg = nlmsg_alloc_size(REQUEST_SIZE);
	if (!batch->request.msg)
		err(MEMORY_STATUS, "out of memory");
	return batch;
}

void vnl_batch_free(struct vnl_batch *batch)
{
	if (batch)
		nlmsg_free(batch->request.msg);
	free(batch);
}

struct vnl_msg *vnl_batch_begin(struct vnl_batch *batch, uint8_t cmd, bool dump)
{
	struct nl_msg *msg = batch->request.msg;

	/* The same memory each time, without what the last request left. */
	nlmsg_hdr(msg)->nlmsg_len = NLMSG_HDRLEN;
	batch->request.overflow = false;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0, dump ? NLM_F_DUMP : 0, cmd,
			 VSERIAL_FAMILY_VERSION))
		err(MEMORY_STATUS, "out of memory");
	return &batch->request;
}

/* Of a batch that found no memory the kernel has taken nothing (netlink_sendmsg()). */
static bool lacks_memory(int errnum)
{
	return errnum == ENOBUFS || errnum == ENOMEM;
}

static void send_posted(struct vnl_batch *batch)
{
	const struct timespec pause = { .tv_nsec = MEMORY_PAUSE };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int tries = MEMORY_TRIES;
	ssize_t sent;

	for (;;) {
		sent = sendto(vnl_fd(batch->vnl), batch->batch, batch->posted, 0,
			      (struct sockaddr *)&kernel, sizeof(kernel));
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent >= 0 || !lacks_memory(errno) || !tries--)
			break;
		nanosleep(&pause, NULL);
	}
	if (sent < 0)
		batch->failed = errno;
	batch->posted = 0;
}

uint32_t vnl_batch_post(struct vnl_batch *batch, bool ack)
{
	struct nlmsghdr *nlh = nlmsg_hdr(batch->request.msg);
	size_t len = NLMSG_ALIGN(nlh->nlmsg_len);
	uint32_t seq = vnl_complete(batch->vnl, nlh, ack ? NLM_F_ACK : 0);

	/* The program alone makes them; one that is longer is a mistake in it. */
	if (batch->request.overflow)
		errx(MEMORY_STATUS, "a request is longer than %d bytes", REQUEST_SIZE);
	if (batch->posted + len > batch->limit)
		send_posted(batch);
	memcpy(batch->batch + batch->posted, nlh, len);
	batch->posted += len;
	return seq;
}

bool vnl_batch_posted(const struct vnl_batch *batch)
{
	return batch->posted;
}

int vnl_batch_flush(struct vnl_batch *batch, struct vnl_error *error)
{
	if (batch->posted)
		send_posted(batch);
	if (!batch->failed)
		return 0;
	*error = (struct vnl_error){ .err = batch->failed };
	snprintf(error->text, sizeof(error->text), "cannot send to the kernel: %s",
		 strerror(batch->failed));
	batch->failed = 0;
	return -1;
}

static void take_message(struct vnl_batch *batch, struct nlmsghdr *nlh)
{
	struct vnl_error error = { 0 };
	struct vnl_reply reply;
	int err;

	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		err = vnl_read_end(nlh, &error);
		batch->taker->done(batch->arg, nlh->nlmsg_seq, err ? &error : NULL);
	} else if (nlh->nlmsg_type == GENL_ID_CTRL) {
		batch->gone = batch->gone || vnl_is_end(batch->vnl, nlh);
	} else if (vnl_parse(batch->vnl, nlh, &reply)) {
		batch->taker->message(batch->arg, nlh->nlmsg_seq, &reply);
	}
}

static int receive(struct vnl_batch *batch, struct mmsghdr *messages)
{
	struct iovec iov[VNL_BATCH_TAKES];
	unsigned int i;
	int n;

	for (i = 0; i < VNL_BATCH_TAKES; i++) {
		iov[i] = (struct iovec){ batch->datagrams[i], DATAGRAM_SIZE };
		messages[i] = (struct mmsghdr){ 0 };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		n = recvmmsg(vnl_fd(batch->vnl), messages, VNL_BATCH_TAKES, MSG_DONTWAIT, NULL);
	} while (n < 0 && errno == EINTR);
	return n;
}

int vnl_batch_take(struct vnl_batch *batch, struct vnl_error *error)
{
	struct mmsghdr messages[VNL_BATCH_TAKES];
	int i, n = receive(batch, messages);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0) {
		*error = (struct vnl_error){ .err = errno };
		snprintf(error->text, sizeof(error->text), "cannot read from the kernel: %s",
			 strerror(errno));
		return -1;
	}
	for (i = 0; i < n; i++) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)batch->datagrams[i];
		int left = (int)messages[i].msg_len;

		for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left))
			take_message(batch, nlh);
	}
	if (!batch->gone)
		return n;
	*error = (struct vnl_error){ .err = ENOENT };
	snprintf(error->text, sizeof(error->text), "the module vserial was unloaded");
	return -1;
}
