/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes on their way to the guest: kept until the kernel is known to have
 * taken them, sent again from where it asks.  Pure code: says what to send,
 * sends nothing.
 */
#ifndef VSERIALD_INPUT_H
#define VSERIALD_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is read from a peer at a time, and so the most that is kept. */
#define INPUT_MAX 16384u

/**
 * struct input - the bytes of one backing
 * @data: those not known to be taken, or NULL if there are none
 * @len: how many
 * @offset: of the first of them, counted from the first ever sent, by
 *	whichever daemon
 * @sent: how many of them have been sent
 * @asked: something was sent and not answered yet
 * @room: since then the kernel has told where to go on: that can overtake the
 *	refusal it belongs to
 * @stuck: the kernel has not taken all and will ask for the rest
 */
struct input {
	char *data;
	size_t len;
	uint64_t offset;
	size_t sent;
	bool asked;
	bool room;
	bool stuck;
};

/**
 * input_add() - take bytes; only while input_idle()
 * @input: the backing's
 * @data: the bytes, from malloc(); they belong to @input now
 * @len: how many, up to INPUT_MAX
 */
void input_add(struct input *input, char *data, size_t len);

/** input_idle() - whether all has been taken, and more may be added. */
bool input_idle(const struct input *input);

/**
 * input_to_send() - the bytes to send now
 * @input: the backing's
 * @bytes: receives where they are
 * @offset: receives the offset of the first
 *
 * They count as sent afterwards.
 *
 * Return: how many, 0 if there is nothing to do.
 */
size_t input_to_send(struct input *input, const char **bytes, uint64_t *offset);

/** input_refused() - the kernel has not taken all that was sent. */
void input_refused(struct input *input);

/**
 * input_answered() - no refusal will come any more for what was sent
 * @input: the backing's
 *
 * Unless one came, all of it has been taken.
 */
void input_answered(struct input *input);

/**
 * input_rewind() - the kernel has room again
 * @input: the backing's
 * @offset: of the first byte it wants
 */
void input_rewind(struct input *input, uint64_t offset);

/** input_clear() - forget all bytes; @offset stays. */
void input_clear(struct input *input);

#endif
