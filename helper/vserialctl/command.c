// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands: names, abbreviations, usage text. */
#include <string.h>

#include "attr.h"
#include "command.h"

/* An abbreviation means the first that fits: what is new goes behind what is like it. */
const struct object objects[] = {
	{ "guest", guest_commands, false },
	{ "port", port_commands, false },
	{ "console", console_commands, false },
	{ "session", session_commands, false },
	{ "service", service_commands, false },
	{ "monitor", monitor_commands, false },
	{ "top", top_commands, false },
	{ "metrics", metrics_commands, false },
	{ "save", save_commands, false },
	{ "restore", restore_commands, false },
	{ "migrate", migrate_commands, false },
	{ "vspc-probe", vspc_probe_commands, false },
	{ "firewall", firewall_commands, false },
	{ "complete", complete_commands, true },
	{ NULL, NULL, false },
};

static bool begins(const char *name, const char *word)
{
	return *word && !strncmp(name, word, strlen(word));
}

/* Appends to a list of names: "a, b, c". */
static void list_name(char *list, size_t size, const char *name)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%s", len ? ", " : "", name);
}

const struct object *object_find(const char *word, char *why, size_t size)
{
	const struct object *object, *found = NULL;
	char all[256] = "";

	for (object = objects; object->name; object++) {
		if (!strcmp(object->name, word))
			return object;
		if (object->hidden)
			continue;
		list_name(all, sizeof(all), object->name);
		if (!found && begins(object->name, word))
			found = object;
	}
	if (!found)
		snprintf(why, size, "there is no object '%s'; there are: %s, help",
			 word, all);
	return found;
}

const struct command *command_find(const struct object *object, const char *verb,
				   char *why, size_t size)
{
	const struct command *command, *found = NULL;
	char fit[256] = "", all[256] = "";
	unsigned int n = 0;

	for (command = object->commands; !command_is_end(command); command++) {
		if (!strcmp(command->verb, verb ? verb : "show"))
			return command;
		list_name(all, sizeof(all), command->verb);
		if (!verb || !begins(command->verb, verb))
			continue;
		list_name(fit, sizeof(fit), command->verb);
		if (!n || !strcmp(command->verb, "show"))
			found = command;
		n++;
	}
	if (n == 1 || (n && !strcmp(found->verb, "show")))
		return found;
	if (!verb)
		snprintf(why, size, "the verb is missing; %s has: %s, help", object->name, all);
	else if (n)
		snprintf(why, size, "%s: '%s' can mean any of: %s", object->name,
			 verb, fit);
	else
		snprintf(why, size, "%s has no verb '%s'; it has: %s, help",
			 object->name, verb, all);
	return NULL;
}

void usage_line(FILE *file, const struct object *object,
		const struct command *command)
{
	fprintf(file, "vserialctl %s%s%s%s%s", object->name,
		command->verb ? " " : "", command->verb ? command->verb : "",
		*command->args ? " " : "", command->args);
}

/* The attributes that commands of an object take, or NULL. */
static const struct attr *attrs_of(const struct object *object)
{
	const struct command *command;

	for (command = object->commands; !command_is_end(command); command++)
		if (command->attrs)
			return command->attrs;
	return NULL;
}

static void usage_attrs(FILE *file, const struct object *object)
{
	const struct attr *attrs = attrs_of(object), *attr;
	size_t width = 0, len;

	if (!attrs)
		return;
	for (attr = attrs; attr->name; attr++) {
		len = strlen(attr->name) + 1 + strlen(attr->value);
		if (len > width)
			width = len;
	}
	fprintf(file, "\nATTR of a %s:\n", object->name);
	for (attr = attrs; attr->name; attr++) {
		len = strlen(attr->name) + 1 + strlen(attr->value);
		fprintf(file, "  %s %s%*s%s\n", attr->name, attr->value,
			(int)(width - len + 2), "", attr->help);
	}
}

static void usage_object(FILE *file, const struct object *object)
{
	const struct command *command;

	for (command = object->commands; !command_is_end(command); command++) {
		fputs("  ", file);
		usage_line(file, object, command);
		fprintf(file, "\n        %s\n", command->help);
	}
}

void usage_print(FILE *file, const struct object *object)
{
	const struct object *each;

	if (object) {
		fputs("Usage:\n", file);
		usage_object(file, object);
		usage_attrs(file, object);
		return;
	}
	fputs("Usage: vserialctl [OPTION]... OBJECT [VERB] [ARG]...\n"
	      "       vserialctl [OPTION]... -b FILE\n\n"
	      "Configures and shows virtual serial ports.  Objects and verbs may be\n"
	      "abbreviated; an object without a verb is shown.\n\n"
	      "Commands:\n", file);
	for (each = objects; each->name; each++)
		if (!each->hidden)
			usage_object(file, each);
	fputs("  vserialctl [OBJECT] help\n        print this text\n", file);
	for (each = objects; each->name; each++)
		if (!each->hidden)
			usage_attrs(file, each);
	fputs("\nOptions, before the object:\n"
	      "  -b, --batch=FILE    run the commands in FILE, one a line; - is standard input\n"
	      "  -d, --details       show every attribute in listings\n"
	      "  -e, --escape=C      the character that opens a console's commands, ^C for a\n"
	      "                      control character, or none (default ~)\n"
	      "  -f, --force         go on behind a command of a batch that failed\n"
	      "  -j, --json          print JSON\n"
	      "  -V, --version       print the version\n"
	      "  -?, --help          print this text\n\n"
	      "Exit status: 0 done, 1 refused, 2 usage, 3 no module or no daemon.\n", file);
}
