// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dials until somebody answers: names are looked up anew in each round, its
 * addresses tried one after the other; between rounds it waits.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "backoff.h"
#include "dialer.h"
#include "memory.h"
#include "resolve.h"
#include "timer.h"

/* A connection that lasted this long was one, in microseconds. */
#define LASTING 10000000

/**
 * struct dialer - dials one peer
 * @lookup: of its name, under way
 * @found: the addresses of this round
 * @next: which of them is tried next
 * @fd: the connection being made, or -1
 * @io: its source
 * @timer: the wait between rounds, or the connection's time-out
 * @backoff: the waits
 * @connected_at: when the last connection was made
 * @paused: nobody is called
 * @why: why the last address failed
 */
struct dialer {
	struct daemon *daemon;
	const struct transport_ops *ops;
	const struct place *place;
	const struct dialer_handler *handler;
	void *arg;
	struct lookup *lookup;
	struct addresses found;
	size_t next;
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
	struct backoff backoff;
	uint64_t connected_at;
	bool paused;
	char why[TRANSPORT_WHY_MAX];
};

static void try_next(struct dialer *dialer);
static void begin_round(struct dialer *dialer);

static int on_wait_over(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	begin_round(arg);
	return 0;
}

static void wait_for_round(struct dialer *dialer)
{
	/* A source has one handler; the time-out has another. */
	dialer->timer = sd_event_source_disable_unref(dialer->timer);
	if (dialer->paused)
		return;
	timer_start(dialer->daemon->event, &dialer->timer,
		    backoff_next(&dialer->backoff, arc4random()), on_wait_over, dialer);
}

static void round_failed(struct dialer *dialer)
{
	wait_for_round(dialer);
	dialer->handler->failed(dialer->arg, dialer->why);
}

static void stop_trying(struct dialer *dialer)
{
	dialer->io = sd_event_source_disable_unref(dialer->io);
	dialer->timer = sd_event_source_disable_unref(dialer->timer);
	if (dialer->fd >= 0)
		close(dialer->fd);
	dialer->fd = -1;
}

static void address_failed(struct dialer *dialer, int err)
{
	const struct address *to = &dialer->found.v[dialer->next - 1];
	char text[ADDRESS_TEXT];

	stop_trying(dialer);
	snprintf(dialer->why, sizeof(dialer->why), "cannot connect to %s: %s",
		 address_text(to, text), strerror(err));
	try_next(dialer);
}

static int on_timeout(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	address_failed(arg, ETIMEDOUT);
	return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct dialer *dialer = arg;
	const struct address *to = &dialer->found.v[dialer->next - 1];
	socklen_t len = sizeof(int);
	char name[ADDRESS_TEXT];
	int err = 0;

	(void)source;
	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err) {
		address_failed(dialer, err);
		return 0;
	}
	dialer->fd = -1;
	stop_trying(dialer);
	dialer->connected_at = daemon_now(dialer->daemon);
	if (dialer->ops->tune)
		dialer->ops->tune(fd, dialer->place->conf);
	dialer->ops->describe(fd, to, name);
	dialer->handler->connected(dialer->arg, fd, name);
	return 0;
}

static void try_next(struct dialer *dialer)
{
	const struct address *to;

	if (dialer->next == dialer->found.n) {
		round_failed(dialer);
		return;
	}
	to = &dialer->found.v[dialer->next++];
	dialer->fd = dialer->ops->dial(dialer->place, to);
	if (dialer->fd < 0) {
		int err = -dialer->fd;

		dialer->fd = -1;
		address_failed(dialer, err);
		return;
	}
	timer_start(dialer->daemon->event, &dialer->timer,
		    dialer->place->conf->connect_timeout * 1000000ull, on_timeout, dialer);
	if (sd_event_add_io(dialer->daemon->event, &dialer->io, dialer->fd, EPOLLOUT, on_io,
			    dialer) < 0)
		address_failed(dialer, ENOMEM);
}

static void on_lookup(void *arg, const struct addresses *found, const char *why)
{
	struct dialer *dialer = arg;

	dialer->lookup = NULL;
	if (found) {
		dialer->found = *found;
		try_next(dialer);
		return;
	}
	snprintf(dialer->why, sizeof(dialer->why), "cannot find the host %s: %s",
		 dialer->place->uri->host, why);
	round_failed(dialer);
}

static void begin_round(struct dialer *dialer)
{
	const struct uri *uri = dialer->place->uri;

	dialer->timer = sd_event_source_disable_unref(dialer->timer);
	dialer->next = 0;
	if (dialer->ops->addresses(dialer->place, false, &dialer->found)) {
		try_next(dialer);
		return;
	}
	dialer->lookup = resolver_lookup(dialer->daemon->resolver, uri->host, (uint16_t)uri->port,
					 uri->family, on_lookup, dialer);
	if (!dialer->lookup) {
		snprintf(dialer->why, sizeof(dialer->why), "cannot look up the host %s: no memory",
			 uri->host);
		round_failed(dialer);
	}
}

struct dialer *dialer_new(struct daemon *daemon, const struct transport_ops *ops,
			  const struct place *place, bool at_once,
			  const struct dialer_handler *handler, void *arg)
{
	struct dialer *dialer = xcalloc(1, sizeof(*dialer));

	dialer->daemon = daemon;
	dialer->ops = ops;
	dialer->place = place;
	dialer->handler = handler;
	dialer->arg = arg;
	dialer->fd = -1;
	dialer->backoff.min = place->conf->retry_min * 1000ull;
	dialer->backoff.max = place->conf->retry_max * 1000000ull;
	if (at_once)
		timer_start(daemon->event, &dialer->timer, 0, on_wait_over, dialer);
	return dialer;
}

void dialer_again(struct dialer *dialer)
{
	if (daemon_now(dialer->daemon) - dialer->connected_at >= LASTING)
		backoff_reset(&dialer->backoff);
	wait_for_round(dialer);
}

void dialer_pause(struct dialer *dialer)
{
	dialer->paused = true;
	lookup_cancel(dialer->lookup);
	dialer->lookup = NULL;
	stop_trying(dialer);
}

void dialer_resume(struct dialer *dialer)
{
	dialer->paused = false;
}

void dialer_free(struct dialer *dialer)
{
	if (!dialer)
		return;
	lookup_cancel(dialer->lookup);
	stop_trying(dialer);
	free(dialer);
}
