/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that wait to be written to a peer, in order.  Pure code. */
#ifndef HELPER_OUTBOX_H
#define HELPER_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct outbox - the bytes
 * @bytes: them, or NULL
 * @at: the first that has not been written
 * @len: where they end
 */
struct outbox {
	uint8_t *bytes;
	size_t at;
	size_t len;
};

/** outbox_waits() - how many there are. */
static inline size_t outbox_waits(const struct outbox *outbox)
{
	return outbox->len - outbox->at;
}

/**
 * outbox_room() - make room behind them
 * @outbox: the bytes
 * @max: how many more may come
 *
 * Return: where they go; what of them is there is added to @outbox->len.
 */
uint8_t *outbox_room(struct outbox *outbox, size_t max);

/** outbox_add() - add bytes. */
void outbox_add(struct outbox *outbox, const void *bytes, size_t len);

/** outbox_sent() - the first @n have been written. */
void outbox_sent(struct outbox *outbox, size_t n);

/** outbox_clear() - forget them; memory is given back. */
void outbox_clear(struct outbox *outbox);

#endif
