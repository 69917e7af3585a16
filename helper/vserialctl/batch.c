// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands from a file, one a line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "memory.h"
#include "words.h"

/**
 * struct reader - where a batch is read
 * @file: the batch
 * @line: the number of the last line read
 * @text: the command: a line, and those joined to it
 * @next: memory of getline()
 * @size: of @next
 */
struct reader {
	FILE *file;
	unsigned int line;
	char *text;
	char *next;
	size_t size;
};

/* Appends the next line to @text.  Return: 1, 0 at the end, or -1. */
static int append_line(struct reader *reader, const char **why)
{
	size_t old = reader->text ? strlen(reader->text) : 0;
	ssize_t len;

	errno = 0;
	len = getline(&reader->next, &reader->size, reader->file);
	if (len < 0 && ferror(reader->file)) {
		*why = strerror(errno);
		return -1;
	}
	if (len < 0)
		return 0;
	reader->line++;
	if (memchr(reader->next, '\0', (size_t)len)) {
		*why = "the line holds a NUL byte";
		return -1;
	}
	reader->text = xrealloc(reader->text, old + (size_t)len + 1, 1);
	memcpy(reader->text + old, reader->next, (size_t)len + 1);
	return 1;
}

/* Reads one command.  Return: 1, 0 at the end, or -1. */
static int read_command(struct reader *reader, struct words *words,
			unsigned int *line, const char **why)
{
	int rc;

	free(reader->text);
	reader->text = NULL;
	*line = reader->line + 1;
	do {
		rc = append_line(reader, why);
		if (rc < 0 || (!rc && !reader->text))
			return rc;
		if (!rc) {
			*why = "the last line ends in a backslash";
			return -1;
		}
		rc = words_split(reader->text, words, why);
	} while (rc == -EAGAIN);
	return rc ? -1 : 1;
}

static enum ctl_status run_commands(struct ctl *ctl, struct reader *reader)
{
	enum ctl_status status, first = CTL_DONE;
	struct words words;
	const char *why;
	int rc;

	while (first == CTL_DONE || ctl->force) {
		rc = read_command(reader, &words, &ctl->line, &why);
		if (!rc)
			break;
		status = CTL_DONE;
		if (rc < 0) {
			status = ctl_fail(ctl, ferror(reader->file) ? CTL_REFUSED : CTL_USAGE,
					  "%s", why);
			ctl_complain(ctl);
		} else {
			if (words.n)
				status = ctl_run(ctl, words.v);
			words_free(&words);
		}
		/* Whoever writes the batch into a pipe waits for answers. */
		fflush(stdout);
		if (first == CTL_DONE)
			first = status;
		/* Nothing can come from a file that cannot be read. */
		if (ferror(reader->file))
			break;
	}
	return first;
}

enum ctl_status batch_run(struct ctl *ctl, const char *file)
{
	bool from_stdin = !strcmp(file, "-");
	struct reader reader = { .file = from_stdin ? stdin : fopen(file, "re") };
	enum ctl_status status;

	if (!reader.file) {
		status = ctl_fail(ctl, CTL_REFUSED, "cannot read %s: %s", file,
				  strerror(errno));
		ctl_complain(ctl);
		return status;
	}
	ctl->file = from_stdin ? "standard input" : file;
	status = run_commands(ctl, &reader);
	ctl->file = NULL;

	free(reader.text);
	free(reader.next);
	if (!from_stdin)
		fclose(reader.file);
	return status;
}
