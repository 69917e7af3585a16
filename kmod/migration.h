/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * migration: a guest's way from one host to another
 */
#ifndef _VSERIAL_MIGRATION_H
#define _VSERIAL_MIGRATION_H

#include <linux/types.h>

#include <linux/vserial.h>

struct vserial_guest;
struct vserial_reason;

/* It is, or was to be, on this host, and its ports are held until it has left. */
static inline bool vserial_migration_leaves(enum vserial_migration m)
{
	return m == VSERIAL_MIGRATION_OUTGOING ||
	       m == VSERIAL_MIGRATION_LEAVING ||
	       m == VSERIAL_MIGRATION_PARTING;
}

/* It is not here yet, and its ports are held until it is. */
static inline bool vserial_migration_comes(enum vserial_migration m)
{
	return m == VSERIAL_MIGRATION_INCOMING ||
	       m == VSERIAL_MIGRATION_ARRIVING;
}

void vserial_migration_setup(struct vserial_guest *g);
int vserial_migration_judge_limit(u32 limit, struct vserial_reason *reason);
int vserial_migration_step(const char *name, u32 to, const u32 *limit,
			   struct vserial_reason *reason);
void vserial_migration_stop(struct vserial_guest *g);

#endif /* _VSERIAL_MIGRATION_H */
