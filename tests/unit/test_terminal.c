// SPDX-License-Identifier: GPL-2.0-or-later
/* A terminal made raw and put back, however the program ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"
#include "unit.h"

static int master, slave;

static int open_terminal(void **state)
{
	(void)state;
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	return slave < 0 ? -1 : 0;
}

static int close_terminal(void **state)
{
	(void)state;
	close(slave);
	return close(master);
}

static bool is_raw(void)
{
	struct termios t;

	assert_int_equal(tcgetattr(slave, &t), 0);
	return !(t.c_lflag & (ICANON | ECHO | ISIG | IEXTEN)) &&
	       !(t.c_iflag & (ICRNL | IXON | ISTRIP)) && !(t.c_oflag & OPOST) &&
	       (t.c_cflag & CSIZE) == CS8;
}

static void test_raw_and_back(void **state)
{
	struct termios before, after;

	(void)state;
	/* There are bytes between its members. */
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	tcgetattr(slave, &before);
	assert_false(is_raw());
	/* Nothing to put back yet. */
	terminal_restore();
	assert_int_equal(terminal_raw(slave), 0);
	assert_true(is_raw());
	/* Again, as behind SIGCONT: what was there at first is kept. */
	assert_int_equal(terminal_raw(slave), 0);
	terminal_restore();
	tcgetattr(slave, &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void test_no_terminal(void **state)
{
	uint32_t rows, columns;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(terminal_raw(pipes[0]), -ENOTTY);
	assert_false(terminal_size(pipes[0], &rows, &columns));
	close(pipes[0]);
	close(pipes[1]);
}

static void test_size(void **state)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	uint32_t rows, columns;

	(void)state;
	assert_false(terminal_size(slave, &rows, &columns));
	ioctl(master, TIOCSWINSZ, &size);
	assert_true(terminal_size(slave, &rows, &columns));
	assert_int_equal(rows, 24);
	assert_int_equal(columns, 80);
}

/* Runs @end in a child with a raw terminal.  Return: how the child ended. */
static int child(void (*end)(int signals))
{
	int status, signals;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		signals = terminal_signals();
		if (signals < 0 || terminal_raw(slave) || !is_raw())
			_exit(99);
		end(signals);
		_exit(98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(is_raw());
	return status;
}

static void end_by_exit(int signals)
{
	(void)signals;
	exit(7);
}

static void end_by_term(int signals)
{
	int sig;

	raise(SIGTERM);
	sig = terminal_signal(signals);
	if (sig == SIGTERM && !terminal_signal(signals))
		terminal_obey(sig);
}

/* AddressSanitizer has no handler of its own for this one. */
static void end_by_fault(int signals)
{
	(void)signals;
	raise(SIGILL);
}

static void test_ends(void **state)
{
	int status;

	(void)state;
	status = child(end_by_exit);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	status = child(end_by_term);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	status = child(end_by_fault);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGILL);
}

/* What nohup(1) had ignored stays ignored. */
static void end_when_asked_twice(int signals)
{
	raise(SIGHUP);
	raise(SIGINT);
	_exit(terminal_signal(signals) == SIGINT && !terminal_signal(signals) ? 5 : 6);
}

static void ignore_and_end(int signals)
{
	sigset_t none;

	close(signals);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGHUP, SIG_IGN);
	/* A shell has it ignored for what it runs in the background. */
	signal(SIGINT, SIG_DFL);
	terminal_restore();
	end_when_asked_twice(terminal_signals());
}

static void test_ignored(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(child(ignore_and_end)), 5);
}

int main(void)
{
	/* First those that fork: what is prepared once is prepared in the child. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ends, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_ignored, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_raw_and_back, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_no_terminal, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_size, open_terminal, close_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
