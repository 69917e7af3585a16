// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtual serial port. */
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "hub.h"
#include "link.h"
#include "log.h"
#include "memory.h"
#include "record.h"
#include "timer.h"
#include "vspc_deviation.h"

/* Input that is kept during a hand-over; viewers with more wait. */
#define HELD_MAX	65536u

static bool deviates(const struct console *console, uint32_t deviation)
{
	return console->hub->settings->deviations & deviation;
}

struct console *console_new(struct hub *hub, const char *name)
{
	struct console *console = xcalloc(1, sizeof(*console));

	console->hub = hub;
	console->name = xstrdup(name);
	console->machine = xstrdup("");
	console->service = xstrdup("");
	TAILQ_INIT(&console->viewers);
	ring_init(&console->ring, hub->daemon->conf.viewer_buffer, 0);
	console_record(console);
	return console;
}

void console_record(struct console *console)
{
	const char *folder = console->hub->settings->log_folder;

	record_free(console->record);
	console->record = *folder ? record_new(folder, console->name) : NULL;
}

void console_free(struct console *console)
{
	struct peer *peer;

	while ((peer = TAILQ_FIRST(&console->viewers))) {
		TAILQ_REMOVE(&console->viewers, peer, list);
		peer_free(peer, NULL);
	}
	sd_event_source_disable_unref(console->timer);
	outbox_clear(&console->held);
	ring_free(&console->ring);
	record_free(console->record);
	free(console->name);
	free(console->machine);
	free(console->service);
	free(console);
}

bool console_idle(const struct console *console)
{
	return !console->link && !console->moving && TAILQ_EMPTY(&console->viewers);
}

void console_identify(struct console *console, const struct vspc_proxy *proxy)
{
	free(console->machine);
	free(console->service);
	console->machine = xstrdup(proxy->name);
	console->service = xstrdup(proxy->service);
	console->has_uuid = proxy->has_uuid;
	memcpy(console->uuid, proxy->uuid, sizeof(console->uuid));
	console->known = true;
}

bool console_is_of(const struct console *console, const struct vspc_proxy *proxy)
{
	if (!console->known || strcmp(console->service, proxy->service) ||
	    console->has_uuid != proxy->has_uuid)
		return false;
	/* The name may change, and others may have it. */
	return proxy->has_uuid ? !memcmp(console->uuid, proxy->uuid, sizeof(console->uuid)) :
		!strcmp(console->machine, proxy->name);
}

/* Output. */

