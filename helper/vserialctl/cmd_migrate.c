// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl migrate: hands a guest's ports to another host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "command.h"
#include "follow.h"
#include "migrate.h"
#include "number.h"
#include "refs.h"

/* Takes "timeout MS", if it is there; else 0, and the guest's vmotion-limit holds. */
static enum ctl_status take_timeout(struct ctl *ctl, char ***words, uint32_t *limit)
{
	uint64_t ms;

	*limit = 0;
	if (!**words || strcmp(**words, "timeout"))
		return CTL_DONE;
	++*words;
	if (!**words)
		return ctl_fail(ctl, CTL_USAGE, "timeout needs a number of milliseconds");
	if (number_parse(**words, VSERIAL_MIGRATION_LIMIT_MAX, &ms) || !ms)
		return ctl_fail(ctl, CTL_REFUSED, "the timeout '%s' is not a number of milliseconds from 1 to %u",
				**words, VSERIAL_MIGRATION_LIMIT_MAX);
	*limit = (uint32_t)ms;
	++*words;
	return CTL_DONE;
}

static enum ctl_status not_in_batch(struct ctl *ctl, const char *verb)
{
	if (!ctl->file)
		return CTL_DONE;
	return ctl_fail(ctl, CTL_USAGE, "migrate %s cannot stand in a batch", verb);
}

/* Takes what commands about a guest begin with that are not for a batch. */
static enum ctl_status take_guest(struct ctl *ctl, char ***words, const char *verb,
				  const char **name)
{
	enum ctl_status status = not_in_batch(ctl, verb);

	return status == CTL_DONE ? ref_guest(ctl, words, name) : status;
}

/* Takes what they end with. */
static enum ctl_status take_end(struct ctl *ctl, char **words, uint32_t *limit)
{
	enum ctl_status status = take_timeout(ctl, &words, limit);

	return status == CTL_DONE ? ref_end(ctl, words) : status;
}

/* Return: whether all of it left the program. */
static bool print_state(const struct state *state)
{
	state_write(stdout, state);
	return !fflush(stdout) && !ferror(stdout);
}

/* Takes "NAME [timeout MS]" of a verb that prints a state. */
static enum ctl_status take_leaver(struct ctl *ctl, const char *verb, char **words,
				   const char **name, uint32_t *limit)
{
	enum ctl_status status = take_guest(ctl, &words, verb, name);

	if (status == CTL_DONE)
		status = take_end(ctl, words, limit);
	if (status == CTL_DONE && isatty(STDOUT_FILENO))
		return ctl_fail(ctl, CTL_USAGE, "a guest's state is nothing for a terminal: have another program take it, such as 'ssh HOST vserialctl migrate receive'");
	return status;
}

static enum ctl_status begin(struct ctl *ctl, char **words)
{
	struct state state;
	const char *name;
	uint32_t limit;
	enum ctl_status status = take_leaver(ctl, "begin", words, &name, &limit);

	if (status != CTL_DONE)
		return status;
	status = migrate_begin(ctl, name, limit, &state);
	if (status == CTL_DONE && !print_state(&state)) {
		status = ctl_fail(ctl, CTL_REFUSED, "the state of guest '%s' cannot be written, so that it goes on here: %s",
				  name, strerror(errno));
		migrate_step(ctl, name, VSERIAL_MIGRATION_ABORTED, 0);
	}
	state_free(&state);
	return status;
}

static enum ctl_status rest(struct ctl *ctl, char **words)
{
	struct state state;
	const char *name;
	uint32_t limit;
	enum ctl_status status = take_leaver(ctl, "rest", words, &name, &limit);

	if (status != CTL_DONE)
		return status;
	status = migrate_rest(ctl, name, limit, &state);
	if (status == CTL_DONE && !print_state(&state))
		status = ctl_fail(ctl, CTL_REFUSED, "the state of guest '%s' cannot be written, and may be had once more: %s",
				  name, strerror(errno));
	state_free(&state);
	return status;
}

static enum ctl_status receive(struct ctl *ctl, char **words)
{
	enum ctl_status status = not_in_batch(ctl, "receive");
	struct state state;
	uint32_t limit;
	bool create;
	char why[512];

	create = *words && !strcmp(*words, "create");
	if (create)
		words++;
	if (status == CTL_DONE)
		status = take_end(ctl, words, &limit);
	if (status != CTL_DONE)
		return status;
	if (state_read(stdin, &state, why, sizeof(why)))
		status = ctl_fail(ctl, CTL_REFUSED, "%s", why);
	else
		status = migrate_receive(ctl, &state, create, limit);
	state_free(&state);
	return status;
}

/* Takes "WORD VALUE".  Return: the exit status. */
static enum ctl_status take_value(struct ctl *ctl, char ***words, const char *word,
				  const char **value)
{
	if (!**words || strcmp(**words, word))
		return ctl_fail(ctl, CTL_USAGE, "%s is missing", word);
	*value = *++*words;
	if (!*value)
		return ctl_fail(ctl, CTL_USAGE, "%s needs a value", word);
	++*words;
	return CTL_DONE;
}

