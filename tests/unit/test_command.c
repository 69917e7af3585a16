// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands: every row complete, abbreviations, usage text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "command.h"
#include "unit.h"

static const struct object *object(const char *word)
{
	char why[1024];

	return object_find(word, why, sizeof(why));
}

static const char *object_name(const char *word)
{
	return object(word) ? object(word)->name : NULL;
}

/* The verb a word means, or NULL with its sentence in @why. */
static const char *verb_why(const char *name, const char *verb, char why[1024])
{
	const struct command *command = command_find(object(name), verb, why, 1024);

	return command ? command->verb : NULL;
}

static const char *verb(const char *name, const char *word)
{
	char why[1024];

	return verb_why(name, word, why);
}

static void test_rows_are_complete(void **state)
{
	const struct command *command;
	const struct object *each;

	(void)state;
	for (each = objects; each->name; each++) {
		assert_false(command_is_end(each->commands));
		for (command = each->commands; !command_is_end(command); command++) {
			assert_non_null(command->args);
			assert_non_null(command->help);
			assert_true(*command->help);
			/* A handler and its printer, or one that does it all. */
			assert_true(!command->run != !command->fill);
			assert_false(command->run && command->print);
			assert_true(!command->attrs == !command->where);
			/* Without a verb there is no second row. */
			if (!command->verb)
				assert_true(command == each->commands &&
					    command_is_end(command + 1));
		}
	}
}

static void test_attributes_are_complete(void **state)
{
	const struct command *command;
	const struct object *each;
	const struct attr *attr, *other;

	(void)state;
	for (each = objects; each->name; each++)
		for (command = each->commands; !command_is_end(command); command++)
			for (attr = command->attrs; attr && attr->name; attr++) {
				assert_true(attr->value && *attr->value);
				assert_true(attr->help && *attr->help);
				assert_non_null(attr->put);
				assert_true(attr->where);
				assert_true(attr->id || attr->put == attr_connect);
				if (attr->put == attr_word || attr->put == attr_switch)
					assert_non_null(attr->words);
				if (attr->put == attr_number)
					assert_true(attr->max && attr->unit);
				if (attr->put == attr_size)
					assert_true(attr->max);
				for (other = command->attrs; other != attr; other++)
					assert_string_not_equal(other->name, attr->name);
			}
}

static void test_objects(void **state)
{
	char why[1024] = "";

	(void)state;
	assert_string_equal(object_name("guest"), "guest");
	assert_string_equal(object_name("g"), "guest");
	assert_string_equal(object_name("p"), "port");
	assert_string_equal(object_name("mon"), "monitor");
	assert_string_equal(object_name("sa"), "save");
	assert_string_equal(object_name("ses"), "session");
	assert_string_equal(object_name("ser"), "service");
	/* The first that fits: as scripts meant it before there were services. */
	assert_string_equal(object_name("se"), "session");
	assert_string_equal(object_name("con"), "console");
	assert_string_equal(object_name("s"), "session");
	assert_string_equal(object_name("m"), "monitor");
	assert_string_equal(object_name("r"), "restore");
	assert_null(object_name("ports"));
	assert_null(object_name("G"));
	assert_null(object_name(""));
	/* Hidden: by its whole name only, and not told of. */
	assert_string_equal(object_name("complete"), "complete");
	assert_null(object_name("comp"));
	assert_null(object_find("x", why, sizeof(why)));
	assert_non_null(strstr(why, "'x'"));
	assert_non_null(strstr(why, "guest, port"));
	assert_null(strstr(why, "complete"));
}

static void test_verbs(void **state)
{
	char why[1024] = "";

	(void)state;
	assert_string_equal(verb("guest", "a"), "add");
	assert_string_equal(verb("guest", "set"), "set");
	assert_string_equal(verb("guest", "d"), "del");
	assert_string_equal(verb("port", "co"), "connect");
	assert_string_equal(verb("port", "ca"), "capture");
	assert_string_equal(verb("port", "di"), "disconnect");
	assert_null(verb("port", "show2"));
	assert_null(verb("port", ""));
	/* What fits "show" shows. */
	assert_string_equal(verb("guest", "s"), "show");
	assert_string_equal(verb("port", "s"), "show");
	assert_string_equal(verb("port", "se"), "set");
	assert_string_equal(verb("port", "b"), "break");
	assert_string_equal(verb("session", "k"), "kick");
	/* What would change something is not guessed. */
	assert_null(verb_why("port", "d", why));
	assert_non_null(strstr(why, "del, disconnect"));
	assert_null(verb_why("port", "bla", why));
	assert_non_null(strstr(why, "'bla'"));
	assert_non_null(strstr(why, "add, set, del, show"));
}

/* Every command and every attribute is in the text. */
static void test_usage(void **state)
{
	const struct command *command;
	const struct object *each;
	const struct attr *attr;
	char *text = NULL, line[256];
	size_t size;
	FILE *file;

	(void)state;
	file = open_memstream(&text, &size);
	usage_print(file, NULL);
	fclose(file);
	for (each = objects; each->name; each++)
		for (command = each->commands; !command_is_end(command); command++) {
			snprintf(line, sizeof(line), "  vserialctl %s%s%s%s%s\n        %s\n",
				 each->name, command->verb ? " " : "",
				 command->verb ? command->verb : "",
				 *command->args ? " " : "", command->args, command->help);
			assert_true(!strstr(text, line) == each->hidden);
			for (attr = command->attrs; attr && attr->name; attr++) {
				snprintf(line, sizeof(line), "\n  %s %s  ", attr->name,
					 attr->value);
				assert_non_null(strstr(text, line));
			}
		}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_complete),
		cmocka_unit_test(test_attributes_are_complete),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
