// SPDX-License-Identifier: GPL-2.0-or-later
/* The settings of the daemon. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "unit.h"

static char path[] = "/tmp/vseriald-conf-XXXXXX";

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static int read_text(const char *text, struct conf *conf, char *why)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	conf_defaults(conf);
	return conf_read(conf, path, NULL, why);
}

static void test_settings(void **state)
{
	char why[CONF_WHY_MAX];
	struct conf conf;

	(void)state;
	assert_int_equal(read_text("", &conf, why), 0);
	assert_string_equal(conf.user, "vserial");
	assert_int_equal(conf.n_bind, 0);
	assert_int_equal(conf.viewer_buffer, 256 << 10);
	conf_free(&conf);

	assert_int_equal(read_text("# all of them\nuser = nobody\n"
				   "bind = 192.0.2.1, ::1\nmax-clients = 7 ; few\n"
				   "accept-rate=0\nviewer-buffer = 1M\nconnect-timeout = 3\n"
				   "retry-min = 10\nretry-max = 1\nkeepalive-idle = 0\n"
				   "keepalive-interval = 5\nkeepalive-count = 2\n"
				   "user-timeout = 20\ncertificate = /c\nkey = /k\n"
				   "client-certificate = /cc\nclient-key = /ck\nca = /ca\n"
				   "client-ca = /cca\nhandshake-timeout = 4\nhandshakes = 5\n"
				   "handshakes-per-address = 6\nspool = /s\n"
				   "spool-size = 1G\nspool-owner = 64K\njob-size = 1M\n"
				   "job-idle = 100\nprinters = 3\nprint-user = lp\n", &conf,
				   why), 0);
	assert_string_equal(conf.spool, "/s");
	assert_int_equal(conf.spool_size, 1 << 30);
	assert_int_equal(conf.spool_owner, 64 << 10);
	assert_int_equal(conf.job_size, 1 << 20);
	assert_int_equal(conf.job_idle, 100);
	assert_int_equal(conf.printers, 3);
	assert_string_equal(conf.print_user, "lp");
	assert_string_equal(conf.certificate, "/c");
	assert_string_equal(conf.key, "/k");
	assert_string_equal(conf.client_certificate, "/cc");
	assert_string_equal(conf.client_key, "/ck");
	assert_string_equal(conf.ca, "/ca");
	assert_string_equal(conf.client_ca, "/cca");
	assert_int_equal(conf.handshake_timeout, 4);
	assert_int_equal(conf.handshakes, 5);
	assert_int_equal(conf.handshakes_per_address, 6);
	assert_string_equal(conf.user, "nobody");
	assert_int_equal(conf.n_bind, 2);
	assert_string_equal(conf.bind[1], "::1");
	assert_int_equal(conf.max_clients, 7);
	assert_int_equal(conf.accept_rate, 0);
	assert_int_equal(conf.viewer_buffer, 1 << 20);
	assert_int_equal(conf.connect_timeout, 3);
	assert_int_equal(conf.retry_min, 10);
	assert_int_equal(conf.retry_max, 1);
	assert_int_equal(conf.keepalive_idle, 0);
	assert_int_equal(conf.keepalive_interval, 5);
	assert_int_equal(conf.keepalive_count, 2);
	assert_int_equal(conf.user_timeout, 20);
	conf_free(&conf);
}

static void test_hosts(void **state)
{
	char why[CONF_WHY_MAX];
	struct conf conf;

	(void)state;
	assert_int_equal(read_text("migrate-certificate = /m\nmigrate-key = /mk\nmigrate-ca = /mca\n"
				   "migrate-port = 9\nmigrate-peers = x\n"
				   "migrate-peers = a.example, 192.0.2.1\nmigrate-create = yes\n",
				   &conf, why), 0);
	assert_string_equal(conf.migrate_certificate, "/m");
	assert_string_equal(conf.migrate_key, "/mk");
	assert_string_equal(conf.migrate_ca, "/mca");
	assert_int_equal(conf.migrate_port, 9);
	assert_int_equal(conf.n_migrate_peers, 2);
	assert_string_equal(conf.migrate_peers[0], "a.example");
	assert_string_equal(conf.migrate_peers[1], "192.0.2.1");
	assert_true(conf.migrate_create);
	conf_free(&conf);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} bad[] = {
		{ "certificate = c.pem\n", "'c.pem' is not a path" },
		{ "max-clients = 0\n", ":1: max-clients '0' is not a number from 1" },
		{ "\nmax-clients = many\n", ":2: max-clients 'many'" },
		{ "max-clients =\n", ":1: max-clients ''" },
		{ "accept-rate = 100001\n", ":1: accept-rate" },
		{ "viewer-buffer = 100K\n", "not a power of two" },
		{ "viewer-buffer = 32K\n", "from 64K to 64M" },
		{ "spool-size = 63K\n", ":1: spool-size '63K' is not a size from 64K to 1024G" },
		{ "spool = here\n", ":1: spool 'here' is not a path" },
		{ "colour = red\n", ":1: setting 'colour' is unknown; known are user, bind" },
		{ "[limits]\nmax-clients = 1\n", ":2: section [limits] is unknown" },
		{ "bind = localhost\n", "bind: 'localhost'" },
		{ "bind = 192.0.2.0/24\n", "bind: '192.0.2.0/24'" },
		{ "bind = 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1\n",
		  "more than 8" },
		{ "migrate-port = 65536\n",
		  ":1: migrate-port '65536' is not a number from 1 to 65535" },
		{ "migrate-create = 1\n", ":1: migrate-create '1' is neither yes nor no" },
		{ "migrate-ca = ca.pem\n", "'ca.pem' is not a path" },
		{ "this is no setting\n", ":1: this is neither" },
		{ "retry-min = 2000\nretry-max = 1\n", "retry-max is less than retry-min" },
		/* The first mistake is told, however good the rest is. */
		{ "max-clients = x\naccept-rate = 5\n", ":1: max-clients" },
	};
	char why[CONF_WHY_MAX];
	struct conf conf;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++) {
		assert_int_equal(read_text(bad[i].text, &conf, why), -EINVAL);
		if (!strstr(why, bad[i].why) || strncmp(why, path, strlen(path)))
			fail_msg("'%s': %s", bad[i].text, why);
		conf_free(&conf);
	}
	conf_defaults(&conf);
	assert_int_equal(conf_read(&conf, "/nonexistent/vseriald.conf", NULL, why), -ENOENT);
	assert_non_null(strstr(why, "/nonexistent/vseriald.conf"));
	conf_free(&conf);
}

