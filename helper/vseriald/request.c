// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests to the kernel that are not answered yet. */
#include "memory.h"
#include "request.h"

struct request *request_add(struct request_list *list, enum request_kind kind,
			    struct kport_backing *backing, struct peer *peer, uint32_t seq)
{
	struct request *request = xcalloc(1, sizeof(*request));

	request->kind = kind;
	request->backing = backing;
	request->peer = peer;
	request->seq = seq;
	TAILQ_INSERT_TAIL(list, request, list);
	return request;
}

struct request *request_find(const struct request_list *list, uint32_t seq)
{
	struct request *request;

	TAILQ_FOREACH(request, list, list)
		if (request->seq == seq)
			return request;
	return NULL;
}

void request_drop(struct request_list *list, struct request *request)
{
	TAILQ_REMOVE(list, request, list);
	free(request);
}

void request_drop_kind(struct request_list *list, enum request_kind kind)
{
	struct request *request, *next;

	for (request = TAILQ_FIRST(list); request; request = next) {
		next = TAILQ_NEXT(request, list);
		if (request->kind == kind)
			request_drop(list, request);
	}
}

void request_drop_all(struct request_list *list)
{
	struct request *request, *next;

	for (request = TAILQ_FIRST(list); request; request = next) {
		next = TAILQ_NEXT(request, list);
		free(request);
	}
	TAILQ_INIT(list);
}

void request_forget_backing(const struct request_list *list, const struct kport_backing *backing)
{
	struct request *request;

	TAILQ_FOREACH(request, list, list) {
		if (request->backing != backing)
			continue;
		request->backing = NULL;
		request->peer = NULL;
	}
}

void request_forget_peer(const struct request_list *list, const struct peer *peer)
{
	struct request *request;

	TAILQ_FOREACH(request, list, list)
		if (request->peer == peer)
			request->peer = NULL;
}
