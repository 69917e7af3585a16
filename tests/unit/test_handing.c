// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest handed over between two hosts that are processes of this machine, with real
 * certificates; what stands between them cuts the connection, or falls silent, at each
 * record of TLS.  The module is played: where the guest is at either host is in memory
 * that all share.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "clock.h"
#include "handing.h"
#include "host.h"
#include "loopback.h"
#include "patient.h"
#include "unit.h"
#include "wire.h"

#define LONG		HOST_LONG
/* What is waited for in vain. */
#define SHORT		700u
#define GUEST		"web01"
#define STATE		20000u

static uint16_t there_port;
static pid_t there = -1;

/**
 * struct world - what everybody sees
 * @here: where the guest stands at the host it leaves
 * @there: and at the other
 * @limit: when it goes on there, as clock_ms() says
 * @received: bytes of its state
 * @late: bytes of input that come behind its state
 * @rest: and those that come until its peers are let go of
 * @create: what is missing might have been made
 * @refuse: its state is refused
 * @cuts: connections that were cut
 */
static struct world {
	uint32_t here;
	uint32_t there;
	uint64_t limit;
	size_t received;
	size_t late;
	size_t rest;
	bool create;
	bool refuse;
	unsigned int cuts;
} *world;

/* The module, played. */

static enum ctl_status play_begin(struct ctl *ctl, const char *guest, uint32_t limit,
				  struct state *state)
{
	(void)ctl;
	assert_string_equal(guest, GUEST);
	world->here = VSERIAL_MIGRATION_OUTGOING;
	world->limit = clock_ms() + limit;
	*state = (struct state){ .settings = strdup("guest add " GUEST "\n"), .n = 1 };
	state->ports[0].bytes = calloc(1, STATE);
	state->ports[0].len = STATE;
	return CTL_DONE;
}

static void play_state(struct ctl *ctl, const char *guest, uint32_t limit, size_t more,
		       struct state *state)
{
	play_begin(ctl, guest, limit, state);
	state->ports[0].bytes = realloc(state->ports[0].bytes, STATE + more);
	memset(state->ports[0].bytes + STATE, 'l', more);
	state->ports[0].len += more;
	state->unread = more;
}

static enum ctl_status play_again(struct ctl *ctl, const char *guest, uint32_t limit,
				  struct state *state)
{
	play_state(ctl, guest, limit, world->late, state);
	return CTL_DONE;
}

/* Not before concentrators send to the other host. */
static enum ctl_status play_rest(struct ctl *ctl, const char *guest, uint32_t limit,
				 struct state *state)
{
	if (world->there != VSERIAL_MIGRATION_ARRIVING)
		abort();
	play_state(ctl, guest, limit, world->late + world->rest, state);
	world->here = VSERIAL_MIGRATION_PARTING;
	return CTL_DONE;
}

static enum ctl_status play_unread(struct ctl *ctl, const char *guest, uint64_t *bytes)
{
	(void)ctl;
	(void)guest;
	*bytes = world->late;
	return CTL_DONE;
}

/* As the module's limit does. */
static bool went_on(void)
{
	if (world->here == VSERIAL_MIGRATION_OUTGOING && clock_ms() > world->limit)
		world->here = VSERIAL_MIGRATION_ABORTED;
	return world->here == VSERIAL_MIGRATION_ABORTED;
}

static enum ctl_status play_leave(struct ctl *ctl, const char *guest, uint32_t to, uint32_t limit)
{
	(void)guest;
	(void)limit;
	if (to == VSERIAL_MIGRATION_LEAVING && went_on())
		return ctl_fail(ctl, CTL_REFUSED, "it went on here");
	world->here = to;
	return CTL_DONE;
}

static enum ctl_status play_receive(struct ctl *ctl, const struct state *state, bool create,
				    uint32_t limit)
{
	(void)limit;
	if (world->refuse)
		return ctl_fail(ctl, CTL_REFUSED, "port 'web01/0' is\nnot\x1b so");
	if (world->there != VSERIAL_MIGRATION_ARRIVING)
		world->there = VSERIAL_MIGRATION_INCOMING;
	world->received = state->ports[0].len;
	world->create = create;
	return CTL_DONE;
}

