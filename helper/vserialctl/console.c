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
#include "console_parts.h"
#include "escape.h"
#include "memory.h"
#include "pending.h"
#include "terminal.h"
#include "watch.h"

/* Of which the kernel fills half with output: a few messages. */
#define RECEIVE_BUFFER	(256 << 10)
/* What a pipe that says it is writable takes without waiting. */
#define WRITE_MAX	4096
/* How long output has to be quiet behind the end of standard input. */
#define QUIET_MS	500

enum { POLL_SIGNALS, POLL_ATTACH, POLL_EVENTS, POLL_INPUT, POLL_OUTPUT, POLL_MAX };

void console_say(struct console *c, const char *format, ...)
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

void console_finish(struct console *c, enum ctl_status status)
{
	/* The first reason is the reason. */
	if (!c->over)
		c->status = status;
	c->over = true;
}

void console_fail(struct console *c, const struct vnl_error *error)
{
	if (c->over)
		return;
	ctl_fail(c->ctl, CTL_REFUSED, "%s: %s", c->name, error->text);
	console_finish(c, error->err == ENOENT ? CTL_NO_MODULE : CTL_REFUSED);
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
		console_say(c, "%" PRIu64 " bytes of output were lost", lost);
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
		console_finish(c, CTL_REFUSED);
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

/* The session. */

static void on_ended(void *arg, const char *why)
{
	struct console *c = arg;

	c->session = NULL;
	if (c->over)
		return;
	ctl_fail(c->ctl, CTL_REFUSED, "%s: the session ended%s%s", c->name,
		 *why ? ": " : "", why);
	console_finish(c, CTL_REFUSED);
}

static const struct attach_ops console_ops = {
	.output = on_output,
	.refused = console_refused,
	.ended = on_ended,
};

static void take_data(struct console *c)
{
	struct vnl_error error;

	if (!attach_read(c->attach, &error))
		return;
	if (error.err == ENOBUFS)
		console_say(c, "the kernel had more to say than was read, and some of it is lost");
	else
		console_fail(c, &error);
}

/* What is told of. */

static void tell(struct console *c)
{
	char text[WATCH_NAME + 256];
	bool wrote = c->watch.told_writes;

	while (watch_tell(&c->watch, console_take_over(c), text, sizeof(text))) {
		c->complained = false;
		console_say(c, "%s", text);
	}
	if (wrote || !c->watch.writes)
		return;
	if (c->session)
		attach_retry(c->session);
	console_send_window(c);
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
	console_fail(c, &error);
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
			console_fail(c, &error);
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
			console_send_window(c);
			continue;
		}
		if (sig != SIGCONT)
			terminal_obey(sig);
		console_go_raw(c);
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
		console_finish(c, CTL_DONE);
	return left > 0 ? (int)left : 0;
}

static void wait_and_take(struct console *c)
{
	struct pollfd fds[POLL_MAX] = {
		[POLL_SIGNALS] = { .fd = c->signals, .events = POLLIN },
		[POLL_ATTACH] = { .fd = attach_fd(c->attach), .events = POLLIN },
		[POLL_EVENTS] = { .fd = vnl_fd(c->events), .events = POLLIN },
		[POLL_INPUT] = { .fd = console_wants_input(c) ? STDIN_FILENO : -1,
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
		console_take_input(c);
}

static void loop(struct console *c)
{
	struct vnl_error error;
	bool idle = false;

	while (!c->over) {
		write_pending(c);
		tell(c);
		if (!c->over && attach_flush(c->attach, &error))
			console_fail(c, &error);
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
		console_finish(c, error.err == ENOENT ? CTL_NO_MODULE : CTL_REFUSED);
		return -1;
	}
	c->session = attach_join(c->attach, &request, &console_ops, c, &error);
	if (!c->session) {
		ctl_fail_netlink(c->ctl, &error);
		console_finish(c, CTL_REFUSED);
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
		console_go_raw(&c);
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
