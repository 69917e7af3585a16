// SPDX-License-Identifier: GPL-2.0-or-later
/* Somebody who wants to see a virtual serial port and has not said which. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "hub.h"
#include "memory.h"
#include "viewer.h"

#define PROMPT	"virtual machine (empty: list): "

static void say(const struct caller *caller, const char *text)
{
	struct iovec iov = { .iov_base = (char *)text, .iov_len = strlen(text) };
	ssize_t n;

	/* What does not fit in front of a prompt is not worth waiting for. */
	while (iov.iov_len && (n = conn_write(caller->conn, &iov, 1)) > 0) {
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
	}
	conn_flush(caller->conn);
}

/* All but the connection. */
static struct conn *forget(struct caller *caller)
{
	struct conn *conn = caller->conn;

	LIST_REMOVE(caller, list);
	lobby_leave(&caller->guest);
	sd_event_source_disable_unref(caller->io);
	sd_event_source_disable_unref(caller->again);
	free(caller);
	return conn;
}

void viewer_close(struct caller *caller, const char *why)
{
	struct goodbyes *goodbyes = caller->hub->daemon->goodbyes;
	char text[160];

	snprintf(text, sizeof(text), "\r\n[vserial-vspc: %s]\r\n", why ? why : "goodbye");
	conn_end(forget(caller), goodbyes, why ? text : NULL);
}

static void evict(void *arg, const char *why)
{
	viewer_close(arg, why);
}

static void list(const struct caller *caller)
{
	char *text = hub_list(caller->hub);

	say(caller, text);
	free(text);
}

/* Return: whether it has gone where it wanted to. */
static bool go(struct caller *caller, struct console *console, bool force)
{
	char name[ADDRESS_TEXT];

	snprintf(name, sizeof(name), "%s", caller->name);
	console_view(console, forget(caller), name, force);
	return true;
}

/* A line has been typed.  Return: whether the caller is gone. */
static bool take_line(struct caller *caller)
{
	struct console *console;
	bool force = false;
	char *behind;

	say(caller, "\r\n");
	caller->line[caller->len] = '\0';
	caller->len = 0;
	console = hub_find(caller->hub, caller->line);
	behind = strrchr(caller->line, ' ');
	if (!console && behind && !strcmp(behind, " force")) {
		*behind = '\0';
		force = true;
		console = hub_find(caller->hub, caller->line);
	}
	if (console)
		return go(caller, console, force);
	if (*caller->line)
		say(caller, "there is no virtual machine of this name\r\n");
	list(caller);
	say(caller, PROMPT);
	return false;
}

static void rub_out(struct caller *caller)
{
	/* A character in UTF-8 is one. */
	while (caller->len && (caller->line[caller->len - 1] & 0xc0) == 0x80)
		caller->len--;
	if (!caller->len)
		return;
	caller->len--;
	say(caller, "\b \b");
}

/* Return: whether the caller is gone. */
static bool take_key(struct caller *caller, char key)
{
	const char echo[] = { key, '\0' };
	bool after_cr = caller->after_cr;

	caller->after_cr = key == '\r';
	if (after_cr && (key == '\n' || !key))
		return false;
	if (key == '\r' || key == '\n')
		return take_line(caller);
	if (key == 0x03 || key == 0x04) {
		viewer_close(caller, NULL);
		return true;
	}
	if (key == 0x7f || key == '\b')
		rub_out(caller);
	if ((unsigned char)key < ' ' || key == 0x7f || caller->len == CALLER_LINE)
		return false;
	caller->line[caller->len++] = key;
	say(caller, echo);
	return false;
}

static int read_keys(struct caller *caller);

static int on_again(sd_event_source *source, void *arg)
{
	(void)source;
	return read_keys(arg);
}

/* Writes what it is to be told.  Return: false if the caller is gone. */
static bool flush(struct caller *caller)
{
	int rc = conn_flush(caller->conn);

	if (rc && rc != -EAGAIN) {
		viewer_close(caller, NULL);
		return false;
	}
	caller->busy = caller->busy && rc;
	/* Of what cannot be read one would be told again and again. */
	sd_event_source_set_io_events(caller->io, (caller->busy ? 0 : EPOLLIN) |
				      (rc ? EPOLLOUT : 0));
	return true;
}

static int read_keys(struct caller *caller)
{
	struct conn_window window;
	/* So little that what follows a line stays for who reads next. */
	char keys[2];
	ssize_t n = conn_read(caller->conn, keys, sizeof(keys)), i;

	caller->busy = n == -EBUSY;
	if (n <= 0 && n != -EAGAIN && n != -EBUSY) {
		viewer_close(caller, NULL);
		return 0;
	}
	for (i = 0; i < n; i++)
		if (take_key(caller, keys[i]))
			return 0;
	conn_take_event(caller->conn, &window);
	if (!flush(caller) || caller->busy || !conn_pending(caller->conn))
		return 0;
	if (!caller->again)
		sd_event_add_defer(caller->hub->daemon->event, &caller->again, on_again, caller);
	else
		sd_event_source_set_enabled(caller->again, SD_EVENT_ONESHOT);
	return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct caller *caller = arg;

	(void)source;
	(void)fd;
	(void)events;
	if (caller->busy && (!flush(caller) || caller->busy))
		return 0;
	return read_keys(caller);
}

void viewer_new(struct hub *hub, struct conn *conn, const char *name, const char *wanted)
{
	struct caller *caller;

	if (hub->daemon->peers >= hub->daemon->conf.max_clients) {
		conn_end(conn, hub->daemon->goodbyes,
			 "[vserial-vspc: there are as many viewers as max-clients allows]\r\n");
		return;
	}
	if (wanted) {
		console_view(hub_reserve(hub, wanted), conn, name, false);
		return;
	}
	caller = xcalloc(1, sizeof(*caller));
	caller->hub = hub;
	caller->conn = conn;
	snprintf(caller->name, sizeof(caller->name), "%s", name);
	caller->guest.evict = evict;
	caller->guest.arg = caller;
	LIST_INSERT_HEAD(&hub->callers, caller, list);
	lobby_enter(&hub->lobby, &caller->guest, conn->fd, hub->settings->name_timeout);
	if (sd_event_add_io(hub->daemon->event, &caller->io, conn->fd, EPOLLIN, on_io,
			    caller) < 0)
		/* The lobby's time ends it. */
		caller->io = NULL;
	say(caller, PROMPT);
}
