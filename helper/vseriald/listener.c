// SPDX-License-Identifier: GPL-2.0-or-later
/* The listening sockets of a port. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "access.h"
#include "handover.h"
#include "listener.h"
#include "log.h"
#include "memory.h"
#include "rate.h"
#include "timer.h"

/* How many are accepted before others have their turn. */
#define AT_ONCE		16
/* How long to wait where descriptors or memory ran out, in microseconds. */
#define SHORTAGE	500000

/**
 * struct door - a socket that listens
 * @fd: the socket
 * @source: its source
 */
struct door {
	int fd;
	sd_event_source *source;
};

/**
 * struct listener - the listening sockets of a port
 * @doors: the sockets
 * @n: how many
 * @rate: how fast peers are accepted
 * @pause: runs while none are
 */
struct listener {
	struct daemon *daemon;
	const struct transport_ops *ops;
	const struct place *place;
	struct addresses at;
	listener_accepted_t accepted;
	void *arg;
	struct door doors[ADDRESSES_MAX];
	size_t n;
	struct rate rate;
	sd_event_source *pause;
};

static void enable(struct listener *listener, int enabled)
{
	size_t i;

	for (i = 0; i < listener->n; i++)
		sd_event_source_set_enabled(listener->doors[i].source, enabled);
}

static int on_pause_over(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	enable(arg, SD_EVENT_ON);
	return 0;
}

static void pause_for(struct listener *listener, uint64_t delay)
{
	enable(listener, SD_EVENT_OFF);
	timer_start(listener->daemon->event, &listener->pause, delay, on_pause_over, listener);
}

/* Return: 0, or -1 if there is no reason to go on now. */
static int accept_one(struct listener *listener, int listening)
{
	struct address from = { .len = sizeof(from.storage) };
	uint64_t wait = rate_wait(&listener->rate, daemon_now(listener->daemon));
	char name[ADDRESS_TEXT];
	int fd;

	if (wait) {
		pause_for(listener, wait);
		return -1;
	}
	fd = accept4(listening, &from.sa, &from.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_line(LOG_WARNING, "cannot accept connections for now: %s",
				 strerror(errno));
			pause_for(listener, SHORTAGE);
		}
		return -1;
	}
	listener->ops->describe(fd, &from, name);
	if (!access_allows(&listener->place->uri->allow, &from.sa)) {
		log_line(LOG_NOTICE, "%s is not among those allowed to connect to %s port %u", name,
			 listener->ops->name, listener->place->uri->port);
		close(fd);
		return 0;
	}
	if (listener->ops->tune)
		listener->ops->tune(fd, listener->place->conf);
	listener->accepted(listener->arg, fd, name);
	return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	int i;

	(void)source;
	(void)events;
	for (i = 0; i < AT_ONCE; i++)
		if (accept_one(arg, fd))
			break;
	return 0;
}

static int open_one(struct listener *listener, const struct address *at, char *why)
{
	int fd = handover_listener(listener->daemon->handover, at);
	int rc;

	if (fd >= 0 && listener->ops->may_keep && !listener->ops->may_keep(listener->place, at)) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		fd = listener->ops->listen(listener->place, at, why);
	if (fd < 0)
		return fd;
	listener->doors[listener->n].fd = fd;
	rc = sd_event_add_io(listener->daemon->event, &listener->doors[listener->n].source, fd,
			     EPOLLIN, on_io, listener);
	listener->n++;
	if (rc < 0)
		snprintf(why, TRANSPORT_WHY_MAX, "cannot watch a socket: %s", strerror(-rc));
	return rc < 0 ? rc : 0;
}

static void end(struct listener *listener, bool keep)
{
	if (!listener)
		return;
	while (listener->n) {
		struct door *door = &listener->doors[--listener->n];

		sd_event_source_disable_unref(door->source);
		if (keep)
			handover_keep_listener(door->fd);
		close(door->fd);
		if (!keep && listener->ops->unlisten)
			listener->ops->unlisten(listener->place, &listener->at.v[listener->n]);
	}
	sd_event_source_disable_unref(listener->pause);
	free(listener);
}

struct listener *listener_new(struct daemon *daemon, const struct transport_ops *ops,
			      const struct place *place, const struct addresses *at,
			      listener_accepted_t accepted, void *arg, char *why)
{
	struct listener *listener = xcalloc(1, sizeof(*listener));
	size_t i;

	listener->daemon = daemon;
	listener->ops = ops;
	listener->place = place;
	listener->at = *at;
	listener->accepted = accepted;
	listener->arg = arg;
	listener->rate.per_second = daemon->conf.accept_rate;
	for (i = 0; i < at->n; i++)
		if (open_one(listener, &at->v[i], why)) {
			listener_free(listener);
			return NULL;
		}
	return listener;
}

void listener_free(struct listener *listener)
{
	end(listener, false);
}

void listener_keep(struct listener *listener)
{
	end(listener, true);
}
