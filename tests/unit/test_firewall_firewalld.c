// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rule sets with a firewalld of one's own, in a network namespace beside
 * which another stands:
 *
 *	192.0.2.2 (v1)  -->  192.0.2.1 (v0)  firewalld  -->  a listener
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "firewall_check.h"
#include "firewall_host.h"
#include "unit.h"

#define NUMBER	5000
/* Nothing here takes long; this is for machines that do something else. */
#define PATIENCE 600

static char folder[] = "/tmp/vserial-firewalld-XXXXXX";
static pid_t bus, firewalld, outside;
static int ask[2], answer[2], listening = -1;

static pid_t run(const char *program, const char *const argv[])
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	fd = open("/dev/null", O_RDWR);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	execvp(program, (char *const *)argv);
	_exit(127);
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Another host: it connects when it is asked to, and says how that went. */
static void be_outside(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(NUMBER) };
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (unshare(CLONE_NEWNET))
		_exit(1);
	inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	/* Here; then the interface is here, too. */
	if (write(answer[1], "", 1) != 1 || read(ask[0], &c, 1) != 1 ||
	    system("ip addr add 192.0.2.2/24 dev v1 && ip link set v1 up"))
		_exit(1);
	while (write(answer[1], &c, 1) == 1 && read(ask[0], &c, 1) == 1) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		c = (char)(connect(fd, (struct sockaddr *)&in, sizeof(in)) ? errno : 0);
		close(fd);
	}
	_exit(0);
}

static int connects(void)
{
	char c;

	assert_int_equal(write(ask[1], "", 1), 1);
	assert_int_equal(read(answer[0], &c, 1), 1);
	return (unsigned char)c;
}

static int begin_outside(void)
{
	char command[160], c;

	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		return -1;
	outside = fork();
	if (!outside)
		be_outside();
	snprintf(command, sizeof(command), "ip link set lo up && "
		 "ip link add v0 type veth peer name v1 netns %d && "
		 "ip addr add 192.0.2.1/24 dev v0 && ip link set v0 up", outside);
	if (read(answer[0], &c, 1) != 1 || system(command) || write(ask[1], "", 1) != 1 ||
	    read(answer[0], &c, 1) != 1)
		return -1;
	return 0;
}

static int begin_firewalld(void)
{
	char address[80], config[80], command[400];
	const char *bus_argv[] = { "dbus-daemon", "--session", "--nofork", "--nopidfile", address,
				   NULL };
	const char *argv[] = { "firewalld", "--nofork", "--nopid", config, NULL };
	char why[FIREWALL_WHY_MAX];
	int i;

	snprintf(address, sizeof(address), "--address=unix:path=%s/bus", folder);
	snprintf(config, sizeof(config), "--system-config=%s", folder);
	snprintf(command, sizeof(command), "cd %s && mkdir policies services && cp %s/../../helper/firewall/*.xml policies && "
		 "mv policies/vserial-vspc.xml services", folder, TESTS_UNIT);
	if (system(command))
		return -1;
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address + strlen("--address="), 1);
	bus = run("dbus-daemon", bus_argv);
	for (i = 0; i < PATIENCE && access(address + strlen("--address=unix:path="), F_OK); i++)
		usleep(100000);
	firewalld = run("firewalld", argv);
	for (i = 0; i < PATIENCE && !firewalld_runs(); i++)
		usleep(100000);
	/* It has its name before it has its rules; then it answers. */
	return firewalld_set("vserial-net-in", false, "", why);
}

static int setup(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(NUMBER) };

	(void)state;
	if (access("/usr/sbin/firewalld", X_OK) || geteuid() || unshare(CLONE_NEWNET))
		return 0;
	if (!mkdtemp(folder) || begin_outside() || begin_firewalld())
		return -1;
	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return bind(listening, (struct sockaddr *)&in, sizeof(in)) || listen(listening, 16);
}

static int teardown(void **state)
{
	char command[80];

	(void)state;
	end(firewalld);
	end(bus);
	end(outside);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void apply(const struct firewall_rules *rules, const struct firewall_hole *hole)
{
	char why[FIREWALL_WHY_MAX];

	if (firewall_apply(FIREWALL_FIREWALLD, rules, hole, hole ? 1 : 0, why))
		fail_msg("%s", why);
}

static json_t *listed(void)
{
	char why[FIREWALL_WHY_MAX];

	return nftables_list(why);
}

static void test_firewalld(void **state)
{
	const struct firewall_port port = { .guest = "vm", .backing = "tcp://:5000", .proxy = "",
					    .state = VSERIAL_STATE_LISTENING };
	char none[] = "", table[] = "inet filter", warning[FIREWALL_WARNING_MAX], why[256];
	struct firewall_conf conf = { .allow = { none, none }, .table = table };
	struct firewall_rules rules = { .table = table };
	struct firewall_hole hole;
	json_t *before, *after;

	(void)state;
	if (listening < 0) {
		print_message("# this needs root and the package firewalld\n");
		skip();
	}
	assert_int_equal(firewall_backend(&conf), FIREWALL_FIREWALLD);
	assert_true(firewall_hole(&port, &hole));
	before = listed();
	assert_int_equal(connects(), EHOSTUNREACH);
	/* Off by default. */
	apply(&rules, &hole);
	assert_int_equal(connects(), EHOSTUNREACH);
	assert_true(firewall_check(&conf, FIREWALL_FIREWALLD, &rules, before, &hole, warning));
	assert_non_null(strstr(warning, "mends it: vserialctl firewall enable network"));

	rules.on[FIREWALL_NETWORK] = conf.on[FIREWALL_NETWORK] = true;
	apply(&rules, &hole);
	assert_int_equal(connects(), 0);
	after = listed();
	assert_false(firewall_check(&conf, FIREWALL_FIREWALLD, &rules, after, &hole, warning));
	json_decref(after);

	/* Whom it is for. */
	assert_int_equal(access_parse("198.51.100.0/24", &rules.allow[0], why, sizeof(why)), 0);
	apply(&rules, &hole);
	assert_int_equal(connects(), EHOSTUNREACH);
	access_free(&rules.allow[0]);
	assert_int_equal(access_parse("192.0.2.2", &rules.allow[0], why, sizeof(why)), 0);
	apply(&rules, &hole);
	assert_int_equal(connects(), 0);
	access_free(&rules.allow[0]);

	/* Closed again when the port goes; all else is as it was. */
	apply(&rules, NULL);
	assert_int_equal(connects(), EHOSTUNREACH);
	after = listed();
	assert_int_equal(json_array_size(json_object_get(after, "nftables")),
			 json_array_size(json_object_get(before, "nftables")));
	json_decref(after);
	json_decref(before);
}

/* What the host of a concentrator turns on. */
static void test_service(void **state)
{
	(void)state;
	if (listening < 0)
		skip();
	assert_int_equal(system("firewall-cmd --info-service=vserial-vspc | "
				"grep -qx '  ports: 13370/tcp'"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_firewalld),
		cmocka_unit_test(test_service),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
