// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rule sets in a network namespace, with nftables and TCP connections:
 *
 *	a connection  -->  output: jump vserial_out, reject
 *		      -->  input: jump vserial_in, reject  -->  a listener
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "firewall_check.h"
#include "firewall_host.h"
#include "unit.h"

#define OWNER		12345
#define STRANGER	12346
#define NUMBER		5000

static int listening = -1;

static void run(const char *commands)
{
	char why[FIREWALL_WHY_MAX];

	if (nftables_run(commands, why))
		fail_msg("%s", why);
}

static json_t *listed(void)
{
	char why[FIREWALL_WHY_MAX];

	return nftables_list(why);
}

/* A namespace with a loopback interface, a firewall, and somebody else's table. */
static int setup(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(NUMBER) };
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int on = 1;

	(void)state;
	if (geteuid() || unshare(CLONE_NEWNET))
		return 0;
	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ioctl(listening, SIOCSIFFLAGS, &lo);
	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listening, (struct sockaddr *)&in, sizeof(in)) || listen(listening, 16))
		return -1;
	run("add table inet filter\n"
	    "add chain inet filter vserial_in\n"
	    "add chain inet filter vserial_out\n"
	    "add chain inet filter input { type filter hook input priority 0; policy accept; }\n"
	    "add rule inet filter input ct state established,related accept\n"
	    "add rule inet filter input jump vserial_in\n"
	    "add rule inet filter input reject with tcp reset\n"
	    "add table ip other\n"
	    "add set ip other s { type inet_service; elements = { 1, 2 } }\n"
	    "add chain ip other c { type filter hook input priority 10; policy accept; }\n"
	    "add rule ip other c tcp dport @s counter drop\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (listening < 0)
		return 0;
	close(listening);
	listening = -1;
	return 0;
}

