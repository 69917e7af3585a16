// SPDX-License-Identifier: GPL-2.0-or-later
/* The numbers behind a socket's data path. */
#include <string.h>

#include "flow.h"
#include "memory.h"

/* Output. */

void flow_output_start(struct flow_output *output, uint64_t offset)
{
	*output = (struct flow_output){ offset, offset, offset };
}

size_t flow_output_accept(struct flow_output *output, uint64_t offset, size_t n,
			  uint64_t *lost)
{
	size_t again = 0;

	*lost = 0;
	if (offset > output->next)
		*lost = offset - output->next;
	else if (output->next - offset < n)
		again = (size_t)(output->next - offset);
	else
		again = n;
	if (again < n || *lost)
		output->next = offset + n;
	return again;
}

void flow_output_settle(struct flow_output *output, uint64_t offset)
{
	if (offset > output->settled)
		output->settled = offset;
}

bool flow_output_tell(struct flow_output *output, uint64_t *offset)
{
	if (output->told == output->settled)
		return false;
	*offset = output->told = output->settled;
	return true;
}

/* Input. */

void flow_input_start(struct flow_input *input, size_t max)
{
	*input = (struct flow_input){ .bytes = xcalloc(max, 1), .max = max };
}

void flow_input_free(struct flow_input *input)
{
	free(input->bytes);
	*input = (struct flow_input){ 0 };
}

size_t flow_input_put(struct flow_input *input, const void *bytes, size_t n)
{
	size_t room = input->max - input->n;

	if (n > room)
		n = room;
	if (n)
		memcpy(input->bytes + input->n, bytes, n);
	input->n += n;
	return n;
}

bool flow_input_break(struct flow_input *input, uint32_t ms)
{
	if (input->n_breaks == FLOW_BREAKS_MAX)
		return false;
	input->breaks[input->n_breaks++] = (struct flow_break){
		.offset = input->base + input->n, .ms = ms,
	};
	return true;
}

bool flow_input_empty(const struct flow_input *input)
{
	return !input->n && !input->n_breaks;
}

void flow_input_clear(struct flow_input *input)
{
	input->n = 0;
	input->n_breaks = 0;
	input->under_way = FLOW_NOTHING;
	input->blocked = false;
	input->renumber = true;
}

bool flow_input_next(struct flow_input *input, size_t max,
		     struct flow_piece *piece)
{
	size_t n = input->n;

	if (input->under_way != FLOW_NOTHING || input->blocked ||
	    flow_input_empty(input))
		return false;
	*piece = (struct flow_piece){ .kind = FLOW_BYTES, .offset = input->base };
	if (input->n_breaks && input->breaks[0].offset == input->base) {
		piece->kind = FLOW_BREAK;
		piece->ms = input->breaks[0].ms;
	} else {
		if (input->n_breaks)
			n = (size_t)(input->breaks[0].offset - input->base);
		piece->n = n < max ? n : max;
		piece->bytes = input->bytes;
	}
	input->under_way = piece->kind;
	input->end = input->base + piece->n;
	input->room = false;
	return true;
}

/* All bytes before @offset were taken, as far as there are any. */
static void taken(struct flow_input *input, uint64_t offset)
{
	size_t n;

	if (offset <= input->base)
		return;
	n = offset - input->base < input->n ? (size_t)(offset - input->base) :
					      input->n;
	input->n -= n;
	input->base += n;
	memmove(input->bytes, input->bytes + n, input->n);
}

void flow_input_answer(struct flow_input *input, bool all)
{
	enum flow_under_way was = input->under_way;

	input->under_way = FLOW_NOTHING;
	if (was == FLOW_NOTHING)
		return;
	input->renumber &= !all;
	if (!all) {
		/* Room that was found in between is not told of again. */
		input->blocked = !input->room;
	} else if (was == FLOW_BYTES) {
		taken(input, input->end);
	} else if (was == FLOW_BREAK && input->n_breaks) {
		input->n_breaks--;
		memmove(input->breaks, input->breaks + 1,
			input->n_breaks * sizeof(*input->breaks));
	}
}

static void renumber(struct flow_input *input, uint64_t offset)
{
	size_t i;

	for (i = 0; i < input->n_breaks; i++)
		input->breaks[i].offset += offset - input->base;
	input->base = offset;
	input->renumber = false;
}

void flow_input_room(struct flow_input *input, uint64_t offset)
{
	uint64_t end = input->base + input->n;

	/* A break keeps its place: bytes behind it were not sent before it. */
	if (input->n_breaks && input->breaks[0].offset < end)
		end = input->breaks[0].offset;
	if (input->renumber)
		renumber(input, offset);
	else
		taken(input, offset < end ? offset : end);
	input->blocked = false;
	input->room = true;
}

void flow_input_retry(struct flow_input *input)
{
	input->under_way = FLOW_NOTHING;
	input->blocked = false;
}
