// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts vserial-print. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "print_child.h"

#define PROGRAM "vserial-print"
#define PROGRAM_FD 3

/**
 * struct plan - what the child needs, made before it begins: another thread of
 * the parent may have held a lock of the C library then
 * @program: the program
 * @argv: its arguments
 * @become: it has @uid and @gid
 * @uid: whom it runs as
 * @gid: that one's group
 * @in: the job
 * @out: where it says why it fails
 * @parent: us
 */
struct plan {
	int program;
	const char *argv[8];
	bool become;
	uid_t uid;
	gid_t gid;
	int in;
	int out;
	pid_t parent;
};

int print_program(void)
{
	char path[512];
	const size_t room = sizeof(path) - sizeof(PROGRAM);
	ssize_t n = readlink("/proc/self/exe", path, room);
	char *slash;
	int fd;

	if (n < 0 || (size_t)n == room)
		return n < 0 ? -errno : -ENAMETOOLONG;
	path[n] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash + 1, PROGRAM, sizeof(PROGRAM));
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int find_user(struct plan *plan, const char *user, char *why)
{
	const struct passwd *pw;

	if (!*user)
		return 0;
	pw = getpwnam(user);
	if (!pw) {
		snprintf(why, SPOOL_WHY_MAX, "there is no user '%.64s' to print as; name another with print-user in vseriald.conf",
			 user);
		return -ENXIO;
	}
	plan->become = true;
	plan->uid = pw->pw_uid;
	plan->gid = pw->pw_gid;
	return 0;
}

/* Gives up all that it can; raw calls, as the C library's tell threads that are not there. */
static void drop_rights(const struct plan *plan)
{
	const struct rlimit none = { 0 };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* Without the right to, there is nothing to give up either. */
	if (plan->become && !syscall(SYS_setgroups, 0, NULL)) {
		if (syscall(SYS_setresgid, plan->gid, plan->gid, plan->gid) ||
		    syscall(SYS_setresuid, plan->uid, plan->uid, plan->uid))
			_exit(PRINT_AGAIN);
	}
	/* It has no file to write. */
	setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_CORE, &none);
}

static void __attribute__((noreturn)) run(const struct plan *plan)
{
	static const char *const environment[] = { "PATH=/usr/bin", "HOME=/nonexistent", NULL };
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	const struct sigaction ignored = { .sa_handler = SIG_IGN };
	sigset_t none;
	int fd = open("/dev/null", O_WRONLY);

	if (dup2(plan->in, 0) < 0 || dup2(fd, 1) < 0 || dup2(plan->out, 2) < 0 ||
	    dup2(plan->program, PROGRAM_FD) < 0)
		_exit(PRINT_AGAIN);
	syscall(SYS_close_range, PROGRAM_FD + 1, ~0u, 0);
	sigaction(SIGTERM, &usual, NULL);
	sigaction(SIGIO, &usual, NULL);
	sigaction(SIGPIPE, &ignored, NULL);
	sigaction(SIGXFSZ, &ignored, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	drop_rights(plan);
	/*
	 * Another user's process the daemon may not end, nor may the kernel on
	 * its behalf (PR_SET_PDEATHSIG).  SIGIO does, when nobody is left to
	 * read the report.
	 */
	fcntl(2, F_SETOWN, getpid());
	fcntl(2, F_SETFL, O_ASYNC);
	if (getppid() != plan->parent)
		_exit(PRINT_AGAIN);
	/* By its descriptor: its folder may be closed to this user. */
	execveat(PROGRAM_FD, "", (char *const *)plan->argv, (char *const *)environment,
		 AT_EMPTY_PATH);
	dprintf(2, "cannot run " PROGRAM ": %s", strerror(errno));
	_exit(PRINT_AGAIN);
}

static pid_t start(struct plan *plan, int *report)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	plan->out = ends[1];
	plan->parent = getpid();
	pid = fork();
	if (!pid)
		run(plan);
	if (pid < 0)
		pid = -errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return pid;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*report = ends[0];
	return pid;
}

pid_t print_child(const struct conf *conf, int program, const struct spool_job *job, int *report,
		  char *why)
{
	char title[VSERIAL_NAME_MAX + 32], user[32], ca[PATH_MAX + 8];
	struct plan plan = {
		.program = program,
		.argv = { PROGRAM, title, user, ca, job->label.printer },
	};
	pid_t pid;

	if (program < 0) {
		snprintf(why, SPOOL_WHY_MAX, "there was no " PROGRAM " beside vseriald when that began: %s",
			 strerror(-program));
		return -ENXIO;
	}
	if (find_user(&plan, conf->print_user, why))
		return -ENXIO;
	snprintf(title, sizeof(title), "--title=%s/%" PRIu32, job->label.guest, job->label.index);
	snprintf(user, sizeof(user), "--uid=%" PRIu32, spool_user(&job->label));
	snprintf(ca, sizeof(ca), "--ca=%s", conf->ca);
	plan.in = spool_read(job);
	if (plan.in < 0) {
		snprintf(why, SPOOL_WHY_MAX, "cannot read a job in %s: %s", conf->spool,
			 strerror(-plan.in));
		return plan.in;
	}
	pid = start(&plan, report);
	close(plan.in);
	if (pid < 0)
		snprintf(why, SPOOL_WHY_MAX, "cannot start " PROGRAM ": %s", strerror(-pid));
	return pid;
}
