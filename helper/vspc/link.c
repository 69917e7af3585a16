// SPDX-License-Identifier: GPL-2.0-or-later
/* The connection of a virtual machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "console.h"
#include "hub.h"
#include "link.h"
#include "log.h"
#include "memory.h"
#include "timer.h"
#include "vspc_deviation.h"

/* What is read at a time. */
#define READ_MAX	16384u
/* With this much on its way no more input is taken. */
#define SEND_MAX	16384u
/* Bytes that may come before they have a place. */
#define EARLY_MAX	65536u
/* How long the connection of one who has moved away may stay, in microseconds. */
#define RETIRED		10000000u

static void set_events(struct link *link, uint32_t events)
{
	if (events == link->events)
		return;
	link->events = events;
	sd_event_source_set_io_events(link->io, events);
}

/* All but what others know of it. */
static void dispose(struct link *link)
{
	LIST_REMOVE(link, list);
	lobby_leave(&link->guest);
	sd_event_source_disable_unref(link->io);
	sd_event_source_disable_unref(link->timer);
	conn_end(link->conn, link->hub->daemon->goodbyes, NULL);
	vspc_proxy_free(&link->proxy);
	outbox_clear(&link->in);
	outbox_clear(&link->early);
	free(link);
}

void link_close(struct link *link, const char *why)
{
	struct console *console = link->console;

	log_line(LOG_INFO, "%s: %s is gone: %s", console ? console->name : "no port", link->name,
		 why);
	link->console = NULL;
	if (console)
		console_gone(console, link);
	dispose(link);
}

/* Return: 0, -EAGAIN if something waits, or another negative errno. */
static int write_out(struct link *link)
{
	struct outbox *out = &link->proxy.out;

	while (outbox_waits(out)) {
		const struct iovec iov = { .iov_base = out->bytes + out->at,
					   .iov_len = outbox_waits(out) };
		ssize_t n = conn_write(link->conn, &iov, 1);

		if (n < 0)
			return (int)n;
		outbox_sent(out, (size_t)n);
	}
	return conn_flush(link->conn);
}

/* Return: false if the link is gone. */
static bool pump(struct link *link)
{
	int rc = write_out(link);

	if (rc && rc != -EAGAIN) {
		link_close(link, conn_why(link->conn, -rc));
		return false;
	}
	/* Of what cannot be read one would be told again and again. */
	link->busy = link->busy && rc;
	set_events(link, (vspc_proxy_full(&link->proxy) || link->busy ? 0 : EPOLLIN) |
		   (rc ? EPOLLOUT : 0));
	return true;
}

void link_flush(struct link *link)
{
	/* What cannot be written now ends the link when the loop comes to it. */
	set_events(link, link->events | EPOLLOUT);
}

bool link_takes(const struct link *link)
{
	return outbox_waits(&link->proxy.out) < SEND_MAX;
}

void link_send(struct link *link, const void *bytes, size_t len)
{
	vspc_proxy_send(&link->proxy, bytes, len);
	link_flush(link);
}

void link_send_break(struct link *link)
{
	vspc_proxy_send_break(&link->proxy);
	link_flush(link);
}

void link_attend(struct link *link, bool attended)
{
	vspc_proxy_attend(&link->proxy, attended);
	link_flush(link);
}

/* What comes. */

/* Bytes of the port.  Return: false if the link is gone. */
static bool take_bytes(struct link *link, const void *bytes, size_t len)
{
	struct console *console = link->console;

	if (!len || link->retired)
		return true;
	if (console && console->link == link) {
		console_output(console, bytes, len);
		return true;
	}
	if (outbox_waits(&link->early) + len > EARLY_MAX) {
		link_close(link, "too many bytes came before anybody could have them");
		return false;
	}
	outbox_add(&link->early, bytes, len);
	return true;
}

/* It has a place now. */
static void take_early(struct link *link)
{
	struct outbox early = link->early;

	link->early = (struct outbox){ 0 };
	take_bytes(link, early.bytes + early.at, outbox_waits(&early));
	outbox_clear(&early);
}

/* Return: false if the link is gone. */
static bool refuse(struct link *link, const char *why)
{
	bool stays = link->hub->settings->deviations & VSPC_WONT_KEEP;

	vspc_proxy_refuse(&link->proxy);
	if (stays && !link->proxy.peer) {
		lobby_leave(&link->guest);
		return true;
	}
	write_out(link);
	link_close(link, why);
	return false;
}

static bool take_peer(struct link *link)
{
	struct vspc_proxy *proxy = &link->proxy;
	struct console *console = hub_find_move(link->hub, proxy->blob, proxy->blob_len);

	if (!console || link->hub->settings->deviations & VSPC_REFUSE_PEER)
		return refuse(link, "it knows of no hand-over that goes on here");
	lobby_leave(&link->guest);
	link->console = console;
	proxy->sequence_len = console->sequence_len;
	vspc_proxy_accept(proxy);
	console_peer(console, link);
	return true;
}

