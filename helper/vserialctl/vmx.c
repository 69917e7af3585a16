// SPDX-License-Identifier: GPL-2.0-or-later
/* The file that describes a virtual machine of VMware's. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "memory.h"
#include "vmx.h"

#define BLANKS	" \t"

/* Return: the value of a hexadecimal digit, or -1. */
static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* In place.  Return: false if it would hold a NUL. */
static bool unescape(char *s)
{
	int high, low;
	char *to = s;

	while (*s) {
		high = *s == '|' ? digit(s[1]) : -1;
		low = high < 0 ? -1 : digit(s[2]);
		if (!high && !low)
			return false;
		if (low >= 0) {
			*to++ = (char)(high << 4 | low);
			s += 3;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
	return true;
}

/*
 * Takes a line apart, in place.  *@name stays NULL for one without a name.
 * Return: why it is none of the file's lines, or NULL.
 */
static const char *split(char *line, char **name, char **value)
{
	char *at, *end;
	bool quoted;

	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, BLANKS);
	if (!*line || *line == '#')
		return NULL;
	end = line + strcspn(line, BLANKS "=#");
	at = end + strspn(end, BLANKS);
	if (end == line || *at != '=')
		return "it is not NAME = \"VALUE\"";
	*end = '\0';
	*name = line;

	at++;
	at += strspn(at, BLANKS);
	quoted = *at == '"';
	*value = at + quoted;
	end = *value + strcspn(*value, quoted ? "\"" : BLANKS "#");
	if (quoted && !*end)
		return "its quote is not closed";
	at = end + quoted;
	at += strspn(at, BLANKS);
	if (*at && *at != '#')
		return "something stands behind the value";
	*end = '\0';
	return unescape(*value) ? NULL : "|00 stands for no character";
}

static int by_name(const void *a, const void *b)
{
	const struct vmx_entry *left = a, *right = b;
	int order = strcasecmp(left->name, right->name);

	if (order)
		return order;
	return left->line < right->line ? -1 : left->line > right->line;
}

static int complain(char *why, size_t size, unsigned int line, const char *sentence)
{
	snprintf(why, size, "line %u: %s", line, sentence);
	return -1;
}

/* Sorted by name; of two that are the same, nobody knows which counts. */
static int sort(struct vmx *vmx, char *why, size_t size)
{
	char sentence[160];
	size_t i;

	if (!vmx->n)
		return 0;
	qsort(vmx->v, vmx->n, sizeof(*vmx->v), by_name);
	for (i = 1; i < vmx->n; i++) {
		if (strcasecmp(vmx->v[i - 1].name, vmx->v[i].name))
			continue;
		snprintf(sentence, sizeof(sentence), "'%.80s' is there already, in line %u",
			 vmx->v[i].name, vmx->v[i - 1].line);
		return complain(why, size, vmx->v[i].line, sentence);
	}
	return 0;
}

static int add(struct vmx *vmx, char *text, size_t len, unsigned int line, char *why,
	       size_t size)
{
	char *name = NULL, *value = NULL;
	const char *wrong;

	wrong = memchr(text, '\0', len) ? "it holds a NUL byte" : split(text, &name, &value);
	if (wrong)
		return complain(why, size, line, wrong);
	if (!name)
		return 0;
	vmx->v = xrealloc(vmx->v, vmx->n + 1, sizeof(*vmx->v));
	vmx->v[vmx->n++] = (struct vmx_entry){
		.name = xstrdup(name), .value = xstrdup(value), .line = line,
	};
	return 0;
}

int vmx_read(FILE *file, struct vmx *vmx, char *why, size_t size)
{
	size_t total = 0, room = 0;
	unsigned int line = 0;
	char *text = NULL;
	ssize_t len;
	int rc = 0;

	*vmx = (struct vmx){ 0 };
	while (!rc && (len = getline(&text, &room, file)) >= 0) {
		/* Editors on Windows begin a file with this. */
		char *begin = !line && !strncmp(text, "\xef\xbb\xbf", 3) ? text + 3 : text;

		total += (size_t)len;
		if (total > VMX_SIZE_MAX)
			rc = complain(why, size, line + 1, "the file is larger than 1M");
		else
			rc = add(vmx, begin, (size_t)(text + len - begin), ++line, why, size);
	}
	if (!rc && ferror(file)) {
		snprintf(why, size, "%s", strerror(errno));
		rc = -1;
	}
	free(text);
	return rc ? rc : sort(vmx, why, size);
}

void vmx_free(struct vmx *vmx)
{
	size_t i;

	for (i = 0; i < vmx->n; i++) {
		free(vmx->v[i].name);
		free(vmx->v[i].value);
	}
	free(vmx->v);
	*vmx = (struct vmx){ 0 };
}

static int is_named(const void *key, const void *entry)
{
	return strcasecmp(key, ((const struct vmx_entry *)entry)->name);
}

const char *vmx_get(const struct vmx *vmx, const char *name)
{
	const struct vmx_entry *entry = NULL;

	if (vmx->n)
		entry = bsearch(name, vmx->v, vmx->n, sizeof(*vmx->v), is_named);
	return entry ? entry->value : NULL;
}
