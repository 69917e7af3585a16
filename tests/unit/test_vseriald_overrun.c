// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A receive buffer that is full: the daemon's half of the kernel's interface
 * and one backing with real sockets.  The netlink socket is played, and drops
 * what Linux would: one message too many is told once, and then all of them
 * are dropped, answers as well, until the last has been taken.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "arrival.h"
#include "dispatch.h"
#include "goodbye.h"
#include "kernel.h"
#include "memory.h"
#include "nl_batch.h"
#include "printer.h"
#include "resolve.h"
#include "sockets.h"

/* How many messages the receive buffer holds. */
#define ROOM		4
#define SESSIONS	8
#define BACKING		7

/** struct told - a message on its way to the daemon, or the end of a request */
struct told {
	TAILQ_ENTRY(told) list;

	uint32_t seq;
	bool done;
	int err;
	struct vnl_replies message;
};

TAILQ_HEAD(told_list, told);

/** struct asked - a request */
struct asked {
	uint32_t seq;
	bool dump;
	bool ack;
	struct vnl_replies message;
};

/**
 * struct netlink - the socket and the module behind it
 * @fd: readable while there is something to take
 * @deaf: the daemon is not told that there is
 * @queue: what is to be taken
 * @n: how much
 * @congested: all else is dropped
 * @overrun: that is still to be told
 * @dropped: messages that were dropped
 * @taker: who is told
 * @arg: for @taker
 * @request: that is being filled
 * @posted: requests to be sent, and
 * @n_posted: how many
 * @seq: the last request's number
 * @served: the backing is there
 * @port: it listens at
 * @listening: it has said so
 * @left: reports of a state other than connected, after the first that was
 * @connected: there was one
 * @alive: which sessions there are, by number from 1
 * @n_sessions: how many there ever were
 * @input: what the guest was given, and
 * @input_len: how much
 * @room: how much more it takes
 * @refused: input that was refused
 */
static struct netlink {
	int fd;
	bool deaf;
	struct told_list queue;
	unsigned int n;
	bool congested;
	bool overrun;
	unsigned int dropped;
	const struct vnl_taker *taker;
	void *arg;
	struct vnl_msg *request;
	bool dump;
	struct asked posted[64];
	unsigned int n_posted;
	uint32_t seq;
	bool served;
	uint16_t port;
	bool listening;
	unsigned int left;
	bool connected;
	bool alive[SESSIONS + 1];
	uint32_t n_sessions;
	char input[256];
	size_t input_len;
	size_t room;
	unsigned int refused;
} nl;

struct daemon the_daemon;
struct kernel kernel;
struct session *session;

/* What the module says. */

static void show(void)
{
	const uint64_t one = 1;
	uint64_t n;

	if (!nl.deaf && (nl.n || nl.overrun))
		assert_int_equal(write(nl.fd, &one, sizeof(one)), sizeof(one));
	else if (read(nl.fd, &n, sizeof(n)) < 0)
		assert_int_equal(errno, EAGAIN);
}

/* @sure: as dumps are, for which the reader itself makes room. */
static void push(struct told *told, bool sure)
{
	if (!sure && (nl.congested || nl.n >= ROOM)) {
		nl.overrun = nl.overrun || !nl.congested;
		nl.congested = true;
		nl.dropped++;
		vnl_replies_free(&told->message);
		free(told);
	} else {
		TAILQ_INSERT_TAIL(&nl.queue, told, list);
		nl.n++;
	}
	show();
}

static void tell(uint32_t seq, struct vnl_msg *msg, bool sure)
{
	struct told *told = xcalloc(1, sizeof(*told));

	told->seq = seq;
	vnl_msg_read(msg, &told->message);
	vnl_msg_free(msg);
	push(told, sure);
}

static void end(uint32_t seq, int err, bool sure)
{
	struct told *told = xcalloc(1, sizeof(*told));

	*told = (struct told){ .seq = seq, .done = true, .err = err };
	push(told, sure);
}

static struct vnl_msg *backing(uint8_t cmd)
{
	struct vnl_msg *msg = vnl_msg_new(cmd, false);
	char spec[64];

