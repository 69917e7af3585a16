// SPDX-License-Identifier: GPL-2.0-or-later
/* Which holes ports need, the commands that make them, and what rules do with packets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "firewall.h"
#include "firewall_verdict.h"
#include "unit.h"

#define LISTENING	VSERIAL_STATE_LISTENING
#define CONNECTED	VSERIAL_STATE_CONNECTED
#define CONNECTING	VSERIAL_STATE_CONNECTING
#define AWAY		VSERIAL_STATE_RECOVERABLE_ERROR
#define OFF		VSERIAL_STATE_NOT_CONNECTED

#define ANY		VSERIAL_ENDPOINT_AUTO
#define SERVER		VSERIAL_ENDPOINT_SERVER
#define CLIENT		VSERIAL_ENDPOINT_CLIENT

static struct firewall_port port(const char *backing, const char *proxy, uint32_t endpoint,
				 uint32_t state)
{
	return (struct firewall_port){ .guest = "vm", .index = 3, .backing = backing,
				       .proxy = proxy, .endpoint = endpoint, .state = state };
}

static void test_holes(void **state)
{
	static const struct {
		struct firewall_port port;
		bool needed;
		enum firewall_set set;
		bool out;
		bool printer;
		bool active;
		const char *host;
		uint16_t number;
	} rows[] = {
#define ROW(backing, proxy, endpoint, state) { "vm", 3, backing, proxy, endpoint, state }
		{ ROW("tcp://:5000", "", ANY, LISTENING), true, FIREWALL_NETWORK, false, false, true, "", 5000 },
		{ ROW("tcp://:5000", "", ANY, CONNECTED), true, FIREWALL_NETWORK, false, false, true, "", 5000 },
		{ ROW("tcp://:5000", "", ANY, AWAY), true, FIREWALL_NETWORK, false, false, false, "", 5000 },
		{ ROW("tcp://:5000", "", ANY, OFF), true, FIREWALL_NETWORK, false, false, false, "", 5000 },
		{ ROW("telnets://192.0.2.1:992", "", SERVER, LISTENING), true, FIREWALL_NETWORK, false, false, true, "192.0.2.1", 992 },
		{ ROW("telnet://h:23", "", ANY, CONNECTING), true, FIREWALL_NETWORK, true, false, true, "h", 23 },
		{ ROW("telnet://h:23", "", ANY, AWAY), true, FIREWALL_NETWORK, true, false, true, "h", 23 },
		{ ROW("telnet://h:23", "", ANY, OFF), true, FIREWALL_NETWORK, true, false, false, "h", 23 },
		{ .port = ROW("telnet://:23", "", CLIENT, OFF) },
		{ ROW("service", "telnet://c:13370", ANY, CONNECTED), true, FIREWALL_VSPC, true, false, true, "c", 13370 },
		{ ROW("tcp://:5000", "telnets://c:13370", SERVER, CONNECTED), true, FIREWALL_VSPC, true, false, true, "c", 13370 },
		{ ROW("ipp://p/q", "", ANY, CONNECTED), true, FIREWALL_NETWORK, true, true, true, "p", 631 },
		{ ROW("socket://p", "", SERVER, CONNECTED), true, FIREWALL_NETWORK, true, true, true, "p", 9100 },
		{ .port = ROW("pipe:x#far=application", "", ANY, LISTENING) },
		{ .port = ROW("vsock://:7000", "", ANY, LISTENING) },
		{ .port = ROW("file:/x", "", ANY, CONNECTED) },
		{ .port = ROW("tcp://nonsense", "", ANY, CONNECTED) },
	};
	struct firewall_hole hole;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(firewall_hole(&rows[i].port, &hole), rows[i].needed);
		if (!rows[i].needed)
			continue;
		assert_string_equal(hole.port, "vm/3");
		assert_int_equal(hole.set, rows[i].set);
		assert_int_equal(hole.out, rows[i].out);
		assert_int_equal(hole.printer, rows[i].printer);
		assert_int_equal(hole.active, rows[i].active);
		assert_string_equal(hole.host, rows[i].host);
		assert_int_equal(hole.number, rows[i].number);
	}
}

#define HEAD "add table inet filter\n" \
	"add chain inet filter vserial_in\nadd chain inet filter vserial_out\n" \
	"flush chain inet filter vserial_in\nflush chain inet filter vserial_out\n"

static struct firewall_rules rules_of(bool network, const char *network_allow, bool vspc,
				      const char *vspc_allow)
{
	struct firewall_rules rules = { .on = { network, vspc }, .table = "inet filter", .uid = 988,
					.print_uid = 987 };
	char why[256];

	if (*network_allow)
		assert_int_equal(access_parse(network_allow, &rules.allow[0], why, sizeof(why)), 0);
	if (*vspc_allow)
		assert_int_equal(access_parse(vspc_allow, &rules.allow[1], why, sizeof(why)), 0);
	return rules;
}

static void free_rules(struct firewall_rules *rules)
{
	access_free(&rules->allow[0]);
	access_free(&rules->allow[1]);
}

static void writes(const struct firewall_rules *rules, const struct firewall_hole *holes, size_t n,
		   const char *text)
{
	char *got = NULL;
	size_t size;
	FILE *file = open_memstream(&got, &size);

	firewall_nft(rules, holes, n, file);
	fclose(file);
	assert_string_equal(got, text);
	free(got);
}

static void test_nft(void **state)
{
	const struct firewall_port ports[] = {
		port("tcp://:5000", "", ANY, LISTENING),
		port("tcp6://:5001", "", ANY, LISTENING),
		port("tcp://:5002", "", ANY, OFF),
		port("tcp://192.0.2.1:5003", "", SERVER, CONNECTED),
		port("s", "telnet://192.0.2.7:13370", ANY, CONNECTED),
		port("t", "telnet://192.0.2.7:13370", ANY, CONNECTING),
		port("socket://[2001:db8::9]", "", ANY, CONNECTED),
	};
	struct firewall_hole holes[LENGTH(ports)];
	struct firewall_rules rules;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(ports); i++)
		assert_true(firewall_hole(&ports[i], &holes[i]));
	rules = rules_of(false, "", false, "");
	writes(&rules, holes, LENGTH(holes), HEAD);
	rules = rules_of(true, "", false, "");
	writes(&rules, holes, LENGTH(holes), HEAD
	       "add rule inet filter vserial_in meta nfproto ipv4 tcp dport 5000 accept comment \"vm/3\"\n"
	       "add rule inet filter vserial_in meta nfproto ipv6 tcp dport 5000 accept comment \"vm/3\"\n"
	       "add rule inet filter vserial_in meta nfproto ipv6 tcp dport 5001 accept comment \"vm/3\"\n"
	       "add rule inet filter vserial_in meta nfproto ipv4 ip daddr 192.0.2.1 tcp dport 5003 accept comment \"vm/3\"\n"
	       "add rule inet filter vserial_out meta skuid 987 ip6 daddr 2001:db8::9 tcp dport 9100 accept comment \"vm/3\"\n");
	rules = rules_of(true, "198.51.100.0/24, 2001:db8::/32", true, "192.0.2.0/24");
	writes(&rules, holes, LENGTH(holes), HEAD
	       "add rule inet filter vserial_in meta nfproto ipv4 ip saddr 198.51.100.0/24 tcp dport 5000 accept comment \"vm/3\"\n"
	       "add rule inet filter vserial_in meta nfproto ipv6 ip6 saddr 2001:db8::/32 tcp dport 5000 accept comment \"vm/3\"\n"
	       "add rule inet filter vserial_in meta nfproto ipv6 ip6 saddr 2001:db8::/32 tcp dport 5001 accept comment \"vm/3\"\n"
	       "add rule inet filter vserial_in meta nfproto ipv4 ip daddr 192.0.2.1 ip saddr 198.51.100.0/24 tcp dport 5003 accept comment \"vm/3\"\n"
	       "add rule inet filter vserial_out meta skuid 988 ip daddr 192.0.2.7 tcp dport 13370 accept comment \"vm/3\"\n"
	       "add rule inet filter vserial_out meta skuid 987 ip6 daddr 2001:db8::9 tcp dport 9100 accept comment \"vm/3\"\n");
	free_rules(&rules);
	/* Nobody is let out to where the list does not reach. */
	rules = rules_of(false, "", true, "10.0.0.0/8");
	writes(&rules, holes, LENGTH(holes), HEAD);
	assert_false(firewall_grants(&rules, &holes[4]));
	free_rules(&rules);
}

