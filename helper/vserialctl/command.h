/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of commands.  A row stands beside its handler in cmd_*.c; usage
 * text and completion are made from the rows.
 */
#ifndef VSERIALCTL_COMMAND_H
#define VSERIALCTL_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "ctl.h"

struct attr;

/* What a word of a command names, for completion. */
enum word_kind {
	WORD_NONE,
	WORD_NEW,	/* a guest that does not exist yet */
	WORD_NEW_PORT,	/* a port that does not exist yet, of a guest that does */
	WORD_GUEST,
	WORD_PORT,
	WORD_GUEST_OR_PORT,
	WORD_SESSION,	/* as many as there are */
	WORD_FILE,
	WORD_SERVICE,
	WORD_LITERAL,	/* what the usage text has, or what nobody can guess */
};

#define WORDS_MAX 5

/**
 * struct command - a row of the table
 * @verb: the verb, or NULL where the object alone is the command
 * @args: the words behind it, for the usage text, and for completion as far as they stand
 *	for themselves (usage.h)
 * @help: what it does, for the usage text
 * @words: what those words are else, for completion
 * @attrs: the attributes that may follow them, or NULL
 * @where: which of @attrs the command takes (ATTR_*)
 * @fill: the handler: checks the words and queues requests
 * @print: prints the answers to all of them; NULL where there are none
 * @run: instead of @fill and @print, for what is not a request and its answers
 *
 * Handlers get the words behind the verb, and a NULL behind the last.
 */
struct command {
	const char *verb;
	const char *args;
	const char *help;
	enum word_kind words[WORDS_MAX];
	const struct attr *attrs;
	unsigned int where;

	enum ctl_status (*fill)(struct ctl *ctl, char **words);
	enum ctl_status (*print)(struct ctl *ctl, const struct vnl_replies *replies);
	enum ctl_status (*run)(struct ctl *ctl, char **words);
};

/**
 * struct object - the commands of one object
 * @name: the object
 * @commands: its rows; the last has neither @fill nor @run
 * @hidden: left out of usage text and abbreviations
 */
struct object {
	const char *name;
	const struct command *commands;
	bool hidden;
};

/* The table; the last has no name. */
extern const struct object objects[];

/* The rows, each beside its handler. */
extern const struct command guest_commands[];	 /* cmd_guest.c */
extern const struct command port_commands[];	 /* cmd_port.c */
extern const struct command console_commands[];	 /* cmd_console.c */
extern const struct command session_commands[];	 /* cmd_session.c */
extern const struct command service_commands[];	 /* cmd_service.c */
extern const struct command monitor_commands[];	 /* cmd_monitor.c */
extern const struct command save_commands[];	 /* cmd_save.c */
extern const struct command restore_commands[];	 /* cmd_restore.c */
extern const struct command metrics_commands[];	 /* cmd_metrics.c */
extern const struct command top_commands[];	 /* cmd_top.c */
extern const struct command migrate_commands[]; /* cmd_migrate.c */
extern const struct command vspc_probe_commands[]; /* cmd_vspc_probe.c */
extern const struct command firewall_commands[]; /* cmd_firewall.c */
extern const struct command complete_commands[]; /* cmd_complete.c */

/* Handlers that have files of their own: cmd_guest_import.c, cmd_port_capture.c. */
enum ctl_status guest_import(struct ctl *ctl, char **words);
enum ctl_status port_capture(struct ctl *ctl, char **words);

/** command_is_end() - true for what stands behind the last row. */
static inline bool command_is_end(const struct command *command)
{
	return !command->fill && !command->run;
}

/**
 * object_find() - the object a word means
 * @word: its name or an abbreviation of it, which means the first in the table
 *	that it fits, so that scripts go on meaning what they meant when others come
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: the object, or NULL.
 */
const struct object *object_find(const char *word, char *why, size_t size);

/**
 * command_find() - the command a verb means
 * @object: the object
 * @verb: the verb or an abbreviation of it; one that fits "show" means
 *	"show" whatever else it fits, as showing harms nobody; NULL means it as well
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: the row, or NULL.
 */
const struct command *command_find(const struct object *object, const char *verb,
				   char *why, size_t size);

/**
 * usage_print() - print the usage text
 * @file: where to
 * @object: of this object, or NULL for all
 */
void usage_print(FILE *file, const struct object *object);

/** usage_line() - print the one line of usage of a command. */
void usage_line(FILE *file, const struct object *object,
		const struct command *command);

#endif
