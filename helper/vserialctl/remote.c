// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl on another host, by ssh. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "remote.h"

static void run_ssh(const char *host, const char *const step[REMOTE_WORDS], int input)
{
	const char *words[7 + REMOTE_WORDS + 1] = { "ssh", "-o", "BatchMode=yes", "--", host,
						    "vserialctl", "migrate" };

	memcpy(words + 7, step, REMOTE_WORDS * sizeof(*step));

	dup2(input, STDIN_FILENO);
	/* Nothing of it belongs into what is printed here. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	signal(SIGPIPE, SIG_DFL);
	execvp(words[0], (char *const *)words);
	fprintf(stderr, "vserialctl: cannot run ssh: %s\n", strerror(errno));
	_exit(127);
}

/* Whether it reads all of it is told by its exit status. */
static void feed(int fd, const struct state *state)
{
	FILE *file = fdopen(fd, "w");

	if (!file)
		err(MEMORY_STATUS, "out of memory");
	if (state)
		state_write(file, state);
	fclose(file);
}

enum ctl_status remote_migrate(struct ctl *ctl, const char *host,
			       const char *const step[REMOTE_WORDS], const struct state *state)
{
	sighandler_t before = signal(SIGPIPE, SIG_IGN);
	int fds[2], status = -1;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		err(MEMORY_STATUS, "cannot make a pipe");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(MEMORY_STATUS, "cannot make a process");
	if (!pid)
		run_ssh(host, step, fds[0]);
	close(fds[0]);
	feed(fds[1], state);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGPIPE, before);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return CTL_DONE;
	return ctl_fail(ctl, CTL_REFUSED, "'vserialctl migrate %s' has failed on %s, as said above",
			step[0], host);
}