static bool has_left(void)
{
	return world->here == VSERIAL_MIGRATION_LEAVING ||
	       world->here == VSERIAL_MIGRATION_PARTING;
}

static enum ctl_status play_arrive(struct ctl *ctl, const char *guest, uint32_t limit)
{
	(void)ctl;
	(void)guest;
	(void)limit;
	if (!has_left())
		abort();
	world->there = VSERIAL_MIGRATION_ARRIVING;
	return CTL_DONE;
}

static enum ctl_status play_step(struct ctl *ctl, const char *guest, uint32_t to, uint32_t limit)
{
	(void)ctl;
	(void)guest;
	(void)limit;
	/* Never at two hosts. */
	if (to == VSERIAL_MIGRATION_COMPLETED && world->here != VSERIAL_MIGRATION_PARTING)
		abort();
	world->there = to;
	return CTL_DONE;
}

static enum ctl_status play_stands(struct ctl *ctl, const char *guest, uint32_t *migration)
{
	*migration = world->there;
	if (!strcmp(guest, GUEST))
		return CTL_DONE;
	return ctl_fail(ctl, CTL_REFUSED, "guest '%s' does not exist", guest);
}

static const struct handing_ops leaves = { .begin = play_begin, .again = play_again,
					   .unread = play_unread, .rest = play_rest,
					   .step = play_leave };
static const struct handing_ops comes = { .receive = play_receive, .arrive = play_arrive,
					  .step = play_step, .stands = play_stands };

/* The host it goes to. */

static void serve(int fd, const struct conf *conf)
{
	struct ctl ctl = { 0 };
	char why[PORTER_WHY_MAX];
	struct porter porter;

	if (porter_admit(&porter, fd, conf, why))
		_exit(1);
	handing_serve(&ctl, &porter, conf, &comes);
	porter_end(&porter);
	_exit(0);
}

static pid_t serve_all(const struct conf *conf)
{
	int listening = listen_on(there_port), fd;
	pid_t pid = fork();

	if (pid) {
		close(listening);
		return pid;
	}
	/* Its words are the journal's. */
	if (!freopen("/dev/null", "w", stderr))
		_exit(1);
	signal(SIGCHLD, SIG_DFL);
	for (;;) {
		fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && !fork()) {
			close(listening);
			serve(fd, conf);
		}
		close(fd);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = -1;
}

/* Begins the other host anew. */
static void receiver(const char *certificate, const char *ca, const char *peer)
{
	struct conf *conf = host_settings(certificate, ca, there_port);

	end(&there);
	*world = (struct world){ 0 };
	if (peer)
		conf->migrate_peers[conf->n_migrate_peers++] = strdup(peer);
	there = serve_all(conf);
	host_forget(conf);
}

/* Return: the exit status; @why receives the reason. */
static enum ctl_status send_as(const char *certificate, const char *ca, const char *host,
			       uint16_t port, uint32_t limit, char *why, size_t size)
{
	struct conf *conf = host_settings(certificate, ca, there_port);
	const struct handing handing = { .guest = GUEST, .host = host, .port = port,
					 .limit = limit, .conf = conf, .ops = &leaves };
	struct ctl ctl = { 0 };
	enum ctl_status status;

	world->here = VSERIAL_MIGRATION_NONE;
	if (limit == SHORT)
		conf->connect_timeout = 1;
	status = handing_send(&ctl, &handing);
	snprintf(why, size, "%s", ctl.why);
	host_forget(conf);
	return status;
}

static void refused_with(const char *words, const char *certificate, const char *ca,
			 const char *host)
{
	char why[1400];

	assert_int_equal(send_as(certificate, ca, host, 0, LONG, why, sizeof(why)), CTL_REFUSED);
	if (!strstr(why, words))
		fail_msg("it says '%s', not '%s'", why, words);
}

/* Nothing was begun. */
static void not_let_in(const char *words, const char *certificate, const char *ca,
		       const char *host)
{
	refused_with(words, certificate, ca, host);
	assert_int_equal(world->here, VSERIAL_MIGRATION_NONE);
	assert_int_equal(world->there, VSERIAL_MIGRATION_NONE);
}

/* What stands between them. */

/**
 * struct cut - where a connection ends
 * @back: on the way back
 * @after: behind so many records; half of the next one comes
 * @all: those that follow, too
 * @silent: it stays, and nothing passes any more
 */
