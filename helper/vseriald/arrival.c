// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections whose peers have not proved who they are. */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#include "arrival.h"
#include "memory.h"
#include "timer.h"
#include "transport_tls.h"

/** struct arrival - one of them */
struct arrival {
	TAILQ_ENTRY(arrival) list;

	struct arrivals *arrivals;
	struct conn *conn;
	struct address from;
	char name[ADDRESS_TEXT];
	const struct arrival_handler *handler;
	void *arg;
	sd_event_source *io;
	sd_event_source *timer;
};

TAILQ_HEAD(arrival_list, arrival);

/**
 * struct arrivals - all of them
 * @daemon: the process
 * @list: the oldest first
 * @n: how many
 */
struct arrivals {
	struct daemon *daemon;
	struct arrival_list list;
	uint32_t n;
};

struct arrivals *arrivals_new(struct daemon *daemon)
{
	struct arrivals *arrivals = xcalloc(1, sizeof(*arrivals));

	arrivals->daemon = daemon;
	TAILQ_INIT(&arrivals->list);
	return arrivals;
}

/* All but the connection. */
static struct conn *forget(struct arrival *arrival)
{
	struct conn *conn = arrival->conn;

	TAILQ_REMOVE(&arrival->arrivals->list, arrival, list);
	arrival->arrivals->n--;
	sd_event_source_disable_unref(arrival->io);
	sd_event_source_disable_unref(arrival->timer);
	free(arrival);
	return conn;
}

static void fail(struct arrival *arrival, const char *why)
{
	const struct arrival_handler *handler = arrival->handler;
	struct goodbyes *goodbyes = arrival->arrivals->daemon->goodbyes;
	char name[ADDRESS_TEXT], text[TRANSPORT_WHY_MAX];
	void *arg = arrival->arg;

	snprintf(name, sizeof(name), "%s", arrival->name);
	/* It may be the connection's own. */
	snprintf(text, sizeof(text), "%s", why);
	conn_end(forget(arrival), goodbyes, NULL);
	handler->failed(arg, name, text);
}

static void succeed(struct arrival *arrival)
{
	const struct arrival_handler *handler = arrival->handler;
	char name[2 * ADDRESS_TEXT + 8], tls[ADDRESS_TEXT];
	void *arg = arrival->arg;

	tls_describe(arrival->conn, tls);
	snprintf(name, sizeof(name), "%s (%s)", arrival->name, tls);
	handler->arrived(arg, forget(arrival), name);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct arrival *arrival = arg;
	int rc = tls_handshake(arrival->conn, &events);

	(void)fd;
	if (rc == -EAGAIN)
		sd_event_source_set_io_events(source, events);
	else if (rc)
		fail(arrival, conn_why(arrival->conn, -rc));
	else
		succeed(arrival);
	return 0;
}

static int on_time(sd_event_source *source, uint64_t now, void *arg)
{
	struct arrival *arrival = arg;
	char why[80];

	(void)source;
	(void)now;
	snprintf(why, sizeof(why), "it did not end the TLS handshake within %u s",
		 arrival->arrivals->daemon->conf.handshake_timeout);
	fail(arrival, why);
	return 0;
}

/* Makes room for one more from an address; the oldest have waited longest for nothing. */
static void limit(struct arrivals *arrivals, const struct address *from)
{
	const struct conf *conf = &arrivals->daemon->conf;
	struct arrival *arrival, *oldest = NULL;
	uint32_t n = 0;

	TAILQ_FOREACH_REVERSE(arrival, &arrivals->list, arrival_list, list) {
		if (!address_same_origin(&arrival->from, from))
			continue;
		oldest = arrival;
		n++;
	}
	if (n >= conf->handshakes_per_address)
		fail(oldest, "too many TLS handshakes from its address were not ended");
	else if (arrivals->n >= conf->handshakes)
		fail(TAILQ_FIRST(&arrivals->list), "too many TLS handshakes were not ended");
}

void arrival_begin(struct arrivals *arrivals, struct conn *conn, const char *name,
		   const struct arrival_handler *handler, void *arg)
{
	struct daemon *daemon = arrivals->daemon;
	struct arrival *arrival = xcalloc(1, sizeof(*arrival));

	arrival->from.len = sizeof(arrival->from.storage);
	if (getpeername(conn->fd, &arrival->from.sa, &arrival->from.len))
		arrival->from = (struct address){ 0 };
	limit(arrivals, &arrival->from);
	arrival->arrivals = arrivals;
	arrival->conn = conn;
	arrival->handler = handler;
	arrival->arg = arg;
	snprintf(arrival->name, sizeof(arrival->name), "%s", name);
	TAILQ_INSERT_TAIL(&arrivals->list, arrival, list);
	arrivals->n++;
	timer_start(daemon->event, &arrival->timer, daemon->conf.handshake_timeout * 1000000ull,
		    on_time, arrival);
	/* A client speaks first: it can write at once. */
	if (sd_event_add_io(daemon->event, &arrival->io, conn->fd, EPOLLIN | EPOLLOUT, on_io,
			    arrival) < 0)
		/* The timer ends it. */
		arrival->io = NULL;
}

void arrivals_cancel(struct arrivals *arrivals, const void *arg)
{
	struct arrival *arrival, *next;

	for (arrival = TAILQ_FIRST(&arrivals->list); arrival; arrival = next) {
		next = TAILQ_NEXT(arrival, list);
		if (arrival->arg == arg)
			conn_end(forget(arrival), arrivals->daemon->goodbyes, NULL);
	}
}

void arrivals_free(struct arrivals *arrivals)
{
	if (!arrivals)
		return;
	while (!TAILQ_EMPTY(&arrivals->list))
		conn_end(forget(TAILQ_FIRST(&arrivals->list)), arrivals->daemon->goodbyes, NULL);
	free(arrivals);
}
