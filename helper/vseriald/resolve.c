// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of hosts become addresses.
 *
 * The C library looks them up in threads of its own (getaddrinfo_a), which
 * know all of nsswitch.conf and read resolv.conf again when it changes.  A
 * thread that is done writes to an eventfd; all else happens in the loop.
 */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "memory.h"
#include "resolve.h"
#include "uri.h"

/**
 * struct lookup - a name being looked up
 * @list: among those of its resolver
 * @request: the C library's
 * @hints: for @request
 * @host: for @request
 * @service: for @request
 * @done: whom to tell; NULL if nobody waits any more
 * @arg: for @done
 */
struct lookup {
	LIST_ENTRY(lookup) list;

	struct gaicb request;
	struct addrinfo hints;
	char host[URI_HOST_MAX + 1];
	char service[8];
	lookup_done_t done;
	void *arg;
};

LIST_HEAD(lookup_list, lookup);

/**
 * struct resolver - what looks names up
 * @fd: an eventfd, written when a lookup is over
 * @source: its source
 * @lookups: those that the C library still holds
 */
struct resolver {
	int fd;
	sd_event_source *source;
	struct lookup_list lookups;
};

/* In a thread of the C library. */
static void on_over(union sigval value)
{
	const uint64_t one = 1;
	ssize_t rc = write(value.sival_int, &one, sizeof(one));

	/* It can only fail where the counter is full, and then it has been seen. */
	(void)rc;
}

static void finish(struct lookup *lookup, int rc)
{
	struct addresses found = { 0 };
	struct addrinfo *at;

	for (at = rc ? NULL : lookup->request.ar_result; at && found.n < ADDRESSES_MAX;
	     at = at->ai_next) {
		found.v[found.n].len = at->ai_addrlen;
		memcpy(&found.v[found.n++].storage, at->ai_addr, at->ai_addrlen);
	}
	if (!rc)
		freeaddrinfo(lookup->request.ar_result);
	LIST_REMOVE(lookup, list);
	if (lookup->done)
		lookup->done(lookup->arg, found.n ? &found : NULL,
			     found.n ? NULL : gai_strerror(rc ? rc : EAI_NONAME));
	free(lookup);
}

static int on_event(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct resolver *resolver = arg;
	struct lookup *lookup, *next;
	uint64_t n;

	(void)source;
	(void)events;
	if (read(fd, &n, sizeof(n)) < 0)
		return 0;
	/* Callbacks may add lookups, in front, and cancel others, which stay listed. */
	for (lookup = LIST_FIRST(&resolver->lookups); lookup; lookup = next) {
		int rc = gai_error(&lookup->request);

		next = LIST_NEXT(lookup, list);
		if (rc != EAI_INPROGRESS)
			finish(lookup, rc);
	}
	return 0;
}

struct resolver *resolver_new(sd_event *event)
{
	struct resolver *resolver = xcalloc(1, sizeof(*resolver));
	int rc;

	LIST_INIT(&resolver->lookups);
	resolver->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (resolver->fd < 0) {
		free(resolver);
		return NULL;
	}
	rc = sd_event_add_io(event, &resolver->source, resolver->fd, EPOLLIN, on_event, resolver);
	if (rc < 0) {
		close(resolver->fd);
		free(resolver);
		errno = -rc;
		return NULL;
	}
	return resolver;
}

struct lookup *resolver_lookup(struct resolver *resolver, const char *host, uint16_t port,
			       int family, lookup_done_t done, void *arg)
{
	struct lookup *lookup = xcalloc(1, sizeof(*lookup));
	struct gaicb *list[] = { &lookup->request };
	struct sigevent over = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = on_over,
		.sigev_value.sival_int = resolver->fd,
	};

	snprintf(lookup->host, sizeof(lookup->host), "%s", host);
	snprintf(lookup->service, sizeof(lookup->service), "%u", port);
	lookup->hints.ai_family = family;
	lookup->hints.ai_socktype = SOCK_STREAM;
	lookup->hints.ai_flags = AI_NUMERICSERV;
	lookup->request.ar_name = lookup->host;
	lookup->request.ar_service = lookup->service;
	lookup->request.ar_request = &lookup->hints;
	lookup->done = done;
	lookup->arg = arg;
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, &over)) {
		free(lookup);
		return NULL;
	}
	LIST_INSERT_HEAD(&resolver->lookups, lookup, list);
	return lookup;
}

void lookup_cancel(struct lookup *lookup)
{
	/* The C library may hold it for a while yet; its end is noticed as ever. */
	if (lookup)
		lookup->done = NULL;
}

void resolver_free(struct resolver *resolver)
{
	struct lookup *lookup, *next;

	if (!resolver)
		return;
	for (lookup = LIST_FIRST(&resolver->lookups); lookup; lookup = next) {
		next = LIST_NEXT(lookup, list);
		lookup->done = NULL;
		/* What a thread still works on is left to the end of the process. */
		if (gai_cancel(&lookup->request) == EAI_NOTCANCELED)
			continue;
		finish(lookup, EAI_CANCELED);
	}
	sd_event_source_disable_unref(resolver->source);
	close(resolver->fd);
	free(resolver);
}