struct cut {
	bool back;
	unsigned int after;
	bool all;
	bool silent;
};

/**
 * struct way - bytes one way
 * @from: who sends
 * @to: who receives
 * @bytes: not a whole record yet
 * @len: how many
 * @records: that have passed
 */
struct way {
	int from;
	int to;
	uint8_t bytes[1 << 16];
	size_t len;
	unsigned int records;
};

/* Return: whether the connection goes on. */
static bool pass(struct way *way, const struct cut *cut)
{
	ssize_t n = recv(way->from, way->bytes + way->len, sizeof(way->bytes) - way->len, 0);
	size_t record;

	if (n <= 0)
		return false;
	way->len += (size_t)n;
	while (way->len >= 5) {
		record = 5 + ((size_t)way->bytes[3] << 8 | way->bytes[4]);
		if (way->len < record)
			return true;
		if (cut && way->records == cut->after) {
			__atomic_add_fetch(&world->cuts, 1, __ATOMIC_SEQ_CST);
			send(way->to, way->bytes, record / 2, MSG_NOSIGNAL);
			return false;
		}
		if (send(way->to, way->bytes, record, MSG_NOSIGNAL) < 0)
			return false;
		way->len -= record;
		memmove(way->bytes, way->bytes + record, way->len);
		way->records++;
	}
	return true;
}

static void carry(int near, int far, const struct cut *cut)
{
	static struct way ways[2];
	struct pollfd fds[2] = {
		{ .fd = near, .events = POLLIN },
		{ .fd = far, .events = POLLIN },
	};
	unsigned int before = world->cuts;
	bool on = true;
	char byte;
	size_t i;

	for (i = 0; i < 2; i++) {
		ways[i].from = fds[i].fd;
		ways[i].to = fds[!i].fd;
		ways[i].len = 0;
		ways[i].records = 0;
	}
	while (on && poll(fds, 2, -1) > 0)
		for (i = 0; i < 2 && on; i++)
			if (fds[i].revents)
				on = pass(&ways[i], cut && cut->back == i ? cut : NULL);
	/* Nobody is told: until the one that waits gives up. */
	if (cut && cut->silent && world->cuts != before)
		while (recv(near, &byte, 1, 0) > 0)
			;
	close(near);
	close(far);
}

static pid_t stand_between(uint16_t port, const struct cut *cut)
{
	int listening = listen_on(port), near;
	pid_t pid = fork();
	unsigned int n;

	if (pid) {
		close(listening);
		return pid;
	}
	for (n = 0;; n++) {
		near = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		carry(near, dial(there_port, 0), cut && (cut->all || !n) ? cut : NULL);
	}
}

/* Return: whether it was cut. */
static bool send_cut(const struct cut *cut, uint32_t limit)
{
	uint16_t port = free_port();
	pid_t between = stand_between(port, cut);
	enum ctl_status status;
	char why[1400];

	world->cuts = 0;
	world->rest = 11;
	world->there = VSERIAL_MIGRATION_NONE;
	status = send_as("server", "ca", "127.0.0.1", port, limit, why, sizeof(why));
	end(&between);
	went_on();
	if (status == CTL_DONE) {
		assert_int_equal(world->here, VSERIAL_MIGRATION_COMPLETED);
		assert_int_equal(world->there, VSERIAL_MIGRATION_COMPLETED);
	} else if (has_left()) {
		/* The other has all, and is not to be asked twice. */
		assert_int_not_equal(world->there, VSERIAL_MIGRATION_NONE);
		assert_non_null(strstr(why, "migrate complete web01' there and then here"));
		/* Where those that follow pass it would have been told. */
		assert_true(cut->all || limit == SHORT);
	} else {
		assert_int_not_equal(world->there, VSERIAL_MIGRATION_ARRIVING);
		assert_int_not_equal(world->there, VSERIAL_MIGRATION_COMPLETED);
		assert_int_equal(world->here == VSERIAL_MIGRATION_NONE ||
				 world->here == VSERIAL_MIGRATION_ABORTED, true);
	}
	return world->cuts;
}

