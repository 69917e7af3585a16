// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vserial-print: sends one job, its standard input, to a printer and ends.
 *
 * vseriald runs it for each job, as a user who owns nothing, so that what a
 * printer answers is read where it can do no harm.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "number.h"
#include "order.h"
#include "owner.h"

const char *argp_program_version = "vserial-print " VSERIAL_VERSION;

#define EXIT_USAGE 2

static const struct argp_option options[] = {
	{ .name = "title", .key = 't', .arg = "TITLE", .doc = "the job's name" },
	{ .name = "uid", .key = 'u', .arg = "UID", .doc = "whose it is" },
	{ .name = "ca", .key = 'a', .arg = "PATH",
	  .doc = "the authorities of printers' certificates (default: the system's)" },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct order *order = state->input;
	char why[URI_WHY_MAX];
	uint64_t uid;
	int rc;

	switch (key) {
	case 't':
		order->title = arg;
		return 0;
	case 'u':
		if (number_parse(arg, UINT32_MAX, &uid))
			argp_error(state, "the UID '%s' is not a number", arg);
		free(order->user);
		order->user = owner_user((uint32_t)uid);
		if (!order->user)
			order->user = xstrdup(arg);
		return 0;
	case 'a':
		order->ca = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_usage(state);
		rc = uri_parse_as("printer", arg, &order->uri, why, sizeof(why));
		if (rc == -EINVAL)
			argp_error(state, "%s", why);
		if (rc || order->uri.kind != URI_PRINTER)
			argp_error(state, "'%s' is no printer: it is neither ipp://HOST, ipps://HOST nor socket://HOST",
				   arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "PRINTER <JOB",
	.doc = "Sends one job to a printer; vseriald runs it.  See vserial-print(8).",
};

int main(int argc, char **argv)
{
	struct order order = { .title = "vserial", .user = xstrdup("root"), .ca = "" };
	enum print_result result;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &order);
	signal(SIGPIPE, SIG_IGN);
	result = order.uri.resource ? ipp_print(&order) : raw_print(&order);
	if (result != PRINT_DONE)
		fprintf(stderr, "%s\n", order.why);
	uri_free(&order.uri);
	free(order.user);
	return (int)result;
}
