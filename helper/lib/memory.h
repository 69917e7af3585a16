/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory: what cannot be had ends the program.  Who starts a daemon starts it again, and
 * what it had is with the kernel.
 */
#ifndef HELPER_MEMORY_H
#define HELPER_MEMORY_H

#include <err.h>
#include <stdlib.h>
#include <string.h>

/* The exit status of a program that ran out of memory: "refused". */
#define MEMORY_STATUS 1

static inline void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		err(MEMORY_STATUS, "out of memory");
	return p;
}

static inline void *xrealloc(void *old, size_t n, size_t size)
{
	void *p = reallocarray(old, n, size);

	if (!p)
		err(MEMORY_STATUS, "out of memory");
	return p;
}

static inline char *xstrdup(const char *s)
{
	char *p = strdup(s);

	if (!p)
		err(MEMORY_STATUS, "out of memory");
	return p;
}

#endif
