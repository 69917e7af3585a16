/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a stream of bytes one print job ends and the next begins:
 *
 *	ESC E, PCL's reset, behind something that is printed; it belongs to
 *	the job that it ends
 *	a form feed behind which nothing comes for a while; followed by more
 *	it only parts two pages
 *
 * So that these are not looked for in pictures, the lengths of PCL's binary
 * data are understood.  Commands of PJL, resets and settings print nothing:
 * they belong to what follows.  Pure code; bytes may come in any pieces.
 */
#ifndef HELPER_PRINT_JOB_H
#define HELPER_PRINT_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum print_state {
	PRINT_TEXT,
	PRINT_ESCAPE,		/* behind ESC */
	PRINT_COMMAND,		/* in ESC & l 0 O and the like */
	PRINT_PJL,		/* where a line of PJL may begin */
	PRINT_PJL_LINE,
};

/**
 * struct print_job - where in a job one is; all zero at its beginning
 * @state: what the bytes before were
 * @content: there is something to print
 * @page_end: the page has ended, and nothing has come since
 * @parameter: a command's first character, such as '&'
 * @group: its second, such as 'l', or 0
 * @value: the number behind it
 * @negative: its sign
 * @fraction: what follows are digits behind its point
 * @data: how many bytes of binary data are to come
 */
struct print_job {
	enum print_state state;
	bool content;
	bool page_end;
	char parameter;
	char group;
	uint32_t value;
	bool negative;
	bool fraction;
	uint32_t data;
};

/**
 * print_job_take() - go on in a job
 * @job: the job
 * @bytes: what comes next
 * @len: how many
 * @ends: receives whether the job ends behind those that were taken; then
 *	@job is at the beginning of the next
 *
 * Return: how many bytes belong to the job, @len unless it ends.
 */
size_t print_job_take(struct print_job *job, const void *bytes, size_t len, bool *ends);

#endif