	snprintf(spec, sizeof(spec), "tcp://127.0.0.1:%u", nl.port);
	vnl_put_u32(msg, VSERIAL_A_BACKING_ID, BACKING);
	vnl_put_str(msg, VSERIAL_A_BACKING_GUEST, "vm");
	vnl_put_str(msg, VSERIAL_A_BACKING_SPEC, spec);
	vnl_put_u32(msg, VSERIAL_A_BACKING_ENDPOINT, VSERIAL_ENDPOINT_SERVER);
	vnl_put_u8(msg, VSERIAL_A_BACKING_POWER, 1);
	return msg;
}

static struct vnl_msg *listed(uint8_t cmd, uint32_t id)
{
	struct vnl_msg *msg = vnl_msg_new(cmd, false);

	vnl_put_u32(msg, VSERIAL_A_SESSION_ID, id);
	vnl_put_u32(msg, VSERIAL_A_SESSION_BACKING, BACKING);
	vnl_put_u8(msg, VSERIAL_A_SESSION_WRITER, 1);
	return msg;
}

/* One message more than there is room for. */
static void overrun(void)
{
	nl.deaf = true;
	while (!nl.congested)
		tell(0, backing(VSERIAL_CMD_BACKING_NTF), false);
}

static void hear(void)
{
	nl.deaf = false;
	show();
}

static void output_at(uint64_t offset, const char *text)
{
	struct vnl_msg *msg = vnl_msg_new(VSERIAL_CMD_DATA_NTF, false);

	vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, BACKING);
	vnl_put_u64(msg, VSERIAL_A_DATA_OFFSET, offset);
	vnl_put_bin(msg, VSERIAL_A_DATA_BYTES, text, strlen(text));
	tell(0, msg, false);
}

/* What the module is asked. */

static void take_input(uint32_t seq, const struct vnl_reply *data)
{
	size_t len = vnl_len(data, VSERIAL_A_DATA_BYTES), known, n;
	uint64_t offset = vnl_u64(data, VSERIAL_A_DATA_OFFSET);
	const char *bytes = vnl_bin(data, VSERIAL_A_DATA_BYTES, len);

	assert_true(offset <= nl.input_len);
	known = nl.input_len - offset;
	if (known >= len)
		return;
	n = len - known < nl.room ? len - known : nl.room;
	memcpy(nl.input + nl.input_len, bytes + known, n);
	nl.input_len += n;
	nl.room -= n;
	if (n == len - known)
		return;
	nl.refused++;
	end(seq, EAGAIN, false);
}

static void report(const struct asked *asked, const struct vnl_reply *standing)
{
	uint32_t state = vnl_u32(standing, VSERIAL_A_BACKING_STATE);
	bool connected = state == VSERIAL_STATE_CONNECTED;

	nl.listening = nl.listening || state == VSERIAL_STATE_LISTENING;
	nl.left += nl.connected && !connected;
	nl.connected = nl.connected || connected;
	if (asked->ack)
		end(asked->seq, 0, false);
}

static void list_sessions(uint32_t seq)
{
	uint32_t id;

	for (id = 1; id <= nl.n_sessions; id++)
		if (nl.alive[id])
			tell(seq, listed(VSERIAL_CMD_SESSION_GET, id), true);
	end(seq, 0, true);
}

static void answer(const struct asked *asked)
{
	const struct vnl_reply *request = asked->message.v[0];

	switch (vnl_cmd(request)) {
	case VSERIAL_CMD_BACKING_GET:
		if (nl.served)
			tell(asked->seq, backing(VSERIAL_CMD_BACKING_GET), true);
		end(asked->seq, 0, true);
		break;
	case VSERIAL_CMD_SESSION_GET:
		list_sessions(asked->seq);
		break;
	case VSERIAL_CMD_PORT_HISTORY:
		end(asked->seq, 0, true);
		break;
	case VSERIAL_CMD_SESSION_NEW:
		assert_true(nl.n_sessions < SESSIONS);
		nl.alive[++nl.n_sessions] = true;
		tell(asked->seq, listed(VSERIAL_CMD_SESSION_NEW, nl.n_sessions), false);
		break;
	case VSERIAL_CMD_SESSION_DEL:
		nl.alive[vnl_u32(request, VSERIAL_A_SESSION_ID)] = false;
		break;
	case VSERIAL_CMD_BACKING_REPORT:
		report(asked, request);
		break;
	case VSERIAL_CMD_DATA:
		take_input(asked->seq, request);
		break;
	}
}

