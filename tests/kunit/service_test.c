// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/string.h>

#include "reason.h"
#include "service.h"
#include "spec.h"

#define GUEST	VSERIAL_TOWARDS_GUEST
#define HOST	VSERIAL_TOWARDS_HOST

static const struct vserial_exe qemu = { .dev = 1, .ino = 7, .generation = 3 };

/* Rules are too large for a stack. */
static struct vserial_rule *make_rules(struct kunit *test, unsigned int nr)
{
	struct vserial_rule *rules = kunit_kcalloc(test, nr, sizeof(*rules),
						   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rules);
	return rules;
}

/* A rule that belongs to nobody. */
static struct vserial_rule rule_of(u32 rank, u32 service)
{
	return (struct vserial_rule){
		.terms = { .rank = rank, .service = service },
	};
}

static bool matches(u32 rule, u32 service)
{
	struct vserial_rule r = rule_of(1, rule);
	struct vserial_access access = { .service = service };

	return vserial_rule_matches(&r, &access, HOST);
}

static void service_classes_hold_their_services(struct kunit *test)
{
	static const u32 backings[] = {
		VSERIAL_SERVICE_MODULE, VSERIAL_SERVICE_UART,
		VSERIAL_SERVICE_FILE, VSERIAL_SERVICE_PIPE,
		VSERIAL_SERVICE_PRINTER, VSERIAL_SERVICE_NET_SERVER,
		VSERIAL_SERVICE_NET_CLIENT, VSERIAL_SERVICE_VSPC,
		VSERIAL_SERVICE_VSOCK,
	};
	static const u32 programs[] = {
		VSERIAL_SERVICE_CONSOLE, VSERIAL_SERVICE_CONTROL,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(backings); i++) {
		KUNIT_EXPECT_TRUE(test, matches(VSERIAL_SERVICE_ANY,
						backings[i]));
		KUNIT_EXPECT_TRUE(test, matches(VSERIAL_SERVICE_MODULE,
						backings[i]));
		KUNIT_EXPECT_FALSE(test, matches(VSERIAL_SERVICE_APPLICATION,
						 backings[i]));
		KUNIT_EXPECT_FALSE(test, matches(VSERIAL_SERVICE_HYPERVISOR,
						 backings[i]));
	}
	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		KUNIT_EXPECT_TRUE(test, matches(VSERIAL_SERVICE_ANY,
						programs[i]));
		KUNIT_EXPECT_TRUE(test, matches(VSERIAL_SERVICE_APPLICATION,
						programs[i]));
		KUNIT_EXPECT_FALSE(test, matches(VSERIAL_SERVICE_MODULE,
						 programs[i]));
		KUNIT_EXPECT_FALSE(test, matches(VSERIAL_SERVICE_HYPERVISOR,
						 programs[i]));
	}
	KUNIT_EXPECT_TRUE(test, matches(VSERIAL_SERVICE_ANY,
					VSERIAL_SERVICE_HYPERVISOR));
	KUNIT_EXPECT_FALSE(test, matches(VSERIAL_SERVICE_MODULE,
					 VSERIAL_SERVICE_HYPERVISOR));
	KUNIT_EXPECT_FALSE(test, matches(VSERIAL_SERVICE_APPLICATION,
					 VSERIAL_SERVICE_HYPERVISOR));
}

static void service_rule_is_about_no_other_service(struct kunit *test)
{
	u32 rule, service;

	for (rule = VSERIAL_SERVICE_UART; rule <= VSERIAL_SERVICE_CONTROL;
	     rule++)
		for (service = VSERIAL_SERVICE_HYPERVISOR;
		     service <= VSERIAL_SERVICE_CONTROL; service++)
			KUNIT_EXPECT_EQ(test, matches(rule, service),
					rule == service);
}

static void service_rule_has_a_direction(struct kunit *test)
{
	struct vserial_rule r = rule_of(1, VSERIAL_SERVICE_UART);
	struct vserial_access access = { .service = VSERIAL_SERVICE_UART };

	KUNIT_EXPECT_TRUE(test, vserial_rule_matches(&r, &access, GUEST));
	KUNIT_EXPECT_TRUE(test, vserial_rule_matches(&r, &access, HOST));
	r.terms.towards = GUEST;
	KUNIT_EXPECT_TRUE(test, vserial_rule_matches(&r, &access, GUEST));
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));
	r.terms.towards = HOST;
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, GUEST));
	KUNIT_EXPECT_TRUE(test, vserial_rule_matches(&r, &access, HOST));
}

