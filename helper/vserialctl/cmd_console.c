// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl console: standard input and output at a port. */
#include <string.h>

#include "command.h"
#include "console.h"
#include "escape.h"
#include "memory.h"
#include "refs.h"

static enum ctl_status read_words(struct ctl *ctl, char **words,
				  struct console_request *request)
{
	request->escape = '~';
	if (ctl->escape && escape_parse(ctl->escape, &request->escape))
		return ctl_fail(ctl, CTL_REFUSED,
				"the escape character '%s' is not one character, ^ and a letter, or none",
				ctl->escape);
	for (; *words; words++) {
		if (!strcmp(*words, "force"))
			request->force = true;
		else if (!strcmp(*words, "read-only"))
			request->read_only = true;
		else
			return ref_end(ctl, words);
	}
	if (request->force && request->read_only)
		return ctl_fail(ctl, CTL_USAGE,
				"force is to write and read-only is not to: give one of them");
	return CTL_DONE;
}

static enum ctl_status console(struct ctl *ctl, char **words)
{
	struct console_request request = { 0 };
	enum ctl_status status;
	char *guest;

	if (ctl->file)
		return ctl_fail(ctl, CTL_USAGE, "console cannot stand in a batch");
	status = ref_port_name(ctl, &words, &guest, &request.index);
	if (status == CTL_DONE)
		status = read_words(ctl, words, &request);
	request.guest = guest;
	if (status == CTL_DONE)
		status = console_run(ctl, &request);
	free(guest);
	return status;
}

const struct command console_commands[] = {
	{ .args = "GUEST/INDEX [force|read-only]",
	  .help = "sit at the port: see its output, type its input; ~? helps, ~. leaves",
	  .words = { WORD_PORT }, .run = console },
	{ 0 },
};
