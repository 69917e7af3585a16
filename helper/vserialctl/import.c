// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest and its ports as another hypervisor describes them. */
#include <stdarg.h>
#include <string.h>

#include "import.h"
#include "memory.h"
#include "object.h"
#include "words.h"

static void note(struct import *import, char *sentence)
{
	import->notes = xrealloc(import->notes, import->n_notes + 1, sizeof(*import->notes));
	import->notes[import->n_notes++] = sentence;
}

__attribute__((format(printf, 1, 0)))
static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		err(MEMORY_STATUS, "out of memory");
	return text;
}

void import_note(struct import *import, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(import, format_text(format, args));
	va_end(args);
}

static void set_backing(struct import *import, unsigned int index, const char *backing)
{
	struct import_port *port = &import->ports[index];

	free(port->backing);
	port->backing = xstrdup(backing);
}

void import_without(struct import *import, unsigned int index, const char *format, ...)
{
	va_list args;
	char *why;

	va_start(args, format);
	why = format_text(format, args);
	va_end(args);
	import_note(import, "serial%u gets the backing null: %s", index, why);
	free(why);
	set_backing(import, index, "null");
}

/* Whether it is short enough to be a specification; else null, and a note. */
static bool is_short(struct import *import, unsigned int index, const char *backing)
{
	size_t len = strlen(backing);

	if (len > VSERIAL_SPEC_MAX)
		import_without(import, index, "its far end is described by %zu bytes, and %d are the most",
			       len, VSERIAL_SPEC_MAX);
	return len <= VSERIAL_SPEC_MAX;
}

void import_service(struct import *import, unsigned int index, const char *service,
		    const char *proxy)
{
	if (!is_short(import, index, service))
		return;
	set_backing(import, index, service);
	import->ports[index].proxy = xstrdup(proxy);
}

void import_backing(struct import *import, unsigned int index, const char *backing)
{
	char why[URI_WHY_MAX];

	if (!is_short(import, index, backing))
		return;
	if (uri_check(backing, why, sizeof(why)))
		import_without(import, index, "%s", why);
	else
		set_backing(import, index, backing);
}

char *import_file(struct import *import, unsigned int index, const char *path,
		  bool append)
{
	const char *rule = NULL;
	char *spec;

	/* The rules of a specification, which has no way around them. */
	if (*path != '/')
		rule = "is not absolute";
	else if (strchr(path, '#'))
		rule = "holds a #, which would end it";
	else if (path[strlen(path) - 1] == ' ')
		rule = "ends in a blank, which would not count";
	if (rule) {
		import_note(import, "serial%u does not write to '%s': the path %s", index, path,
			    rule);
		return NULL;
	}
	if (asprintf(&spec, "file:%s#%s", path, append ? "append" : "truncate") < 0)
		err(MEMORY_STATUS, "out of memory");
	return spec;
}

/* The word is written so that a batch reads it back. */
static void write_word(FILE *file, const char *name, const char *value)
{
	char *word;

	if (!value)
		return;
	word = word_quote(value);
	fprintf(file, " %s %s", name, word);
	free(word);
}

void import_write(FILE *file, const struct import *import, const char *name)
{
	const struct import_port *port;
	unsigned int i;

	fprintf(file, "guest add %s", name);
	write_word(file, "uuid", import->uuid);
	write_word(file, "vc-uuid", import->vc_uuid);
	write_word(file, "location-uuid", import->location_uuid);
	fputc('\n', file);
	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++) {
		port = &import->ports[i];
		if (!port->there)
			continue;
		fprintf(file, "port add %s/%u", name, i);
		write_word(file, "backing", port->backing);
		write_word(file, "proxy", port->proxy);
		if (port->endpoint != VSERIAL_ENDPOINT_AUTO)
			write_word(file, "endpoint", endpoint_name(port->endpoint));
		if (port->left_off)
			write_word(file, "connect-at-power-on", "off");
		write_word(file, "log", port->log);
		if (port->yield_on_poll)
			write_word(file, "yield-on-poll", "on");
		fputc('\n', file);
	}
}

void import_free(struct import *import)
{
	size_t i;

	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++) {
		free(import->ports[i].backing);
		free(import->ports[i].proxy);
		free(import->ports[i].log);
	}
	for (i = 0; i < import->n_notes; i++)
		free(import->notes[i]);
	free(import->notes);
	free(import->name);
	free(import->uuid);
	free(import->vc_uuid);
	free(import->location_uuid);
	*import = (struct import){ 0 };
}