/* The socket. */

struct vnl *vnl_open(struct vnl_error *error)
{
	(void)error;
	return (struct vnl *)&nl;
}

void vnl_close(struct vnl *vnl)
{
	(void)vnl;
}

int vnl_fd(const struct vnl *vnl)
{
	(void)vnl;
	return nl.fd;
}

int vnl_watch_module(struct vnl *vnl, struct vnl_error *error)
{
	(void)vnl;
	(void)error;
	return 0;
}

size_t vnl_receive_buffer(struct vnl *vnl, int size)
{
	(void)vnl;
	return (size_t)size;
}

int vnl_call(struct vnl *vnl, struct vnl_msg *msg, struct vnl_replies *replies,
	     struct vnl_error *error)
{
	(void)vnl;
	(void)msg;
	(void)error;
	*replies = (struct vnl_replies){ 0 };
	return 0;
}

struct vnl_batch *vnl_batch_new(struct vnl *vnl, const struct vnl_taker *taker, void *arg)
{
	nl.taker = taker;
	nl.arg = arg;
	return (struct vnl_batch *)vnl;
}

void vnl_batch_free(struct vnl_batch *batch)
{
	(void)batch;
}

struct vnl_msg *vnl_batch_begin(struct vnl_batch *batch, uint8_t cmd, bool dump)
{
	(void)batch;
	nl.dump = dump;
	nl.request = vnl_msg_new(cmd, dump);
	return nl.request;
}

uint32_t vnl_batch_post(struct vnl_batch *batch, bool ack)
{
	struct asked *asked = &nl.posted[nl.n_posted++];

	(void)batch;
	assert_true(nl.n_posted < LENGTH(nl.posted));
	*asked = (struct asked){ .seq = ++nl.seq, .dump = nl.dump, .ack = ack };
	vnl_msg_read(nl.request, &asked->message);
	vnl_msg_free(nl.request);
	return asked->seq;
}

bool vnl_batch_posted(const struct vnl_batch *batch)
{
	(void)batch;
	return nl.n_posted;
}

int vnl_batch_flush(struct vnl_batch *batch, struct vnl_error *error)
{
	unsigned int i;

	(void)batch;
	(void)error;
	for (i = 0; i < nl.n_posted; i++) {
		answer(&nl.posted[i]);
		vnl_replies_free(&nl.posted[i].message);
	}
	nl.n_posted = 0;
	return 0;
}

int vnl_batch_take(struct vnl_batch *batch, struct vnl_error *error)
{
	struct told *told = TAILQ_FIRST(&nl.queue);

	(void)batch;
	if (nl.overrun) {
		nl.overrun = false;
		*error = (struct vnl_error){ .err = ENOBUFS };
		show();
		return -1;
	}
	/* One at a time: who stops too early is seen to. */
	if (told) {
		TAILQ_REMOVE(&nl.queue, told, list);
		nl.n--;
	}
	nl.congested = nl.congested && nl.n;
	show();
	if (!told)
		return 0;
	*error = (struct vnl_error){ .err = told->err, .text = "no room" };
	if (told->done)
		nl.taker->done(nl.arg, told->seq, told->err ? error : NULL);
	else
		nl.taker->message(nl.arg, told->seq, told->message.v[0]);
	vnl_replies_free(&told->message);
	free(told);
	return VNL_BATCH_TAKES;
}

/* The tests. */

void kernel_turn(void)
{
}

