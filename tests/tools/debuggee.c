// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * debuggee: what is debugged inside a guest
 *
 * Calls reach() with 1, 2 ... for a debugger to stop at.  With the name of a
 * serial port it prints the modem lines there instead.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static volatile int reached;

__attribute__((noinline)) static void reach(int turn)
{
	reached += turn;
}

static int print_lines(const char *name)
{
	static const struct {
		int bit;
		const char *word;
	} lines[] = {
		{ TIOCM_DTR, "DTR" }, { TIOCM_RTS, "RTS" }, { TIOCM_CTS, "CTS" },
		{ TIOCM_DSR, "DSR" }, { TIOCM_CD, "DCD" },
	};
	int fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK), state;

	if (fd < 0 || ioctl(fd, TIOCMGET, &state)) {
		perror(name);
		return 1;
	}
	printf("lines");
	for (unsigned int i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (state & lines[i].bit)
			printf(" %s", lines[i].word);
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return print_lines(argv[1]);
	for (int turn = 1; turn <= 1000; turn++)
		reach(turn);
	printf("debuggee: reached %d\n", reached);
	return 0;
}
