// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many requests at a time, on a socket of generic netlink as libnl makes it.  The
 * family is one that nobody has: each request is refused, and so was sent.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

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
/* How often the kernel will find no memory. */
static int starved;

ssize_t sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	if (!starved)
		return syscall(SYS_sendto, fd, bytes, len, flags, to, to_len);
	starved--;
	errno = ENOBUFS;
	return -1;
}

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

static struct vnl_batch *batch;

static int setup(void **state)
{
	int on = 1;

	(void)state;
	last_seq = 0;
	refused = 0;
	sock = nl_socket_alloc();
	assert_non_null(sock);
	assert_int_equal(genl_connect(sock), 0);
	/* Refusals are short. */
	assert_int_equal(setsockopt(vnl_fd(NULL), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)),
			 0);
	batch = vnl_batch_new(NULL, &taker, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vnl_batch_free(batch);
	nl_socket_free(sock);
	return 0;
}

static void send_all(void)
{
	static const char bytes[BYTES];
	struct vnl_error error = { 0 };
	int i;

	for (i = 0; i < REQUESTS; i++) {
		vnl_put_bin(vnl_batch_begin(batch, VSERIAL_CMD_DATA, false), VSERIAL_A_DATA_BYTES,
			    bytes, sizeof(bytes));
		vnl_batch_post(batch, false);
	}
	assert_int_equal(vnl_batch_flush(batch, &error), 0);
	while (vnl_batch_take(batch, &error) > 0)
		;
	assert_int_equal(refused, REQUESTS);
}

static void test_all_are_sent(void **state)
{
	(void)state;
	send_all();
}

static void test_memory_is_lacking(void **state)
{
	(void)state;
	starved = 3;
	send_all();
	assert_int_equal(starved, 0);
}

static void test_memory_is_lacking_for_ever(void **state)
{
	struct vnl_error error = { 0 };

	(void)state;
	starved = 1000;
	vnl_batch_begin(batch, VSERIAL_CMD_DATA, false);
	vnl_batch_post(batch, false);
	assert_int_equal(vnl_batch_flush(batch, &error), -1);
	assert_int_equal(error.err, ENOBUFS);
	starved = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_are_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_is_lacking, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_is_lacking_for_ever, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
