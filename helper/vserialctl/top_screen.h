/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "top" on a terminal: frames, one after the other, and keys. */
#ifndef VSERIALCTL_TOP_SCREEN_H
#define VSERIALCTL_TOP_SCREEN_H

#include "top.h"

/**
 * struct top_source - where dumps come from
 * @take: hands one to top_take().  Return: 0, or -1 to end
 * @arg: for @take
 * @interval: between two of them, in milliseconds
 */
struct top_source {
	int (*take)(void *arg, struct top *top);
	void *arg;
	unsigned int interval;
};

/**
 * top_screen() - show a terminal what goes on, until its user leaves
 * @top: in what order at first; what is shown when it returns
 * @source: where dumps come from
 *
 * Standard input and standard output are the terminal, which is put back.
 *
 * Return: 0, or -1 where @source said so.
 */
int top_screen(struct top *top, const struct top_source *source);

#endif
