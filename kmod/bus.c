// SPDX-License-Identifier: GPL-2.0-only
/*
 * bus: /sys/bus/vserial, where guests are made and removed by writing names
 */
#include <linux/device.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bus.h"
#include "compat.h"
#include "device.h"
#include "guest.h"
#include "reason.h"
#include "sysfs.h"
#include "words.h"

static ssize_t new_guest_store(VSERIAL_BUS_CONST struct bus_type *bus,
			       const char *buf, size_t count)
{
	static const struct vserial_identity nobody;
	struct vserial_reason reason;
	struct vserial_words words;
	int err;

	err = vserial_sysfs_begin(&words, buf, 1, &reason);
	if (!err) {
		err = vserial_guest_add(words.nr ? words.word[0] : "", &nobody,
					0, &reason);
		vserial_words_free(&words);
	}
	return vserial_sysfs_done(err, "new_guest", count, &reason);
}
static BUS_ATTR_WO(new_guest);

static ssize_t del_guest_store(VSERIAL_BUS_CONST struct bus_type *bus,
			       const char *buf, size_t count)
{
	struct vserial_reason reason;
	struct vserial_words words;
	bool force;
	int err;

	err = vserial_sysfs_begin(&words, buf, 2, &reason);
	if (!err) {
		err = vserial_words_force(&words, "del_guest", "a name",
					  &force, &reason);
		if (!err)
			err = vserial_guest_del(words.word[0], force, &reason);
		vserial_words_free(&words);
	}
	return vserial_sysfs_done(err, "del_guest", count, &reason);
}
static BUS_ATTR_WO(del_guest);

static struct attribute *vserial_bus_attrs[] = {
	&bus_attr_new_guest.attr,
	&bus_attr_del_guest.attr,
	NULL
};
ATTRIBUTE_GROUPS(vserial_bus);

static void vserial_root_release(struct device *dev)
{
	kfree(dev);
}

static int vserial_root_add(void)
{
	struct device *root = kzalloc(sizeof(*root), GFP_KERNEL);
	int err;

	if (!root)
		return -ENOMEM;
	device_initialize(root);
	/* Its attributes would be names that no guest can have. */
	device_set_pm_not_required(root);
	root->release = vserial_root_release;
	err = dev_set_name(root, "vserial") ?: device_add(root);
	if (err)
		put_device(root);
	else
		vserial_root = root;
	return err;
}

/**
 * vserial_bus_init() - make the bus
 *
 * Return: 0 or a negative errno.
 */
int vserial_bus_init(void)
{
	int err = vserial_root_add();

	if (err)
		return err;
	vserial_bus.bus_groups = vserial_bus_groups;
	err = bus_register(&vserial_bus);
	if (err)
		device_unregister(vserial_root);
	return err;
}

/**
 * vserial_bus_exit() - unmake the bus, when no guest is left
 */
void vserial_bus_exit(void)
{
	bus_unregister(&vserial_bus);
	device_unregister(vserial_root);
}
