/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the command line, for argp and for completion. */
#ifndef VSERIALCTL_OPTIONS_H
#define VSERIALCTL_OPTIONS_H

#include <argp.h>

/* The last has no key. */
extern const struct argp_option options[];

#endif
