/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command's usage text says of its words. */
#ifndef VSERIALCTL_USAGE_H
#define VSERIALCTL_USAGE_H

#include <stddef.h>

/**
 * usage_literals() - the words that are to be typed as they stand, at a place
 * @args: the words behind a verb, as usage texts have them: a word in small letters, or
 *	one that begins with --, stands for itself, any other for a value; | is between
 *	words of which one is typed, [ ] around what may be left out, in any order, behind
 *	what may not
 * @given: what was typed behind the verb, the last word not to its end
 * @n: how many words that are, at least one
 * @take: called with each word that can be the last
 * @data: for @take
 */
void usage_literals(const char *args, char **given, size_t n,
		    void (*take)(const char *word, void *data), void *data);

#endif
