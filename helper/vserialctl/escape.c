// SPDX-License-Identifier: GPL-2.0-or-later
/* What somebody types at a console. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"

#define CONTROL(c) ((c) & 0x1f)

int escape_parse(const char *word, int *character)
{
	const unsigned char *w = (const unsigned char *)word;

	if (!strcmp(word, "none"))
		*character = ESCAPE_NONE;
	else if (w[0] && !w[1] && w[0] < 0x80)
		*character = w[0];
	else if (w[0] == '^' && w[1] == '?' && !w[2])
		*character = 0x7f;
	else if (w[0] == '^' && toupper(w[1]) >= '@' && toupper(w[1]) <= '_' && !w[2])
		*character = CONTROL(w[1]);
	else
		return -EINVAL;
	return 0;
}

const char *escape_name(int character, char text[ESCAPE_TEXT])
{
	if (character == ESCAPE_NONE)
		snprintf(text, ESCAPE_TEXT, "none");
	else if (character < 0x20)
		snprintf(text, ESCAPE_TEXT, "^%c", character + '@');
	else if (character == 0x7f)
		snprintf(text, ESCAPE_TEXT, "^?");
	else
		snprintf(text, ESCAPE_TEXT, "%c", character);
	return text;
}

static enum escape_command command_of(uint8_t c)
{
	switch (c) {
	case '.':
		return ESCAPE_LEAVE;
	case CONTROL('Z'):
		return ESCAPE_SUSPEND;
	case 'B':
		return ESCAPE_BREAK;
	case 'f':
		return ESCAPE_TAKE_OVER;
	case 's':
		return ESCAPE_STATUS;
	case '?':
		return ESCAPE_HELP;
	default:
		return ESCAPE_NOTHING;
	}
}

enum escape_command escape_feed(struct escape *escape, const uint8_t *in, size_t n,
				size_t *used, uint8_t *out, size_t *len)
{
	enum escape_command command;
	size_t i;

	*len = 0;
	for (i = 0; i < n; i++) {
		uint8_t c = in[i];

		if (escape->pending) {
			escape->pending = false;
			command = command_of(c);
			if (command != ESCAPE_NOTHING) {
				*used = i + 1;
				return command;
			}
			out[(*len)++] = (uint8_t)escape->character;
			/* Twice it is itself, once. */
			if (c == escape->character) {
				escape->in_line = true;
				continue;
			}
		} else if (c == escape->character && !escape->in_line) {
			escape->pending = true;
			continue;
		}
		out[(*len)++] = c;
		escape->in_line = c != '\r' && c != '\n';
	}
	*used = n;
	return ESCAPE_NOTHING;
}