static enum ctl_status qemu(struct ctl *ctl, char **words)
{
	const char *name, *path, *host;
	uint32_t limit;
	enum ctl_status status = take_guest(ctl, &words, "qemu", &name);

	if (status == CTL_DONE)
		status = take_value(ctl, &words, "--qmp", &path);
	if (status == CTL_DONE)
		status = take_value(ctl, &words, "--to", &host);
	if (status == CTL_DONE)
		status = take_end(ctl, words, &limit);
	return status == CTL_DONE ? follow_qemu(ctl, name, path, host, limit) : status;
}

static enum ctl_status send_guest(struct ctl *ctl, char **words)
{
	const char *name, *host;
	uint32_t limit;
	enum ctl_status status = take_guest(ctl, &words, "send", &name);

	if (status == CTL_DONE)
		status = take_value(ctl, &words, "to", &host);
	if (status == CTL_DONE)
		status = take_end(ctl, words, &limit);
	return status == CTL_DONE ? migrate_send(ctl, name, host, limit) : status;
}

static enum ctl_status serve(struct ctl *ctl, char **words)
{
	enum ctl_status status = not_in_batch(ctl, "serve");

	if (status == CTL_DONE)
		status = ref_end(ctl, words);
	return status == CTL_DONE ? migrate_serve(ctl) : status;
}

static enum ctl_status step(struct ctl *ctl, char **words, uint32_t to)
{
	enum ctl_status status;
	const char *name;

	status = ref_guest(ctl, &words, &name);
	if (status == CTL_DONE)
		status = ref_end(ctl, words);
	return status == CTL_DONE ? migrate_step(ctl, name, to, 0) : status;
}

static enum ctl_status expect(struct ctl *ctl, char **words)
{
	return step(ctl, words, VSERIAL_MIGRATION_INCOMING);
}

static enum ctl_status leave(struct ctl *ctl, char **words)
{
	return step(ctl, words, VSERIAL_MIGRATION_LEAVING);
}

static enum ctl_status arrive(struct ctl *ctl, char **words)
{
	const char *name;
	uint32_t limit;
	enum ctl_status status = take_guest(ctl, &words, "arrive", &name);

	if (status == CTL_DONE)
		status = take_end(ctl, words, &limit);
	return status == CTL_DONE ? migrate_arrive(ctl, name, limit) : status;
}

static enum ctl_status complete(struct ctl *ctl, char **words)
{
	return step(ctl, words, VSERIAL_MIGRATION_COMPLETED);
}

static enum ctl_status abort_move(struct ctl *ctl, char **words)
{
	return step(ctl, words, VSERIAL_MIGRATION_ABORTED);
}

const struct command migrate_commands[] = {
	{ .verb = "expect", .args = "NAME",
	  .help = "mark a guest that is off as coming from another host",
	  .words = { WORD_GUEST }, .run = expect },
	{ .verb = "begin", .args = "NAME [timeout MS]",
	  .help = "hold a guest's ports and print their state, for receive",
	  .words = { WORD_GUEST }, .run = begin },
	{ .verb = "receive", .args = "[create] [timeout MS]",
	  .help = "read the state that begin printed on another host; with create make what is missing",
	  .run = receive },
	{ .verb = "leave", .args = "NAME",
	  .help = "it is decided: the guest does not go on here by itself any more",
	  .words = { WORD_GUEST }, .run = leave },
	{ .verb = "arrive", .args = "NAME [timeout MS]",
	  .help = "tell the concentrators of a guest that was received, and has left, that it is here",
	  .words = { WORD_GUEST }, .run = arrive },
	{ .verb = "rest", .args = "NAME [timeout MS]",
	  .help = "let go of the peers of a guest that leaves, and print its state with all they sent",
	  .words = { WORD_GUEST }, .run = rest },
	{ .verb = "qemu", .args = "NAME --qmp SOCKET --to HOST [timeout MS]",
	  .help = "hand the ports over when QEMU, which is told by QMP, migrates the guest",
	  .words = { WORD_GUEST, WORD_LITERAL, WORD_FILE }, .run = qemu },
	{ .verb = "send", .args = "NAME to HOST[:PORT] [timeout MS]",
	  .help = "hand a guest's ports over to another host at once, over TLS",
	  .words = { WORD_GUEST }, .run = send_guest },
	{ .verb = "serve", .args = "",
	  .help = "take guests from a host that sends them, on the connection that is standard input",
	  .run = serve },
	{ .verb = "complete", .args = "NAME",
	  .help = "the guest runs where it was received, from now on",
	  .words = { WORD_GUEST }, .run = complete },
	{ .verb = "abort", .args = "NAME",
	  .help = "the guest stays where it was",
	  .words = { WORD_GUEST }, .run = abort_move },
	{ 0 },
};
