/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of a console share. */
#ifndef VSERIALCTL_CONSOLE_PARTS_H
#define VSERIALCTL_CONSOLE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "console.h"
#include "escape.h"
#include "nl.h"
#include "pending.h"
#include "watch.h"

struct attach;
struct attach_session;

/* A guest that takes nothing should not keep anybody from typing "~.". */
#define TYPED_MAX	(1 << 20)
#define PIPED_MAX	(64 << 10)

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

/* console.c */

/** console_say() - print a line of the program's own, between those of the guest. */
__attribute__((format(printf, 2, 3)))
void console_say(struct console *c, const char *format, ...);

/** console_finish() - it is over; the first reason is the reason. */
void console_finish(struct console *c, enum ctl_status status);

/** console_fail() - it is over, because the kernel refused something. */
void console_fail(struct console *c, const struct vnl_error *error);

/** console_take_over() - the keys that take over, or NULL. */
static inline const char *console_take_over(const struct console *c)
{
	return *c->take_over ? c->take_over : NULL;
}

/* console_input.c */

/** console_refused() - attach_ops.refused. */
void console_refused(void *arg, const struct vnl_error *why);

/** console_send_window() - tell the guest how large the terminal is, if this console writes. */
void console_send_window(struct console *c);

/** console_go_raw() - have keys come as they are typed. */
void console_go_raw(struct console *c);

/**
 * console_wants_input() - is standard input to be read now?
 * @c: the console
 *
 * One who may not write may still type commands; what comes through a pipe
 * waits until it may be sent, but for one who never writes.
 *
 * Return: whether it is.
 */
bool console_wants_input(const struct console *c);

/** console_take_input() - read once, and do what it says. */
void console_take_input(struct console *c);

#endif
