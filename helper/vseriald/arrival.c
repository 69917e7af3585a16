// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections whose peers have not proved who they are. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#include "arrival.h"
#include "auth.h"
#include "memory.h"
#include "timer.h"
#include "transport_tls.h"

#define SECOND 1000000ull

static const char tls_only[] = "vserial: this port speaks TLS only: use telnet-ssl, or another client "
	"with SSL in telnet's option AUTHENTICATION\r\n";

/**
 * struct arrival - one of them
 * @conn: the socket, or TLS above it
 * @above: what is spoken, while @auth is under way and behind it
 * @auth: has telnet decide whether there is TLS; NULL when it is past
 * @from: its address
 * @name: and as it is shown
 * @plan: what has to be done
 * @io: the socket's source
 * @timer: ends what takes too long
 */
struct arrival {
	TAILQ_ENTRY(arrival) list;

	struct arrivals *arrivals;
	struct conn *conn;
	struct conn *above;
	struct auth *auth;
	struct address from;
	char name[ADDRESS_TEXT];
	struct arrival_plan plan;
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
 * @n: how many of them called us
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

/* How they end. */

/* All but the connection. */
static void forget(struct arrival *arrival)
{
	TAILQ_REMOVE(&arrival->arrivals->list, arrival, list);
	arrival->arrivals->n -= arrival->plan.server;
	sd_event_source_disable_unref(arrival->io);
	sd_event_source_disable_unref(arrival->timer);
	tls_rules_free(arrival->plan.tls);
	free(arrival);
}

static void end(struct arrival *arrival, const char *text)
{
	struct conn *conn = arrival->conn;

	auth_end(arrival->auth);
	/* What would be said first is not for somebody who has to leave. */
	if (arrival->above)
		arrival->above->ops->end(arrival->above);
	conn_end(conn, arrival->arrivals->daemon->goodbyes, text);
	forget(arrival);
}

/* @text: what the peer is told, or NULL. */
static void fail(struct arrival *arrival, const char *why, const char *text)
{
	const struct arrival_handler *handler = arrival->handler;
	char name[ADDRESS_TEXT], reason[TRANSPORT_WHY_MAX];
	void *arg = arrival->arg;

	snprintf(name, sizeof(name), "%s", arrival->name);
	/* It may be the connection's own. */
	snprintf(reason, sizeof(reason), "%s", why);
	end(arrival, text);
	handler->failed(arg, name, reason);
}

static void succeed(struct arrival *arrival, const char *name)
{
	const struct arrival_handler *handler = arrival->handler;
	struct conn *conn = arrival->conn;
	void *arg = arrival->arg;

	auth_end(arrival->auth);
	if (arrival->above) {
		arrival->above->below = conn;
		conn = arrival->above;
	} else if (arrival->plan.telnet) {
		conn = conn_telnet(conn, arrival->plan.server);
	}
	forget(arrival);
	handler->arrived(arg, conn, name);
}

static int on_time(sd_event_source *source, uint64_t now, void *arg);

static void limit_time(struct arrival *arrival, uint32_t seconds)
{
	timer_start(arrival->arrivals->daemon->event, &arrival->timer, seconds * SECOND, on_time,
		    arrival);
}

/* TLS. */

static int shake_hands(struct arrival *arrival, uint32_t *events)
{
	char name[2 * ADDRESS_TEXT + 8], tls[ADDRESS_TEXT];
	int rc = tls_handshake(arrival->conn, events);

	if (rc == -EAGAIN)
		return rc;
	if (rc) {
		fail(arrival, conn_why(arrival->conn, -rc), NULL);
		return 0;
	}
	tls_describe(arrival->conn, tls);
	snprintf(name, sizeof(name), "%s (%s)", arrival->name, tls);
	succeed(arrival, name);
	return 0;
}

static int begin_tls(struct arrival *arrival, uint32_t *events)
{
	int rc = arrival->plan.server ? auth_await_tls(arrival->auth, events) : 0;

	if (rc == -EAGAIN)
		return rc;
	if (rc) {
		fail(arrival, rc == -EMSGSIZE ? "it does not begin TLS, which it asked for" :
		     conn_why(arrival->conn, -rc), NULL);
		return 0;
	}
	auth_end(arrival->auth);
	arrival->auth = NULL;
	arrival->conn = conn_tls(arrival->conn, arrival->plan.tls);
	return shake_hands(arrival, events);
}

/* Telnet's decision. */

static void stay_plain(struct arrival *arrival)
{
	char name[ADDRESS_TEXT];

	if (arrival->plan.required) {
		fail(arrival, "it has no TLS in telnet's option AUTHENTICATION, which the keys of this specification demand",
		     arrival->plan.server ? tls_only : NULL);
		return;
	}
	snprintf(name, sizeof(name), "%s", arrival->name);
	succeed(arrival, name);
}

static int negotiate(struct arrival *arrival, uint32_t *events)
{
	bool was_open = auth_verdict(arrival->auth) == TELNET_AUTH_OPEN;
	int rc = auth_go_on(arrival->auth, events);

	if (rc && rc != -EAGAIN) {
		fail(arrival, conn_why(arrival->conn, -rc), NULL);
		return 0;
	}
	/* One that knows the option is given the time that TLS takes. */
	if (was_open && auth_verdict(arrival->auth) != TELNET_AUTH_OPEN)
		limit_time(arrival, arrival->arrivals->daemon->conf.handshake_timeout);
	if (rc)
		return rc;
	if (auth_verdict(arrival->auth) == TELNET_AUTH_TLS)
		return begin_tls(arrival, events);
	stay_plain(arrival);
	return 0;
}

/* Return: -EAGAIN to go on later; otherwise it is gone. */
static int go_on(struct arrival *arrival, uint32_t *events)
{
	return arrival->auth ? negotiate(arrival, events) : shake_hands(arrival, events);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct arrival *arrival = arg;
	bool gone = events & (EPOLLHUP | EPOLLERR);

	(void)fd;
	if (go_on(arrival, &events) != -EAGAIN)
		return 0;
	/* That it is gone is told again and again, and one of which no more is read may be. */
	if (gone && !events)
		fail(arrival, "it closed the connection", NULL);
	else
		sd_event_source_set_io_events(source, events);
	return 0;
}

static int on_time(sd_event_source *source, uint64_t now, void *arg)
{
	struct arrival *arrival = arg;
	char why[80];

	(void)source;
	(void)now;
	if (arrival->auth && auth_verdict(arrival->auth) == TELNET_AUTH_OPEN) {
		auth_give_up(arrival->auth);
		stay_plain(arrival);
		return 0;
	}
	snprintf(why, sizeof(why), "it did not end the TLS handshake within %u s",
		 arrival->arrivals->daemon->conf.handshake_timeout);
	fail(arrival, why, NULL);
	return 0;
}

/* Limits. */

/* Makes room for one more from an address; the oldest have waited longest for nothing. */
static void limit(struct arrivals *arrivals, const struct address *from)
{
	const struct conf *conf = &arrivals->daemon->conf;
	struct arrival *arrival, *oldest = NULL, *neighbour = NULL;
	uint32_t n = 0;

	TAILQ_FOREACH(arrival, &arrivals->list, list) {
		/* Whom we called is no stranger. */
		if (!arrival->plan.server)
			continue;
		if (!oldest)
			oldest = arrival;
		if (!address_same_origin(&arrival->from, from))
			continue;
		if (!neighbour)
			neighbour = arrival;
		n++;
	}
	if (neighbour && n >= conf->handshakes_per_address)
		fail(neighbour, "too many TLS handshakes from its address were not ended", NULL);
	else if (oldest && arrivals->n >= conf->handshakes)
		fail(oldest, "too many TLS handshakes were not ended", NULL);
}

/* The whole. */

void arrival_begin(struct arrivals *arrivals, struct conn *conn, const char *name,
		   const struct arrival_plan *plan, const struct arrival_handler *handler,
		   void *arg)
{
	struct daemon *daemon = arrivals->daemon;
	struct arrival *arrival = xcalloc(1, sizeof(*arrival));

	arrival->from.len = sizeof(arrival->from.storage);
	if (getpeername(conn->fd, &arrival->from.sa, &arrival->from.len))
		arrival->from = (struct address){ 0 };
	if (plan->server)
		limit(arrivals, &arrival->from);
	arrival->arrivals = arrivals;
	arrival->plan = *plan;
	arrival->handler = handler;
	arrival->arg = arg;
	snprintf(arrival->name, sizeof(arrival->name), "%s", name);
	tls_rules_hold(plan->tls);
	if (plan->at_once) {
		arrival->conn = conn_tls(conn, plan->tls);
	} else {
		arrival->conn = conn;
		arrival->above = plan->telnet ? conn_telnet(conn, plan->server) : conn_front(conn);
		arrival->auth = auth_new(conn, arrival->above, plan->server);
	}
	TAILQ_INSERT_TAIL(&arrivals->list, arrival, list);
	arrivals->n += plan->server;
	limit_time(arrival, plan->at_once ? daemon->conf.handshake_timeout :
		   daemon->conf.auth_timeout);
	/* Whoever speaks first can do so at once. */
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
			end(arrival, NULL);
	}
}

void arrivals_free(struct arrivals *arrivals)
{
	struct arrival *arrival, *next;

	if (!arrivals)
		return;
	for (arrival = TAILQ_FIRST(&arrivals->list); arrival; arrival = next) {
		next = TAILQ_NEXT(arrival, list);
		end(arrival, NULL);
	}
	free(arrivals);
}
