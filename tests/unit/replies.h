/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel answers, put together by a test. */
#ifndef TESTS_REPLIES_H
#define TESTS_REPLIES_H

#include <stdlib.h>

#include "nl.h"
#include "unit.h"

/* Adds a message, which is used up; vnl_replies_free() frees all. */
static inline void replies_add(struct vnl_replies *all, struct vnl_msg *msg)
{
	struct vnl_replies one;

	vnl_msg_read(msg, &one);
	vnl_msg_free(msg);
	all->v = reallocarray(all->v, all->n + 1, sizeof(*all->v));
	assert_non_null(all->v);
	all->v[all->n++] = one.v[0];
	one.n = 0;
	vnl_replies_free(&one);
}

#endif