static void test_rich(void **state)
{
	const struct firewall_port ports[] = {
		port("tcp4://:5000", "", ANY, LISTENING),
		port("s", "telnet://192.0.2.7:13370", ANY, CONNECTED),
	};
	struct firewall_rules rules = rules_of(true, "198.51.100.0/24", true, "");
	struct firewall_hole holes[LENGTH(ports)];
	char *got = NULL;
	size_t size, i;
	FILE *file;

	(void)state;
	for (i = 0; i < LENGTH(ports); i++)
		assert_true(firewall_hole(&ports[i], &holes[i]));
	file = open_memstream(&got, &size);
	firewall_rich(&rules, holes, LENGTH(holes), FIREWALL_NETWORK, false, file);
	firewall_rich(&rules, holes, LENGTH(holes), FIREWALL_NETWORK, true, file);
	firewall_rich(&rules, holes, LENGTH(holes), FIREWALL_VSPC, true, file);
	fclose(file);
	assert_string_equal(got, "rule family=\"ipv4\" source address=\"198.51.100.0/24\" port port=\"5000\" protocol=\"tcp\" accept\n"
			    "rule family=\"ipv4\" destination address=\"192.0.2.7\" port port=\"13370\" protocol=\"tcp\" accept\n");
	free(got);
	free_rules(&rules);
}