void console_output(struct console *console, const void *bytes, size_t len)
{
	struct peer *peer, *next;

	record_write(console->record, bytes, len);
	ring_append(&console->ring, ring_offset(&console->ring, console->ring.head), bytes, len);
	for (peer = TAILQ_FIRST(&console->viewers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		peer_follow(peer);
		peer_pump(peer);
	}
}

void console_break(struct console *console)
{
	struct peer *peer, *next;

	ring_mark(&console->ring);
	for (peer = TAILQ_FIRST(&console->viewers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		peer_pump(peer);
	}
}

/* Input. */

static bool holds(const struct console *console)
{
	return console->moving && (!console->link || !deviates(console, VSPC_NO_BUFFER));
}

static bool may_read(void *arg, const struct peer *peer)
{
	const struct console *console = arg;

	if (!peer->writer)
		return true;
	if (holds(console))
		return outbox_waits(&console->held) < HELD_MAX;
	return !console->link || link_takes(console->link);
}

static void on_input(void *arg, struct peer *peer, char *bytes, size_t len)
{
	struct console *console = arg;

	(void)peer;
	if (holds(console))
		outbox_add(&console->held, bytes, len);
	else if (console->link)
		link_send(console->link, bytes, len);
	else
		/* As a cable does that ends nowhere. */
		console->dropped += len;
	free(bytes);
}

static void on_break(void *arg, struct peer *peer)
{
	struct console *console = arg;

	(void)peer;
	if (console->link && !holds(console))
		link_send_break(console->link);
}

static void on_resized(void *arg, struct peer *peer)
{
	/* The extension has no word for it. */
	(void)arg;
	(void)peer;
}

static void on_drove(void *arg, struct peer *peer)
{
	/* Nor for what a viewer with a serial port in mind (RFC 2217) drives. */
	(void)arg;
	(void)peer;
}

/* A virtual machine that drives a port of ours sees whether there are viewers. */
static void attend(struct console *console)
{
	if (console->link)
		link_attend(console->link, !TAILQ_EMPTY(&console->viewers));
}

void console_read_on(struct console *console)
{
	struct peer *peer, *next;

	for (peer = TAILQ_FIRST(&console->viewers); peer; peer = next) {
		next = TAILQ_NEXT(peer, list);
		peer_may_read(peer);
	}
}

/* Viewers. */

static void on_ended(void *arg, struct peer *peer, const char *why, bool clean)
{
	struct console *console = arg;
	struct peer *first;

	(void)clean;
	log_line(LOG_INFO, "%s: viewer %s is gone: %s", console->name, peer->name, why);
	TAILQ_REMOVE(&console->viewers, peer, list);
	first = TAILQ_FIRST(&console->viewers);
	if (peer->writer && first)
		first->writer = true;
	peer_free(peer, NULL);
	attend(console);
}

void console_view(struct console *console, struct conn *conn, const char *name, bool force)
{
	static const struct peer_handler handler = {
		.may_read = may_read,
		.input = on_input,
		.sent_break = on_break,
		.resized = on_resized,
		.drove = on_drove,
		.ended = on_ended,
	};
	struct peer *peer = peer_new(console->hub->daemon, &console->ring, conn, name, &handler,
				     console);
	struct peer *other;

	if (!peer)
		return;
	peer->writer = force || TAILQ_EMPTY(&console->viewers);
	if (force)
		TAILQ_FOREACH(other, &console->viewers, list)
			other->writer = false;
	TAILQ_INSERT_TAIL(&console->viewers, peer, list);
	log_line(LOG_INFO, "%s: viewer %s %s", console->name, name,
		 peer->writer ? "writes" : "reads");
	attend(console);
	peer_join(peer, ring_offset(&console->ring, console->ring.tail));
	peer_pump(peer);
}

/* The virtual machine. */

/* What was held goes where the virtual machine is. */
static void end_move(struct console *console)
{
	struct outbox held = console->held;

	console->moving = false;
	console->held = (struct outbox){ 0 };
	timer_stop(console->timer);
	if (console->link)
		link_send(console->link, held.bytes + held.at, outbox_waits(&held));
	else
		console->dropped += outbox_waits(&held);
	outbox_clear(&held);
	console_read_on(console);
}

/* It has come to nothing. */
static void stay(struct console *console, const char *why)
{
	struct link *target = console->target;

	log_line(LOG_NOTICE, "%s: it stays where it was: %s", console->name, why);
	console->target = NULL;
	if (target) {
		target->console = NULL;
		link_close(target, why);
	}
	if (console->link)
		vspc_proxy_stay(&console->link->proxy);
	end_move(console);
}

void console_connect(struct console *console, struct link *link)
{
	console->link = link;
	attend(console);
	log_line(LOG_INFO, "%s: connected from %s", console->name, link->name);
	if (console->moving)
		stay(console, "its virtual machine has come again without a hand-over");
	else
		console_read_on(console);
}

void console_abort(struct console *console)
{
	stay(console, "the hand-over was aborted");
}

static int on_move_timer(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	stay(arg, "the hand-over took longer than vmotion-limit allows");
	return 0;
}

void console_gone(struct console *console, struct link *link)
{
	if (console->link == link)
		console->link = NULL;
	if (console->target == link)
		console->target = NULL;
	/* In a hand-over it may be had from the other host yet. */
	if (!console->moving)
		console_read_on(console);
}

/* Not one byte 255: not everybody doubles it. */
static void make_secret(uint8_t secret[VSPC_SECRET_SIZE])
{
	size_t i;

	arc4random_buf(secret, VSPC_SECRET_SIZE);
	for (i = 0; i < VSPC_SECRET_SIZE; i++)
		while (secret[i] == 255)
			secret[i] = (uint8_t)arc4random();
}

void console_begin(struct console *console, struct link *link)
{
	uint8_t secret[VSPC_SECRET_SIZE];

	if (console->moving || !console->hub->settings->vmotion_limit ||
	    deviates(console, VSPC_NOT_NOW)) {
		vspc_proxy_not_now(&link->proxy);
		link_flush(link);
		return;
	}
	make_secret(secret);
	vspc_proxy_go_ahead(&link->proxy, secret);
	link_flush(link);
	memcpy(console->blob, link->proxy.blob, link->proxy.blob_len);
	console->blob_len = link->proxy.blob_len;
	console->sequence_len = link->proxy.sequence_len;
	console->moving = true;
	timer_start(console->hub->daemon->event, &console->timer,
		    console->hub->settings->vmotion_limit * 1000000ull, on_move_timer, console);
	log_line(LOG_NOTICE, "%s: it begins to move away from %s", console->name, link->name);
}

void console_peer(struct console *console, struct link *link)
{
	struct link *old = console->target;

	console->target = link;
	/* Who comes again has lost the connection, whatever TCP knows of it. */
	if (old)
		link_close(old, "its virtual machine has come again");
	link_flush(link);
	log_line(LOG_NOTICE, "%s: it is about to move to %s", console->name, link->name);
}

void console_complete(struct console *console, struct link *link)
{
	if (console->link)
		link_retire(console->link);
	console->target = NULL;
	console->link = link;
	attend(console);
	log_line(LOG_NOTICE, "%s: it has moved to %s", console->name, link->name);
	end_move(console);
}
