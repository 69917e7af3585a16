/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Part of every file of the programs of tests/vm/run --gcov: what they count is kept
 * also where nobody hands them the environment down (sshd, the daemon), and when they end
 * by a signal, as those do that run until somebody has seen enough.
 */
#ifndef COUNTS_H
#define COUNTS_H

int setenv(const char *name, const char *value, int overwrite);
int raise(int number);
void (*signal(int number, void (*handler)(int)))(int);
void __gcov_dump(void);

/* <signal.h> is not for files that have yet to say what they want of it. */
enum { COUNTS_INT = 2, COUNTS_TERM = 15 };

static void counts_dump(int number)
{
	__gcov_dump();
	signal(number, (void (*)(int))0);
	raise(number);
}

__attribute__((constructor)) static void counts_begin(void)
{
	static const int numbers[] = { COUNTS_INT, COUNTS_TERM };
	unsigned int i;

	setenv("GCOV_PREFIX", "/run/gcov", 0);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		/* Who was told to ignore it does. */
		if (signal(numbers[i], counts_dump) == (void (*)(int))1)
			signal(numbers[i], (void (*)(int))1);
}

#endif
