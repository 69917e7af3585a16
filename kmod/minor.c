// SPDX-License-Identifier: GPL-2.0-only
/*
 * minor: the numbers of the tty devices, N of /dev/ttyVS<N>
 *
 * A minor is held by its guest, so that a port that is made again gets its
 * former name, and by the port that uses it.  The port gives it back when the
 * last process has closed it, hung up or not: until then the tty layer would
 * hand a new port the old tty.
 */
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/tty_driver.h>

#include "minor.h"

/* Numbers in use; its own lock guards it. */
static DEFINE_IDA(vserial_minors);
static struct tty_driver *vserial_minor_the_driver;

struct vserial_minor {
	struct kref ref;
	unsigned int nr;
};

/**
 * vserial_minor_alloc() - take the lowest free minor
 *
 * Return: a minor with one reference; ERR_PTR(-ENOSPC) if all are in use, or
 * ERR_PTR(-ENOMEM).
 */
struct vserial_minor *vserial_minor_alloc(void)
{
	struct vserial_minor *m = kmalloc(sizeof(*m), GFP_KERNEL);
	int nr;

	if (!m)
		return ERR_PTR(-ENOMEM);
	nr = ida_alloc_max(&vserial_minors, vserial_minor_the_driver->num - 1, GFP_KERNEL);
	if (nr < 0) {
		kfree(m);
		return ERR_PTR(nr);
	}
	kref_init(&m->ref);
	m->nr = nr;
	return m;
}

/**
 * vserial_minor_get() - share a minor
 * @m: the minor
 *
 * Return: @m.
 */
struct vserial_minor *vserial_minor_get(struct vserial_minor *m)
{
	kref_get(&m->ref);
	return m;
}

static void vserial_minor_last(struct kref *ref)
{
	struct vserial_minor *m = container_of(ref, struct vserial_minor, ref);

	ida_free(&vserial_minors, m->nr);
	kfree(m);
}

/**
 * vserial_minor_put() - give a minor back
 * @m: the minor, or NULL
 */
void vserial_minor_put(struct vserial_minor *m)
{
	if (m)
		kref_put(&m->ref, vserial_minor_last);
}

/**
 * vserial_minor_is_used() - does somebody else hold a minor?
 * @m: the minor, of which the caller holds one reference
 *
 * Return: whether a port, or a tty that outlived its port, still uses it.
 */
bool vserial_minor_is_used(const struct vserial_minor *m)
{
	return kref_read(&m->ref) > 1;
}

/**
 * vserial_minor_nr() - a minor's number
 * @m: the minor
 *
 * Return: N of ttyVS<N>.
 */
unsigned int vserial_minor_nr(const struct vserial_minor *m)
{
	return m->nr;
}

/**
 * vserial_minor_driver() - the driver whose minors they are
 *
 * Return: the tty driver.
 */
struct tty_driver *vserial_minor_driver(void)
{
	return vserial_minor_the_driver;
}

/**
 * vserial_minor_init() - before the first is taken
 * @driver: the registered tty driver
 */
void vserial_minor_init(struct tty_driver *driver)
{
	vserial_minor_the_driver = driver;
}

/**
 * vserial_minor_exit() - after the last was given back
 */
void vserial_minor_exit(void)
{
	ida_destroy(&vserial_minors);
}
