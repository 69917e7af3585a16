// SPDX-License-Identifier: GPL-2.0-only
/*
 * words: what was written to an attribute, taken apart at blanks.  Pure code.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "reason.h"
#include "words.h"

/* Not isspace(), for which a byte of a UTF-8 character may be a blank. */
#define VSERIAL_BLANKS	" \t\n"

/**
 * vserial_words_split() - take a line apart
 * @w: filled; to be freed with vserial_words_free() if this succeeds
 * @line: what was written, perhaps with a newline at its end
 * @max: the last of so many words is the rest of the line
 * @reason: says why not
 *
 * Return: 0 or -ENOMEM.
 */
int vserial_words_split(struct vserial_words *w, const char *line,
			unsigned int max, struct vserial_reason *reason)
{
	size_t len;
	char *rest;

	w->nr = 0;
	w->copy = kstrdup(line, GFP_KERNEL);
	if (!w->copy)
		return vserial_refuse(reason, -ENOMEM, "out of memory");
	rest = w->copy;
	len = strlen(rest);
	while (len && strchr(VSERIAL_BLANKS, rest[len - 1]))
		rest[--len] = '\0';
	rest += strspn(rest, VSERIAL_BLANKS);
	while (*rest && w->nr < max - 1) {
		w->word[w->nr++] = rest;
		rest += strcspn(rest, VSERIAL_BLANKS);
		if (*rest)
			*rest++ = '\0';
		rest += strspn(rest, VSERIAL_BLANKS);
	}
	if (*rest)
		w->word[w->nr++] = rest;
	return 0;
}

/**
 * vserial_words_force() - the words of a removal: what, and perhaps "force"
 * @w: the words
 * @attribute: the attribute's name, for the sentence
 * @what: what it takes, for the sentence
 * @force: filled
 * @reason: says why not
 *
 * Return: 0 or -EINVAL.
 */
int vserial_words_force(const struct vserial_words *w, const char *attribute,
			const char *what, bool *force,
			struct vserial_reason *reason)
{
	*force = w->nr == 2;
	if (w->nr < 1 || w->nr > 2 || (w->nr == 2 && strcmp(w->word[1], "force")))
		return vserial_refuse(reason, -EINVAL,
				      "%s takes %s, and 'force' after it if need be",
				      attribute, what);
	return 0;
}

/**
 * vserial_words_free() - let go of the words
 * @w: the words
 */
void vserial_words_free(struct vserial_words *w)
{
	kfree(w->copy);
}
