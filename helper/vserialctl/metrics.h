/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests and ports as metrics for Prometheus and its like. */
#ifndef VSERIALCTL_METRICS_H
#define VSERIALCTL_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "nl.h"

/**
 * metrics_write() - write all there is
 * @file: where to
 * @replies: guests, ports and sessions, in any order
 * @prometheus: in Prometheus' text format 0.0.4 alone, in which counters have a type;
 *	else what is OpenMetrics 1.0 besides
 */
void metrics_write(FILE *file, const struct vnl_replies *replies, bool prometheus);

#endif
