/* SPDX-License-Identifier: GPL-2.0-only */
/* budget: the pages that all streams of the host may hold */
#ifndef _VSERIAL_BUDGET_H
#define _VSERIAL_BUDGET_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/types.h>

/**
 * struct vserial_budget - pages that all streams of the host may hold
 * @used: pages held now
 * @limit: pages that may be held; each reserved stream has one even beyond it
 */
struct vserial_budget {
	atomic_long_t used;
	unsigned long limit;
};

/** vserial_budget_spent() - is nothing left? */
static inline bool vserial_budget_spent(const struct vserial_budget *budget)
{
	return atomic_long_read(&budget->used) >= READ_ONCE(budget->limit);
}

u8 *vserial_budget_get(struct vserial_budget *budget);
u8 *vserial_budget_get_beyond_limit(struct vserial_budget *budget);
void vserial_budget_put(struct vserial_budget *budget, u8 *page);

#endif /* _VSERIAL_BUDGET_H */
