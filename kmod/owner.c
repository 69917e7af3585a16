// SPDX-License-Identifier: GPL-2.0-only
/*
 * owner: the user that a guest belongs to, and on whose behalf its output is
 * written
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/init_task.h>
#include <linux/sched/task.h>

#include "owner.h"

/*
 * An owner writes without capabilities and other groups.  Root, who writes for
 * a guest without an owner, has all but CAP_SYS_RESOURCE, which would let it
 * exceed a quota and take the blocks that a file system reserves.
 */
static const struct cred *vserial_owner_new_cred(kuid_t uid, kgid_t gid)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (!cred)
		return ERR_PTR(-ENOMEM);
	if (!uid_valid(uid)) {
		cap_lower(cred->cap_effective, CAP_SYS_RESOURCE);
		cap_lower(cred->cap_permitted, CAP_SYS_RESOURCE);
		cap_lower(cred->cap_bset, CAP_SYS_RESOURCE);
		return cred;
	}
	cred->uid = uid;
	cred->euid = uid;
	cred->suid = uid;
	cred->fsuid = uid;
	cred->gid = gid;
	cred->egid = gid;
	cred->sgid = gid;
	cred->fsgid = gid;
	cred->cap_inheritable = CAP_EMPTY_SET;
	cred->cap_permitted = CAP_EMPTY_SET;
	cred->cap_effective = CAP_EMPTY_SET;
	cred->cap_bset = CAP_EMPTY_SET;
	cred->cap_ambient = CAP_EMPTY_SET;
	return cred;
}

/**
 * vserial_owner_init() - nobody owns a guest yet
 * @o: the owner
 *
 * Return: 0 or -ENOMEM.
 */
int vserial_owner_init(struct vserial_owner *o)
{
	spin_lock_init(&o->lock);
	o->cred = NULL;
	return vserial_owner_set(o, INVALID_UID, INVALID_GID);
}

/**
 * vserial_owner_destroy() - let go of what an owner holds
 * @o: the owner; may be one whose vserial_owner_init() failed
 */
void vserial_owner_destroy(struct vserial_owner *o)
{
	if (o->cred)
		put_cred(o->cred);
}

/**
 * vserial_owner_set() - give a guest to somebody
 * @o: the owner
 * @uid: the user, or INVALID_UID: nobody
 * @gid: its group, valid if @uid is
 *
 * Return: 0 or -ENOMEM.
 */
int vserial_owner_set(struct vserial_owner *o, kuid_t uid, kgid_t gid)
{
	const struct cred *cred = vserial_owner_new_cred(uid, gid);

	if (IS_ERR(cred))
		return PTR_ERR(cred);
	spin_lock(&o->lock);
	o->uid = uid;
	o->gid = gid;
	swap(o->cred, cred);
	spin_unlock(&o->lock);
	if (cred)
		put_cred(cred);
	return 0;
}

/**
 * vserial_owner_get() - who owns a guest
 * @o: the owner
 * @uid: filled, INVALID_UID if nobody does
 * @gid: filled, INVALID_GID if nobody does
 */
void vserial_owner_get(struct vserial_owner *o, kuid_t *uid, kgid_t *gid)
{
	spin_lock(&o->lock);
	*uid = o->uid;
	*gid = o->gid;
	spin_unlock(&o->lock);
}

/**
 * vserial_owner_cred() - what a guest's output is written with
 * @o: the owner
 *
 * Return: credentials that the caller puts.
 */
const struct cred *vserial_owner_cred(struct vserial_owner *o)
{
	const struct cred *cred;

	spin_lock(&o->lock);
	cred = get_cred(o->cred);
	spin_unlock(&o->lock);
	return cred;
}
