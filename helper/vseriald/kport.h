/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel side: the daemon's registered socket, and what sessions ask of
 * the kernel on it.  Requests are gathered and sent once in each turn of the
 * loop.  What comes from there is dispatch.c's.
 */
#ifndef VSERIALD_KPORT_H
#define VSERIALD_KPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "nl_batch.h"
#include "request.h"
#include "table.h"

struct peer;
struct session;

/**
 * struct kport_backing - a backing, as far as its requests need it
 * @awake: among those with a turn to come
 * @is_awake: it is in that list
 * @sending: among those whose input has been sent in this turn
 * @is_sending: it is in that list
 * @input_seq: the number of the last request with input
 * @id: the kernel's number
 * @guest: the guest's name
 * @index: the port's index
 * @session: what stands behind it; not looked into
 */
struct kport_backing {
	TAILQ_ENTRY(kport_backing) awake;
	TAILQ_ENTRY(kport_backing) sending;
	bool is_awake;
	bool is_sending;
	uint32_t input_seq;
	uint32_t id;
	char *guest;
	uint32_t index;
	struct session *session;
};

TAILQ_HEAD(kport_backing_list, kport_backing);

/**
 * struct kport - the kernel side
 * @vnl: the registered socket
 * @batch: how it is used
 * @awake: backings with work to do in this turn
 * @sending: those whose input was sent in this turn
 * @peers: peers by the kernel's number
 * @requests: those that were sent
 * @dumps: dumps, of which the first has been sent: a socket has one at a time
 * @window: output that the kernel may have on its way here
 * @credit: what the kernel said its messages have taken so far
 * @credit_given: what has been given back of it
 * @credit_from: a backing that may give back
 */
struct kport {
	struct vnl *vnl;
	struct vnl_batch *batch;
	struct kport_backing_list awake;
	struct kport_backing_list sending;
	struct table peers;
	struct request_list requests;
	struct request_list dumps;
	uint64_t window;
	uint64_t credit;
	uint64_t credit_given;
	uint32_t credit_from;
};

/**
 * kport_new() - register as the daemon
 * @taker: who is told of what comes
 * @arg: for @taker
 * @error: receives the reason of a failure: ENOENT where the module is not
 *	loaded, EBUSY where another daemon is registered
 *
 * Return: the kernel side, or NULL.
 */
struct kport *kport_new(const struct vnl_taker *taker, void *arg, struct vnl_error *error);

/** kport_free() - send what was posted, and end the registration. */
void kport_free(struct kport *kport);

/* Requests of sessions. */

/**
 * struct kport_standing - how a backing stands
 * @state: VSERIAL_STATE_*
 * @reason: a sentence, or ""
 * @peer: who is at the far end, or ""
 * @has_lines: the peer drives lines
 * @lines: TIOCM_* that it drives
 * @handover: what its concentrator has said just now, enum vserial_handover, or 0
 * @handover_why: why it does not take part, or ""
 * @blob: sequence and secret that it gave, or NULL
 * @blob_len: how many bytes
 * @sequence_len: how many of them are the sequence
 */
struct kport_standing {
	uint32_t state;
	const char *reason;
	const char *peer;
	bool has_lines;
	uint32_t lines;
	uint32_t handover;
	const char *handover_why;
	const uint8_t *blob;
	size_t blob_len;
	size_t sequence_len;
};

/**
 * kport_report() - tell how a backing stands
 * @kport: the kernel side
 * @backing: the backing
 * @standing: how
 * @confirm: call session_confirmed() when no output of before can come any
 *	more
 */
void kport_report(struct kport *kport, struct kport_backing *backing,
		  const struct kport_standing *standing, bool confirm);

/** kport_settle() - the backing @id has delivered what is in front of @offset. */
void kport_settle(struct kport *kport, uint32_t id, uint64_t offset);

/**
 * kport_input() - send bytes to the guest
 * @kport: the kernel side
 * @backing: the backing
 * @offset: of the first, counted from the first ever sent
 * @bytes: them
 * @len: how many, up to INPUT_MAX
 *
 * session_refused() follows if not all are taken; session_answered() in any
 * case.
 */
void kport_input(struct kport *kport, struct kport_backing *backing, uint64_t offset,
		 const char *bytes, size_t len);

/** kport_break() - send a break to the guest, in front of the input with @offset. */
void kport_break(struct kport *kport, struct kport_backing *backing, uint64_t offset);

/** kport_window() - tell the size of the writer's terminal. */
void kport_window(struct kport *kport, const struct peer *writer);

/** kport_announce() - tell of a peer; session_announced() follows. */
void kport_announce(struct kport *kport, struct kport_backing *backing, struct peer *peer);

/** kport_history() - fetch what a peer missed; session_history() follows. */
void kport_history(struct kport *kport, struct kport_backing *backing, struct peer *peer);

/** kport_retire() - a peer is gone: its session ends, its requests are forgotten. */
void kport_retire(struct kport *kport, struct peer *peer);

/** kport_wake() - have session_turn() called at the end of this turn of the loop. */
void kport_wake(struct kport *kport, struct kport_backing *backing);

/** kport_forget() - a backing is gone; no answer is for it any more. */
void kport_forget(struct kport *kport, struct kport_backing *backing);

/* What dispatch.c asks. */

/** kport_list() - fetch all backings or sessions, also if that is under way. */
void kport_list(struct kport *kport, enum request_kind kind);

/** kport_next_dump() - the dump before has ended: send the next. */
void kport_next_dump(struct kport *kport);

/** kport_give_credit() - what was read makes room; @all: even if it is little. */
void kport_give_credit(struct kport *kport, bool all);

/** kport_end_session() - a peer's session ends. */
void kport_end_session(struct kport *kport, uint32_t id);

#endif