static void cut_everywhere(bool all, bool silent, uint32_t limit)
{
	struct cut cut = { .all = all, .silent = silent };
	int back;

	receiver("server", "ca", NULL);
	for (back = 0; back < 2; back++) {
		cut.back = back;
		for (cut.after = 0; send_cut(&cut, limit); cut.after++)
			;
		/* Hello, certificates, request, state and the rest; or the tests cut nothing. */
		if (limit == LONG)
			assert_true(cut.after > 4);
	}
}

/* Tests. */

static void hands_over(void **test_state)
{
	char why[1400] = "";

	(void)test_state;
	receiver("server", "ca", "127.0.0.1");
	assert_int_equal(send_as("server", "ca", "127.0.0.1", 0, LONG, why, sizeof(why)), CTL_DONE);
	assert_string_equal(why, "");
	assert_int_equal(world->here, VSERIAL_MIGRATION_COMPLETED);
	assert_int_equal(world->there, VSERIAL_MIGRATION_COMPLETED);
	assert_int_equal(world->received, STATE);
	assert_false(world->create);
}

static void comes_late(void **test_state)
{
	char why[1400];

	(void)test_state;
	receiver("server", "ca", NULL);
	world->late = 100;
	assert_int_equal(send_as("server", "ca", "127.0.0.1", 0, LONG, why, sizeof(why)), CTL_DONE);
	assert_int_equal(world->there, VSERIAL_MIGRATION_COMPLETED);
	assert_int_equal(world->received, STATE + 100);
}

/* Sent to this host until concentrators were told. */
static void comes_last(void **test_state)
{
	char why[1400];

	(void)test_state;
	receiver("server", "ca", NULL);
	world->late = 100;
	world->rest = 11;
	assert_int_equal(send_as("server", "ca", "127.0.0.1", 0, LONG, why, sizeof(why)), CTL_DONE);
	assert_int_equal(world->here, VSERIAL_MIGRATION_COMPLETED);
	assert_int_equal(world->there, VSERIAL_MIGRATION_COMPLETED);
	assert_int_equal(world->received, STATE + 111);
}

static void strangers(void **test_state)
{
	(void)test_state;
	receiver("server", "ca", NULL);
	not_let_in("it refused:", "stranger", "ca", "127.0.0.1");
	not_let_in("it refused:", "expired", "ca", "127.0.0.1");
	not_let_in("it refused:", "purpose", "ca", "127.0.0.1");
	not_let_in("who is not among the authorities", "server", "stranger", "127.0.0.1");
	not_let_in("set 'migrate-certificate'", NULL, "ca", "127.0.0.1");
	not_let_in("set 'migrate-certificate'", "server", NULL, "127.0.0.1");
	not_let_in("cannot find the host", "server", "ca", "no such host");
	receiver("client", "ca", NULL);
	not_let_in("the peer's certificate is for alice.example, not for 127.0.0.1", "server", "ca",
		   "127.0.0.1");
	receiver("expired", "ca", NULL);
	not_let_in("has expired", "server", "ca", "127.0.0.1");
	receiver("server", "stranger", NULL);
	not_let_in("it refused:", "server", "ca", "127.0.0.1");
	end(&there);
	not_let_in("Connection refused", "server", "ca", "127.0.0.1");
}

static void names(void **test_state)
{
	char why[1400];

	(void)test_state;
	receiver("server", "ca", "bob.example");
	not_let_in("its certificate is for alice.example, which is not among the names", "client",
		   "ca", "127.0.0.1");
	receiver("server", "ca", "alice.example");
	not_let_in("not among the names", "server", "ca", "127.0.0.1");
	assert_int_equal(send_as("client", "ca", "127.0.0.1", 0, LONG, why, sizeof(why)), CTL_DONE);
}

static void refuses(void **test_state)
{
	(void)test_state;
	receiver("server", "ca", NULL);
	world->refuse = true;
	refused_with("guest 'web01' goes on here: 127.0.0.1 says: port 'web01/0' is not\\x1b so",
		     "server", "ca", "127.0.0.1");
	assert_int_equal(world->here, VSERIAL_MIGRATION_ABORTED);
	assert_int_equal(world->there, VSERIAL_MIGRATION_NONE);
}

static void cut(void **test_state)
{
	(void)test_state;
	cut_everywhere(false, false, LONG);
}

