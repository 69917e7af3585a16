// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/string.h>

#include "program.h"
#include "reason.h"
#include "ruleset.h"

/**
 * struct guest - what a test has
 * @dev: its name is the guest's; never added
 * @rules: its rules
 * @reason: why something was refused
 */
struct guest {
	struct device dev;
	struct vserial_ruleset rules;
	struct vserial_reason reason;
};

static int ruleset_setup(struct kunit *test)
{
	struct guest *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);

	if (!g)
		return -ENOMEM;
	device_initialize(&g->dev);
	dev_set_name(&g->dev, "web01");
	vserial_ruleset_init(&g->rules, &g->dev);
	test->priv = g;
	return 0;
}

static void ruleset_teardown(struct kunit *test)
{
	struct guest *g = test->priv;

	vserial_ruleset_destroy(&g->rules);
	kfree_const(g->dev.kobj.name);
}

static int add(struct guest *g, u32 rank, u32 action, u32 service, u32 towards,
	       const char *exe)
{
	struct vserial_rule_terms terms = {
		.rank = rank, .action = action, .service = service,
		.towards = towards,
	};
	struct vserial_rule *rule;
	int err;

	strscpy(terms.exe, exe, sizeof(terms.exe));
	rule = vserial_rule_create(&terms, &g->reason);
	if (IS_ERR(rule))
		return PTR_ERR(rule);
	err = vserial_ruleset_add(&g->rules, rule, &g->reason);
	vserial_rule_put(rule);
	return err;
}

static int del(struct guest *g, u32 rank)
{
	struct vserial_rule *rule = vserial_ruleset_del(&g->rules, rank,
							&g->reason);

	if (IS_ERR(rule))
		return PTR_ERR(rule);
	vserial_rule_put(rule);
	return 0;
}

static void judge(struct guest *g, u32 service, struct vserial_verdict *v)
{
	struct vserial_access access = {
		.service = service, .has_program = true,
	};

	vserial_ruleset_judge(&g->rules, &access, v);
}

static void ruleset_allows_what_no_rule_speaks_of(struct kunit *test)
{
	struct guest *g = test->priv;
	struct vserial_verdict v;

	judge(g, VSERIAL_SERVICE_UART, &v);
	KUNIT_EXPECT_EQ(test, v.ways, VSERIAL_WAY_GUEST | VSERIAL_WAY_HOST);
	KUNIT_EXPECT_EQ(test, v.denied, 0);
	KUNIT_EXPECT_FALSE(test, vserial_verdict_denies(&v));
	KUNIT_EXPECT_NULL(test, v.rule[VSERIAL_TOWARDS_HOST]);
	/* Counting what nothing decided, and letting go of it, do no harm. */
	vserial_verdict_count(&v);
	vserial_verdict_hit(&v, VSERIAL_TOWARDS_HOST);
	vserial_verdict_put(&v);
	KUNIT_EXPECT_FALSE(test, vserial_verdict_denies(&v));
}

static void ruleset_judges_each_way(struct kunit *test)
{
	struct guest *g = test->priv;
	struct vserial_verdict v;

	KUNIT_ASSERT_EQ(test, add(g, 20, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_MODULE, VSERIAL_TOWARDS_HOST,
				  ""), 0);
	judge(g, VSERIAL_SERVICE_UART, &v);
	KUNIT_EXPECT_EQ(test, v.denied, VSERIAL_WAY_HOST);
	KUNIT_EXPECT_FALSE(test, vserial_verdict_denies(&v));
	vserial_verdict_put(&v);
	/* A file has no other way. */
	judge(g, VSERIAL_SERVICE_FILE, &v);
	KUNIT_EXPECT_EQ(test, v.ways, VSERIAL_WAY_HOST);
	KUNIT_EXPECT_TRUE(test, vserial_verdict_denies(&v));
	vserial_verdict_put(&v);

	KUNIT_ASSERT_EQ(test, add(g, 10, VSERIAL_ACTION_ALLOW,
				  VSERIAL_SERVICE_FILE, VSERIAL_TOWARDS_ANY,
				  ""), 0);
	judge(g, VSERIAL_SERVICE_FILE, &v);
	KUNIT_EXPECT_EQ(test, v.denied, 0);
	KUNIT_EXPECT_EQ(test, v.rule[VSERIAL_TOWARDS_HOST]->terms.rank, 10);
	vserial_verdict_put(&v);
}

