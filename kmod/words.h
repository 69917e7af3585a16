/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words: what was written to an attribute, taken apart at blanks.  Pure code.
 */
#ifndef _VSERIAL_WORDS_H
#define _VSERIAL_WORDS_H

#include <linux/types.h>

struct vserial_reason;

/* No attribute takes more; the last word holds the rest of the line. */
#define VSERIAL_WORDS_MAX	3

/**
 * struct vserial_words - the words of a line
 * @copy: owns the text
 * @word: the words
 * @nr: how many
 */
struct vserial_words {
	char *copy;
	char *word[VSERIAL_WORDS_MAX];
	unsigned int nr;
};

int vserial_words_split(struct vserial_words *w, const char *line,
			unsigned int max, struct vserial_reason *reason);
int vserial_words_force(const struct vserial_words *w, const char *attribute,
			const char *what, bool *force,
			struct vserial_reason *reason);
void vserial_words_free(struct vserial_words *w);

#endif /* _VSERIAL_WORDS_H */