static void service_rule_has_ports(struct kunit *test)
{
	static const struct {
		bool has_port;
		u32 port;
		bool matches;
	} cases[] = {
		{ true, 2299, false }, { true, 2300, true },
		{ true, 2350, true }, { true, 2399, true },
		{ true, 2400, false }, { true, 0, false },
		{ true, U32_MAX, false },
		/* One without a port is not meant, whatever the range. */
		{ false, 2300, false },
	};
	struct vserial_rule r = rule_of(1, VSERIAL_SERVICE_NET_SERVER);
	unsigned int i;

	r.terms.has_port = true;
	r.terms.port = 2300;
	r.terms.port_last = 2399;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vserial_access access = {
			.service = VSERIAL_SERVICE_NET_SERVER,
			.has_port = cases[i].has_port,
			.port = cases[i].port,
		};

		KUNIT_EXPECT_EQ(test, vserial_rule_matches(&r, &access, HOST),
				cases[i].matches);
	}
}

static void service_rule_has_a_user(struct kunit *test)
{
	struct vserial_rule r = rule_of(1, VSERIAL_SERVICE_ANY);
	struct vserial_access access = {
		.service = VSERIAL_SERVICE_CONSOLE,
		.has_program = true,
		.uid = KUIDT_INIT(1000),
	};

	r.terms.has_uid = true;
	r.terms.uid = KUIDT_INIT(1000);
	KUNIT_EXPECT_TRUE(test, vserial_rule_matches(&r, &access, HOST));
	access.uid = KUIDT_INIT(1001);
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));
	/* Root is a user like others. */
	r.terms.uid = GLOBAL_ROOT_UID;
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));
	/* No program asks for a backing, and so nobody's number is not root's. */
	access = (struct vserial_access){ .service = VSERIAL_SERVICE_UART };
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));
}

static void service_rule_has_an_executable(struct kunit *test)
{
	struct vserial_rule r = rule_of(1, VSERIAL_SERVICE_HYPERVISOR);
	struct vserial_access access = {
		.service = VSERIAL_SERVICE_HYPERVISOR,
		.has_program = true,
		.exe = qemu,
	};

	strscpy(r.terms.exe, "/usr/bin/qemu", sizeof(r.terms.exe));
	/* Nothing has that path: nobody is it, and least who has none. */
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));
	access.exe = (struct vserial_exe){};
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));

	r.exe = qemu;
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));
	access.exe = qemu;
	KUNIT_EXPECT_TRUE(test, vserial_rule_matches(&r, &access, HOST));
	access.exe.dev++;
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));
	access.exe = qemu;
	access.exe.ino++;
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));
	/* Another file with the number of one that was removed. */
	access.exe = qemu;
	access.exe.generation++;
	KUNIT_EXPECT_FALSE(test, vserial_rule_matches(&r, &access, HOST));
}

static void service_first_match_decides(struct kunit *test)
{
	static const u32 services[] = {
		VSERIAL_SERVICE_CONSOLE, VSERIAL_SERVICE_MODULE,
		VSERIAL_SERVICE_UART, VSERIAL_SERVICE_ANY,
	};
	struct vserial_rule *rules = make_rules(test, ARRAY_SIZE(services));
	struct vserial_access uart = { .service = VSERIAL_SERVICE_UART };
	struct vserial_access control = { .service = VSERIAL_SERVICE_CONTROL };
	LIST_HEAD(list);
	unsigned int i;

	KUNIT_EXPECT_NULL(test, vserial_rules_decide(&list, &uart, HOST));
	for (i = 0; i < ARRAY_SIZE(services); i++) {
		rules[i].terms.service = services[i];
		list_add_tail(&rules[i].node, &list);
	}
	KUNIT_EXPECT_PTR_EQ(test, vserial_rules_decide(&list, &uart, HOST),
			    &rules[1]);
	KUNIT_EXPECT_PTR_EQ(test, vserial_rules_decide(&list, &control, GUEST),
			    &rules[3]);
	/* Each direction has a first match of its own. */
	rules[1].terms.towards = GUEST;
	KUNIT_EXPECT_PTR_EQ(test, vserial_rules_decide(&list, &uart, GUEST),
			    &rules[1]);
	KUNIT_EXPECT_PTR_EQ(test, vserial_rules_decide(&list, &uart, HOST),
			    &rules[2]);
	list_del(&rules[3].node);
	KUNIT_EXPECT_NULL(test, vserial_rules_decide(&list, &control, GUEST));
}

static void service_rules_are_kept_in_order(struct kunit *test)
{
	static const u32 ranks[] = { 20, U32_MAX, 0, 10, 15, 1 };
	static const u32 sorted[] = { 0, 1, 10, 15, 20, U32_MAX };
	struct vserial_rule *rules = make_rules(test, ARRAY_SIZE(ranks)), *r;
	struct list_head *before;
	LIST_HEAD(list);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranks); i++) {
		rules[i].terms.rank = ranks[i];
		KUNIT_EXPECT_NULL(test, vserial_rules_find(&list, ranks[i],
							   &before));
		list_add_tail(&rules[i].node, before);
	}
	i = 0;
	list_for_each_entry(r, &list, node)
		KUNIT_EXPECT_EQ(test, r->terms.rank, sorted[i++]);
	for (i = 0; i < ARRAY_SIZE(ranks); i++)
		KUNIT_EXPECT_PTR_EQ(test, vserial_rules_find(&list, ranks[i],
							     NULL),
				    &rules[i]);
	KUNIT_EXPECT_NULL(test, vserial_rules_find(&list, 11, NULL));
}

