// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines on stderr. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "printable.h"

#define LINE_MAX_BYTES 2048

static int least = LOG_INFO;
static bool journal;

void log_init(bool debug)
{
	least = debug ? LOG_DEBUG : LOG_INFO;
	journal = getenv("JOURNAL_STREAM");
}

void log_line(int priority, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;
	char *text;

	if (priority > least)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* It may quote what a peer or a configuration brought. */
	text = printable(line, false);
	if (journal)
		fprintf(stderr, "<%d>%s\n", priority, text);
	else
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
	free(text);
}
