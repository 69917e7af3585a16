// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vserialctl complete WORD...: what the last word can become, one candidate
 * a line, for the shell's completion.  Everything comes from the table of
 * commands with its usage texts, the tables of attributes, and the guests and ports there are; so
 * the shell's part knows none of it.
 */
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "attr.h"
#include "command.h"
#include "memory.h"
#include "object.h"
#include "options.h"
#include "rule.h"
#include "usage.h"

/* One candidate, if it goes on from what was typed. */
static void offer(const char *typed, const char *candidate)
{
	if (!strncmp(candidate, typed, strlen(typed)))
		printf("%s\n", candidate);
}

static void offer_options(const char *typed)
{
	const struct argp_option *option;
	char text[64];

	for (option = options; option->key; option++) {
		snprintf(text, sizeof(text), "--%s", option->name);
		offer(typed, text);
	}
	offer(typed, "--version");
}

static void offer_objects(const char *typed)
{
	const struct object *object;

	for (object = objects; object->name; object++)
		if (!object->hidden)
			offer(typed, object->name);
	offer(typed, "help");
}

static void offer_verbs(const char *typed, const struct object *object)
{
	const struct command *command;

	for (command = object->commands; !command_is_end(command); command++)
		offer(typed, command->verb);
	offer(typed, "help");
}

/* Guests, ports, sessions, or guests with the slash that a port's index follows. */
static void offer_live(const char *typed, uint8_t cmd, const char *behind)
{
	struct vnl_replies replies;
	struct vnl_error error;
	struct vnl *vnl = vnl_open(&error);
	struct vnl_msg *msg = vnl_msg_new(cmd, true);
	char name[VSERIAL_NAME_MAX + 32];
	struct session session;
	struct guest guest;
	struct port port;
	size_t i;

	/* Without the module there is nothing to offer. */
	if (vnl && !vnl_call(vnl, msg, &replies, &error)) {
		for (i = 0; i < replies.n; i++) {
			if (cmd == VSERIAL_CMD_GUEST_GET) {
				guest_read(replies.v[i], &guest);
				snprintf(name, sizeof(name), "%s%s", guest.name, behind);
			} else if (cmd == VSERIAL_CMD_SESSION_GET) {
				session_read(replies.v[i], &session);
				snprintf(name, sizeof(name), "%u", session.id);
			} else {
				port_read(replies.v[i], &port);
				snprintf(name, sizeof(name), "%s/%u", port.guest, port.index);
			}
			offer(typed, name);
		}
		vnl_replies_free(&replies);
	}
	vnl_msg_free(msg);
	vnl_close(vnl);
}

/* Paths, directories with a slash, behind what stands before the path. */
static void offer_files(const char *before, const char *typed)
{
	char *pattern, *p;
	glob_t found;
	size_t i;

	/* What was typed is no pattern: its special characters are escaped. */
	p = pattern = xcalloc(strlen(typed) * 2 + 2, 1);
	for (; *typed; typed++) {
		if (strchr("*?[]\\", *typed))
			*p++ = '\\';
		*p++ = *typed;
	}
	*p = '*';
	if (!glob(pattern, GLOB_MARK, NULL, &found)) {
		for (i = 0; i < found.gl_pathc; i++)
			printf("%s%s\n", before, found.gl_pathv[i]);
		globfree(&found);
	}
	free(pattern);
}

/* Names of users, or behind a colon of groups. */
static void offer_owners(const char *typed)
{
	const char *colon = strchr(typed, ':');
	const struct passwd *pw;
	const struct group *gr;
	char text[512];

	setpwent();
	while (!colon && (pw = getpwent()))
		offer(typed, pw->pw_name);
	endpwent();

	setgrent();
	while (colon && (gr = getgrent())) {
		snprintf(text, sizeof(text), "%.*s:%s", (int)(colon - typed), typed,
			 gr->gr_name);
		offer(typed, text);
	}
	endgrent();
}

static void offer_words(const char *typed, const char *const *word)
{
	for (; *word; word++)
		offer(typed, *word);
}

/* The path behind a scheme that has one. */
static void offer_paths(const char *typed, const char *scheme)
{
	size_t len = strlen(scheme);

	if (!strncmp(typed, scheme, len))
		offer_files(scheme, typed + len);
}

