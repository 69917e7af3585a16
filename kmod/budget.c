// SPDX-License-Identifier: GPL-2.0-only
/*
 * budget: the pages that all streams of the host may hold
 *
 * So that guests cannot take all of the host's memory, however many ports they
 * have.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "budget.h"

/**
 * vserial_budget_get() - have a page, if the budget allows it
 * @budget: the budget
 *
 * Context: any.
 * Return: a page, or NULL.
 */
u8 *vserial_budget_get(struct vserial_budget *budget)
{
	long used = atomic_long_read(&budget->used);
	u8 *page;

	do {
		if (used >= READ_ONCE(budget->limit))
			return NULL;
	} while (!atomic_long_try_cmpxchg(&budget->used, &used, used + 1));

	page = (u8 *)__get_free_page(GFP_ATOMIC | __GFP_NOWARN |
				     __GFP_ACCOUNT);
	if (!page)
		atomic_long_dec(&budget->used);
	return page;
}

/**
 * vserial_budget_get_beyond_limit() - have a page, whatever others hold
 * @budget: the budget, where it is counted
 *
 * Nobody can keep a port from being opened.
 *
 * Context: process context; may sleep.
 * Return: a page, or NULL if there is no memory.
 */
u8 *vserial_budget_get_beyond_limit(struct vserial_budget *budget)
{
	u8 *page = (u8 *)__get_free_page(GFP_KERNEL_ACCOUNT);

	if (page)
		atomic_long_inc(&budget->used);
	return page;
}

/**
 * vserial_budget_put() - give a page back
 * @budget: the budget
 * @page: the page, or NULL
 */
void vserial_budget_put(struct vserial_budget *budget, u8 *page)
{
	if (!page)
		return;
	free_page((unsigned long)page);
	atomic_long_dec(&budget->used);
}
