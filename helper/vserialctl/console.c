// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A port as one sees it who sits at it.
 *
 *   standard input --> escape --> attach --> guest      (a terminal)
 *   standard input -------------> attach --> guest      (anything else)
 *   guest --> attach --> pending --> standard output
 *   events --> watch --> "[vserial: …]" on standard error
 *
 * Output is settled when it was written, so that whatever standard output is
 * too slow for stays with the kernel, which keeps the newest and says what
 * went.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "attach.h"
#include "clock.h"
#include "console.h"
#include "escape.h"
#include "memory.h"
#include "pending.h"
#include "terminal.h"
#include "watch.h"

/* Of which the kernel fills half with output: a few messages. */
#define RECEIVE_BUFFER	(256 << 10)
/* A guest that takes nothing should not keep anybody from typing "~.". */
#define TYPED_MAX	(1 << 20)
#define PIPED_MAX	(64 << 10)
/* What a pipe that says it is writable takes without waiting. */
#define WRITE_MAX	4096
#define READ_MAX	4096
/* How long output has to be quiet behind the end of standard input. */
#define QUIET_MS	500
#define BREAK_MS	250

enum { POLL_SIGNALS, POLL_ATTACH, POLL_EVENTS, POLL_INPUT, POLL_OUTPUT, POLL_MAX };

/**
 * struct console - somebody at a port
 * @ctl: the run
 * @request: what was asked for
 * @name: the port's name
 * @typed: standard input is a terminal
 * @escape: what is being typed
 * @take_over: the keys that take over, or NULL
 * @attach: the socket with the data
 * @session: the session on it, or NULL when it ended
 * @events: the socket with the events
 * @signals: a descriptor to read signals from, or -1
 * @output: standard output
 * @watch: the port
 * @pending: output that was not written yet
 * @in_line: the last thing written to the terminal was no end of a line
 * @complained: one who may only read was told so since the role changed
 * @written: bytes written to standard output
 * @sent: bytes put into the session
 * @lost: bytes of output that never came
 * @eof: standard input has ended
 * @quiet_since: when output last came, or the input was all taken, in ms
 * @over: the end has come
 * @status: how
 */
struct console {
	struct ctl *ctl;
	const struct console_request *request;
	char *name;
	bool typed;
	struct escape escape;
	char take_over[ESCAPE_TEXT + 2];
	struct attach *attach;
	struct attach_session *session;
	struct vnl *events;
	int signals;
	int output;
	struct watch watch;
	struct pending pending;
	bool in_line;
	bool complained;
	uint64_t written;
	uint64_t sent;
	uint64_t lost;
	bool eof;
	uint64_t quiet_since;
	bool over;
	enum ctl_status status;
};

/* A line of the program's own, between those of the guest. */
__attribute__((format(printf, 2, 3)))
static void say(struct console *c, const char *format, ...)
{
	const char *end = c->typed ? "\r\n" : "\n";
	char text[WATCH_NAME + 512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "%s[vserial: %s]%s", c->typed && c->in_line ? end : "", text, end);
	c->in_line = false;
}

static void finish(struct console *c, enum ctl_status status)
{
	/* The first reason is the reason. */
	if (!c->over)
		c->status = status;
	c->over = true;
}

static void fail_netlink(struct console *c, const struct vnl_error *error)
{
	if (c->over)
		return;
	ctl_fail(c->ctl, CTL_REFUSED, "%s: %s", c->name, error->text);
	finish(c, error->err == ENOENT ? CTL_NO_MODULE : CTL_REFUSED);
}

static const char *take_over(const struct console *c)
{
	return *c->take_over ? c->take_over : NULL;
}

/* Output. */

static void on_output(void *arg, uint64_t offset, const uint8_t *bytes, size_t n,
		      uint64_t lost)
{
	struct console *c = arg;

	pending_add(&c->pending, offset, bytes, n, lost);
	c->lost += lost;
	c->quiet_since = clock_ms();
}

/* Bytes were lost where the first byte that waits stands. */
static void tell_gap(struct console *c)
{
	uint64_t lost = pending_gap(&c->pending);

	if (lost)
		say(c, "%" PRIu64 " bytes of output were lost", lost);
}

static bool ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0;
}

/*
 * Writes once, what should not wait: a pipe that is writable takes that.
 * Return: was anything taken?
 */