/* Rules: each is the body of a chain "c" with the hook input, or output, and a policy. */
static void test_verdicts(void **state)
{
#define MATCH(left, op, right) "{\"match\":{\"op\":\"" op "\",\"left\":" left ",\"right\":" right "}}"
#define DPORT "{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}}"
#define META(key) "{\"meta\":{\"key\":\"" key "\"}}"
#define SADDR "{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}}"
#define DADDR "{\"payload\":{\"protocol\":\"ip\",\"field\":\"daddr\"}}"
#define CT "{\"ct\":{\"key\":\"state\"}}"
#define IN_TABLE "\"family\":\"inet\",\"table\":\"t\","
#define R(chain, expr) ",{\"rule\":{" IN_TABLE "\"chain\":\"" chain "\",\"expr\":[" expr "]}}"
#define ACCEPT "{\"accept\":null}"
#define DROP "{\"drop\":null}"
#define REJECT "{\"reject\":{\"type\":\"tcp reset\"}}"
#define JUMP(to) "{\"jump\":{\"target\":\"" to "\"}}"
#define PAYLOAD(protocol, field) "{\"payload\":{\"protocol\":\"" protocol "\",\"field\":\"" field "\"}}"
#define ETHER PAYLOAD("ether", "saddr")
#define TRACKED(key) "{\"ct\":{\"key\":\"" key "\"}}"
#define GOTO(to) "{\"goto\":{\"target\":\"" to "\"}}"
#define RETURN "{\"return\":null}"
#define VMAP(left, pairs) "{\"vmap\":{\"key\":" left ",\"data\":{\"set\":[" pairs "]}}}"
#define SET ",{\"set\":{" IN_TABLE "\"name\":\"s\",\"elem\":[80,{\"range\":[4000,5000]}]}}"
	static const struct {
		const char *policy;
		const char *rules;
		bool drops;
	} rows[] = {
		{ "accept", "", false },
		{ "drop", "", true },
		{ "drop", R("c", ACCEPT), false },
		{ "accept", R("c", DROP), true },
		{ "accept", R("c", "{\"counter\":null}," REJECT), true },
		{ "drop", R("c", MATCH(DPORT, "==", "5000") "," ACCEPT), false },
		{ "drop", R("c", MATCH(DPORT, "==", "5001") "," ACCEPT), true },
		{ "drop", R("c", MATCH(DPORT, "!=", "5001") "," ACCEPT), false },
		{ "drop", R("c",
		  MATCH(DPORT, "==", "{\"range\":[1024,65535]}") "," ACCEPT), false },
		{ "drop", R("c",
		  MATCH(DPORT, "==", "{\"set\":[22,{\"range\":[1,9]}]}") "," ACCEPT), true },
		{ "drop", R("c", MATCH(DPORT, "==", "{\"set\":[22,5000]}") "," ACCEPT), false },
		{ "drop", SET R("c", MATCH(DPORT, "==", "\"@s\"") "," ACCEPT), false },
		{ "drop", SET R("c", MATCH(DPORT, "!=", "\"@s\"") "," ACCEPT), true },
		/* What has been let through before is not this packet. */
		{ "drop", R("c",
		  MATCH(CT, "in", "[\"established\",\"related\"]") "," ACCEPT), true },
		{ "drop", R("c",
		  MATCH(CT, "in", "[\"new\"]") "," MATCH(DPORT, "==", "5000") "," ACCEPT), false },
		{ "accept", R("c", MATCH(CT, "in", "\"invalid\"") "," DROP), false },
		{ "drop", R("c", MATCH(META("iifname"), "==", "\"lo\"") "," ACCEPT), true },
		{ "drop", R("c", MATCH(META("iifname"), "!=", "\"lo\"") "," ACCEPT), false },
		{ "drop", R("c", MATCH(META("iifname"), "==", "\"eth0\"") "," ACCEPT), false },
		{ "drop", R("c", MATCH(META("l4proto"), "==", "\"icmp\"") "," ACCEPT), true },
		{ "drop", R("c", MATCH(META("nfproto"), "==", "\"ipv6\"") "," ACCEPT), true },
		/* For somebody is enough to let through, and not enough to drop. */
		{ "drop", R("c", MATCH(SADDR, "==", "\"192.0.2.9\"") "," ACCEPT), false },
		{ "accept", R("c", MATCH(SADDR, "==", "\"192.0.2.9\"") "," DROP), false },
		{ "accept", R("c", "{\"limit\":{\"rate\":1}}," DROP), false },
		{ "accept", R("c", "{\"quota\":{\"val\":1}}," DROP), false },
		{ "accept", R("c", "{\"ct count\":{\"val\":10}}," DROP), false },
		{ "accept", R("c", "{\"xt\":null},{\"counter\":null}," DROP), false },
		{ "accept", R("c", "{\"log\":null}," DROP), true },
		{ "drop", R("c",
		  MATCH(META("iifname"), "==", "{\"set\":[\"lo\",\"eth0\"]}") "," ACCEPT), false },
		{ "drop", R("c", MATCH(ETHER, "==", "\"52:54:00:00:00:01\"") "," ACCEPT), false },
		{ "accept", R("c", MATCH(ETHER, "!=", "\"52:54:00:00:00:01\"") "," DROP), false },
		{ "drop", R("c", MATCH(TRACKED("mark"), "==", "0") "," ACCEPT), false },
		{ "drop", R("c",
		  MATCH(TRACKED("direction"), "==", "\"original\"") "," ACCEPT), false },
		{ "drop", R("c", MATCH(TRACKED("status"), "in", "\"dnat\"") "," ACCEPT), true },
		/* What the packet does not have is not unequal, either. */
		{ "accept", R("c", MATCH(PAYLOAD("udp", "dport"), "!=", "53") "," DROP), false },
		{ "accept", R("c",
		  MATCH(PAYLOAD("ip6", "saddr"), "!=", "\"::1\"") "," DROP), false },
		{ "drop", R("c", MATCH(PAYLOAD("udp", "dport"), "==", "5000") "," ACCEPT), true },
		{ "accept", R("c", MATCH(META("skuid"), "!=", "5") "," DROP), false },
		/* Other chains. */
		{ "drop", R("c", JUMP("d")) R("d", MATCH(DPORT, "==", "5000") "," ACCEPT), false },
		{ "drop", R("c", JUMP("d")) R("d", RETURN), true },
		{ "accept", R("c", JUMP("d")) R("d", DROP), true },
		{ "accept", R("c", MATCH(DPORT, "==", "1") "," JUMP("d")) R("d", DROP), false },
		{ "drop", R("c", GOTO("d"))
		  R("c", ACCEPT) R("d", MATCH(DPORT, "==", "1") "," ACCEPT), true },
		{ "drop", R("c", JUMP("d"))
		  R("c", ACCEPT) R("d", MATCH(DPORT, "==", "1") "," ACCEPT), false },
		{ "drop", R("c", RETURN) R("c", ACCEPT), true },
		{ "drop", R("c", JUMP("c")), false },
		/* Maps of verdicts. */
		{ "drop", R("c", VMAP(CT, "[\"established\"," ACCEPT "],[\"invalid\"," DROP "]")),
		  true },
		{ "drop", R("c", VMAP(DPORT, "[22," ACCEPT "],[5000," ACCEPT "]")), false },
		{ "accept", R("c", VMAP(DPORT, "[22," ACCEPT "],[5000," DROP "]")), true },
		{ "drop", R("c", VMAP(META("iifname"),
				    "[\"lo\"," ACCEPT "],[\"eth0\"," JUMP("d") "]"))
		  R("d", MATCH(DPORT, "==", "5000") "," ACCEPT), false },
		{ "drop", R("c", VMAP(META("iifname"),
				    "[\"lo\"," ACCEPT "],[\"eth0\"," JUMP("d") "]"))
		  R("d", MATCH(DPORT, "==", "1") "," ACCEPT), true },
		{ "drop", R("c", "{\"vmap\":{\"key\":" DPORT ",\"data\":\"@m\"}}"), false },
	};
	const struct verdict_packet packet = { .to = "", .number = 5000 };
	char text[4096], chain[VERDICT_CHAIN_MAX];
	json_t *ruleset;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		snprintf(text, sizeof(text), "{\"nftables\":[{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"c\",\"type\":\"filter\",\"hook\":\"input\",\"policy\":\"%s\"}}%s]}",
			 rows[i].policy, rows[i].rules);
		ruleset = json_loads(text, 0, NULL);
		assert_non_null(ruleset);
		if (verdict_drops(ruleset, &packet, chain) != rows[i].drops)
			fail_msg("row %zu: %s", i, rows[i].rules);
		if (rows[i].drops)
			assert_string_equal(chain, "inet t c");
		json_decref(ruleset);
	}
}

