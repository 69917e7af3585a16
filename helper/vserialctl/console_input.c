// SPDX-License-Identifier: GPL-2.0-or-later
/* What somebody types at a console, or a pipe gives it: bytes for the guest, and commands. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "console_parts.h"
#include "terminal.h"

#define READ_MAX	4096
#define BREAK_MS	250

/* Tells one who types in vain, once until something changes. */
static void complain(struct console *c)
{
	char role[WATCH_NAME + 128];

	if (c->complained)
		return;
	c->complained = true;
	watch_role(&c->watch, console_take_over(c), role, sizeof(role));
	console_say(c, "%s", role);
}

void console_refused(void *arg, const struct vnl_error *why)
{
	struct console *c = arg;

	/* Typed again it is soon; what comes through a pipe waits for its turn. */
	if (c->typed) {
		console_say(c, "refused: %s", why->text);
		attach_forget(c->session);
	} else if (why->err != EPERM) {
		console_fail(c, why);
	}
}

static void put(struct console *c, const uint8_t *bytes, size_t n)
{
	if (!n)
		return;
	if (c->typed && !c->watch.writes) {
		complain(c);
		return;
	}
	/* There is room: no more was read. */
	c->sent += attach_put(c->session, bytes, n);
}

static void do_take_over(struct console *c)
{
	if (c->watch.writes)
		console_say(c, "you write");
	else if (c->watch.read_only)
		console_say(c, "this console is read-only");
	else
		attach_take_over(c->session);
}

static void send_break(struct console *c)
{
	if (!c->watch.writes)
		complain(c);
	else if (attach_break(c->session, BREAK_MS))
		console_say(c, "break");
	else
		console_say(c, "too many breaks wait for the guest");
}

static void tell_status(struct console *c)
{
	char role[WATCH_NAME + 128];

	watch_role(&c->watch, console_take_over(c), role, sizeof(role));
	console_say(c, "%s, session %u: %s; the guest is powered %s", c->name,
		    attach_id(c->session), role, c->watch.power ? "on" : "off");
	console_say(c, "%" PRIu64 " bytes of output, %" PRIu64 " lost; %" PRIu64
		    " of input, of which %zu wait for the guest", c->written, c->lost, c->sent,
		    attach_waiting(c->session));
}

static void help(struct console *c)
{
	static const struct {
		const char *key, *what;
	} keys[] = {
		{ ".", "leave" }, { "B", "send a break" },
		{ "f", "take over from whoever writes" },
		{ "s", "show who writes, and what went through" },
		{ "^Z", "stop this program; the shell's fg goes on" },
		{ "?", "show this" },
	};
	char name[ESCAPE_TEXT];
	size_t i;

	escape_name(c->escape.character, name);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		console_say(c, "%s%-2s  %s", name, keys[i].key, keys[i].what);
	console_say(c, "%s%s  send %s; all at the beginning of a line", name, name, name);
}

void console_send_window(struct console *c)
{
	uint32_t rows, columns;

	if (c->typed && c->session && c->watch.writes &&
	    terminal_size(STDIN_FILENO, &rows, &columns))
		attach_window(c->session, rows, columns);
}

void console_go_raw(struct console *c)
{
	int rc = c->typed ? terminal_raw(STDIN_FILENO) : 0;

	if (rc) {
		ctl_fail(c->ctl, CTL_REFUSED, "cannot make the terminal raw: %s",
			 strerror(-rc));
		console_finish(c, CTL_REFUSED);
	}
	console_send_window(c);
}

/* Sends what was typed before a command that ends or stops the program. */
static void send_typed(struct console *c)
{
	struct vnl_error error;

	if (c->session && attach_flush(c->attach, &error))
		console_fail(c, &error);
}

static void obey_command(struct console *c, enum escape_command command)
{
	switch (command) {
	case ESCAPE_NOTHING:
		break;
	case ESCAPE_LEAVE:
		send_typed(c);
		console_say(c, "left %s", c->name);
		console_finish(c, CTL_DONE);
		break;
	case ESCAPE_SUSPEND:
		send_typed(c);
		console_say(c, "stopped");
		terminal_obey(SIGTSTP);
		console_go_raw(c);
		break;
	case ESCAPE_BREAK:
		send_break(c);
		break;
	case ESCAPE_TAKE_OVER:
		do_take_over(c);
		break;
	case ESCAPE_STATUS:
		tell_status(c);
		break;
	case ESCAPE_HELP:
		help(c);
		break;
	}
}

static void take_typed(struct console *c, const uint8_t *bytes, size_t n)
{
	uint8_t out[READ_MAX + 1];
	enum escape_command command;
	size_t used, len;

	while (n && !c->over) {
		command = escape_feed(&c->escape, bytes, n, &used, out, &len);
		put(c, out, len);
		obey_command(c, command);
		bytes += used;
		n -= used;
	}
}

static size_t input_room(const struct console *c)
{
	size_t max = c->typed ? TYPED_MAX : PIPED_MAX;
	size_t waiting = attach_waiting(c->session);

	return waiting < max ? max - waiting : 0;
}

bool console_wants_input(const struct console *c)
{
	if (c->eof || !c->session)
		return false;
	if (!c->typed && c->request->read_only)
		return false;
	/* The escape character of earlier may come out with what follows it. */
	return input_room(c) > 1;
}

void console_take_input(struct console *c)
{
	size_t room = input_room(c) - 1;
	uint8_t bytes[READ_MAX];
	ssize_t n;

	n = read(STDIN_FILENO, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
	if (n > 0 && c->typed) {
		take_typed(c, bytes, (size_t)n);
	} else if (n > 0) {
		put(c, bytes, (size_t)n);
	} else if (!n || errno == EIO) {
		c->eof = true;
		/* A terminal that is gone; its SIGHUP may come to others. */
		if (c->typed)
			console_finish(c, CTL_DONE);
	} else if (errno != EINTR && errno != EAGAIN) {
		ctl_fail(c->ctl, CTL_REFUSED, "cannot read the input: %s", strerror(errno));
		console_finish(c, CTL_REFUSED);
	}
}
