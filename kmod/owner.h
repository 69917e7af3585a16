/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * owner: the user that a guest belongs to
 */
#ifndef _VSERIAL_OWNER_H
#define _VSERIAL_OWNER_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct cred;

/**
 * struct vserial_owner - the user that a guest belongs to
 * @lock: guards the rest; innermost, taken in process context
 * @uid: the user, or INVALID_UID: nobody
 * @gid: its group, or INVALID_GID
 * @cred: what the guest's output is written with
 */
struct vserial_owner {
	spinlock_t lock;	/* guards all below */
	kuid_t uid;
	kgid_t gid;
	const struct cred *cred;
};

int vserial_owner_init(struct vserial_owner *o);
void vserial_owner_destroy(struct vserial_owner *o);
int vserial_owner_set(struct vserial_owner *o, kuid_t uid, kgid_t gid);
void vserial_owner_get(struct vserial_owner *o, kuid_t *uid, kgid_t *gid);
const struct cred *vserial_owner_cred(struct vserial_owner *o);

#endif /* _VSERIAL_OWNER_H */
