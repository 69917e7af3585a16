/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The newest output of a port, for all of its viewers.
 *
 * Bytes have two numbers: their offset in the port's stream, which jumps
 * where bytes were lost, and their position here, which counts those that
 * came and never jumps.  A viewer is a position.  Pure code.
 */
#ifndef VSERIALD_RING_H
#define VSERIALD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/**
 * struct ring_jump - where offsets jump
 * @position: of the first byte behind the jump
 * @offset: its offset
 */
struct ring_jump {
	uint64_t position;
	uint64_t offset;
};

/* How many breaks are remembered; a viewer that is further behind misses some. */
#define RING_MARKS_MAX 16u

/**
 * struct ring - the newest output
 * @max: how many bytes it may keep, a power of two
 * @data: the bytes, at their position modulo @size
 * @size: of @data, a power of two or 0
 * @tail: the position of the oldest byte
 * @head: the position of the next byte to come
 * @jumps: where offsets jump, the first at or before @tail
 * @n_jumps: how many; at least 1
 * @marks: the positions of breaks, each at its number modulo RING_MARKS_MAX
 * @n_marks: how many there have been
 */
struct ring {
	size_t max;
	char *data;
	size_t size;
	uint64_t tail;
	uint64_t head;
	struct ring_jump *jumps;
	size_t n_jumps;
	uint64_t marks[RING_MARKS_MAX];
	uint64_t n_marks;
};

/**
 * ring_init() - make an empty ring
 * @ring: the ring; the caller ends with ring_free()
 * @max: how many bytes it may keep, a power of two
 * @offset: the offset of the first byte to come
 */
void ring_init(struct ring *ring, size_t max, uint64_t offset);

/** ring_free() - free its memory. */
void ring_free(struct ring *ring);

/**
 * ring_append() - take bytes that came
 * @ring: the ring
 * @offset: of the first of them
 * @bytes: them
 * @len: how many
 *
 * Bytes that are there already are passed over; an offset ahead of what was
 * awaited is a loss.  The oldest bytes make room.
 *
 * Return: how many bytes were lost in front of them.
 */
uint64_t ring_append(struct ring *ring, uint64_t offset, const void *bytes, size_t len);

/**
 * ring_peek() - the bytes from a position on
 * @ring: the ring
 * @position: from the tail to the head
 * @iov: receives where they are, until the ring is changed
 *
 * Return: how many of the two parts of @iov are in use.
 */
int ring_peek(const struct ring *ring, uint64_t position, struct iovec iov[2]);

/**
 * ring_drop() - give up bytes that nobody needs any more
 * @ring: the ring
 * @position: the first that is needed; memory is given back with the last
 */
void ring_drop(struct ring *ring, uint64_t position);

/** ring_mark() - a break came behind all bytes. */
void ring_mark(struct ring *ring);

/**
 * ring_next_mark() - the next break for a viewer
 * @ring: the ring
 * @position: where the viewer is
 * @seen: how many breaks it has had or passed; moved on over those it passed
 *
 * Return: the position of the next, UINT64_MAX if there is none.
 */
uint64_t ring_next_mark(const struct ring *ring, uint64_t position, uint64_t *seen);

/**
 * ring_knows() - whether ring_offset() can tell of a position
 * @ring: the ring
 * @position: up to the head, also in front of the tail
 *
 * Return: false if offsets have jumped since.
 */
bool ring_knows(const struct ring *ring, uint64_t position);

/** ring_offset() - the offset of a position that ring_knows(). */
uint64_t ring_offset(const struct ring *ring, uint64_t position);

/**
 * ring_position() - where an offset is
 * @ring: the ring
 * @offset: the offset
 *
 * Return: its position, or that of the next byte behind it: the tail for one
 * that is gone, the head for one still to come.
 */
uint64_t ring_position(const struct ring *ring, uint64_t offset);

#endif
