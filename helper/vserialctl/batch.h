/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands from a file, one a line; the rules of a line are in words.h. */
#ifndef VSERIALCTL_BATCH_H
#define VSERIALCTL_BATCH_H

#include "ctl.h"

/**
 * batch_run() - run the commands in a file
 * @ctl: the run; with @force set it goes on behind failures
 * @file: the file's name, - for standard input
 *
 * Failures are told on stderr as "FILE:LINE: sentence".
 *
 * Return: the exit status of the first command that failed.
 */
enum ctl_status batch_run(struct ctl *ctl, const char *file);

#endif