static void offer_value(const char *typed, const struct attr *attr)
{
	if (attr->words)
		offer_words(typed, attr->words);
	if (attr->put == attr_owner)
		offer_owners(typed);
	if (attr->put == attr_backing || attr->put == attr_optional)
		offer_paths(typed, "file:");
	if (attr->put == attr_backing)
		offer_paths(typed, "uart:");
}

/* Attributes that were not given yet, or values of the one before. */
static void offer_attrs(const struct command *command, char **given, size_t n)
{
	const struct attr *attr;
	size_t i;

	for (attr = command->attrs; attr->name; attr++) {
		if (!(attr->where & command->where))
			continue;
		for (i = 0; i + 1 < n && strcmp(given[i], attr->name); i += 2)
			;
		if (i + 2 == n)
			offer_value(given[n - 1], attr);
		else if (n % 2 && i + 1 == n)
			offer(given[n - 1], attr->name);
	}
}

static void offer_kind(enum word_kind kind, const char *typed)
{
	switch (kind) {
	case WORD_GUEST:
		offer_live(typed, VSERIAL_CMD_GUEST_GET, "");
		break;
	case WORD_NEW_PORT:
		offer_live(typed, VSERIAL_CMD_GUEST_GET, "/");
		break;
	case WORD_PORT:
		offer_live(typed, VSERIAL_CMD_PORT_GET, "");
		break;
	case WORD_GUEST_OR_PORT:
		offer_live(typed, VSERIAL_CMD_GUEST_GET, "");
		offer_live(typed, VSERIAL_CMD_PORT_GET, "");
		break;
	case WORD_SESSION:
		offer_live(typed, VSERIAL_CMD_SESSION_GET, "");
		break;
	case WORD_FILE:
		offer_files("", typed);
		break;
	case WORD_SERVICE:
		offer_words(typed, service_words);
		break;
	case WORD_NEW:
	case WORD_LITERAL:
	case WORD_NONE:
		break;
	}
}

static void offer_literal(const char *word, void *typed)
{
	offer(typed, word);
}

/* The words behind the verb, of which the last is being typed. */
static void offer_args(const struct command *command, char **words, size_t n)
{
	size_t i = 0;

	while (i < WORDS_MAX && command->words[i] != WORD_NONE)
		i++;
	if (n <= i)
		offer_kind(command->words[n - 1], words[n - 1]);
	else if (i && command->words[i - 1] == WORD_SESSION)
		offer_kind(WORD_SESSION, words[n - 1]);
	else if (command->attrs)
		offer_attrs(command, words + i, n - i);
	usage_literals(command->args, words, n, offer_literal, words[n - 1]);
}

/*
 * How many words the options take.  All @n of them if the last is the file
 * of -b, which has then been offered.
 */
static size_t skip_options(char **words, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n && words[i][0] == '-'; i++) {
		bool batch = !strcmp(words[i], "-b") || !strcmp(words[i], "--batch");

		if (!batch && strcmp(words[i], "-e") && strcmp(words[i], "--escape"))
			continue;
		if (++i + 1 == n && batch) {
			offer_files("", words[i]);
			return n;
		}
	}
	return i;
}

static enum ctl_status complete(struct ctl *ctl, char **words)
{
	const struct command *command;
	const struct object *object;
	size_t n = 0, skip;

	while (words[n])
		n++;
	skip = skip_options(words, n);
	words += skip;
	n -= skip;
	if (n == 1 && words[0][0] == '-')
		offer_options(words[0]);
	else if (n == 1)
		offer_objects(words[0]);
	if (n < 2)
		return CTL_DONE;

	object = object_find(words[0], ctl->why, sizeof(ctl->why));
	if (!object || object->hidden)
		return CTL_DONE;
	command = object->commands;
	words++;
	n--;
	if (command->verb) {
		if (n == 1) {
			offer_verbs(words[0], object);
			return CTL_DONE;
		}
		command = command_find(object, words[0], ctl->why, sizeof(ctl->why));
		words++;
		n--;
	}
	if (command)
		offer_args(command, words, n);
	return CTL_DONE;
}

const struct command complete_commands[] = {
	{ .args = "WORD...", .help = "print what the last word can become",
	  .run = complete },
	{ 0 },
};
