// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers as people write them.  strtoul() and its kin are no base for this:
 * they take signs, leading blanks and anything that follows.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits *@word begins with; moves *@word behind them. */
static int digits(const char **word, uint64_t *number)
{
	const char *p = *word;
	uint64_t n = 0;

	if (!is_digit(*p))
		return -EINVAL;
	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n)) {
			/* Junk behind a huge number is still no number. */
			p += strspn(p, "0123456789");
			*word = p;
			return -ERANGE;
		}
	*word = p;
	*number = n;
	return 0;
}

int number_parse(const char *word, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;
	int rc = digits(&word, &n);

	if (rc == -EINVAL || *word)
		return -EINVAL;
	if (rc || n > max)
		return -ERANGE;
	*number = n;
	return 0;
}

static int unit_shift(char unit)
{
	switch (unit) {
	case '\0':
		return 0;
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	default:
		return -EINVAL;
	}
}

int size_parse(const char *word, uint64_t max, uint64_t *size)
{
	uint64_t n = 0;
	int rc = digits(&word, &n);
	int shift;

	if (rc == -EINVAL)
		return -EINVAL;
	shift = unit_shift(*word);
	if (shift < 0 || (shift && word[1]))
		return -EINVAL;
	if (rc || n > max >> shift)
		return -ERANGE;
	*size = n << shift;
	return 0;
}

const char *size_format(uint64_t size, char text[SIZE_TEXT])
{
	static const char unit[] = "KMG";
	size_t i = 0;

	if (!size || size & 1023) {
		snprintf(text, SIZE_TEXT, "%" PRIu64, size);
		return text;
	}
	for (size >>= 10; i < 2 && !(size & 1023); size >>= 10)
		i++;
	snprintf(text, SIZE_TEXT, "%" PRIu64 "%c", size, unit[i]);
	return text;
}