static void service_rules_that_cannot_match_are_refused(struct kunit *test)
{
	static const struct {
		struct vserial_rule_terms terms;
		const char *why;	/* NULL: it is none of these */
	} cases[] = {
		{ { .service = VSERIAL_SERVICE_ANY }, NULL },
		{ { .service = VSERIAL_SERVICE_CONTROL }, NULL },
		{ { .service = VSERIAL_SERVICE_CONTROL + 1 },
		  "service 14 is unknown" },
		{ { .action = 2 }, "action 2 is unknown" },
		{ { .towards = 3 }, "direction 3 is unknown" },
		{ { .service = VSERIAL_SERVICE_FILE, .towards = HOST }, NULL },
		{ { .service = VSERIAL_SERVICE_FILE, .towards = GUEST },
		  "file goes towards the host only" },
		{ { .service = VSERIAL_SERVICE_CONTROL, .towards = HOST },
		  "control goes towards the guest only" },
		{ { .service = VSERIAL_SERVICE_UART, .has_port = true },
		  "uart has no network port" },
		{ { .service = VSERIAL_SERVICE_CONSOLE, .has_port = true },
		  "console has no network port" },
		{ { .service = VSERIAL_SERVICE_MODULE, .has_port = true,
		    .port = 23, .port_last = 23 }, NULL },
		{ { .service = VSERIAL_SERVICE_VSOCK, .has_port = true,
		    .port_last = U32_MAX }, NULL },
		{ { .service = VSERIAL_SERVICE_VSPC, .has_port = true,
		    .port = 24, .port_last = 23 },
		  "ports 24 to 23 are none" },
		{ { .service = VSERIAL_SERVICE_VSPC, .has_uid = true },
		  "no program asks for vspc" },
		{ { .service = VSERIAL_SERVICE_MODULE, .exe = "/bin/true" },
		  "no program asks for module" },
		{ { .service = VSERIAL_SERVICE_HYPERVISOR, .exe = "/bin/true",
		    .has_uid = true }, NULL },
		{ { .service = VSERIAL_SERVICE_CONSOLE, .has_uid = true,
		    .uid = INVALID_UID }, "4294967295 is no user" },
		{ { .service = VSERIAL_SERVICE_CONSOLE, .exe = "bin/true" },
		  "'bin/true' is no absolute path" },
		{ { .service = VSERIAL_SERVICE_CONSOLE, .exe = "/a\nb" },
		  "control character 0x0a after 2 others" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vserial_reason reason = {};
		int err = vserial_rule_judge(&cases[i].terms, &reason);
		int want = 0;

		if (cases[i].why)
			want = -EINVAL;
		KUNIT_EXPECT_EQ_MSG(test, err, want, "case %u", i);
		if (cases[i].why)
			KUNIT_EXPECT_TRUE_MSG(test, strstr(reason.text,
							   cases[i].why),
					      "case %u: %s", i, reason.text);
	}
}

static void service_of_each_backing(struct kunit *test)
{
	static const struct {
		const char *text;
		const char *proxy;
		u32 endpoint;
		u32 service;
		s64 port;	/* -1: none */
	} cases[] = {
		{ "null", NULL, 0, VSERIAL_SERVICE_MODULE, -1 },
		{ "loopback", NULL, 0, VSERIAL_SERVICE_MODULE, -1 },
		{ "uart:/dev/ttyS0", NULL, 0, VSERIAL_SERVICE_UART, -1 },
		{ "file:/var/log/a:23", NULL, 0, VSERIAL_SERVICE_FILE, -1 },
		{ "pipe:a", NULL, 0, VSERIAL_SERVICE_PIPE, -1 },
		{ "pipe:a#far=application", NULL, 0, VSERIAL_SERVICE_PIPE, -1 },
		{ " pipe:a#far=application", NULL, 0, VSERIAL_SERVICE_PIPE,
		  -1 },
		{ "telnet://:2301", NULL, VSERIAL_ENDPOINT_AUTO,
		  VSERIAL_SERVICE_NET_SERVER, 2301 },
		{ "telnet://host:2301", NULL, VSERIAL_ENDPOINT_AUTO,
		  VSERIAL_SERVICE_NET_CLIENT, 2301 },
		{ "telnet://[::1]:2301 # verify", NULL, VSERIAL_ENDPOINT_AUTO,
		  VSERIAL_SERVICE_NET_CLIENT, 2301 },
		{ "TCP4+SSL://127.0.0.1:65535", NULL, VSERIAL_ENDPOINT_SERVER,
		  VSERIAL_SERVICE_NET_SERVER, 65535 },
		{ "tcp://:1#allow=10.0.0.0/8", NULL, VSERIAL_ENDPOINT_CLIENT,
		  VSERIAL_SERVICE_NET_CLIENT, 1 },
		/* What the daemon is going to refuse has no port. */
		{ "tcp://host", NULL, 0, VSERIAL_SERVICE_NET_CLIENT, -1 },
		{ "tcp://[::1]", NULL, 0, VSERIAL_SERVICE_NET_CLIENT, -1 },
		{ "tcp://host:4294967296", NULL, 0, VSERIAL_SERVICE_NET_CLIENT,
		  -1 },
		{ "tcp://host:", NULL, 0, VSERIAL_SERVICE_NET_CLIENT, -1 },
		{ "tcp://23", NULL, 0, VSERIAL_SERVICE_NET_CLIENT, -1 },
		{ "vsock://2:4294967294", NULL, 0, VSERIAL_SERVICE_VSOCK,
		  4294967294LL },
		{ "vsock://:7", NULL, 0, VSERIAL_SERVICE_VSOCK, 7 },
		{ "socket://printer", NULL, 0, VSERIAL_SERVICE_PRINTER, 9100 },
		{ "ipp://printer/queue", NULL, 0, VSERIAL_SERVICE_PRINTER,
		  631 },
		{ "IPPS://printer:8631/q:1", NULL, 0, VSERIAL_SERVICE_PRINTER,
		  8631 },
		/* A concentrator's port is its own, not the service's. */
		{ "telnet://service:23", "telnet://vspc:13370", 0,
		  VSERIAL_SERVICE_VSPC, 13370 },
		{ "web01", "telnets://vspc:13371#verify", 0,
		  VSERIAL_SERVICE_VSPC, 13371 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vserial_access access;
		struct vserial_reason reason;
		struct vserial_spec *spec;

		if (cases[i].proxy)
			spec = vserial_spec_parse_service(cases[i].text,
							  cases[i].proxy,
							  &reason);
		else
			spec = vserial_spec_parse(cases[i].text, &reason);
		KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(spec), "%s",
				       cases[i].text);
		vserial_access_backing(&access, spec, cases[i].endpoint);
		KUNIT_EXPECT_EQ_MSG(test, access.service, cases[i].service,
				    "%s", cases[i].text);
		KUNIT_EXPECT_EQ_MSG(test, access.has_port ? access.port : -1LL,
				    cases[i].port, "%s", cases[i].text);
		KUNIT_EXPECT_FALSE(test, access.has_program);
		vserial_spec_free(spec);
	}
}

static void service_ways(struct kunit *test)
{
	u32 service;

	for (service = 0; service <= VSERIAL_SERVICE_CONTROL; service++) {
		unsigned long ways = VSERIAL_WAY_GUEST | VSERIAL_WAY_HOST;

		if (service == VSERIAL_SERVICE_FILE ||
		    service == VSERIAL_SERVICE_PRINTER)
			ways = VSERIAL_WAY_HOST;
		if (service == VSERIAL_SERVICE_CONTROL)
			ways = VSERIAL_WAY_GUEST;
		KUNIT_EXPECT_EQ(test, vserial_service_ways(service), ways);
	}
	/* Of what does not exist nothing is said, and nothing beyond is read. */
	KUNIT_EXPECT_EQ(test, vserial_service_ways(U32_MAX), 0);
	KUNIT_EXPECT_STREQ(test, vserial_service_name(U32_MAX), "unknown");
	KUNIT_EXPECT_STREQ(test, vserial_service_name(VSERIAL_SERVICE_NET_SERVER),
			   "net-server");
}

static struct kunit_case service_cases[] = {
	KUNIT_CASE(service_classes_hold_their_services),
	KUNIT_CASE(service_rule_is_about_no_other_service),
	KUNIT_CASE(service_rule_has_a_direction),
	KUNIT_CASE(service_rule_has_ports),
	KUNIT_CASE(service_rule_has_a_user),
	KUNIT_CASE(service_rule_has_an_executable),
	KUNIT_CASE(service_first_match_decides),
	KUNIT_CASE(service_rules_are_kept_in_order),
	KUNIT_CASE(service_rules_that_cannot_match_are_refused),
	KUNIT_CASE(service_of_each_backing),
	KUNIT_CASE(service_ways),
	{}
};

static struct kunit_suite service_suite = {
	.name = "vserial_service",
	.test_cases = service_cases,
};

kunit_test_suite(service_suite);
