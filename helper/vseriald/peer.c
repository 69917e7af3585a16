// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection of a port. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "input.h"
#include "memory.h"
#include "peer.h"

/* How often a connection that has ended is read for what came before: more than sockets hold. */
#define LAST_READS 512

static void set_events(struct peer *peer, uint32_t events)
{
	if (events == peer->events)
		return;
	/*
	 * Hang-ups are told whether one waits for them or not: a peer of which
	 * nothing is wanted is not watched at all.
	 */
	if (!events)
		sd_event_source_set_enabled(peer->io, SD_EVENT_OFF);
	else
		sd_event_source_set_io_events(peer->io, events);
	if (events && !peer->events)
		sd_event_source_set_enabled(peer->io, SD_EVENT_ON);
	peer->events = events;
}

/* Return: false if the peer is gone. */
static bool ended(struct peer *peer, ssize_t rc)
{
	peer->handler->ended(peer->arg, peer,
			     rc ? conn_why(peer->conn, (int)-rc) : "it closed the connection", !rc);
	return false;
}

/*
 * Writes what the connection still holds, and waits where it cannot.
 *
 * Return: false if the peer is gone.
 */
static bool flush(struct peer *peer)
{
	int rc = conn_flush(peer->conn);

	if (rc && rc != -EAGAIN)
		return ended(peer, rc);
	if (rc)
		set_events(peer, peer->events | EPOLLOUT);
	else
		peer->busy = false;
	return true;
}

static void read_again(struct peer *peer);

/* Return: false if the peer is gone. */
static bool take_events(struct peer *peer)
{
	enum conn_event event;

	while ((event = conn_take_event(peer->conn, &peer->window)) != CONN_NOTHING) {
		if (event == CONN_FLOW && !peer_pump(peer))
			return false;
		if (event == CONN_HANDOVER)
			peer->handler->moved(peer->arg, peer);
		else if (event == CONN_BREAK && peer->writer)
			peer->handler->sent_break(peer->arg, peer);
		else if (event == CONN_WINDOW && peer->writer)
			peer->handler->resized(peer->arg, peer);
		else if (event == CONN_LINES && peer->writer)
			peer->handler->drove(peer->arg, peer);
	}
	return true;
}

static void give_input(struct peer *peer, const char *bytes, size_t len)
{
	char *copy;

	peer->active = daemon_now(peer->daemon);
	/* Of those who do not write nothing is kept; only their end matters. */
	if (!peer->writer)
		return;
	copy = xcalloc(1, len);
	memcpy(copy, bytes, len);
	peer->handler->input(peer->arg, peer, copy, len);
}

static bool take_input(struct peer *peer)
{
	static char bytes[INPUT_MAX];
	ssize_t n = conn_read(peer->conn, bytes, sizeof(bytes));

	if (n == -EBUSY)
		peer->busy = true;
	else if (n <= 0 && n != -EAGAIN)
		return ended(peer, n);
	if (n > 0)
		give_input(peer, bytes, (size_t)n);
	if (!take_events(peer) || !flush(peer))
		return false;
	if (peer->busy)
		set_events(peer, peer->events & ~(uint32_t)EPOLLIN);
	read_again(peer);
	return true;
}

static int on_again(sd_event_source *source, void *arg)
{
	struct peer *peer = arg;

	(void)source;
	if (!peer->busy && peer->handler->may_read(peer->arg, peer))
		take_input(peer);
	return 0;
}

