// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl restore: a saved configuration, or any batch. */
#include "batch.h"
#include "command.h"
#include "refs.h"

static enum ctl_status restore(struct ctl *ctl, char **words)
{
	enum ctl_status status;

	if (ctl->file)
		return ctl_fail(ctl, CTL_USAGE, "restore cannot stand in a batch");
	if (!*words)
		return ctl_fail(ctl, CTL_USAGE,
				"the file's name is missing; - is standard input");
	status = ref_end(ctl, words + 1);
	if (status != CTL_DONE)
		return status;
	status = batch_run(ctl, *words);
	/* The batch has told of its failures itself. */
	*ctl->why = '\0';
	return status;
}

const struct command restore_commands[] = {
	{ .args = "FILE", .help = "run the commands that save printed; - is standard input",
	  .words = { WORD_FILE }, .run = restore },
	{ 0 },
};
