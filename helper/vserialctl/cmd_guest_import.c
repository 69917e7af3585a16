// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vserialctl guest import: a guest of another hypervisor made here.  It is made
 * by the commands that "dry-run" prints, and taken back if one of them is refused.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "command.h"
#include "import.h"
#include "memory.h"
#include "refs.h"
#include "words.h"

/**
 * struct order - what is asked for
 * @read: reads the file
 * @path: the file, - for standard input
 * @name: the guest's name, or NULL for the one in the file
 * @dry_run: print the commands alone
 */
struct order {
	int (*read)(FILE *file, struct import *import, char *why, size_t size);
	const char *path;
	const char *name;
	bool dry_run;
};

static enum ctl_status read_words(struct ctl *ctl, char **words, struct order *order)
{
	*order = (struct order){ .read = import_vmx, .path = "-" };
	if (!*words)
		return ctl_fail(ctl, CTL_USAGE, "where from is missing: --vmx or --libvirt");
	if (!strcmp(*words, "--vmx"))
		order->read = import_vmx;
	else if (!strcmp(*words, "--libvirt"))
		order->read = import_libvirt;
	else
		return ctl_fail(ctl, CTL_USAGE, "'%s' is neither --vmx nor --libvirt", *words);
	if (!*++words)
		return ctl_fail(ctl, CTL_USAGE, "the file's name is missing; - is standard input");
	order->path = *words++;
	if (*words && !strcmp(*words, "name")) {
		order->name = words[1];
		if (!order->name)
			return ctl_fail(ctl, CTL_USAGE, "name needs a value: NAME");
		words += 2;
	}
	if (*words && !strcmp(*words, "dry-run")) {
		order->dry_run = true;
		words++;
	}
	return ref_end(ctl, words);
}

static enum ctl_status read_file(struct ctl *ctl, const struct order *order,
				 struct import *import)
{
	bool from_stdin = !strcmp(order->path, "-");
	FILE *file = from_stdin ? stdin : fopen(order->path, "re");
	enum ctl_status status = CTL_DONE;
	char why[IMPORT_WHY_MAX];

	if (!file)
		return ctl_fail(ctl, CTL_REFUSED, "cannot read %s: %s", order->path,
				strerror(errno));
	if (order->read(file, import, why, sizeof(why)))
		status = ctl_fail(ctl, CTL_REFUSED, "cannot import %s: %s", order->path, why);
	if (!from_stdin)
		fclose(file);
	return status;
}

/* Queues what a line of commands asks for. */
static enum ctl_status queue_line(struct ctl *ctl, const char *line)
{
	const struct object *object;
	enum ctl_status status;
	struct words words;
	const char *why;

	if (words_split(line, &words, &why))
		return ctl_fail(ctl, CTL_REFUSED, "%s", why);
	object = object_find(words.v[0], ctl->why, sizeof(ctl->why));
	status = command_find(object, words.v[1], ctl->why, sizeof(ctl->why))->
		 fill(ctl, words.v + 2);
	words_free(&words);
	return status;
}

static enum ctl_status queue(struct ctl *ctl, const char *text, const char *name)
{
	enum ctl_status status = CTL_DONE;
	char *copy = xstrdup(text), *rest = copy, *line;
	struct vnl_msg *undo;

	while (status == CTL_DONE && (line = strsep(&rest, "\n")) && *line)
		status = queue_line(ctl, line);
	free(copy);
	/* A VMM that waited for the guest may have it open by then. */
	undo = ctl_undo(ctl, VSERIAL_CMD_GUEST_DEL);
	vnl_put_str(undo, VSERIAL_A_GUEST_NAME, name);
	vnl_put_flag(undo, VSERIAL_A_GUEST_FORCE);
	return status;
}

static void tell(struct ctl *ctl, const struct import *import)
{
	size_t i;

	for (i = 0; i < import->n_notes; i++) {
		ctl_fail(ctl, CTL_DONE, "%s", import->notes[i]);
		ctl_complain(ctl);
	}
	*ctl->why = '\0';
}

/* Other hypervisors allow more; the kernel would refuse, but not say what to do. */
static bool is_guest_name(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t len = strlen(name);

	return isalnum((unsigned char)*name) && len <= VSERIAL_NAME_MAX &&
	       strspn(name, allowed) == len;
}

static enum ctl_status make(struct ctl *ctl, const struct order *order,
			    const struct import *import)
{
	const char *name = order->name ? order->name : import->name;
	enum ctl_status status = CTL_DONE;
	char *text;
	size_t size;
	FILE *file;

	if (!name)
		return ctl_fail(ctl, CTL_REFUSED,
				"%s does not name the guest; name it behind the file: name NAME",
				order->path);
	if (!is_guest_name(name))
		return ctl_fail(ctl, CTL_REFUSED,
				"'%s' cannot be a guest's name, which has up to %d of A-Z a-z 0-9 _ . -; name it behind the file: name NAME",
				name, VSERIAL_NAME_MAX);
	file = open_memstream(&text, &size);
	if (!file)
		return ctl_fail(ctl, CTL_REFUSED, "%s", strerror(errno));
	import_write(file, import, name);
	fclose(file);
	tell(ctl, import);
	if (order->dry_run)
		fputs(text, stdout);
	else
		status = queue(ctl, text, name);
	free(text);
	return status;
}

enum ctl_status guest_import(struct ctl *ctl, char **words)
{
	struct import import = { 0 };
	enum ctl_status status;
	struct order order;

	status = read_words(ctl, words, &order);
	if (status == CTL_DONE)
		status = read_file(ctl, &order, &import);
	if (status == CTL_DONE)
		status = make(ctl, &order, &import);
	import_free(&import);
	return status;
}
