// SPDX-License-Identifier: GPL-2.0-or-later
/* Two real QEMUs, of which one migrates to the other, as it is driven by QMP. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "qmp.h"
#include "unit.h"

/* Of tenths of a second; nothing here takes long. */
#define PATIENCE 600

static char folder[64];
static pid_t here = -1, there = -1;
static char why[512];

static char *in_folder(const char *name)
{
	static char paths[8][128];
	static unsigned int n;
	char *path = paths[n++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* Machines without anything in them, which is enough to move. */
static pid_t begin_qemu(const char *name, const char *incoming)
{
	char qmp[256];
	pid_t pid;

	snprintf(qmp, sizeof(qmp), "unix:%s,server=on,wait=off", in_folder(name));
	pid = fork();
	if (!pid) {
		execlp("qemu-system-x86_64", "qemu-system-x86_64", "-M", "none", "-nodefaults",
		       "-display", "none", "-qmp", qmp, incoming ? "-incoming" : NULL, incoming,
		       NULL);
		_exit(127);
	}
	return pid;
}

/* A socket that is there takes connections at once. */
static struct qmp *opened(const char *name)
{
	const struct timespec tenth = { .tv_nsec = 100000000 };
	struct qmp *qmp = NULL;
	int i;

	for (i = 0; i < PATIENCE && !qmp; i++) {
		qmp = qmp_open(in_folder(name), why, sizeof(why));
		if (!qmp)
			nanosleep(&tenth, NULL);
	}
	if (!qmp)
		fail_msg("%s", why);
	return qmp;
}

static void end(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = -1;
}

static int setup(void **state)
{
	char incoming[128];

	(void)state;
	/* There may be no QEMU to be had here. */
	if (system("command -v qemu-system-x86_64 >/dev/null"))
		return 0;
	strcpy(folder, "/tmp/vserial-qmp-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(incoming, sizeof(incoming), "unix:%s", in_folder("migration"));
	there = begin_qemu("there", incoming);
	here = begin_qemu("here", NULL);
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "here", "there", "migration" };
	size_t i;

	(void)state;
	end(&here);
	end(&there);
	for (i = 0; i < LENGTH(names) && *folder; i++)
		unlink(in_folder(names[i]));
	rmdir(folder);
	return 0;
}

static void expect_status(struct qmp *qmp, const char *wanted)
{
	char status[QMP_STATUS_MAX] = "";

	while (strcmp(status, wanted))
		if (qmp_next_status(qmp, status, why, sizeof(why)))
			fail_msg("%s", why);
}

static void migrate(struct qmp *qmp)
{
	char uri[128];

	snprintf(uri, sizeof(uri), "unix:%s", in_folder("migration"));
	if (qmp_execute(qmp, "migrate", json_pack("{s:s}", "uri", uri), why, sizeof(why)))
		fail_msg("%s", why);
}

static void test_pauses_and_goes_on(void **state)
{
	struct qmp *qmp;

	(void)state;
	if (here < 0)
		skip();
	qmp_close(opened("there"));
	qmp = opened("here");
	if (qmp_follow_migration(qmp, why, sizeof(why)))
		fail_msg("%s", why);
	migrate(qmp);
	expect_status(qmp, "pre-switchover");
	if (qmp_execute(qmp, "migrate-continue", json_pack("{s:s}", "state", "pre-switchover"),
			why, sizeof(why)))
		fail_msg("%s", why);
	expect_status(qmp, "completed");
	qmp_close(qmp);
}

static void test_cancelled(void **state)
{
	struct qmp *qmp;

	(void)state;
	if (here < 0)
		skip();
	qmp_close(opened("there"));
	qmp = opened("here");
	assert_int_equal(qmp_follow_migration(qmp, why, sizeof(why)), 0);
	migrate(qmp);
	expect_status(qmp, "pre-switchover");
	assert_int_equal(qmp_execute(qmp, "migrate_cancel", NULL, why, sizeof(why)), 0);
	expect_status(qmp, "cancelled");
	qmp_close(qmp);
}

static void test_refusals(void **state)
{
	struct qmp *qmp;

	(void)state;
	if (here < 0)
		skip();
	qmp = opened("here");
	assert_int_equal(qmp_execute(qmp, "no-such-command", NULL, why, sizeof(why)), -1);
	assert_string_equal(why, "QEMU refuses 'no-such-command': The command no-such-command has not been found");
	end(&here);
	assert_int_equal(qmp_execute(qmp, "query-status", NULL, why, sizeof(why)), -1);
	qmp_close(qmp);
	assert_null(qmp_open(in_folder("nothing"), why, sizeof(why)));
	assert_non_null(strstr(why, "cannot connect to QEMU at"));
	here = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pauses_and_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancelled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