/* Return: 0 or the errno of a connection that this user makes to an address. */
static int connects(uid_t uid, const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(NUMBER) };
	pid_t pid = fork();
	int status;

	inet_pton(AF_INET, address, &in.sin_addr);
	if (!pid) {
		int fd;

		if (setresuid(uid, uid, uid))
			_exit(EPERM);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		_exit(connect(fd, (struct sockaddr *)&in, sizeof(in)) ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static struct firewall_hole hole_of(const char *backing, const char *proxy, uint32_t state)
{
	const struct firewall_port port = { .guest = "vm", .index = 0, .backing = backing,
					    .proxy = proxy, .state = state };
	struct firewall_hole hole;

	assert_true(firewall_hole(&port, &hole));
	firewall_resolve(&hole, 1);
	return hole;
}

static void apply(const struct firewall_rules *rules, const struct firewall_hole *hole)
{
	char why[FIREWALL_WHY_MAX];

	if (firewall_apply(FIREWALL_NFTABLES, rules, hole, hole ? 1 : 0, why))
		fail_msg("%s", why);
}

/* All but what is ours. */
static json_t *others(void)
{
	json_t *ruleset = listed(), *list = json_array(), *each;
	size_t i;

	assert_non_null(ruleset);
	json_array_foreach(json_object_get(ruleset, "nftables"), i, each) {
		const char *chain = json_string_value(json_object_get(json_object_get(each, "rule"),
								      "chain"));

		if (!chain || strncmp(chain, "vserial_", 8))
			json_array_append(list, each);
	}
	json_decref(ruleset);
	return list;
}

static void test_in(void **state)
{
	struct firewall_rules rules = { .on = { true }, .table = "inet filter", .uid = OWNER };
	struct firewall_hole hole = hole_of("tcp://:5000", "", VSERIAL_STATE_LISTENING);
	json_t *before, *after;
	char why[256];

	(void)state;
	if (listening < 0)
		skip();
	before = others();
	assert_int_equal(connects(0, "127.0.0.1"), ECONNREFUSED);
	apply(&rules, &hole);
	assert_int_equal(connects(0, "127.0.0.1"), 0);
	/* Only that one. */
	hole.number++;
	apply(&rules, &hole);
	assert_int_equal(connects(0, "127.0.0.1"), ECONNREFUSED);
	hole.number--;

	/* Whom it is for. */
	assert_int_equal(access_parse("192.0.2.0/24", &rules.allow[0], why, sizeof(why)), 0);
	apply(&rules, &hole);
	assert_int_equal(connects(0, "127.0.0.1"), ECONNREFUSED);
	access_free(&rules.allow[0]);
	assert_int_equal(access_parse("127.0.0.0/8,127.0.0.0/16,::/0", &rules.allow[0], why,
				      sizeof(why)), 0);
	apply(&rules, &hole);
	assert_int_equal(connects(0, "127.0.0.1"), 0);
	access_free(&rules.allow[0]);

	/* Closed again when the port goes, and when the set is turned off. */
	apply(&rules, NULL);
	assert_int_equal(connects(0, "127.0.0.1"), ECONNREFUSED);
	apply(&rules, &hole);
	assert_int_equal(connects(0, "127.0.0.1"), 0);
	rules.on[FIREWALL_NETWORK] = false;
	apply(&rules, &hole);
	assert_int_equal(connects(0, "127.0.0.1"), ECONNREFUSED);

	/* Nobody else's rules have changed. */
	after = others();
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
}

static void test_out(void **state)
{
	struct firewall_rules rules = { .on = { false, true }, .table = "inet filter", .uid = OWNER,
					.print_uid = STRANGER };
	struct firewall_hole hole = hole_of("s", "telnet://127.0.0.2:5000", VSERIAL_STATE_CONNECTING);

	(void)state;
	if (listening < 0)
		skip();
	run("flush chain inet filter input\n"
	    "add chain inet filter output { type filter hook output priority 0; policy accept; }\n"
	    "add rule inet filter output ct state established,related accept\n"
	    "add rule inet filter output jump vserial_out\n"
	    "add rule inet filter output meta l4proto tcp reject with tcp reset\n");
	assert_int_equal(connects(OWNER, "127.0.0.2"), ECONNREFUSED);
	apply(&rules, &hole);
	assert_int_equal(connects(OWNER, "127.0.0.2"), 0);
	/* To nowhere else, and nobody else. */
	assert_int_equal(connects(OWNER, "127.0.0.1"), ECONNREFUSED);
	assert_int_equal(connects(STRANGER, "127.0.0.2"), ECONNREFUSED);
	assert_int_equal(connects(0, "127.0.0.2"), ECONNREFUSED);
	/* A name is what it means. */
	hole = hole_of("s", "telnet://localhost:5000", VSERIAL_STATE_CONNECTING);
	assert_true(hole.n > 0);
	apply(&rules, &hole);
	assert_int_equal(connects(OWNER, "127.0.0.1"), 0);
	/* A printer is somebody else's to reach. */
	rules.on[FIREWALL_NETWORK] = true;
	hole = hole_of("socket://127.0.0.1:5000", "", VSERIAL_STATE_CONNECTED);
	apply(&rules, &hole);
	assert_int_equal(connects(OWNER, "127.0.0.1"), ECONNREFUSED);
	assert_int_equal(connects(STRANGER, "127.0.0.1"), 0);
	apply(&rules, NULL);
	assert_int_equal(connects(STRANGER, "127.0.0.1"), ECONNREFUSED);
}

/* What would be dropped, and that the line which is given mends it. */
static void test_check(void **state)
{
	char table[] = "inet filter", none[] = "";
	struct firewall_conf conf = { .table = table, .allow = { none, none } };
	struct firewall_rules rules = { .table = table, .uid = OWNER };
	struct firewall_hole hole = hole_of("tcp://:5000", "", VSERIAL_STATE_NOT_CONNECTED);
	char warning[FIREWALL_WARNING_MAX];
	const char *line;
	json_t *ruleset;

	(void)state;
	if (listening < 0)
		skip();
	ruleset = listed();
	assert_true(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	assert_string_equal(warning, "vm/0: connections from other hosts to port 5000 are dropped by "
			    "inet filter input; what mends it: vserialctl firewall enable network");
	conf.on[FIREWALL_NETWORK] = rules.on[FIREWALL_NETWORK] = true;
	/* Also while the port is disconnected. */
	assert_false(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	json_decref(ruleset);

	/* An administrator who has not jumped to the chain. */
	run("flush chain inet filter input\n"
	    "add rule inet filter input ct state established,related accept\n"
	    "add rule inet filter input reject with tcp reset\n");
	ruleset = listed();
	assert_true(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	json_decref(ruleset);
	line = strstr(warning, "mends it: nft ");
	assert_non_null(line);
	line += strlen("mends it: nft ");
	assert_string_equal(line, "insert rule inet filter input jump vserial_in");
	run(line);
	ruleset = listed();
	assert_false(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	json_decref(ruleset);

	/* Nobody has made it. */
	hole.active = true;
	ruleset = listed();
	assert_true(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	json_decref(ruleset);
	assert_non_null(strstr(warning, "mends it: systemctl enable --now vserial-firewall"));
	apply(&rules, &hole);
	ruleset = listed();
	assert_false(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	json_decref(ruleset);
	assert_int_equal(connects(0, "127.0.0.1"), 0);

	/* One who has opened it by a rule of his own needs none of ours. */
	run("flush chain inet filter input\n"
	    "add rule inet filter input tcp dport 4000-6000 accept\n"
	    "add rule inet filter input reject with tcp reset\n");
	conf.on[FIREWALL_NETWORK] = rules.on[FIREWALL_NETWORK] = false;
	ruleset = listed();
	assert_false(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	json_decref(ruleset);
}

/* A host whose address is not known: a rule for some address may be its own. */
static void test_unknown(void **state)
{
	const struct firewall_port port = { .guest = "vm", .backing = "tcp://unknown.invalid:5000",
					    .proxy = "", .state = VSERIAL_STATE_CONNECTING };
	char table[] = "inet filter", none[] = "", network[] = "192.0.2.0/24";
	struct firewall_conf conf = { .table = table, .allow = { none, none } };
	struct firewall_rules rules = { .table = table, .uid = OWNER };
	char warning[FIREWALL_WARNING_MAX], why[256];
	struct firewall_hole hole;
	json_t *ruleset;

	(void)state;
	if (listening < 0)
		skip();
	assert_true(firewall_hole(&port, &hole));
	run("add chain inet filter output { type filter hook output priority 0; policy drop; }\n"
	    "add rule inet filter output jump vserial_out\n");
	ruleset = listed();
	assert_true(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	assert_string_equal(warning, "vm/0: connections to unknown.invalid port 5000 are dropped by "
			    "inet filter output; what mends it: vserialctl firewall enable network");
	conf.on[FIREWALL_NETWORK] = rules.on[FIREWALL_NETWORK] = true;
	conf.allow[FIREWALL_NETWORK] = network;
	assert_int_equal(access_parse(network, &rules.allow[0], why, sizeof(why)), 0);
	assert_true(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	json_decref(ruleset);
	assert_non_null(strstr(warning, "mends it: systemctl enable --now vserial-firewall"));
	run("add rule inet filter vserial_out ip daddr 192.0.2.9 tcp dport 5000 accept\n");
	ruleset = listed();
	assert_false(firewall_check(&conf, FIREWALL_NFTABLES, &rules, ruleset, &hole, warning));
	json_decref(ruleset);
	access_free(&rules.allow[0]);
}

/* A mistake changes nothing, and is told. */
static void test_refused(void **state)
{
	struct firewall_rules rules = { .on = { true }, .table = "nonsense filter" };
	char why[FIREWALL_WHY_MAX];

	(void)state;
	if (listening < 0)
		skip();
	assert_true(firewall_apply(FIREWALL_NFTABLES, &rules, NULL, 0, why) < 0);
	assert_non_null(strstr(why, "nftables: "));
	assert_true(strlen(why) > strlen("nftables: "));
}

/* As with a kernel that has no netfilter. */
static void hide_netfilter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_NETFILTER, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(77);
}

/* It is told, and whoever asked goes on. */
static void test_no_nftables(void **state)
{
	char why[FIREWALL_WHY_MAX];
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		hide_netfilter();
		if (nftables_list(why) || !strstr(why, "none: Protocol not supported"))
			_exit(1);
		if (nftables_run("list ruleset", why) != -EPROTONOSUPPORT)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
#define HOST_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_in),
		HOST_TEST(test_out),
		HOST_TEST(test_check),
		HOST_TEST(test_unknown),
		HOST_TEST(test_refused),
		cmocka_unit_test(test_no_nftables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