static void test_verdicts_out(void **state)
{
#define OUTPUT "{\"chain\":{\"family\":\"ip\",\"table\":\"t\",\"name\":\"o\",\"type\":\"filter\"," \
	"\"hook\":\"output\",\"policy\":\"drop\"}}"
#define OUT(rules) "{\"nftables\":[" OUTPUT rules "]}"
#define O(expr) ",{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":\"o\",\"expr\":[" expr "]}}"
	static const struct {
		const char *ruleset;
		bool drops;
	} rows[] = {
		{ OUT(""), true },
		{ OUT(O(MATCH(META("skuid"), "==", "988") "," ACCEPT)), false },
		{ OUT(O(MATCH(META("skuid"), "==", "0") "," ACCEPT)), true },
		{ OUT(O(MATCH(DADDR, "==", "\"192.0.2.7\"") "," ACCEPT)), false },
		{ OUT(O(MATCH(DADDR, "==", "\"192.0.2.8\"") "," ACCEPT)), true },
		{ OUT(O(MATCH(DADDR, "==", "{\"prefix\":{\"addr\":\"192.0.2.0\",\"len\":24}}")
			"," ACCEPT)), false },
		{ OUT(O(MATCH(DADDR, "==", "{\"prefix\":{\"addr\":\"192.0.2.8\",\"len\":29}}")
			"," ACCEPT)), true },
		{ OUT(O(MATCH(META("oifname"), "==", "\"lo\"") "," ACCEPT)), true },
	};
	struct verdict_packet packet = { .out = true, .to = "192.0.2.7", .number = 23, .uid = 988 };
	char chain[VERDICT_CHAIN_MAX];
	json_t *ruleset;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		ruleset = json_loads(rows[i].ruleset, 0, NULL);
		assert_non_null(ruleset);
		if (verdict_drops(ruleset, &packet, chain) != rows[i].drops)
			fail_msg("row %zu: %s", i, rows[i].ruleset);
		json_decref(ruleset);
	}
	/* It is nothing to IPv6. */
	ruleset = json_loads(rows[0].ruleset, 0, NULL);
	packet.v6 = true;
	packet.to = "2001:db8::1";
	assert_false(verdict_drops(ruleset, &packet, chain));
	json_decref(ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_nft),
		cmocka_unit_test(test_rich),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_verdicts_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