/* The settings' file that is installed has all of them as comments; here they count. */
static void read_shipped(struct conf *conf)
{
	FILE *shipped = fopen(TESTS_UNIT "/../../helper/vseriald/vseriald.conf", "r");
	char line[256], why[CONF_WHY_MAX], *text = NULL;
	FILE *all;
	size_t size;

	assert_non_null(shipped);
	all = open_memstream(&text, &size);
	while (fgets(line, sizeof(line), shipped))
		fputs(strstr(line, " =") && !strncmp(line, "# ", 2) ? line + 2 : line, all);
	fclose(all);
	fclose(shipped);
	if (read_text(text, conf, why))
		fail_msg("%s", why);
	free(text);
}

static void test_shipped(void **state)
{
	struct conf shipped, plain;

	(void)state;
	read_shipped(&shipped);
	conf_defaults(&plain);
	assert_string_equal(shipped.user, plain.user);
	assert_int_equal(shipped.n_bind, plain.n_bind);
	assert_int_equal(shipped.max_clients, plain.max_clients);
	assert_int_equal(shipped.accept_rate, plain.accept_rate);
	assert_int_equal(shipped.viewer_buffer, plain.viewer_buffer);
	assert_int_equal(shipped.connect_timeout, plain.connect_timeout);
	assert_int_equal(shipped.retry_min, plain.retry_min);
	assert_int_equal(shipped.retry_max, plain.retry_max);
	assert_int_equal(shipped.keepalive_idle, plain.keepalive_idle);
	assert_int_equal(shipped.keepalive_interval, plain.keepalive_interval);
	assert_string_equal(shipped.spool, plain.spool);
	assert_int_equal(shipped.spool_size, plain.spool_size);
	assert_int_equal(shipped.spool_owner, plain.spool_owner);
	assert_int_equal(shipped.job_size, plain.job_size);
	assert_int_equal(shipped.job_idle, plain.job_idle);
	assert_int_equal(shipped.printers, plain.printers);
	assert_string_equal(shipped.print_user, plain.print_user);
	assert_int_equal(shipped.keepalive_count, plain.keepalive_count);
	assert_int_equal(shipped.user_timeout, plain.user_timeout);
	assert_int_equal(shipped.auth_timeout, plain.auth_timeout);
	assert_int_equal(shipped.handshake_timeout, plain.handshake_timeout);
	assert_int_equal(shipped.handshakes, plain.handshakes);
	assert_int_equal(shipped.handshakes_per_address, plain.handshakes_per_address);
	assert_string_equal(shipped.certificate, plain.certificate);
	assert_string_equal(shipped.migrate_certificate, plain.migrate_certificate);
	assert_string_equal(shipped.migrate_ca, plain.migrate_ca);
	assert_int_equal(shipped.migrate_port, plain.migrate_port);
	assert_int_equal(shipped.n_migrate_peers, plain.n_migrate_peers);
	assert_int_equal(shipped.migrate_create, plain.migrate_create);
	conf_free(&shipped);
	conf_free(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_shipped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
