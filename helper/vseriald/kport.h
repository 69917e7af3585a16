/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel side: the daemon's registered socket, whose messages become
 * calls of session.h, and the requests of sessions.  Requests are gathered
 * and sent once in each turn of the loop.
 */
#ifndef VSERIALD_KPORT_H
#define VSERIALD_KPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon.h"
#include "nl.h"

struct kport;
struct peer;
struct session;

/**
 * kport_new() - register as the daemon
 * @daemon: the process
 * @error: receives the reason of a failure: ENOENT where the module is not
 *	loaded, EBUSY where another daemon is registered
 *
 * Return: the kernel side, or NULL.
 */
struct kport *kport_new(struct daemon *daemon, struct vnl_error *error);

/**
 * kport_start() - begin to serve
 * @kport: the kernel side
 * @error: receives the reason of a failure
 *
 * Return: 0 or -1.
 */
int kport_start(struct kport *kport, struct vnl_error *error);

/**
 * kport_free() - end the registration
 * @kport: the kernel side; NULL is allowed
 * @keep: leave connections and listeners to the next daemon
 */
void kport_free(struct kport *kport, bool keep);

/**
 * kport_end() - end the loop, as soon as the guests have what was sent to them
 * @kport: the kernel side
 */
void kport_end(struct kport *kport);

/** kport_sessions() - how many backings are served. */
unsigned int kport_sessions(const struct kport *kport);

/** kport_reload() - the settings are new. */
void kport_reload(struct kport *kport);

/* Requests of sessions. */

/**
 * kport_report() - tell how a backing stands
 * @kport: the kernel side
 * @session: the backing
 * @state: VSERIAL_STATE_*
 * @reason: a sentence, or ""
 * @peer: who is at the far end, or ""
 * @confirm: call session_confirmed() when no output of before can come any
 *	more
 */
void kport_report(struct kport *kport, struct session *session, uint32_t state,
		  const char *reason, const char *peer, bool confirm);

/** kport_settle() - the backing @id has delivered what is in front of @offset. */
void kport_settle(struct kport *kport, uint32_t id, uint64_t offset);

/**
 * kport_input() - send bytes to the guest
 * @kport: the kernel side
 * @session: the backing
 * @offset: of the first, counted from the first ever sent
 * @bytes: them
 * @len: how many, up to INPUT_MAX
 *
 * session_refused() follows if not all are taken; session_answered() in any
 * case.
 */
void kport_input(struct kport *kport, struct session *session, uint64_t offset,
		 const char *bytes, size_t len);

/** kport_break() - send a break to the guest, in front of the input with @offset. */
void kport_break(struct kport *kport, struct session *session, uint64_t offset);

/** kport_window() - tell the size of the writer's terminal. */
void kport_window(struct kport *kport, const struct peer *writer);

/** kport_announce() - tell of a peer; session_announced() follows. */
void kport_announce(struct kport *kport, struct session *session, struct peer *peer);

/** kport_history() - fetch what a peer missed; session_history() follows. */
void kport_history(struct kport *kport, struct session *session, struct peer *peer);

/** kport_retire() - a peer is gone: its session ends, its requests are forgotten. */
void kport_retire(struct kport *kport, struct peer *peer);

/** kport_wake() - have session_turn() called at the end of this turn of the loop. */
void kport_wake(struct kport *kport, struct session *session);

/** kport_forget() - a backing is gone; nothing calls it any more. */
void kport_forget(struct kport *kport, struct session *session);

#endif