static void cut_for_good(void **test_state)
{
	(void)test_state;
	cut_everywhere(true, false, SHORT);
}

static void falls_silent(void **test_state)
{
	(void)test_state;
	cut_everywhere(false, true, SHORT);
}

static void without_certificate(void **test_state)
{
	static const char client[] = "openssl s_client -quiet -connect 127.0.0.1";
	char command[256], line[1024] = "", text[4096] = "";
	FILE *pipe;

	(void)test_state;
	receiver("server", "ca", NULL);
	snprintf(command, sizeof(command), "%s:%u </dev/null 2>/dev/null", client, there_port);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe))
		strncat(text, line, sizeof(text) - strlen(text) - 1);
	pclose(pipe);
	assert_string_equal(text, WIRE_REFUSED "it sent no certificate\n");
}

/* The answer to a request of a host that is let in. */
static void answers(const char *words, const char *request)
{
	struct conf *conf = host_settings("server", "ca", there_port);
	uint64_t until = clock_ms() + LONG;
	char line[WIRE_LINE_MAX], why[PORTER_WHY_MAX];
	struct porter porter;

	assert_int_equal(porter_dial(&porter, "127.0.0.1", 0, conf, LONG, why), 0);
	assert_int_equal(wire_get(porter.fd, line, until), 0);
	assert_string_equal(line, WIRE_GREETING);
	assert_int_equal(wire_put(porter.fd, request, strlen(request), until), 0);
	if (words) {
		assert_int_equal(wire_get(porter.fd, line, until), 0);
		assert_string_equal(line, words);
	} else {
		assert_int_equal(wire_get(porter.fd, line, until), -1);
		assert_true(clock_ms() < until);
	}
	porter_end(&porter);
	host_forget(conf);
}

static void requests(void **test_state)
{
	static char longest[WIRE_LINE_MAX + 2];

	(void)test_state;
	receiver("server", "ca", NULL);
	answers("refused this is no request; there are receive, arrive, complete and abort", "begin web01\n");
	answers("refused guest 'web02' does not exist", "complete web02\n");
	/* Nobody has another host's guest run, or stay away. */
	answers("refused guest 'web01' is not expected there", "complete web01\n");
	answers("refused guest 'web01' is not expected there", "arrive web01\n");
	answers("refused a limit is 1 to 3600000 ms", "receive 0 9\n");
	answers("refused a limit is 1 to 3600000 ms", "receive \n");
	answers("refused a state has 1074791168 bytes at most", "receive 9 99999999999999999999\n");
	answers("refused a state has 1074791168 bytes at most", "receive 9\n");
	answers("refused the state is cut off", "receive 60000 9\nvserial s");
	answers("refused this is no state that this version understands: it does not begin with 'vserial state 1'",
		"receive 60000 30\nsome other file, of 30 bytes..");
	/* One that announces more than comes. */
	answers("refused the state cannot be read: Connection timed out", "receive 100 30\nvserial");
	memset(longest, 'x', sizeof(longest) - 1);
	answers(NULL, longest);
	world->there = VSERIAL_MIGRATION_OUTGOING;
	answers("refused guest 'web01' is not expected there", "abort web01\n");
	assert_int_equal(world->there, VSERIAL_MIGRATION_OUTGOING);
	world->there = VSERIAL_MIGRATION_INCOMING;
	answers("done", "abort web01\n");
	answers("done", "abort web01\n");
	assert_int_equal(world->there, VSERIAL_MIGRATION_ABORTED);
}

static int set_up(void **test_state)
{
	(void)test_state;
	signal(SIGPIPE, SIG_IGN);
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	there_port = free_port();
	return world == MAP_FAILED ? -1 : host_certificates();
}

static int tear_down(void **test_state)
{
	(void)test_state;
	end(&there);
	return host_forget_certificates();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_over),
		cmocka_unit_test(comes_late),
		cmocka_unit_test(comes_last),
		cmocka_unit_test(strangers),
		cmocka_unit_test(names),
		cmocka_unit_test(refuses),
		cmocka_unit_test(cut),
		cmocka_unit_test(cut_for_good),
		cmocka_unit_test(falls_silent),
		cmocka_unit_test(without_certificate),
		cmocka_unit_test(requests),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
