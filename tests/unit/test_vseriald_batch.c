// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many requests at a time, on a socket of generic netlink as libnl makes it.  The
 * family is one that nobody has: each request is refused, and so was sent.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/vserial.h>
#include <netlink/genl/genl.h>

#include "nl_batch.h"
#include "nl_msg.h"
#include "unit.h"

#define NOBODYS	0x3ff
/* More than any buffer holds at once, of the largest requests there are. */
#define REQUESTS	16
#define BYTES		16384

static struct nl_sock *sock;
static uint32_t last_seq, refused;

int vnl_fd(const struct vnl *vnl)
{
	(void)vnl;
	return nl_socket_get_fd(sock);
}

uint32_t vnl_complete(struct vnl *vnl, struct nlmsghdr *nlh, int flags)
{
	(void)vnl;
	nlh->nlmsg_type = NOBODYS;
	nlh->nlmsg_flags |= (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_pid = 0;
	nlh->nlmsg_seq = ++last_seq;
	return last_seq;
}

int vnl_read_end(struct nlmsghdr *nlh, struct vnl_error *error)
{
	const struct nlmsgerr *end = nlmsg_data(nlh);

	error->err = -end->error;
	return error->err;
}

bool vnl_is_end(const struct vnl *vnl, struct nlmsghdr *nlh)
{
	(void)vnl;
	(void)nlh;
	return false;
}

bool vnl_parse(const struct vnl *vnl, struct nlmsghdr *nlh, struct vnl_reply *reply)
{
	(void)vnl;
	(void)nlh;
	(void)reply;
	return false;
}

static void on_done(void *arg, uint32_t seq, const struct vnl_error *error)
{
	(void)arg;
	/* Each of them, in order. */
	assert_int_equal(seq, ++refused);
	assert_non_null(error);
	assert_int_equal(error->err, ENOENT);
}

static const struct vnl_taker taker = { .done = on_done };

static void test_all_are_sent(void **state)
{
	static const char bytes[BYTES];
	struct vnl_error error = { 0 };
	struct vnl_batch *batch;
	int i, on = 1;

	(void)state;
	sock = nl_socket_alloc();
	assert_non_null(sock);
	assert_int_equal(genl_connect(sock), 0);
	/* Refusals are short. */
	assert_int_equal(setsockopt(vnl_fd(NULL), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)),
			 0);
	batch = vnl_batch_new(NULL, &taker, NULL);
	for (i = 0; i < REQUESTS; i++) {
		vnl_put_bin(vnl_batch_begin(batch, VSERIAL_CMD_DATA, false), VSERIAL_A_DATA_BYTES,
			    bytes, sizeof(bytes));
		vnl_batch_post(batch, false);
	}
	assert_int_equal(vnl_batch_flush(batch, &error), 0);
	while (vnl_batch_take(batch, &error) > 0)
		;
	assert_int_equal(refused, REQUESTS);
	vnl_batch_free(batch);
	nl_socket_free(sock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
