// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs: what the attributes of guests and ports have in common
 *
 * One value a file, those of guests in sysfs_guest.c and those of ports in
 * sysfs_port.c; Documentation/ABI/testing/sysfs-bus-vserial describes
 * them.  Settings are changed with CAP_SYS_ADMIN, whoever opened the file; a
 * port's "connected" is also its guest's owner's.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "device.h"
#include "guest.h"
#include "notify.h"
#include "port.h"
#include "reason.h"
#include "sysfs.h"
#include "words.h"

/**
 * vserial_sysfs_may_configure() - may the calling process change settings?
 * @reason: says why not
 *
 * Return: 0; or -EPERM with @reason filled.
 */
int vserial_sysfs_may_configure(struct vserial_reason *reason)
{
	if (capable(CAP_SYS_ADMIN))
		return 0;
	return vserial_refuse(reason, -EPERM,
			      "configuring needs CAP_SYS_ADMIN");
}

/**
 * vserial_sysfs_begin() - what every write to a setting starts with
 * @words: filled; to be freed if this succeeds
 * @buf: what was written
 * @max: as for vserial_words_split()
 * @reason: says why not
 *
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_sysfs_begin(struct vserial_words *words, const char *buf,
			unsigned int max, struct vserial_reason *reason)
{
	int err = vserial_sysfs_may_configure(reason);

	return err ?: vserial_words_split(words, buf, max, reason);
}

/**
 * vserial_sysfs_done() - what every write to an attribute ends with
 * @err: 0 or a negative errno
 * @what: the attribute, for the kernel log
 * @count: bytes written
 * @reason: why not, if @err
 *
 * sysfs has no room for a sentence, so the kernel log gets it, on one line: what
 * a sentence quotes may have any byte in it, and a terminal may show the log.
 *
 * Return: what a store function returns.
 */
ssize_t vserial_sysfs_done(int err, const char *what, size_t count,
			   const struct vserial_reason *reason)
{
	if (!err)
		return count;
	pr_warn_ratelimited("vserial: %s: %*pE\n", what,
			    (int)strlen(reason->text), reason->text);
	return err;
}

/* Gives what belongs to the guest's owner to it. */
static void vserial_sysfs_give(struct vserial_port *port)
{
	kuid_t uid;
	kgid_t gid;

	vserial_owner_get(port->owner, &uid, &gid);
	if (!uid_valid(uid)) {
		uid = GLOBAL_ROOT_UID;
		gid = GLOBAL_ROOT_GID;
	}
	/* Without memory for it the owner has to use netlink. */
	if (sysfs_file_change_owner(&port->dev.kobj, "connected", uid, gid))
		dev_warn(&port->dev, "'connected' stays with its former owner\n");
}

static int vserial_sysfs_told(struct notifier_block *listener,
			      unsigned long event, void *object)
{
	struct vserial_guest *g = object;
	unsigned int i;

	if (event == VSERIAL_EVENT_PORT_NEW)
		vserial_sysfs_give(object);
	if (event != VSERIAL_EVENT_GUEST_OWNER)
		return NOTIFY_DONE;

	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++) {
		struct vserial_port *port = g->ports[i];

		if (!port || port->dead)
			continue;
		vserial_sysfs_give(port);
		/* udev gives it the device. */
		kobject_uevent(&port->tty_dev->kobj, KOBJ_CHANGE);
	}
	return NOTIFY_DONE;
}

static struct notifier_block vserial_sysfs_listener = {
	.notifier_call = vserial_sysfs_told,
};

/**
 * vserial_sysfs_init() - before the first guest is made
 *
 * Return: 0 or a negative errno.
 */
int vserial_sysfs_init(void)
{
	vserial_guest_type.groups = vserial_sysfs_guest;
	vserial_port_type.groups = vserial_sysfs_port;
	return vserial_notify_register(&vserial_sysfs_listener);
}

/**
 * vserial_sysfs_exit() - when no guest is left
 */
void vserial_sysfs_exit(void)
{
	vserial_notify_unregister(&vserial_sysfs_listener);
}
