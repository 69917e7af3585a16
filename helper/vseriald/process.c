// SPDX-License-Identifier: GPL-2.0-or-later
/* A process that serves on one loop until a signal ends it. */
#include "process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "log.h"

int process_watch_signals(sd_event *event, sd_event_signal_handler_t on_end,
			  sd_event_signal_handler_t on_reload, void *arg)
{
	int rc;

	signal(SIGPIPE, SIG_IGN);
	rc = sd_event_add_signal(event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, on_end, arg);
	if (rc >= 0)
		rc = sd_event_add_signal(event, NULL, SIGINT | SD_EVENT_SIGNAL_PROCMASK, on_end,
					 arg);
	if (rc >= 0)
		rc = sd_event_add_signal(event, NULL, SIGHUP | SD_EVENT_SIGNAL_PROCMASK, on_reload,
					 arg);
	return rc;
}

void process_raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int process_loop(sd_event *event)
{
	int rc;

	sd_event_set_watchdog(event, true);
	sd_notify(0, "READY=1\nSTATUS=Serving");
	log_line(LOG_INFO, "serving");
	rc = sd_event_loop(event);
	sd_notify(0, "STOPPING=1");
	return rc ? EXIT_REFUSED : EXIT_SUCCESS;
}
