/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator is told: lines on stderr, with the journal's
 * priorities where it reads them.
 */
#ifndef VSERIALD_LOG_H
#define VSERIALD_LOG_H

#include <stdbool.h>
#include <syslog.h>

/** log_init() - begin; @debug: print LOG_DEBUG too. */
void log_init(bool debug);

/**
 * log_line() - print a line
 * @priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or LOG_DEBUG
 * @format: as printf(), without a newline; control characters come out
 *	escaped
 */
void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
