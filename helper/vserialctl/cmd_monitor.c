// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl monitor: events as they come. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "number.h"
#include "output.h"
#include "refs.h"

/*
 * Prints events until @count of them are out (0: for ever).  Each is flushed
 * by itself, so that a pipe's reader sees it at once.
 */
static enum ctl_status follow(struct ctl *ctl, struct vnl *vnl, uint64_t count)
{
	enum ctl_status status = CTL_DONE;
	struct vnl_replies events;
	struct vnl_error error;
	uint64_t n = 0;
	size_t i;

	while (status == CTL_DONE && (!count || n < count)) {
		if (vnl_wait(vnl, &events, &error)) {
			status = ctl_fail_netlink(ctl, &error);
			if (error.err == ENOENT)
				return CTL_NO_MODULE;
			if (error.err != ENOBUFS)
				return status;
			/* Say so and go on: what comes next is still true. */
			ctl_complain(ctl);
			status = CTL_DONE;
		}
		for (i = 0; i < events.n && (!count || n < count); i++, n++) {
			if (ctl->json)
				json_event(events.v[i]);
			else
				text_event(events.v[i]);
			if (fflush(stdout))
				status = ctl_fail(ctl, CTL_REFUSED,
						  "cannot write the event: %s",
						  strerror(errno));
		}
		vnl_replies_free(&events);
	}
	return status;
}

static enum ctl_status monitor(struct ctl *ctl, char **words)
{
	struct vnl_error error;
	enum ctl_status status;
	uint64_t count = 0;
	struct vnl *vnl = NULL;

	if (*words && !strcmp(*words, "count")) {
		if (!words[1])
			return ctl_fail(ctl, CTL_USAGE, "count needs a number");
		if (number_parse(words[1], UINT32_MAX, &count) || !count)
			return ctl_fail(ctl, CTL_REFUSED,
					"count '%s' is not a whole number from 1 to %u",
					words[1], UINT32_MAX);
		words += 2;
	}
	status = ref_end(ctl, words);
	if (status == CTL_DONE)
		status = ctl_open(ctl, &vnl);
	if (status != CTL_DONE)
		return status;
	if (vnl_subscribe(vnl, &error))
		status = ctl_fail_netlink(ctl, &error);
	else
		status = follow(ctl, vnl, count);
	vnl_close(vnl);
	return status;
}

const struct command monitor_commands[] = {
	{ .args = "[count N]",
	  .help = "print events, one a line, until N are out or for ever",
	  .run = monitor },
	{ 0 },
};
