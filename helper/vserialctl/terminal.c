// SPDX-License-Identifier: GPL-2.0-or-later
/* The terminal somebody sits at. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

/* One terminal a process; also read by a signal's handler. */
static struct termios before;
static volatile sig_atomic_t raw_fd = -1;

static const int read_signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH,
};

/* A fault of the program: nothing else will put the terminal back. */
static const int fatal_signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Safe in a signal's handler, as tcsetattr(3) is.  Waits for no output to
 * drain, which it might not on a terminal that hangs.
 */
void terminal_restore(void)
{
	if (raw_fd < 0)
		return;
	tcsetattr(raw_fd, TCSANOW, &before);
	raw_fd = -1;
}

static void on_fatal(int sig)
{
	int saved = errno;

	terminal_restore();
	errno = saved;
	/* SA_RESETHAND: now it does what it does. */
	raise(sig);
}

int terminal_raw(int fd)
{
	struct sigaction action = {
		.sa_handler = on_fatal, .sa_flags = SA_RESETHAND | SA_NODEFER,
	};
	static bool prepared;
	struct termios raw;
	size_t i;

	if (raw_fd < 0 && tcgetattr(fd, &before))
		return -errno;
	if (!prepared) {
		atexit(terminal_restore);
		for (i = 0; i < LENGTH(fatal_signals); i++)
			sigaction(fatal_signals[i], &action, NULL);
		prepared = true;
	}
	raw = before;
	cfmakeraw(&raw);
	/* Not TCSAFLUSH: what was typed ahead is for the guest. */
	raw_fd = fd;
	return tcsetattr(fd, TCSANOW, &raw) ? -errno : 0;
}

int terminal_output(int fd)
{
	char path[64];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = isatty(fd) ? open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	/* One that may not be opened, as after su(1), is used as it is. */
	return own < 0 ? fd : own;
}

bool terminal_size(int fd, uint32_t *rows, uint32_t *columns)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return false;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return true;
}

int terminal_signals(void)
{
	struct sigaction action;
	sigset_t set;
	size_t i;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (i = 0; i < LENGTH(read_signals); i++)
		/* What nohup(1) and its like ignore stays ignored. */
		if (!sigaction(read_signals[i], NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			sigaddset(&set, read_signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int terminal_signal(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

void terminal_obey(int sig)
{
	sigset_t set, old;

	terminal_restore();
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, &old);
	/* Here it ends, or it stopped and was continued. */
	sigprocmask(SIG_SETMASK, &old, NULL);
}
