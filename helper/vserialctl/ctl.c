// SPDX-License-Identifier: GPL-2.0-or-later
/* The dispatcher: one command from its words to its exit status. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "ctl.h"
#include "memory.h"
#include "printable.h"

enum ctl_status ctl_fail(struct ctl *ctl, enum ctl_status status,
			 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ctl->why, sizeof(ctl->why), format, args);
	va_end(args);
	return status;
}

enum ctl_status ctl_fail_netlink(struct ctl *ctl, const struct vnl_error *error)
{
	return ctl_fail(ctl, CTL_REFUSED, "%s", error->text);
}

void ctl_complain(const struct ctl *ctl)
{
	char *why = printable(ctl->why, false);

	/* What was printed so far stands before the complaint. */
	fflush(stdout);
	if (ctl->file)
		fprintf(stderr, "vserialctl: %s:%u: %s\n", ctl->file, ctl->line, why);
	else
		fprintf(stderr, "vserialctl: %s\n", why);
	free(why);
}

static struct vnl_msg *queue_msg(struct ctl *ctl, uint8_t cmd, bool dump)
{
	ctl->queue = xrealloc(ctl->queue, ctl->queued + 1, sizeof(*ctl->queue));
	return ctl->queue[ctl->queued++] = vnl_msg_new(cmd, dump);
}

struct vnl_msg *ctl_queue(struct ctl *ctl, uint8_t cmd)
{
	return queue_msg(ctl, cmd, false);
}

struct vnl_msg *ctl_queue_dump(struct ctl *ctl, uint8_t cmd)
{
	return queue_msg(ctl, cmd, true);
}

struct vnl_msg *ctl_undo(struct ctl *ctl, uint8_t cmd)
{
	vnl_msg_free(ctl->undo);
	return ctl->undo = vnl_msg_new(cmd, false);
}

void ctl_unqueue(struct ctl *ctl)
{
	vnl_msg_free(ctl->queue[--ctl->queued]);
}

static void empty_queue(struct ctl *ctl)
{
	while (ctl->queued)
		ctl_unqueue(ctl);
	free(ctl->queue);
	ctl->queue = NULL;
	vnl_msg_free(ctl->undo);
	ctl->undo = NULL;
}

/* Moves what @from holds behind what @to holds. */
static void append(struct vnl_replies *to, struct vnl_replies *from)
{
	size_t i;

	if (from->n) {
		to->v = xrealloc(to->v, to->n + from->n, sizeof(*to->v));
		for (i = 0; i < from->n; i++)
			to->v[to->n++] = from->v[i];
		from->n = 0;
	}
	vnl_replies_free(from);
}

enum ctl_status ctl_open(struct ctl *ctl, struct vnl **socket)
{
	struct vnl_error error;

	if (!*socket)
		*socket = vnl_open(&error);
	if (*socket)
		return CTL_DONE;
	ctl_fail_netlink(ctl, &error);
	return error.err == ENOENT ? CTL_NO_MODULE : CTL_REFUSED;
}

/* A request was refused, and @error says why: what came before it goes. */
static enum ctl_status take_back(struct ctl *ctl, const struct vnl_error *error)
{
	struct vnl_replies replies;
	struct vnl_error failed;

	if (vnl_call(ctl->socket, ctl->undo, &replies, &failed))
		return ctl_fail(ctl, CTL_REFUSED, "%s; what was done before could not be undone: %s",
				error->text, failed.text);
	vnl_replies_free(&replies);
	return ctl_fail_netlink(ctl, error);
}

static enum ctl_status send_queue(struct ctl *ctl, struct vnl_replies *replies)
{
	enum ctl_status status;
	struct vnl_replies part;
	struct vnl_error error;
	unsigned int i;

	if (!ctl->queued)
		return CTL_DONE;
	status = ctl_open(ctl, &ctl->socket);
	if (status != CTL_DONE)
		return status;
	for (i = 0; i < ctl->queued; i++) {
		if (vnl_call(ctl->socket, ctl->queue[i], &part, &error))
			return i && ctl->undo ? take_back(ctl, &error) :
			       ctl_fail_netlink(ctl, &error);
		append(replies, &part);
	}
	return CTL_DONE;
}

static enum ctl_status run_row(struct ctl *ctl, const struct command *command,
			       char **words)
{
	struct vnl_replies replies = { 0 };
	enum ctl_status status;

	if (command->run)
		return command->run(ctl, words);

	status = command->fill(ctl, words);
	if (status == CTL_DONE)
		status = send_queue(ctl, &replies);
	empty_queue(ctl);
	if (status == CTL_DONE && command->print)
		status = command->print(ctl, &replies);
	vnl_replies_free(&replies);
	return status;
}

/* The row that the words name; moves *@words behind what names it. */
static const struct command *find_row(struct ctl *ctl, const struct object *object,
				      char ***words)
{
	const struct command *command = object->commands;

	if (!command->verb)
		return command;
	/* "vserialctl port" shows ports. */
	command = command_find(object, **words, ctl->why, sizeof(ctl->why));
	if (**words)
		++*words;
	return command;
}

static enum ctl_status help(struct ctl *ctl, const char *name)
{
	const struct object *object = NULL;

	if (name) {
		object = object_find(name, ctl->why, sizeof(ctl->why));
		if (!object) {
			ctl_complain(ctl);
			return CTL_USAGE;
		}
	}
	usage_print(stdout, object);
	return CTL_DONE;
}

/* "help" behind an object; "--help" stands where people look for it, anywhere behind one. */
static bool asks_for_help(char **words)
{
	if (*words && !strcmp(*words, "help"))
		return true;
	for (; *words; words++)
		if (!strcmp(*words, "--help"))
			return true;
	return false;
}

enum ctl_status ctl_run(struct ctl *ctl, char **words)
{
	const struct command *command;
	const struct object *object;
	enum ctl_status status;

	*ctl->why = '\0';
	ctl->single = false;
	if (!strcmp(words[0], "help"))
		return help(ctl, words[1]);
	object = object_find(words[0], ctl->why, sizeof(ctl->why));
	if (!object) {
		ctl_complain(ctl);
		return CTL_USAGE;
	}
	if (!object->hidden && asks_for_help(words + 1))
		return help(ctl, object->name);

	words++;
	command = find_row(ctl, object, &words);
	if (!command) {
		ctl_complain(ctl);
		return CTL_USAGE;
	}
	status = run_row(ctl, command, words);
	if (status == CTL_DONE || !*ctl->why)
		return status;
	ctl_complain(ctl);
	if (status == CTL_USAGE && !ctl->file) {
		fputs("Usage: ", stderr);
		usage_line(stderr, object, command);
		fputc('\n', stderr);
	}
	return status;
}

void ctl_close(struct ctl *ctl)
{
	empty_queue(ctl);
	vnl_close(ctl->socket);
	ctl->socket = NULL;
}
