/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket's data path: it attaches to ports, is given their output, and
 * sends input (linux/vserial.h, Sessions and Data).
 *
 *   attach (a socket) --> sessions, one for each port it is attached to
 *
 * Nothing here waits but attach_join().  The caller polls attach_fd(), calls
 * attach_read() when it is readable, and attach_flush() before it polls
 * again: that sends input and tells the kernel what was read and settled.
 */
#ifndef HELPER_ATTACH_H
#define HELPER_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nl.h"

struct attach;
struct attach_session;

/**
 * struct attach_ops - what becomes of what is told of a session
 * @output: bytes came, to be told settled with attach_settle(); @lost bytes
 *	before them never will
 * @room: more input may be put.  Optional
 * @refused: input was refused, which stays until attach_retry() or
 *	attach_forget(); or attach_take_over() was
 * @ended: the session ended, and is gone when the call returns; @why is a
 *	sentence or ""
 *
 * Called from attach_read() and attach_join(), with the session's @arg.
 */
struct attach_ops {
	void (*output)(void *arg, uint64_t offset, const uint8_t *bytes, size_t n,
		       uint64_t lost);
	void (*room)(void *arg);
	void (*refused)(void *arg, const struct vnl_error *why);
	void (*ended)(void *arg, const char *why);
};

/**
 * attach_open() - open a socket for sessions
 * @buffer: bytes of memory the kernel may fill with output before it is read;
 *	half of it is used
 * @error: as for vnl_open()
 *
 * Return: the socket, to be closed with attach_close(), or NULL.
 */
struct attach *attach_open(size_t buffer, struct vnl_error *error);

/** attach_close() - end all its sessions, without a word, and the socket. */
void attach_close(struct attach *attach);

/** attach_fd() - the socket's descriptor, to poll for what can be read. */
int attach_fd(const struct attach *attach);

/**
 * struct attach_request - which port, and how
 * @guest: the guest's name
 * @index: the port's number in it
 * @force: be the writer now, whoever is
 * @read_only: never be the writer
 * @capture: be given records of all that goes over the cable instead of the
 *	output (struct vserial_record_head); never be the writer
 * @input_max: how many bytes of input may wait
 */
struct attach_request {
	const char *guest;
	uint32_t index;
	bool force;
	bool read_only;
	bool capture;
	size_t input_max;
};

/**
 * attach_join() - attach to a port, and wait until that is done or refused
 * @attach: the socket
 * @request: which port
 * @ops: what becomes of what comes; may be called before this returns
 * @arg: for @ops
 * @error: receives the reason of a failure
 *
 * Return: the session, which ends with the socket, or NULL.
 */
struct attach_session *attach_join(struct attach *attach,
				   const struct attach_request *request,
				   const struct attach_ops *ops, void *arg,
				   struct vnl_error *error);

/** attach_take_over() - be the port's writer, whoever is. */
void attach_take_over(struct attach_session *session);

/** attach_id() - the session's number. */
uint32_t attach_id(const struct attach_session *session);

/**
 * attach_read() - take what came, and hand it to the sessions' ops
 * @attach: the socket
 * @error: receives the reason of a failure: ENOBUFS where messages were lost,
 *	which what follows makes good; one may go on
 *
 * Return: 0 or -1.
 */
int attach_read(struct attach *attach, struct vnl_error *error);

/**
 * attach_flush() - send what is to be sent
 * @attach: the socket
 * @error: receives the reason of a failure
 *
 * Return: 0 or -1.
 */
int attach_flush(struct attach *attach, struct vnl_error *error);

/** attach_settle() - output before @offset is where it should go. */
void attach_settle(struct attach_session *session, uint64_t offset);

/** attach_put() - add input.  Return: how many bytes there was room for. */
size_t attach_put(struct attach_session *session, const void *bytes, size_t n);

/** attach_break() - send a break behind the input.  Return: was there room? */
bool attach_break(struct attach_session *session, uint32_t ms);

/** attach_window() - tell the size of the writer's terminal. */
void attach_window(struct attach_session *session, uint32_t rows, uint32_t columns);

/** attach_waiting() - how many bytes of input wait to be taken. */
size_t attach_waiting(const struct attach_session *session);

/** attach_idle() - has all input been taken? */
bool attach_idle(const struct attach_session *session);

/** attach_retry() - send input again that was refused. */
void attach_retry(struct attach_session *session);

/** attach_forget() - drop the input that waits. */
void attach_forget(struct attach_session *session);

#endif