/* Who it is has become known.  Return: false if the link is gone. */
static bool take_wish(struct link *link)
{
	struct vspc_proxy *proxy = &link->proxy;
	struct console *console;

	if (proxy->peer)
		return take_peer(link);
	if (link->hub->settings->deviations & (VSPC_WONT_KEEP | VSPC_WONT_CLOSE))
		return refuse(link, "everybody is refused");
	console = hub_place(link->hub, proxy);
	if (!console)
		return refuse(link, "there are as many ports as max-consoles allows");
	lobby_leave(&link->guest);
	link->console = console;
	vspc_proxy_accept(proxy);
	console_connect(console, link);
	take_early(link);
	return true;
}

/* Return: false if the link is gone. */
static bool take_event(struct link *link, enum vspc_proxy_event event)
{
	struct console *console = link->console;

	/* Who has moved away has no port here that it could stay at, or move. */
	if (link->retired && event != VSPC_PROXY_CLOSE)
		return true;
	switch (event) {
	case VSPC_PROXY_NOTHING:
		break;
	case VSPC_PROXY_BREAK:
		if (console && console->link == link)
			console_break(console);
		break;
	case VSPC_PROXY_KNOWN:
		return take_wish(link);
	case VSPC_PROXY_BEGIN:
		console_begin(console, link);
		break;
	case VSPC_PROXY_COMPLETE:
		console_complete(console, link);
		take_early(link);
		break;
	case VSPC_PROXY_ABORT:
		console_abort(console);
		break;
	case VSPC_PROXY_CLOSE:
		link_close(link, link->proxy.why);
		return false;
	}
	return true;
}

static int on_time(sd_event_source *source, uint64_t now, void *arg)
{
	struct link *link = arg;

	(void)source;
	(void)now;
	if (link->retired) {
		link_close(link, "its virtual machine has moved");
		return 0;
	}
	if (take_event(link, vspc_proxy_tick(&link->proxy, hub_now(link->hub))))
		pump(link);
	return 0;
}

static void watch_time(struct link *link)
{
	uint64_t now = hub_now(link->hub);

	if (!link->proxy.deadline || link->retired)
		return;
	timer_start(link->hub->daemon->event, &link->timer, link->proxy.deadline > now ?
		    (link->proxy.deadline - now) * 1000 : 0, on_time, link);
}

/* Understands what has been read.  Return: false if the link is gone. */
static bool understand(struct link *link)
{
	struct vspc_proxy_received r;
	uint8_t bytes[4096];

	while (outbox_waits(&link->in) && !vspc_proxy_full(&link->proxy)) {
		r = vspc_proxy_receive(&link->proxy, hub_now(link->hub),
				       link->in.bytes + link->in.at, outbox_waits(&link->in),
				       bytes, sizeof(bytes));
		outbox_sent(&link->in, r.consumed);
		if (!take_bytes(link, bytes, r.len) || !take_event(link, r.event))
			return false;
	}
	if (vspc_proxy_full(&link->proxy))
		set_events(link, link->events & ~(uint32_t)EPOLLIN);
	return true;
}

/* Return: false if the link is gone. */
static bool read_in(struct link *link)
{
	uint8_t bytes[READ_MAX];
	ssize_t n;

	do {
		if (!understand(link))
			return false;
		if (outbox_waits(&link->in))
			return true;
		n = conn_read(link->conn, bytes, sizeof(bytes));
		link->busy = n == -EBUSY;
		if (n == -EAGAIN || n == -EBUSY)
			return true;
		if (n <= 0) {
			link_close(link, n ? conn_why(link->conn, (int)-n) :
				   "it closed the connection");
			return false;
		}
		outbox_add(&link->in, bytes, (size_t)n);
		if (!understand(link))
			return false;
		/* What TLS has taken off the socket raises no event any more. */
	} while (conn_pending(link->conn));
	return true;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct link *link = arg;

	(void)source;
	(void)fd;
	(void)events;
	if (!pump(link) || !read_in(link) || !pump(link))
		return 0;
	/* What waited for room to answer has it now, and may be the last that comes. */
	if (outbox_waits(&link->in) && !vspc_proxy_full(&link->proxy))
		link_flush(link);
	watch_time(link);
	if (link->console && link->console->link == link)
		console_read_on(link->console);
	return 0;
}

static void evict(void *arg, const char *why)
{
	link_close(arg, why);
}

void link_new(struct hub *hub, struct conn *conn, const char *name)
{
	struct link *link = xcalloc(1, sizeof(*link));

	link->hub = hub;
	link->conn = conn;
	link->events = EPOLLIN | EPOLLOUT;
	snprintf(link->name, sizeof(link->name), "%s", name);
	link->guest.evict = evict;
	link->guest.arg = link;
	LIST_INSERT_HEAD(&hub->links, link, list);
	vspc_proxy_start(&link->proxy, hub->settings->deviations);
	lobby_enter(&hub->lobby, &link->guest, conn->fd, hub->settings->identify_timeout);
	if (sd_event_add_io(hub->daemon->event, &link->io, conn->fd, link->events, on_io,
			    link) < 0)
		/* The lobby's time ends it. */
		link->io = NULL;
}

void link_retire(struct link *link)
{
	link->retired = true;
	link->console = NULL;
	timer_start(link->hub->daemon->event, &link->timer, RETIRED, on_time, link);
}
