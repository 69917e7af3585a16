// SPDX-License-Identifier: GPL-2.0-or-later
/* The settings of the firewall's rule sets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firewall_conf.h"
#include "unit.h"

static char folder[] = "/tmp/vserial-firewall-XXXXXX";
static char path[80];

static int read_text(const char *text, struct firewall_conf *conf, char *why)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return firewall_conf_read(conf, path, why);
}

static void test_settings(void **state)
{
	char why[FIREWALL_WHY_MAX];
	struct firewall_conf conf;
	struct firewall_rules rules;

	(void)state;
	/* No file: both are off, and for all. */
	assert_int_equal(firewall_conf_read(&conf, path, why), 0);
	assert_false(conf.on[FIREWALL_NETWORK]);
	assert_false(conf.on[FIREWALL_VSPC]);
	assert_string_equal(conf.allow[FIREWALL_NETWORK], "");
	assert_string_equal(conf.table, "inet filter");
	assert_int_equal(conf.backend, FIREWALL_AUTO);
	firewall_conf_free(&conf);

	assert_int_equal(read_text("# all of them\nnetwork = on\nnetwork-allow = 192.0.2.0/24, ::1\n"
				   "vspc = off\nvspc-allow =\nbackend = nftables\n"
				   "table = ip firewall\nuser = root\nprint-user = nobody\n", &conf,
				   why), 0);
	assert_true(conf.on[FIREWALL_NETWORK]);
	assert_int_equal(firewall_conf_rules(&conf, &rules, why), 0);
	assert_int_equal(rules.allow[FIREWALL_NETWORK].n, 2);
	assert_int_equal(rules.allow[FIREWALL_VSPC].n, 0);
	assert_string_equal(rules.table, "ip firewall");
	assert_int_equal(rules.uid, 0);
	assert_int_not_equal(rules.print_uid, 0);
	firewall_rules_free(&rules);

	/* What is written is what is read, in a folder that was not there either. */
	snprintf(path, sizeof(path), "%s/new/firewall.conf", folder);
	assert_int_equal(firewall_conf_write(&conf, path, why), 0);
	firewall_conf_free(&conf);
	assert_int_equal(firewall_conf_read(&conf, path, why), 0);
	assert_true(conf.on[FIREWALL_NETWORK]);
	assert_false(conf.on[FIREWALL_VSPC]);
	assert_string_equal(conf.allow[FIREWALL_NETWORK], "192.0.2.0/24, ::1");
	assert_int_equal(conf.backend, FIREWALL_NFTABLES);
	assert_string_equal(conf.table, "ip firewall");
	assert_string_equal(conf.user, "root");
	assert_string_equal(conf.print_user, "nobody");
	firewall_conf_free(&conf);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	/* It stays as it was where it cannot be written. */
	assert_int_equal(firewall_conf_read(&conf, path, why), 0);
	assert_true(firewall_conf_write(&conf, "/proc/none/firewall.conf", why) < 0);
	assert_non_null(strstr(why, "cannot write /proc/none/firewall.conf: "));
	firewall_conf_free(&conf);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} rows[] = {
		{ "network = maybe\n", ":1: network 'maybe' is neither on nor off" },
		{ "\nvspc-allow = 192.0.2.1/24\n", ":2: vspc-allow: " },
		{ "backend = iptables\n", "'iptables' is not auto, nftables or firewalld" },
		{ "table = filter\n", "table 'filter' is not inet, ip or ip6 and a name" },
		{ "table = inet a;b\n", "table 'inet a;b' is not" },
		{ "table = bridge filter\n", "table 'bridge filter' is not" },
		{ "[network]\non = yes\n", "section [network] is unknown" },
		{ "colour = red\n", "setting 'colour' is unknown; known are network," },
		{ "what\n", "neither NAME = VALUE nor a comment" },
	};
	char why[FIREWALL_WHY_MAX];
	struct firewall_conf conf;
	struct firewall_rules rules;
	size_t i;

	(void)state;
	snprintf(path, sizeof(path), "%s/conf", folder);
	for (i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(read_text(rows[i].text, &conf, why), -EINVAL);
		if (!strstr(why, rows[i].part))
			fail_msg("'%s' says: %s", rows[i].text, why);
	}
	assert_int_equal(read_text("user = nobody-at-all\n", &conf, why), 0);
	assert_int_equal(firewall_conf_rules(&conf, &rules, why), -EINVAL);
	assert_string_equal(why, "there is no user 'nobody-at-all', for whom the firewall is to be opened");
	firewall_conf_free(&conf);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_mistakes),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/conf", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