static int setup(void **state)
{
	struct vnl_error error;

	(void)state;
	memset(&nl, 0, sizeof(nl));
	memset(&the_daemon, 0, sizeof(the_daemon));
	TAILQ_INIT(&nl.queue);
	nl.fd = eventfd(0, EFD_NONBLOCK);
	nl.served = true;
	nl.room = sizeof(nl.input);
	nl.port = free_port();
	conf_defaults(&the_daemon.conf);
	if (sd_event_new(&the_daemon.event) < 0)
		return -1;
	the_daemon.resolver = resolver_new(the_daemon.event);
	the_daemon.goodbyes = goodbyes_new(the_daemon.event);
	the_daemon.arrivals = arrivals_new(&the_daemon);
	the_daemon.printers = printers_new(&the_daemon);
	the_daemon.dispatch = dispatch_new(&the_daemon, &error);
	return dispatch_start(the_daemon.dispatch, &error);
}

static int teardown(void **state)
{
	struct told *told;

	(void)state;
	dispatch_free(the_daemon.dispatch, false);
	printers_free(the_daemon.printers);
	arrivals_free(the_daemon.arrivals);
	goodbyes_free(the_daemon.goodbyes);
	resolver_free(the_daemon.resolver);
	sd_event_unref(the_daemon.event);
	conf_free(&the_daemon.conf);
	while ((told = TAILQ_FIRST(&nl.queue))) {
		TAILQ_REMOVE(&nl.queue, told, list);
		vnl_replies_free(&told->message);
		free(told);
	}
	close(nl.fd);
	return 0;
}

/* Return: a peer that moves bytes. */
static int connect_peer(void)
{
	int fd;

	until(nl.listening);
	fd = dial(nl.port, 0);
	until(nl.connected);
	return fd;
}

static void test_input(void **state)
{
	int fd = connect_peer();

	(void)state;
	/* A refusal is lost; what it refused is refused again. */
	overrun();
	nl.room = 4;
	SENDS(fd, "0123456789");
	until(nl.refused == 2);
	hear();
	until(!nl.n && !nl.overrun);
	/* That there is room is lost. */
	overrun();
	nl.room = 100;
	hear();
	until(nl.input_len == 10);
	assert_memory_equal(nl.input, "0123456789", 10);
	SENDS(fd, "ab");
	until(nl.input_len == 12);
	assert_memory_equal(nl.input, "0123456789ab", 12);
	close(fd);
}

/* What was taken before comes, what comes after does, and nobody leaves. */
static void test_output(void **state)
{
	int fd = connect_peer();

	(void)state;
	nl.deaf = true;
	output_at(0, "before ");
	overrun();
	hear();
	reads(fd, "before ");
	until(!nl.n && !nl.overrun);
	output_at(7, "after");
	reads(fd, "after");
	assert_int_equal(nl.left, 0);
	assert_true(nl.alive[1]);
	assert_int_equal(nl.n_sessions, 1);
	close(fd);
}

/* A peer whose announcement has no answer is announced again. */
static void test_announcement(void **state)
{
	int other = connect_peer(), fd;

	(void)state;
	overrun();
	fd = dial(nl.port, 0);
	until(nl.n_sessions == 2);
	hear();
	until(nl.n_sessions == 3);
	assert_false(nl.alive[2]);
	until(!nl.n);
	output_at(0, "hello");
	reads(fd, "hello");
	reads(other, "hello");
	assert_true(nl.alive[1] && nl.alive[3]);
	close(fd);
	close(other);
}

/* A peer whose session was ended has to leave, although nobody said so. */
static void test_kick(void **state)
{
	int fd = connect_peer();

	(void)state;
	overrun();
	nl.alive[1] = false;
	hear();
	reads(fd, "\r\n[vserial: closed]\r\n");
	reads_end(fd);
	close(fd);
}

/* A backing that is gone is let go of. */
static void test_backing(void **state)
{
	int fd = connect_peer();

	(void)state;
	overrun();
	nl.served = false;
	hear();
	reads_end(fd);
	assert_int_equal(nl.left, 1);
	close(fd);
}

#define OVERRUN(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OVERRUN(test_input),
		OVERRUN(test_output),
		OVERRUN(test_announcement),
		OVERRUN(test_kick),
		OVERRUN(test_backing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
