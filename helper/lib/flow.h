/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers behind a socket's data path (linux/vserial.h, Data): which
 * output came and is settled, which input was taken and what comes next.
 * Pure: no I/O; attach.c moves the messages.
 */
#ifndef HELPER_FLOW_H
#define HELPER_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Output: bytes out of the guest. */

/**
 * struct flow_output - where a session stands in the guest's output
 * @next: offset of the byte that is expected next
 * @settled: all before this offset is where it should go
 * @told: what of @settled the kernel was told
 */
struct flow_output {
	uint64_t next;
	uint64_t settled;
	uint64_t told;
};

/** flow_output_start() - begin at an offset. */
void flow_output_start(struct flow_output *output, uint64_t offset);

/**
 * flow_output_accept() - bytes came
 * @output: the session's output
 * @offset: the offset of the first
 * @n: how many
 * @lost: receives how many bytes before them never came
 *
 * Return: how many of the first came before and are to be passed over.
 */
size_t flow_output_accept(struct flow_output *output, uint64_t offset, size_t n,
			  uint64_t *lost);

/** flow_output_settle() - all before @offset is where it should go. */
void flow_output_settle(struct flow_output *output, uint64_t offset);

/**
 * flow_output_tell() - is there something to tell the kernel?
 * @output: the session's output
 * @offset: receives up to where all is settled
 *
 * Return: true if the kernel has not been told; it counts as told now.
 */
bool flow_output_tell(struct flow_output *output, uint64_t *offset);

/* Input: bytes and breaks into the guest. */

#define FLOW_BREAKS_MAX 16

/**
 * struct flow_break - a break among the bytes
 * @offset: it comes before the byte with this offset
 * @ms: how long
 */
struct flow_break {
	uint64_t offset;
	uint32_t ms;
};

enum flow_under_way {
	FLOW_NOTHING,
	FLOW_BYTES,
	FLOW_BREAK,
};

/**
 * struct flow_input - input that the kernel has yet to take
 * @bytes: memory for @max bytes; the first @n of them wait
 * @max: how many may wait
 * @n: how many wait
 * @base: the offset of the first; all before it was taken
 * @breaks: those among them, in order
 * @n_breaks: how many there are
 * @under_way: what was sent and has not been answered
 * @end: the offset behind the bytes under way
 * @blocked: the kernel said that it will tell when there is room
 * @room: it told so while something was under way
 * @renumber: what waited was forgotten: the kernel's next word on where to go
 *	on says how the bytes are numbered, not that they were taken
 *
 * One piece is under way at a time: its answer follows at once, and says
 * whether the next may go.
 */
struct flow_input {
	uint8_t *bytes;
	size_t max;
	size_t n;
	uint64_t base;
	struct flow_break breaks[FLOW_BREAKS_MAX];
	size_t n_breaks;
	enum flow_under_way under_way;
	uint64_t end;
	bool blocked;
	bool room;
	bool renumber;
};

/**
 * struct flow_piece - what goes into one message
 * @kind: FLOW_BYTES or FLOW_BREAK
 * @offset: of the first byte, or of the one behind the break
 * @bytes: the bytes
 * @n: how many
 * @ms: the length of the break
 */
struct flow_piece {
	enum flow_under_way kind;
	uint64_t offset;
	const uint8_t *bytes;
	size_t n;
	uint32_t ms;
};

/** flow_input_start() - begin with room for @max bytes. */
void flow_input_start(struct flow_input *input, size_t max);

/** flow_input_free() - give back the memory. */
void flow_input_free(struct flow_input *input);

/** flow_input_put() - add bytes.  Return: how many there was room for. */
size_t flow_input_put(struct flow_input *input, const void *bytes, size_t n);

/** flow_input_break() - add a break.  Return: false if there are too many. */
bool flow_input_break(struct flow_input *input, uint32_t ms);

/** flow_input_empty() - has everything been taken? */
bool flow_input_empty(const struct flow_input *input);

/** flow_input_clear() - forget what waits; it was not taken. */
void flow_input_clear(struct flow_input *input);

/**
 * flow_input_next() - what to send now
 * @input: the session's input
 * @max: the most bytes in a piece
 * @piece: receives it; it counts as under way, and its bytes stay where they
 *	are until the next call that changes @input
 *
 * Return: false if there is nothing, or it has to wait.
 */
bool flow_input_next(struct flow_input *input, size_t max,
		     struct flow_piece *piece);

/**
 * flow_input_answer() - the piece under way was answered
 * @input: the session's input
 * @taken: all of it was taken; otherwise flow_input_room() will be told how much
 */
void flow_input_answer(struct flow_input *input, bool taken);

/**
 * flow_input_room() - the kernel says where to go on, and that it has room
 * @input: the session's input
 * @offset: all before it was taken
 */
void flow_input_room(struct flow_input *input, uint64_t offset);

/**
 * flow_input_retry() - an answer may have been lost: send again
 * @input: the session's input
 *
 * The kernel passes over what it took before, and says where to go on.
 */
void flow_input_retry(struct flow_input *input);

#endif