static void ruleset_verdict_outlives_its_rule(struct kunit *test)
{
	struct guest *g = test->priv;
	struct vserial_verdict old, new;
	struct vserial_rule *rule;

	KUNIT_ASSERT_EQ(test, add(g, 5, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_ANY, VSERIAL_TOWARDS_ANY,
				  ""), 0);
	judge(g, VSERIAL_SERVICE_PIPE, &old);
	KUNIT_EXPECT_TRUE(test, vserial_verdict_denies(&old));
	KUNIT_EXPECT_TRUE(test, vserial_verdict_same(&old, &old));
	KUNIT_ASSERT_EQ(test, del(g, 5), 0);
	judge(g, VSERIAL_SERVICE_PIPE, &new);
	KUNIT_EXPECT_FALSE(test, vserial_verdict_denies(&new));
	KUNIT_EXPECT_FALSE(test, vserial_verdict_same(&old, &new));

	/* Bytes that are on their way are counted by the rule that is gone. */
	rule = old.rule[VSERIAL_TOWARDS_GUEST];
	KUNIT_EXPECT_EQ(test, refcount_read(&rule->users), 2);
	vserial_verdict_hit(&old, VSERIAL_TOWARDS_GUEST);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rule->hits), 1);
	vserial_verdict_put(&old);
	vserial_verdict_put(&new);
}

static void ruleset_counts_a_decision_once(struct kunit *test)
{
	struct guest *g = test->priv;
	struct vserial_verdict v;

	KUNIT_ASSERT_EQ(test, add(g, 1, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_CONSOLE,
				  VSERIAL_TOWARDS_GUEST, ""), 0);
	KUNIT_ASSERT_EQ(test, add(g, 2, VSERIAL_ACTION_ALLOW,
				  VSERIAL_SERVICE_ANY, VSERIAL_TOWARDS_ANY,
				  ""), 0);
	judge(g, VSERIAL_SERVICE_CONSOLE, &v);
	/* Asking alone is no hit. */
	KUNIT_EXPECT_EQ(test, atomic64_read(&v.rule[1]->hits), 0);
	vserial_verdict_count(&v);
	KUNIT_EXPECT_EQ(test, v.rule[VSERIAL_TOWARDS_GUEST]->terms.rank, 1);
	KUNIT_EXPECT_EQ(test, v.rule[VSERIAL_TOWARDS_HOST]->terms.rank, 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&v.rule[1]->hits), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&v.rule[2]->hits), 1);
	vserial_verdict_put(&v);
	/* By one rule both ways is one decision. */
	judge(g, VSERIAL_SERVICE_UART, &v);
	vserial_verdict_count(&v);
	KUNIT_EXPECT_EQ(test, atomic64_read(&v.rule[1]->hits), 2);
	vserial_verdict_put(&v);
}

static void ruleset_refuses_a_rank_twice_and_too_many(struct kunit *test)
{
	struct guest *g = test->priv;
	u32 rank;

	for (rank = 0; rank < VSERIAL_RULES_MAX; rank++)
		KUNIT_ASSERT_EQ(test, add(g, rank, VSERIAL_ACTION_ALLOW,
					  VSERIAL_SERVICE_ANY,
					  VSERIAL_TOWARDS_ANY, ""), 0);
	KUNIT_EXPECT_EQ(test, add(g, 7, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_ANY, VSERIAL_TOWARDS_ANY,
				  ""), -EEXIST);
	KUNIT_EXPECT_EQ(test, add(g, rank, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_ANY, VSERIAL_TOWARDS_ANY,
				  ""), -ENOSPC);
	KUNIT_EXPECT_STREQ(test, g->reason.text,
			   "guest 'web01' has 256 service rules, and that is the most");
	KUNIT_EXPECT_EQ(test, del(g, rank), -ENOENT);
	KUNIT_EXPECT_STREQ(test, g->reason.text,
			   "guest 'web01' has no service rule 256");
	KUNIT_EXPECT_EQ(test, del(g, 7), 0);
	KUNIT_EXPECT_EQ(test, add(g, rank, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_ANY, VSERIAL_TOWARDS_ANY,
				  ""), 0);
}

