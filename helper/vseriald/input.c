// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes on their way to the guest. */
#include <stdlib.h>
#include <string.h>

#include "input.h"

void input_clear(struct input *input)
{
	free(input->data);
	*input = (struct input){ .offset = input->offset };
}

void input_add(struct input *input, char *data, size_t len)
{
	free(input->data);
	*input = (struct input){ .data = data, .len = len, .offset = input->offset };
}

bool input_idle(const struct input *input)
{
	return !input->len;
}

size_t input_to_send(struct input *input, const char **bytes, uint64_t *offset)
{
	size_t len = input->len - input->sent;

	if (input->stuck || !len)
		return 0;
	*bytes = input->data + input->sent;
	*offset = input->offset + input->sent;
	input->sent = input->len;
	input->asked = true;
	return len;
}

void input_refused(struct input *input)
{
	if (input->asked && !input->room)
		input->stuck = true;
}

void input_answered(struct input *input)
{
	bool taken = input->asked && !input->stuck && !input->room;

	input->asked = false;
	input->room = false;
	if (!taken)
		return;
	input->offset += input->len;
	input_clear(input);
}

void input_rewind(struct input *input, uint64_t offset)
{
	/* A kernel that counts differently is right: what is kept comes next. */
	if (offset < input->offset || offset > input->offset + input->len)
		input->offset = offset;
	input->sent = (size_t)(offset - input->offset);
	input->stuck = false;
	input->room = input->asked;
	if (input->sent == input->len) {
		input->offset = offset;
		input_clear(input);
	}
}
