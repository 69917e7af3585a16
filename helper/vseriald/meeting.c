// SPDX-License-Identifier: GPL-2.0-or-later
/* A port meets a concentrator. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "conn_vspc.h"
#include "meeting.h"
#include "memory.h"
#include "timer.h"
#include "transport_tls.h"

/*
 * After so many seconds of silence a concentrator is asked whether it is
 * there, as VMware's virtual machines do.
 */
#define KEEP_IDLE	300
#define KEEP_INTERVAL	(KEEP_IDLE / 100)
#define KEEP_COUNT	5

/**
 * struct meeting - one of them
 * @conn: the connection, with what is spoken on it
 * @name: of the concentrator
 * @plain: it came without TLS
 * @io: its source
 * @timer: ends each wait
 */
struct meeting {
	struct daemon *daemon;
	struct conn *conn;
	char name[2 * ADDRESS_TEXT + 8];
	bool plain;
	const struct arrival_handler *handler;
	void *arg;
	sd_event_source *io;
	sd_event_source *timer;
};

static uint64_t now_of(const struct meeting *meeting)
{
	return daemon_now(meeting->daemon) / 1000;
}

/* All but the connection. */
static struct conn *forget(struct meeting *meeting)
{
	struct conn *conn = meeting->conn;

	sd_event_source_disable_unref(meeting->io);
	sd_event_source_disable_unref(meeting->timer);
	free(meeting);
	return conn;
}

static void fail(struct meeting *meeting, int rc)
{
	const struct arrival_handler *handler = meeting->handler;
	struct goodbyes *goodbyes = meeting->daemon->goodbyes;
	char name[sizeof(meeting->name)], why[TRANSPORT_WHY_MAX];
	void *arg = meeting->arg;

	snprintf(name, sizeof(name), "%s", meeting->name);
	snprintf(why, sizeof(why), "%s", rc == -ECONNRESET ?
		 "it closed the connection before it had accepted the port" :
		 conn_why(meeting->conn, -rc));
	conn_end(forget(meeting), goodbyes, NULL);
	handler->failed(arg, name, why);
}

static void succeed(struct meeting *meeting)
{
	const struct arrival_handler *handler = meeting->handler;
	char name[sizeof(meeting->name)], tls[ADDRESS_TEXT];
	const struct conn *below = meeting->conn->below;
	void *arg = meeting->arg;

	snprintf(name, sizeof(name), "%s", meeting->name);
	if (meeting->plain && below->below) {
		tls_describe(below, tls);
		snprintf(name, sizeof(name), "%.*s (%s)", ADDRESS_TEXT, meeting->name, tls);
	}
	handler->arrived(arg, forget(meeting), name);
}

static int on_time(sd_event_source *source, uint64_t now, void *arg);

static void go_on(struct meeting *meeting)
{
	uint64_t now = now_of(meeting), deadline;
	uint32_t events;
	int rc = conn_vspc_greet(meeting->conn, now, &events, &deadline);

	if (!rc) {
		succeed(meeting);
		return;
	}
	if (rc != -EAGAIN) {
		fail(meeting, rc);
		return;
	}
	if (meeting->io)
		sd_event_source_set_io_events(meeting->io, events);
	timer_start(meeting->daemon->event, &meeting->timer,
		    deadline > now ? (deadline - now) * 1000 : 0, on_time, meeting);
}

static int on_time(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	go_on(arg);
	return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	go_on(arg);
	return 0;
}

static void tune(int fd)
{
	int on = 1, idle = KEEP_IDLE, interval = KEEP_INTERVAL, count = KEEP_COUNT;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

struct meeting *meeting_new(struct daemon *daemon, struct conn *conn, const char *name,
			    const struct vspc_plan *plan,
			    const struct arrival_handler *handler, void *arg)
{
	struct meeting *meeting = xcalloc(1, sizeof(*meeting));

	meeting->daemon = daemon;
	meeting->handler = handler;
	meeting->arg = arg;
	snprintf(meeting->name, sizeof(meeting->name), "%s", name);
	meeting->plain = !conn->below;
	tune(conn->fd);
	meeting->conn = conn_vspc(conn, plan, now_of(meeting));
	if (sd_event_add_io(daemon->event, &meeting->io, conn->fd, EPOLLIN | EPOLLOUT, on_io,
			    meeting) < 0)
		meeting->io = NULL;
	timer_start(daemon->event, &meeting->timer, 0, on_time, meeting);
	return meeting;
}

void meeting_free(struct meeting *meeting)
{
	struct goodbyes *goodbyes;

	if (!meeting)
		return;
	goodbyes = meeting->daemon->goodbyes;
	conn_end(forget(meeting), goodbyes, NULL);
}
