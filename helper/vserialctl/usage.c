// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "usage.h"

/**
 * struct place - a word of the usage text
 * @text: the word, or several with | between them
 * @begins: it is the first of those between two brackets
 * @inside: it is between brackets
 */
struct place {
	char *text;
	bool begins;
	bool inside;
};

/* Of those that stand for themselves, hands each to @take; true if one is @wanted. */
static bool each_literal(const char *text, const char *wanted,
			 void (*take)(const char *word, void *data), void *data)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	bool found = false;

	while ((word = strsep(&rest, "|"))) {
		if (!*word || word[strspn(word, "abcdefghijklmnopqrstuvwxyz-")])
			continue;
		found |= wanted && !strcmp(word, wanted);
		if (take)
			take(word, data);
	}
	free(copy);
	return found;
}

/* Cuts @text into places; return: how many. */
static size_t cut(char *text, struct place *places)
{
	size_t n = 0, len;
	int depth = 0;
	char *word, *p;

	for (; (word = strsep(&text, " ")); n++) {
		places[n].begins = *word == '[';
		places[n].inside = depth || *word == '[';
		places[n].text = word + (*word == '[');
		for (p = word; *p; p++)
			depth += (*p == '[') - (*p == ']');
		len = strlen(word);
		/* The bracket of the first word, which may be the last. */
		if (len && word[len - 1] == ']' && !depth && places[n].inside)
			word[len - 1] = '\0';
	}
	return n;
}

/* Whether the words of @place that stand for themselves have one that was typed. */
static bool was_given(const struct place *place, char **given, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (each_literal(place->text, given[i], NULL, NULL))
			return true;
	return false;
}

void usage_literals(const char *args, char **given, size_t n,
		    void (*take)(const char *word, void *data), void *data)
{
	char *copy = xstrdup(args);
	struct place *places = xcalloc(strlen(args) + 1, sizeof(*places));
	size_t all = cut(copy, places), needed = 0, i;

	while (needed < all && !places[needed].inside)
		needed++;
	if (n <= needed) {
		each_literal(places[n - 1].text, NULL, take, data);
		goto out;
	}
	/* A word between brackets has a value behind it. */
	for (i = needed; n > 1 && i + 1 < all; i++)
		if (places[i].begins && places[i + 1].inside && !places[i + 1].begins &&
		    n - 1 > needed && each_literal(places[i].text, given[n - 2], NULL, NULL)) {
			each_literal(places[i + 1].text, NULL, take, data);
			goto out;
		}
	for (i = needed; i < all; i++)
		if (places[i].begins && !was_given(&places[i], given + needed, n - 1 - needed))
			each_literal(places[i].text, NULL, take, data);
out:
	free(places);
	free(copy);
}
