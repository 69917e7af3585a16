/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The family "vserial" (linux/vserial.h) over libnl: requests that are
 * filled and sent, answers that are read, events that are waited for.
 * nl.c, nl_msg.c and nl_batch.c alone know libnl.
 */
#ifndef HELPER_NL_H
#define HELPER_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vnl;
struct vnl_msg;
struct vnl_reply;

/**
 * struct vnl_error - why something failed
 * @err: a positive errno
 * @text: one sentence without a full stop; the kernel's own where it gave one
 * @from_kernel: @text is the kernel's own
 */
struct vnl_error {
	int err;
	bool from_kernel;
	char text[1024];
};

/**
 * struct vnl_replies - the messages that answered a request
 * @v: the messages, in the order they came
 * @n: how many there are
 */
struct vnl_replies {
	struct vnl_reply **v;
	size_t n;
};

/* The socket. */

/**
 * vnl_open() - open a socket to the module
 * @error: receives the reason of a failure; its errno is ENOENT where the
 *	module is not loaded
 *
 * Return: the socket, to be closed with vnl_close(), or NULL.
 */
struct vnl *vnl_open(struct vnl_error *error);

/** vnl_close() - close a socket; NULL is allowed. */
void vnl_close(struct vnl *vnl);

/** vnl_fd() - the socket's descriptor, to poll for what can be read. */
int vnl_fd(const struct vnl *vnl);

/* Requests. */

/**
 * vnl_msg_new() - begin a request
 * @cmd: VSERIAL_CMD_*
 * @dump: ask for all objects
 *
 * Return: the request; the caller ends with vnl_msg_free().
 */
struct vnl_msg *vnl_msg_new(uint8_t cmd, bool dump);

/** vnl_msg_free() - drop a request. */
void vnl_msg_free(struct vnl_msg *msg);

/*
 * Attributes are added in the order of the calls.  One that finds no room
 * (a request holds 16 KiB) makes vnl_call() fail.
 */
void vnl_put_flag(struct vnl_msg *msg, uint16_t id);
void vnl_put_u8(struct vnl_msg *msg, uint16_t id, uint8_t value);
void vnl_put_u32(struct vnl_msg *msg, uint16_t id, uint32_t value);
void vnl_put_u64(struct vnl_msg *msg, uint16_t id, uint64_t value);
void vnl_put_str(struct vnl_msg *msg, uint16_t id, const char *value);
void vnl_put_bin(struct vnl_msg *msg, uint16_t id, const void *value, size_t len);

/**
 * vnl_msg_read() - read a request as the kernel would, without sending it
 * @msg: the request
 * @replies: receives it, to be freed with vnl_replies_free()
 */
void vnl_msg_read(const struct vnl_msg *msg, struct vnl_replies *replies);

/**
 * vnl_call() - send a request and wait until the kernel is done with it
 * @vnl: the socket
 * @msg: the request; may be sent again afterwards
 * @replies: receives the answers, to be freed with vnl_replies_free(); empty
 *	on failure
 * @error: receives the reason of a failure
 *
 * Waits without a limit: a change of backing is acknowledged when the file
 * is open, which a hung file system can delay for ever.  A dump that was
 * overtaken by a change is asked for again.
 *
 * Return: 0 or -1.
 */
int vnl_call(struct vnl *vnl, struct vnl_msg *msg, struct vnl_replies *replies,
	     struct vnl_error *error);

/** vnl_replies_free() - free the messages and empty the list. */
void vnl_replies_free(struct vnl_replies *replies);

/* Events. */

/**
 * vnl_subscribe() - have the events of the module sent to a socket
 * @vnl: a socket that carries no requests from now on
 * @error: receives the reason of a failure
 *
 * Return: 0 or -1.
 */
int vnl_subscribe(struct vnl *vnl, struct vnl_error *error);

/**
 * vnl_wait() - wait for the next events
 * @vnl: a socket after vnl_subscribe()
 * @events: receives them, to be freed with vnl_replies_free()
 * @error: receives the reason of a failure: ENOBUFS where events were lost
 *	(the next call goes on behind them), ENOENT where the module went
 *
 * Return: 0 or -1.
 */
int vnl_wait(struct vnl *vnl, struct vnl_replies *events, struct vnl_error *error);

/**
 * vnl_events() - take the events that are there, if there are any
 * @vnl: a socket after vnl_subscribe()
 * @events: as for vnl_wait(); may stay empty
 * @error: as for vnl_wait()
 *
 * Return: 0 or -1.
 */
int vnl_events(struct vnl *vnl, struct vnl_replies *events, struct vnl_error *error);

/* Answers and events; an attribute that is absent reads as 0, "" or NULL. */

uint8_t vnl_cmd(const struct vnl_reply *reply);
bool vnl_has(const struct vnl_reply *reply, uint16_t id);
uint8_t vnl_u8(const struct vnl_reply *reply, uint16_t id);
uint32_t vnl_u32(const struct vnl_reply *reply, uint16_t id);
uint64_t vnl_u64(const struct vnl_reply *reply, uint16_t id);
const char *vnl_str(const struct vnl_reply *reply, uint16_t id);
const void *vnl_bin(const struct vnl_reply *reply, uint16_t id, size_t len);

/** vnl_len() - how many bytes an attribute has. */
size_t vnl_len(const struct vnl_reply *reply, uint16_t id);

#endif
