/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket of the family "vserial" for a program with a loop of its own and
 * much to carry: requests are gathered and sent together, what came is read
 * many messages at a time, nothing waits.
 */
#ifndef HELPER_NL_BATCH_H
#define HELPER_NL_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nl.h"

/* How many datagrams vnl_batch_take() takes; where it takes fewer no more are there. */
#define VNL_BATCH_TAKES 16

struct vnl_batch;

/**
 * struct vnl_taker - who is told of what came
 * @message: an answer to request @seq, or with @seq 0 an event; @message and
 *	what it refers to last until the call returns
 * @done: request @seq has been dealt with, a dump is complete; @error says
 *	why it was refused, or is NULL
 */
struct vnl_taker {
	void (*message)(void *arg, uint32_t seq, const struct vnl_reply *message);
	void (*done)(void *arg, uint32_t seq, const struct vnl_error *error);
};

/**
 * vnl_batch_new() - have a socket used this way
 * @vnl: the socket, which sees no vnl_call() any more; stays the caller's
 * @taker: who is told; it may not take
 * @arg: for @taker
 */
struct vnl_batch *vnl_batch_new(struct vnl *vnl, const struct vnl_taker *taker, void *arg);

/** vnl_batch_free() - forget what was not sent; the socket stays open. */
void vnl_batch_free(struct vnl_batch *batch);

/**
 * vnl_batch_begin() - begin a request
 * @batch: the socket
 * @cmd: VSERIAL_CMD_*
 * @dump: ask for all objects
 *
 * Return: the request, for vnl_put_*(); it belongs to @batch, and
 * vnl_batch_post() comes before the next begins.  It holds 20 KiB.
 */
struct vnl_msg *vnl_batch_begin(struct vnl_batch *batch, uint8_t cmd, bool dump);

/**
 * vnl_batch_post() - put the request behind those to be sent
 * @batch: the socket
 * @ack: have it answered also if it is done; a refusal always is
 *
 * Return: its number.
 */
uint32_t vnl_batch_post(struct vnl_batch *batch, bool ack);

/** vnl_batch_posted() - whether anything waits to be sent. */
bool vnl_batch_posted(const struct vnl_batch *batch);

/**
 * vnl_batch_flush() - send what was posted
 * @batch: the socket
 * @error: receives the reason of a failure
 *
 * The kernel has dealt with all of it on return; what it answers at once can
 * be taken.  Waits for a second where memory is lacking.
 *
 * Return: 0 or -1.
 */
int vnl_batch_flush(struct vnl_batch *batch, struct vnl_error *error);

/**
 * vnl_batch_take() - take some of what came
 * @batch: the socket
 * @error: receives the reason of a failure: ENOBUFS where messages were lost,
 *	ENOENT where the module went (vnl_watch_module())
 *
 * Return: how many datagrams were taken, 0 if there is nothing now, or -1.
 */
int vnl_batch_take(struct vnl_batch *batch, struct vnl_error *error);

/**
 * vnl_watch_module() - have the news that the module goes sent to a socket
 * @vnl: the socket
 * @error: receives the reason of a failure
 *
 * Return: 0 or -1.
 */
int vnl_watch_module(struct vnl *vnl, struct vnl_error *error);

/**
 * vnl_receive_buffer() - make a socket's receive buffer larger
 * @vnl: the socket
 * @size: bytes wanted; above the system's limit only with CAP_NET_ADMIN
 *
 * Return: the bytes it has now.
 */
size_t vnl_receive_buffer(struct vnl *vnl, int size);

#endif
