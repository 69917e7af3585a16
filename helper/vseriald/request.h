/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the kernel that are not answered yet.  Pure code. */
#ifndef VSERIALD_REQUEST_H
#define VSERIALD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct kport_backing;
struct peer;

/**
 * enum request_kind - what an answer is awaited for
 * @REQUEST_ANNOUNCE: a peer's number
 * @REQUEST_CONFIRM: the end of output
 * @REQUEST_HISTORY: a dump of a port's history
 * @REQUEST_BACKINGS: a dump of all backings
 * @REQUEST_SESSIONS: a dump of all sessions
 */
enum request_kind {
	REQUEST_ANNOUNCE,
	REQUEST_CONFIRM,
	REQUEST_HISTORY,
	REQUEST_BACKINGS,
	REQUEST_SESSIONS,
};

/**
 * struct request - one of them
 * @list: among the others
 * @kind: what it asked for
 * @seq: its number; 0 while a dump waits for the one before it
 * @backing: for whom, NULL if that is gone
 * @peer: for which of its peers, NULL if that is gone
 * @lost: there may have been an answer
 */
struct request {
	TAILQ_ENTRY(request) list;

	enum request_kind kind;
	uint32_t seq;
	struct kport_backing *backing;
	struct peer *peer;
	bool lost;
};

TAILQ_HEAD(request_list, request);

/** request_add() - remember one. */
struct request *request_add(struct request_list *list, enum request_kind kind,
			    struct kport_backing *backing, struct peer *peer, uint32_t seq);

/** request_find() - the one with a number, or NULL. */
struct request *request_find(const struct request_list *list, uint32_t seq);

/** request_drop() - it is answered. */
void request_drop(struct request_list *list, struct request *request);

/** request_drop_kind() - answers to these are not awaited any more. */
void request_drop_kind(struct request_list *list, enum request_kind kind);

/** request_drop_all() - none will be answered. */
void request_drop_all(struct request_list *list);

/** request_forget_backing() - it is gone, and its peers; the answers still come. */
void request_forget_backing(const struct request_list *list, const struct kport_backing *backing);

/** request_forget_peer() - it is gone. */
void request_forget_peer(const struct request_list *list, const struct peer *peer);

#endif
