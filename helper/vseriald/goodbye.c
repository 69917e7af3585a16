// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections on their way out. */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "goodbye.h"
#include "memory.h"
#include "timer.h"

/* How long a peer may take to close too, in microseconds. */
#define PATIENCE	2000000
/* With more of them than this, the oldest has waited long enough. */
#define GOODBYES_MAX	256

/** struct goodbye - one of them */
struct goodbye {
	TAILQ_ENTRY(goodbye) list;

	struct goodbyes *goodbyes;
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
};

TAILQ_HEAD(goodbye_list, goodbye);

/**
 * struct goodbyes - all of them
 * @event: the loop
 * @list: the oldest first
 * @n: how many
 */
struct goodbyes {
	sd_event *event;
	struct goodbye_list list;
	unsigned int n;
};

struct goodbyes *goodbyes_new(sd_event *event)
{
	struct goodbyes *goodbyes = xcalloc(1, sizeof(*goodbyes));

	goodbyes->event = event;
	TAILQ_INIT(&goodbyes->list);
	return goodbyes;
}

static void end(struct goodbye *goodbye)
{
	TAILQ_REMOVE(&goodbye->goodbyes->list, goodbye, list);
	goodbye->goodbyes->n--;
	sd_event_source_disable_unref(goodbye->io);
	sd_event_source_disable_unref(goodbye->timer);
	close(goodbye->fd);
	free(goodbye);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	char bytes[4096];
	int i;

	(void)source;
	/* A peer that never stops sending is no reason to stay here. */
	for (i = 0; i < 16; i++) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n > 0)
			continue;
		if (!n || !(events & EPOLLIN) || events & (EPOLLHUP | EPOLLERR))
			end(arg);
		return 0;
	}
	return 0;
}

static int on_time(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	end(arg);
	return 0;
}

void goodbye_say(struct goodbyes *goodbyes, int fd, const char *text)
{
	struct goodbye *goodbye = xcalloc(1, sizeof(*goodbye));

	if (text)
		send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	goodbye->goodbyes = goodbyes;
	goodbye->fd = fd;
	TAILQ_INSERT_TAIL(&goodbyes->list, goodbye, list);
	goodbyes->n++;
	timer_start(goodbyes->event, &goodbye->timer, PATIENCE, on_time, goodbye);
	if (sd_event_add_io(goodbyes->event, &goodbye->io, fd, EPOLLIN, on_io, goodbye) < 0)
		end(goodbye);
	else if (goodbyes->n > GOODBYES_MAX)
		end(TAILQ_FIRST(&goodbyes->list));
}

void goodbyes_free(struct goodbyes *goodbyes)
{
	struct goodbye *goodbye, *next;

	if (!goodbyes)
		return;
	for (goodbye = TAILQ_FIRST(&goodbyes->list); goodbye; goodbye = next) {
		next = TAILQ_NEXT(goodbye, list);
		end(goodbye);
	}
	free(goodbyes);
}