static void ruleset_says_which_rule_denies_what(struct kunit *test)
{
	struct vserial_access access = {
		.service = VSERIAL_SERVICE_NET_SERVER, .has_port = true,
		.port = 2301,
	};
	struct guest *g = test->priv;
	struct vserial_verdict v;

	KUNIT_ASSERT_EQ(test, add(g, 10, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_NET_SERVER,
				  VSERIAL_TOWARDS_GUEST, ""), 0);
	vserial_ruleset_judge(&g->rules, &access, &v);
	KUNIT_EXPECT_EQ(test, vserial_ruleset_refuse(&g->rules, &access, &v,
						     &g->reason), -EACCES);
	KUNIT_EXPECT_STREQ(test, g->reason.text,
			   "service rule 10 of guest 'web01' denies net-server with port 2301 towards the guest");
	vserial_verdict_put(&v);
	KUNIT_ASSERT_EQ(test, add(g, 9, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_MODULE, VSERIAL_TOWARDS_ANY,
				  ""), 0);
	vserial_ruleset_judge(&g->rules, &access, &v);
	vserial_ruleset_refuse(&g->rules, &access, &v, &g->reason);
	KUNIT_EXPECT_STREQ(test, g->reason.text,
			   "service rule 9 of guest 'web01' denies net-server with port 2301");
	vserial_verdict_put(&v);
}

/* Any file does: what counts is that it is the one of that path. */
static void ruleset_finds_executables(struct kunit *test)
{
	struct vserial_access access = {
		.service = VSERIAL_SERVICE_HYPERVISOR, .has_program = true,
	};
	struct guest *g = test->priv;
	struct vserial_exe nothing;
	struct vserial_verdict v;
	struct vserial_rule *rule;

	vserial_program_look_up("/dev/console", &access.exe);
	KUNIT_ASSERT_NE(test, access.exe.ino, 0);
	vserial_program_look_up("/nowhere", &nothing);
	KUNIT_EXPECT_EQ(test, nothing.ino, 0);
	KUNIT_ASSERT_EQ(test, add(g, 1, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_ANY, VSERIAL_TOWARDS_ANY,
				  "/nowhere"), 0);
	KUNIT_ASSERT_EQ(test, add(g, 2, VSERIAL_ACTION_DENY,
				  VSERIAL_SERVICE_ANY, VSERIAL_TOWARDS_ANY,
				  "/dev/console"), 0);
	vserial_ruleset_judge(&g->rules, &access, &v);
	KUNIT_EXPECT_TRUE(test, vserial_verdict_denies(&v));
	rule = v.rule[VSERIAL_TOWARDS_HOST];
	KUNIT_ASSERT_NOT_NULL(test, rule);
	KUNIT_EXPECT_EQ(test, rule->terms.rank, 2);

	/* Of another path since; who is judged now is judged by what is there. */
	rule->exe = nothing;
	vserial_verdict_put(&v);
	vserial_ruleset_judge(&g->rules, &access, &v);
	KUNIT_EXPECT_EQ(test, v.denied, 0);
	vserial_verdict_put(&v);
	vserial_ruleset_refresh(&g->rules);
	vserial_ruleset_judge(&g->rules, &access, &v);
	KUNIT_EXPECT_TRUE(test, vserial_verdict_denies(&v));
	vserial_verdict_put(&v);
}

static void ruleset_kernel_threads_run_from_no_file(struct kunit *test)
{
	struct vserial_program program;

	vserial_program_current(&program);
	KUNIT_EXPECT_EQ(test, program.exe.ino, 0);
	KUNIT_EXPECT_TRUE(test, uid_eq(program.uid, GLOBAL_ROOT_UID));
	KUNIT_EXPECT_STREQ(test, program.comm, current->comm);
}

static struct kunit_case ruleset_cases[] = {
	KUNIT_CASE(ruleset_allows_what_no_rule_speaks_of),
	KUNIT_CASE(ruleset_judges_each_way),
	KUNIT_CASE(ruleset_verdict_outlives_its_rule),
	KUNIT_CASE(ruleset_counts_a_decision_once),
	KUNIT_CASE(ruleset_refuses_a_rank_twice_and_too_many),
	KUNIT_CASE(ruleset_says_which_rule_denies_what),
	KUNIT_CASE(ruleset_finds_executables),
	KUNIT_CASE(ruleset_kernel_threads_run_from_no_file),
	{}
};

static struct kunit_suite ruleset_suite = {
	.name = "vserial_ruleset",
	.init = ruleset_setup,
	.exit = ruleset_teardown,
	.test_cases = ruleset_cases,
};

kunit_test_suite(ruleset_suite);
