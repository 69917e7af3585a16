// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl: configures and shows virtual serial ports. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "command.h"
#include "ctl.h"
#include "options.h"

const char *argp_program_version = "vserialctl " VSERIAL_VERSION;

/**
 * struct options - the command line
 * @ctl: what the options set
 * @batch: the file of -b, or NULL
 * @words: object, verb and what follows
 */
struct options {
	struct ctl ctl;
	const char *batch;
	char **words;
};

/* What stdio held back may find a full disk, or have found one before. */
static enum ctl_status flush(enum ctl_status status)
{
	bool earlier = ferror(stdout);

	if (!fflush(stdout) && !earlier)
		return status;
	fprintf(stderr, "vserialctl: cannot write the output: %s\n",
		earlier ? "it is cut short" : strerror(errno));
	return status == CTL_DONE ? CTL_REFUSED : status;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opts = state->input;

	switch (key) {
	case 'b':
		opts->batch = arg;
		return 0;
	case 'd':
		opts->ctl.details = true;
		return 0;
	case 'e':
		opts->ctl.escape = arg;
		return 0;
	case 'f':
		opts->ctl.force = true;
		return 0;
	case 'j':
		opts->ctl.json = true;
		return 0;
	case '?':
		/* The table's text instead of argp's. */
		usage_print(stdout, NULL);
		exit(flush(CTL_DONE));
	case ARGP_KEY_ARGS:
		opts->words = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "OBJECT [VERB] [ARG]...",
};

int main(int argc, char **argv)
{
	struct options opts = { 0 };
	enum ctl_status status;

	argp_err_exit_status = CTL_USAGE;
	/* Complaints begin the same way however the program was called. */
	argv[0] = program_invocation_short_name;
	/* In order: words behind the object belong to it, whatever they are. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &opts);

	if (opts.batch && opts.words) {
		fprintf(stderr, "vserialctl: '%s' stands beside -b: the commands come from %s alone\n",
			opts.words[0], opts.batch);
		return CTL_USAGE;
	}
	if (opts.batch) {
		status = batch_run(&opts.ctl, opts.batch);
	} else if (opts.words) {
		status = ctl_run(&opts.ctl, opts.words);
	} else {
		usage_print(stderr, NULL);
		status = CTL_USAGE;
	}
	ctl_close(&opts.ctl);
	return flush(status);
}
