// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of the command line; main.c reads them. */
#include "options.h"

const struct argp_option options[] = {
	{ .name = "batch", .key = 'b', .arg = "FILE" },
	{ .name = "details", .key = 'd' },
	{ .name = "escape", .key = 'e', .arg = "C|none" },
	{ .name = "force", .key = 'f' },
	{ .name = "json", .key = 'j' },
	{ .name = "help", .key = '?' },
	{ 0 },
};
