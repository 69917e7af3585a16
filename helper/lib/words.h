/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of text as lists of words, and words quoted so that they come back
 * from a line exactly as they were.
 *
 * Words are parted by blanks.  '#' where a word would begin opens a comment
 * (a '#' inside a word is part of it, as backing specifications need it).
 * Quotes: '...' takes everything as it stands; "..." knows the escapes
 * \\ \" \n \r \t and \xHH and refuses others; outside quotes a backslash
 * takes the next character as it stands.  Outside single quotes a backslash
 * at the end of a line joins the next line to it.
 */
#ifndef HELPER_WORDS_H
#define HELPER_WORDS_H

#include <stddef.h>

/**
 * struct words - the words of one line
 * @v: the words, and a NULL behind the last
 * @n: how many words there are
 */
struct words {
	char **v;
	size_t n;
	char *store; /* private: the memory the words lie in */
};

/**
 * words_split() - part a line into words
 * @line: the line, with or without its newline
 * @words: receives the words; the caller ends with words_free(), and has
 *	nothing to free on failure
 * @why: receives the reason of -EINVAL, a constant sentence
 *
 * Return: 0; -EINVAL (quotes left open, an escape that does not exist);
 * -EAGAIN (the line ends in a backslash: append the next line and try
 * again; at the end of the input this is an error).
 */
int words_split(const char *line, struct words *words, const char **why);

/** words_free() - free what words_split() made. */
void words_free(struct words *words);

/**
 * word_quote() - write a word so that words_split() reads it back
 * @word: any bytes but NUL
 *
 * Return: the word, in quotes only where it needs them; the caller frees it.
 */
char *word_quote(const char *word);

#endif
