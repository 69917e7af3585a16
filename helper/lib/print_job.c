// SPDX-License-Identifier: GPL-2.0-or-later
/* Where print jobs end. */
#include "print_job.h"

#define CR	0x0d
#define LF	0x0a
#define FF	0x0c
#define ESC	0x1b

/* ESC % -12345 X, the universal exit: PJL follows, if anything. */
#define EXIT_LANGUAGE 12345

static void take_text(struct print_job *job, uint8_t c)
{
	if (c == ESC) {
		job->state = PRINT_ESCAPE;
		job->page_end = false;
	} else if (c == FF) {
		job->content = true;
		job->page_end = true;
	} else if (c != CR) {
		/* A return alone puts nothing on the next page. */
		job->content = true;
		job->page_end = false;
	}
}

static void begin_value(struct print_job *job)
{
	job->value = 0;
	job->negative = false;
	job->fraction = false;
}

/* Return: whether the job ends here. */
static bool take_escape(struct print_job *job, uint8_t c)
{
	if (c == ESC)
		return false;
	job->state = PRINT_TEXT;
	if (c == 'E') {
		bool ends = job->content;

		*job = (struct print_job){ 0 };
		return ends;
	}
	if (c >= '!' && c <= '/') {
		job->state = PRINT_COMMAND;
		job->parameter = (char)c;
		job->group = '\0';
		begin_value(job);
	}
	return false;
}

/* Whether bytes follow that are not to be looked at: pictures, fonts, transparent text. */
static bool has_data(const struct print_job *job, uint8_t kind)
{
	if (job->negative)
		return false;
	return kind == 'W' || (kind == 'V' && job->parameter == '*' && job->group == 'b') ||
	       (kind == 'X' && job->parameter == '&' && job->group == 'p');
}

static void end_value(struct print_job *job, uint8_t c)
{
	bool more = c >= '`';
	uint8_t kind = more ? c - 0x20 : c;

	job->state = more ? PRINT_COMMAND : PRINT_TEXT;
	if (has_data(job, kind)) {
		job->data = job->value;
		job->state = PRINT_TEXT;
	} else if (job->parameter == '%' && kind == 'X' && job->negative &&
		   job->value == EXIT_LANGUAGE) {
		job->state = PRINT_PJL;
	}
	begin_value(job);
}

static void take_command(struct print_job *job, uint8_t c)
{
	if (c >= '0' && c <= '9') {
		if (!job->fraction && job->value < UINT32_MAX / 10 - 1)
			job->value = 10 * job->value + (c - '0');
	} else if (c == '-' || c == '+') {
		job->negative = c == '-';
	} else if (c == '.') {
		job->fraction = true;
	} else if (c >= '`' && c <= '~' && !job->group) {
		job->group = (char)c;
	} else if (c >= '@' && c <= '~') {
		end_value(job, c);
	} else {
		/* Not PCL. */
		job->state = PRINT_TEXT;
		take_text(job, c);
	}
}

static void take_pjl(struct print_job *job, uint8_t c)
{
	if (c == '@') {
		job->state = PRINT_PJL_LINE;
	} else if (c != CR && c != LF) {
		job->state = PRINT_TEXT;
		take_text(job, c);
	}
}

static void take_pjl_line(struct print_job *job, uint8_t c)
{
	if (c == LF)
		job->state = PRINT_PJL;
	else if (c == ESC)
		job->state = PRINT_ESCAPE;
}

static bool take(struct print_job *job, uint8_t c)
{
	switch (job->state) {
	case PRINT_ESCAPE:
		return take_escape(job, c);
	case PRINT_COMMAND:
		take_command(job, c);
		return false;
	case PRINT_PJL:
		take_pjl(job, c);
		return false;
	case PRINT_PJL_LINE:
		take_pjl_line(job, c);
		return false;
	case PRINT_TEXT:
	default:
		take_text(job, c);
		return false;
	}
}

size_t print_job_take(struct print_job *job, const void *bytes, size_t len, bool *ends)
{
	const uint8_t *from = bytes;
	size_t at = 0, skip;

	*ends = false;
	while (at < len && !*ends) {
		if (!job->data) {
			*ends = take(job, from[at++]);
			continue;
		}
		skip = len - at < job->data ? len - at : job->data;
		job->content = true;
		job->page_end = false;
		job->data -= (uint32_t)skip;
		at += skip;
	}
	return at;
}
