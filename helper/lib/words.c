// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of text as lists of words; the rules are in words.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "words.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' ||
	       c == '\f';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* A backslash and what follows are behind a line: the line goes on. */
static bool is_joint(const char *p)
{
	return p[0] == '\n' || (p[0] == '\r' && p[1] == '\n');
}

/**
 * struct splitter - where words_split() stands
 * @in: the next character to read
 * @out: where the next character of a word goes; never ahead of @in
 * @why: where the reason of a refusal goes
 */
struct splitter {
	const char *in;
	char *out;
	const char **why;
};

static int refuse(struct splitter *s, const char *why)
{
	*s->why = why;
	return -EINVAL;
}

/* The character behind a backslash in double quotes. */
static int escape(struct splitter *s)
{
	char c = *s->in++;
	int high, low;

	switch (c) {
	case '\\':
	case '"':
		*s->out++ = c;
		return 0;
	case 'n':
		*s->out++ = '\n';
		return 0;
	case 'r':
		*s->out++ = '\r';
		return 0;
	case 't':
		*s->out++ = '\t';
		return 0;
	case 'x':
		high = hex_digit(s->in[0]);
		low = high < 0 ? -1 : hex_digit(s->in[1]);
		if (low < 0 || (!high && !low))
			return refuse(s, "\\x needs two hexadecimal digits and cannot be \\x00");
		*s->out++ = (char)(high << 4 | low);
		s->in += 2;
		return 0;
	default:
		return refuse(s, "double quotes know the escapes \\\\ \\\" \\n \\r \\t and \\xHH only");
	}
}

/* A backslash outside single quotes: the end of the line, or a character. */
static int backslash(struct splitter *s, bool quoted)
{
	s->in++;
	if (!*s->in)
		return -EAGAIN;
	if (is_joint(s->in)) {
		s->in += *s->in == '\r' ? 2 : 1;
		return *s->in ? 0 : -EAGAIN;
	}
	if (quoted)
		return escape(s);
	*s->out++ = *s->in++;
	return 0;
}

static int single_quoted(struct splitter *s)
{
	for (s->in++; *s->in != '\''; *s->out++ = *s->in++)
		if (!*s->in || is_joint(s->in))
			return refuse(s, "a single quote is not closed on its line");
	s->in++;
	return 0;
}

static int double_quoted(struct splitter *s)
{
	int rc;

	s->in++;
	while (*s->in != '"') {
		if (!*s->in || is_joint(s->in))
			return refuse(s, "a double quote is not closed on its line");
		if (*s->in == '\\') {
			rc = backslash(s, true);
			if (rc)
				return rc;
		} else {
			*s->out++ = *s->in++;
		}
	}
	s->in++;
	return 0;
}

/* One word, from its first character to the blank behind its last. */
static int word(struct splitter *s)
{
	int rc = 0;

	while (!rc && *s->in && !is_blank(*s->in)) {
		if (*s->in == '\'')
			rc = single_quoted(s);
		else if (*s->in == '"')
			rc = double_quoted(s);
		else if (*s->in == '\\')
			rc = backslash(s, false);
		else
			*s->out++ = *s->in++;
	}
	return rc;
}

/* Skips blanks, comments and joints; true if a word follows. */
static bool next_word(struct splitter *s, int *rc)
{
	for (;;) {
		while (is_blank(*s->in))
			s->in++;
		if (!*s->in || *s->in == '#')
			return false;
		if (*s->in != '\\' || (s->in[1] && !is_joint(s->in + 1)))
			return true;
		*rc = backslash(s, false);
		if (*rc)
			return false;
	}
}

int words_split(const char *line, struct words *words, const char **why)
{
	/* Half the characters, rounded up, can begin a word. */
	size_t most = strlen(line) / 2 + 2;
	struct splitter s = { .in = line, .why = why };
	int rc = 0;

	words->v = xcalloc(most, sizeof(*words->v));
	words->store = xcalloc(strlen(line) + 2, 1);
	words->n = 0;
	s.out = words->store;

	while (!rc && next_word(&s, &rc)) {
		words->v[words->n++] = s.out;
		rc = word(&s);
		*s.out++ = '\0';
	}
	if (rc)
		words_free(words);
	return rc;
}

void words_free(struct words *words)
{
	free(words->v);
	free(words->store);
	*words = (struct words){ 0 };
}

/*
 * What stands without quotes.  Fewer characters than words_split() could do
 * with, so that most saved lines also pass through a shell unharmed.
 */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("_-.,:/=+@%#", c));
}

static bool needs_quotes(const char *word)
{
	if (!*word || *word == '#')
		return true;
	for (; *word; word++)
		if (!is_plain(*word))
			return true;
	return false;
}

char *word_quote(const char *word)
{
	char *quoted, *out;

	if (!needs_quotes(word))
		return xstrdup(word);

	out = quoted = xcalloc(strlen(word) * 4 + 3, 1);
	*out++ = '"';
	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;

		if (c == '"' || c == '\\') {
			*out++ = '\\';
			*out++ = (char)c;
		} else if (c < ' ' || c == 0x7f) {
			out += sprintf(out, "\\x%02x", c);
		} else {
			*out++ = (char)c;
		}
	}
	*out = '"';
	return quoted;
}
