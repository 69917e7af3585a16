/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vserial-print, the process that sends one job and ends. */
#ifndef VSERIALD_PRINT_CHILD_H
#define VSERIALD_PRINT_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "conf.h"
#include "print_result.h"
#include "spool.h"

/**
 * print_program() - find vserial-print, which stands beside the daemon's own program
 *
 * To be called while that can be looked at: with another user it may not.
 *
 * Return: a descriptor that stands for it, or a negative errno.
 */
int print_program(void);

/**
 * print_child() - begin to send a job
 * @conf: the settings
 * @program: what print_program() found
 * @job: the job
 * @report: receives a descriptor, the caller's, of what it says if it fails
 * @why: receives a sentence, of SPOOL_WHY_MAX bytes, on failure
 *
 * The process has the job, a network and no rights.
 *
 * Return: its number, or a negative errno: -ENOENT if the job's file is gone.
 */
pid_t print_child(const struct conf *conf, int program, const struct spool_job *job, int *report,
		  char *why);

#endif