static bool write_some(struct console *c)
{
	const uint8_t *bytes = c->pending.bytes;
	ssize_t done = write(c->output, bytes, pending_next(&c->pending, WRITE_MAX));
	size_t n;

	if (done < 0 && errno != EINTR && errno != EAGAIN) {
		ctl_fail(c->ctl, CTL_REFUSED, "cannot write the output: %s", strerror(errno));
		finish(c, CTL_REFUSED);
	}
	if (done <= 0)
		return false;
	n = (size_t)done;
	c->in_line = bytes[n - 1] != '\n' && bytes[n - 1] != '\r';
	c->written += n;
	pending_written(&c->pending, n);
	return true;
}

static void write_pending(struct console *c)
{
	struct pending *p = &c->pending;

	tell_gap(c);
	while (p->n && !c->over && ready(c->output, POLLOUT) && write_some(c))
		tell_gap(c);
	if (c->session)
		attach_settle(c->session, p->offset);
}

/* Input. */

/* Tells one who types in vain, once until something changes. */
static void complain(struct console *c)
{
	char role[WATCH_NAME + 128];

	if (c->complained)
		return;
	c->complained = true;
	watch_role(&c->watch, take_over(c), role, sizeof(role));
	say(c, "%s", role);
}

static void on_refused(void *arg, const struct vnl_error *why)
{
	struct console *c = arg;

	/* Typed again it is soon; what comes through a pipe waits for its turn. */
	if (c->typed) {
		say(c, "refused: %s", why->text);
		attach_forget(c->session);
	} else if (why->err != EPERM) {
		fail_netlink(c, why);
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
		say(c, "you write");
	else if (c->watch.read_only)
		say(c, "this console is read-only");
	else
		attach_take_over(c->session);
}

static void send_break(struct console *c)
{
	if (!c->watch.writes)
		complain(c);
	else if (attach_break(c->session, BREAK_MS))
		say(c, "break");
	else
		say(c, "too many breaks wait for the guest");
}

static void tell_status(struct console *c)
{
	char role[WATCH_NAME + 128];

	watch_role(&c->watch, take_over(c), role, sizeof(role));
	say(c, "%s, session %u: %s; the guest is powered %s", c->name,
	    attach_id(c->session), role, c->watch.power ? "on" : "off");
	say(c, "%" PRIu64 " bytes of output, %" PRIu64 " lost; %" PRIu64
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
		say(c, "%s%-2s  %s", name, keys[i].key, keys[i].what);
	say(c, "%s%s  send %s; all at the beginning of a line", name, name, name);
}

static void send_window(struct console *c)
{
	uint32_t rows, columns;

	if (c->typed && c->session && c->watch.writes &&
	    terminal_size(STDIN_FILENO, &rows, &columns))
		attach_window(c->session, rows, columns);
}

static void go_raw(struct console *c)
{
	int rc = c->typed ? terminal_raw(STDIN_FILENO) : 0;

	if (rc) {
		ctl_fail(c->ctl, CTL_REFUSED, "cannot make the terminal raw: %s",
			 strerror(-rc));
		finish(c, CTL_REFUSED);
	}
	send_window(c);
}

/* Sends what was typed before a command that ends or stops the program. */
static void send_typed(struct console *c)
{
	struct vnl_error error;

	if (c->session && attach_flush(c->attach, &error))
		fail_netlink(c, &error);
}

static void obey_command(struct console *c, enum escape_command command)
{
	switch (command) {
	case ESCAPE_NOTHING:
		break;
	case ESCAPE_LEAVE:
		send_typed(c);
		say(c, "left %s", c->name);
		finish(c, CTL_DONE);
		break;
	case ESCAPE_SUSPEND:
		send_typed(c);
		say(c, "stopped");
		terminal_obey(SIGTSTP);
		go_raw(c);
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

/*
 * One who may not write may still type commands; what comes through a pipe
 * waits until it may be sent, but for one who never writes.
 */
static bool wants_input(const struct console *c)
{
	if (c->eof || !c->session)
		return false;
	if (!c->typed && c->request->read_only)
		return false;
	/* The escape character of earlier may come out with what follows it. */
	return input_room(c) > 1;
}

static void take_input(struct console *c)
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
			finish(c, CTL_DONE);
	} else if (errno != EINTR && errno != EAGAIN) {
		ctl_fail(c->ctl, CTL_REFUSED, "cannot read the input: %s", strerror(errno));
		finish(c, CTL_REFUSED);
	}
}

/* The session. */

static void on_ended(void *arg, const char *why)
{
	struct console *c = arg;

	c->session = NULL;
	if (c->over)
		return;
	ctl_fail(c->ctl, CTL_REFUSED, "%s: the session ended%s%s", c->name,
		 *why ? ": " : "", why);
	finish(c, CTL_REFUSED);
}

static const struct attach_ops console_ops = {
	.output = on_output,
	.refused = on_refused,
	.ended = on_ended,
};

static void take_data(struct console *c)
{
	struct vnl_error error;

	if (!attach_read(c->attach, &error))
		return;
	if (error.err == ENOBUFS)
		say(c, "the kernel had more to say than was read, and some of it is lost");
	else
		fail_netlink(c, &error);
}

/* What is told of. */

static void tell(struct console *c)
{
	char text[WATCH_NAME + 256];
	bool wrote = c->watch.told_writes;

	while (watch_tell(&c->watch, take_over(c), text, sizeof(text))) {
		c->complained = false;
		say(c, "%s", text);
	}
	if (wrote || !c->watch.writes)
		return;
	if (c->session)
		attach_retry(c->session);
	send_window(c);
}

static void see(struct console *c, struct vnl_replies *messages)
{
	size_t i;

	for (i = 0; i < messages->n; i++)
		watch_message(&c->watch, messages->v[i]);
	vnl_replies_free(messages);
}

/* Asks how things are, for a start or where events were lost.  Return: 0, or -1, and it is over. */
static int ask(struct console *c)
{
	struct vnl_msg *port = vnl_msg_new(VSERIAL_CMD_PORT_GET, false);
	struct vnl_msg *sessions = vnl_msg_new(VSERIAL_CMD_SESSION_GET, true);
	struct vnl_replies replies;
	struct vnl_error error;
	struct vnl *vnl = vnl_open(&error);
	int rc = vnl ? 0 : -1;

	vnl_put_str(port, VSERIAL_A_PORT_GUEST, c->request->guest);
	vnl_put_u32(port, VSERIAL_A_PORT_INDEX, c->request->index);
	if (!rc)
		rc = vnl_call(vnl, port, &replies, &error);
	if (!rc) {
		see(c, &replies);
		rc = vnl_call(vnl, sessions, &replies, &error);
	}
	if (!rc)
		see(c, &replies);
	vnl_msg_free(port);
	vnl_msg_free(sessions);
	vnl_close(vnl);
	/* If the port is gone, so is the session, which is told with a reason. */
	if (!rc || error.err == ENOENT || error.err == ENODEV)
		return 0;
	fail_netlink(c, &error);
	return -1;
}

static void take_events(struct console *c)
{
	struct vnl_replies events;
	struct vnl_error error;

	do {
		if (!vnl_events(c->events, &events, &error)) {
			see(c, &events);
		} else if (error.err == ENOBUFS) {
			c->watch.writer = 0;
			ask(c);
		} else {
			fail_netlink(c, &error);
		}
	} while (!c->over && ready(vnl_fd(c->events), POLLIN));
	/* In case nobody tells the session itself. */
	if (c->watch.gone && c->session)
		on_ended(c, "the port was removed");
}

static void take_signals(struct console *c)
{
	int sig;

	while ((sig = terminal_signal(c->signals))) {
		if (sig == SIGWINCH) {
			send_window(c);
			continue;
		}
		if (sig != SIGCONT)
			terminal_obey(sig);
		go_raw(c);
	}
}

/* What came before the end is written, unless a signal says otherwise. */
static void write_rest(struct console *c)
{
	enum ctl_status status = c->status;

	for (c->over = false; !c->over; ) {
		struct pollfd fds[] = {
			{ .fd = c->output, .events = POLLOUT },
			{ .fd = c->signals, .events = POLLIN },
		};

		write_pending(c);
		if (!c->pending.n || poll(fds, 2, -1) < 0)
			break;
		if (fds[1].revents)
			take_signals(c);
	}
	c->over = true;
	c->status = status;
}

/* The loop. */

/* Milliseconds until the end, or -1 if it is not near. */
static int time_left(struct console *c)
{
	int64_t left;

	if (!c->eof || c->pending.n || !c->session || !attach_idle(c->session))
		return -1;
	left = (int64_t)(c->quiet_since + QUIET_MS - clock_ms());
	if (left <= 0)
		finish(c, CTL_DONE);
	return left > 0 ? (int)left : 0;
}

static void wait_and_take(struct console *c)
{
	struct pollfd fds[POLL_MAX] = {
		[POLL_SIGNALS] = { .fd = c->signals, .events = POLLIN },
		[POLL_ATTACH] = { .fd = attach_fd(c->attach), .events = POLLIN },
		[POLL_EVENTS] = { .fd = vnl_fd(c->events), .events = POLLIN },
		[POLL_INPUT] = { .fd = wants_input(c) ? STDIN_FILENO : -1,
				 .events = POLLIN },
		[POLL_OUTPUT] = { .fd = c->pending.n ? c->output : -1,
				  .events = POLLOUT },
	};
	int timeout = time_left(c);

	if (c->over || poll(fds, POLL_MAX, timeout) < 0)
		return;
	if (fds[POLL_SIGNALS].revents)
		take_signals(c);
	if (fds[POLL_ATTACH].revents && !c->over)
		take_data(c);
	if (fds[POLL_EVENTS].revents && !c->over)
		take_events(c);
	if (fds[POLL_INPUT].revents && !c->over)
		take_input(c);
}

static void loop(struct console *c)
{
	struct vnl_error error;
	bool idle = false;

	while (!c->over) {
		write_pending(c);
		tell(c);
		if (!c->over && attach_flush(c->attach, &error))
			fail_netlink(c, &error);
		wait_and_take(c);
		/* The guest's answer comes behind what it was sent. */
		if (c->session && attach_idle(c->session) != idle) {
			idle = !idle;
			c->quiet_since = clock_ms();
		}
	}
}

/* Begins to listen before it attaches, so that nothing falls in between. */
static int start(struct console *c)
{
	const struct attach_request request = {
		.guest = c->request->guest,
		.index = c->request->index,
		.force = c->request->force,
		.read_only = c->request->read_only,
		.input_max = c->typed ? TYPED_MAX : PIPED_MAX,
	};
	struct vnl_error error;

	c->events = vnl_open(&error);
	if (c->events && !vnl_subscribe(c->events, &error))
		c->attach = attach_open(RECEIVE_BUFFER, &error);
	if (!c->attach) {
		ctl_fail_netlink(c->ctl, &error);
		finish(c, error.err == ENOENT ? CTL_NO_MODULE : CTL_REFUSED);
		return -1;
	}
	c->session = attach_join(c->attach, &request, &console_ops, c, &error);
	if (!c->session) {
		ctl_fail_netlink(c->ctl, &error);
		finish(c, CTL_REFUSED);
		return -1;
	}
	c->watch = (struct watch){
		.guest = c->request->guest,
		.index = c->request->index,
		.id = attach_id(c->session),
		.read_only = c->request->read_only,
	};
	return ask(c);
}

enum ctl_status console_run(struct ctl *ctl, const struct console_request *request)
{
	struct console c = {
		.ctl = ctl, .request = request, .signals = -1,
		.output = terminal_output(STDOUT_FILENO),
		.typed = isatty(STDIN_FILENO),
		.escape = { .character = request->escape },
	};
	char name[ESCAPE_TEXT];

	if (asprintf(&c.name, "%s/%u", request->guest, request->index) < 0)
		err(MEMORY_STATUS, "out of memory");
	if (c.typed && request->escape != ESCAPE_NONE)
		snprintf(c.take_over, sizeof(c.take_over), "%sf",
			 escape_name(request->escape, name));
	if (!start(&c)) {
		c.signals = terminal_signals();
		go_raw(&c);
		loop(&c);
	}
	/* Who left wants no more of it. */
	if (c.status != CTL_DONE)
		write_rest(&c);
	terminal_restore();
	attach_close(c.attach);
	vnl_close(c.events);
	if (c.signals >= 0)
		close(c.signals);
	if (c.output != STDOUT_FILENO)
		close(c.output);
	free(c.pending.bytes);
	free(c.name);
	return c.status;
}