/* What the connection has taken off the socket raises no event any more. */
static void read_again(struct peer *peer)
{
	if (!conn_pending(peer->conn) || peer->busy ||
	    !peer->handler->may_read(peer->arg, peer))
		return;
	if (!peer->again)
		sd_event_add_defer(peer->daemon->event, &peer->again, on_again, peer);
	else
		sd_event_source_set_enabled(peer->again, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct peer *peer = arg;

	(void)source;
	(void)fd;
	if (events & EPOLLOUT) {
		peer->blocked = false;
		set_events(peer, peer->events & ~(uint32_t)EPOLLOUT);
		if (!flush(peer) || !peer_pump(peer))
			return 0;
		peer_may_read(peer);
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return 0;
	if (!peer->busy && peer->handler->may_read(peer->arg, peer))
		take_input(peer);
	else
		set_events(peer, events & (EPOLLHUP | EPOLLERR) ? 0 :
			   peer->events & ~(uint32_t)EPOLLIN);
	return 0;
}

struct peer *peer_new(struct daemon *daemon, const struct ring *ring, struct conn *conn,
		      const char *name, const struct peer_handler *handler, void *arg)
{
	struct peer *peer = xcalloc(1, sizeof(*peer));

	peer->daemon = daemon;
	peer->ring = ring;
	peer->handler = handler;
	peer->arg = arg;
	peer->conn = conn;
	peer->position = ring->head;
	peer->active = daemon_now(daemon);
	snprintf(peer->name, sizeof(peer->name), "%s", name);
	/* What it is told first is written when it can be. */
	peer->events = EPOLLIN | EPOLLOUT;
	if (sd_event_add_io(daemon->event, &peer->io, conn->fd, peer->events, on_io, peer) < 0) {
		conn_end(conn, daemon->goodbyes, NULL);
		free(peer);
		return NULL;
	}
	daemon->peers++;
	return peer;
}

static void forget(struct peer *peer)
{
	peer->daemon->peers--;
	sd_event_source_disable_unref(peer->io);
	sd_event_source_disable_unref(peer->again);
	free(peer->backlog);
	free(peer);
}

void peer_free(struct peer *peer, const char *text)
{
	conn_end(peer->conn, peer->daemon->goodbyes, text);
	forget(peer);
}

void peer_release(struct peer *peer)
{
	conn_release(peer->conn);
	forget(peer);
}

uint64_t peer_offset(const struct peer *peer)
{
	if (peer->phase != PEER_LIVE)
		return peer->resume;
	if (peer->backlog_len && !peer->notice)
		return peer->history_start + (peer->backlog_sent > peer->ahead ?
					      peer->backlog_sent - peer->ahead : 0);
	if (peer->awaiting)
		return peer->awaits;
	return ring_offset(peer->ring, peer->position > peer->ring->tail ? peer->position :
			   peer->ring->tail);
}

static void add_backlog(struct peer *peer, const void *bytes, size_t len)
{
	peer->backlog = xrealloc(peer->backlog, peer->backlog_len + len, 1);
	memcpy(peer->backlog + peer->backlog_len, bytes, len);
	peer->backlog_len += len;
}

static void clear_backlog(struct peer *peer)
{
	free(peer->backlog);
	peer->backlog = NULL;
	peer->backlog_len = 0;
	peer->backlog_sent = 0;
	peer->ahead = 0;
	peer->notice = false;
}

static void tell_loss(struct peer *peer, uint64_t lost)
{
	char text[96];
	int len = snprintf(text, sizeof(text),
			   "\r\n[vserial: %" PRIu64 " bytes are missing here]\r\n", lost);

	add_backlog(peer, text, (size_t)len);
}

void peer_history(struct peer *peer, uint64_t offset, const void *bytes, size_t len)
{
	size_t max = peer->daemon->conf.viewer_buffer;
	/* A dump that was begun again begins with what came before. */
	uint64_t has = peer->history_end ? peer->history_end : peer->resume;
	size_t excess;

	if (offset + len <= has)
		return;
	if (offset < has) {
		bytes = (const char *)bytes + (has - offset);
		len -= (size_t)(has - offset);
		offset = has;
	}
	if (!peer->history_end)
		peer->history_start = offset;
	else if (offset > peer->history_end)
		tell_loss(peer, offset - peer->history_end);
	peer->history_end = offset + len;
	add_backlog(peer, bytes, len);
	/* Seldom, not with each piece: it moves all that stays. */
	if (peer->backlog_len < 2 * max)
		return;
	excess = peer->backlog_len - max;
	memmove(peer->backlog, peer->backlog + excess, max);
	peer->backlog_len = max;
	peer->history_start += excess;
}

void peer_drop_history(struct peer *peer)
{
	clear_backlog(peer);
}

/* The same in front of the backlog. */
static void tell_loss_first(struct peer *peer, uint64_t lost)
{
	char *history = peer->backlog;
	size_t len = peer->backlog_len;

	peer->backlog = NULL;
	peer->backlog_len = 0;
	tell_loss(peer, lost);
	peer->ahead = peer->backlog_len;
	add_backlog(peer, history, len);
	free(history);
}

void peer_join(struct peer *peer, uint64_t offset)
{
	uint64_t first = ring_offset(peer->ring, peer->ring->tail);

	/* Who goes on where another daemon was lacks what no history has, or too long a one. */
	if (peer->backlog_len && peer->resume && peer->history_start > peer->resume)
		tell_loss_first(peer, peer->history_start - peer->resume);
	if (offset < first) {
		peer->notice = !peer->backlog_len;
		tell_loss(peer, first - offset);
	}
	peer->phase = PEER_LIVE;
	peer->awaits = offset;
	peer->awaiting = true;
	peer_follow(peer);
}

void peer_follow(struct peer *peer)
{
	if (!peer->awaiting)
		return;
	peer->position = ring_position(peer->ring, peer->awaits);
	peer->awaiting = ring_offset(peer->ring, peer->ring->head) < peer->awaits;
}

/* Return: 1 if all that was given has been written, 0 if not, or a negative errno. */
static ssize_t write_some(struct peer *peer, const struct iovec *iov, int n, size_t *written)
{
	size_t len = iov[0].iov_len + (n == 2 ? iov[1].iov_len : 0);
	ssize_t rc = conn_write(peer->conn, iov, n);

	*written = rc > 0 ? (size_t)rc : 0;
	if (rc == -EAGAIN)
		return 0;
	if (rc < 0)
		return rc;
	peer->active = daemon_now(peer->daemon);
	return *written == len;
}

static ssize_t write_backlog(struct peer *peer)
{
	struct iovec iov = {
		.iov_base = peer->backlog + peer->backlog_sent,
		.iov_len = peer->backlog_len - peer->backlog_sent,
	};
	size_t written;
	ssize_t rc = write_some(peer, &iov, 1, &written);

	peer->backlog_sent += written;
	if (rc == 1)
		clear_backlog(peer);
	return rc;
}

/* Sends the breaks that are due.  Return: the position of the next. */
static uint64_t write_breaks(struct peer *peer)
{
	uint64_t next;

	if (!conn_has_breaks(peer->conn))
		return UINT64_MAX;
	for (;;) {
		next = ring_next_mark(peer->ring, peer->position, &peer->breaks);
		if (next != peer->position)
			return next;
		conn_send_break(peer->conn);
		peer->breaks++;
	}
}

/* Return: how many of @iov's parts are left when it ends after @max bytes. */
static int cut(struct iovec *iov, int n, uint64_t max)
{
	if (iov[0].iov_len >= max) {
		iov[0].iov_len = (size_t)max;
		return 1;
	}
	if (n == 2 && iov[0].iov_len + iov[1].iov_len > max)
		iov[1].iov_len = (size_t)max - iov[0].iov_len;
	return n;
}

static ssize_t write_ring(struct peer *peer)
{
	struct iovec iov[2];
	size_t written;
	uint64_t stop;
	ssize_t rc;
	int n;

	/* Breaks without an end would gather there: the ring remembers some. */
	n = conn_flush(peer->conn);
	if (n)
		return n == -EAGAIN ? 0 : n;
	stop = write_breaks(peer);
	n = ring_peek(peer->ring, peer->position, iov);
	if (!n)
		return 0;
	n = cut(iov, n, stop - peer->position);
	rc = write_some(peer, iov, n, &written);
	peer->position += written;
	return rc;
}

bool peer_pump(struct peer *peer)
{
	ssize_t rc = 1;

	if (peer->phase != PEER_LIVE || peer->blocked || conn_suspended(peer->conn))
		return true;
	while (rc == 1) {
		if (!peer->backlog_len && peer->position < peer->ring->tail) {
			tell_loss(peer, peer->ring->tail - peer->position);
			peer->notice = true;
			peer->position = peer->ring->tail;
		}
		rc = peer->backlog_len ? write_backlog(peer) : write_ring(peer);
	}
	if (rc < 0)
		return ended(peer, rc);
	peer->blocked = peer->backlog_len || peer->position < peer->ring->head;
	if (peer->blocked)
		set_events(peer, peer->events | EPOLLOUT);
	return flush(peer);
}

void peer_cable(struct peer *peer, const struct com_port_guest *guest)
{
	conn_cable(peer->conn, guest);
	flush(peer);
}

bool peer_flush(struct peer *peer)
{
	return flush(peer);
}

void peer_arrived(struct peer *peer)
{
	if (peer->phase == PEER_LIVE && !peer->backlog_len && peer->position > peer->settled)
		peer->settled = peer->position;
}

uint64_t peer_settled(struct peer *peer)
{
	uint64_t unsettled;

	if (peer->phase != PEER_LIVE || peer->backlog_len)
		return peer->settled;
	unsettled = conn_unsettled(peer->conn);
	if (peer->position > unsettled && peer->position - unsettled > peer->settled)
		peer->settled = peer->position - unsettled;
	return peer->settled;
}

bool peer_has_hung_up(const struct peer *peer)
{
	struct pollfd look = { .fd = peer->conn->fd, .events = POLLRDHUP };

	return poll(&look, 1, 0) > 0;
}

void peer_see_end(struct peer *peer)
{
	int reads;

	if (!peer_has_hung_up(peer))
		return;
	for (reads = 0; reads < LAST_READS; reads++)
		if (peer->busy || !peer->handler->may_read(peer->arg, peer) || !take_input(peer))
			return;
}

void peer_end_unread(struct peer *peer)
{
	ended(peer, 0);
}

void peer_may_read(struct peer *peer)
{
	if (!peer->busy && !(peer->events & EPOLLIN) && peer->handler->may_read(peer->arg, peer))
		set_events(peer, peer->events | EPOLLIN);
	read_again(peer);
}
