// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl metrics: counters and states for whoever watches over hosts. */
#include <string.h>

#include <linux/vserial.h>

#include "command.h"
#include "metrics.h"
#include "refs.h"

static enum ctl_status fill(struct ctl *ctl, char **words)
{
	ctl->prometheus = *words && !strcmp(*words, "prometheus");
	ctl_queue_dump(ctl, VSERIAL_CMD_GUEST_GET);
	ctl_queue_dump(ctl, VSERIAL_CMD_PORT_GET);
	ctl_queue_dump(ctl, VSERIAL_CMD_SESSION_GET);
	return ref_end(ctl, words + ctl->prometheus);
}

static enum ctl_status print(struct ctl *ctl, const struct vnl_replies *replies)
{
	metrics_write(stdout, replies, ctl->prometheus);
	return CTL_DONE;
}

const struct command metrics_commands[] = {
	{ .args = "[prometheus]",
	  .help = "print all counters and states as OpenMetrics, or in Prometheus' own format",
	  .fill = fill, .print = print },
	{ 0 },
};
