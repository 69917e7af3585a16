// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap: a ring of records, each with the time and what went over a cable then
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "tap.h"

/**
 * vserial_tap_init() - set up a ring that holds nothing
 * @t: the ring
 * @wake: what is done when there is something to take
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM; end with vserial_tap_destroy().
 */
int vserial_tap_init(struct vserial_tap *t, work_func_t wake)
{
	memset(t, 0, sizeof(*t));
	INIT_LIST_HEAD(&t->node);
	INIT_WORK(&t->wake, wake);
	t->ring = kvmalloc(VSERIAL_TAP_SIZE, GFP_KERNEL_ACCOUNT);
	return t->ring ? 0 : -ENOMEM;
}

/**
 * vserial_tap_destroy() - free what a ring holds
 * @t: the ring
 *
 * Context: process, may sleep.
 */
void vserial_tap_destroy(struct vserial_tap *t)
{
	kvfree(t->ring);
	t->ring = NULL;
}

static size_t room(const struct vserial_tap *t)
{
	return VSERIAL_TAP_SIZE - (t->head - t->settled);
}

/* The caller has seen to it that there is room. */
static void append(struct vserial_tap *t, const void *buf, size_t n)
{
	size_t at = t->head & (VSERIAL_TAP_SIZE - 1);
	size_t first = min_t(size_t, n, VSERIAL_TAP_SIZE - at);

	memcpy(t->ring + at, buf, first);
	memcpy(t->ring, (const u8 *)buf + first, n - first);
	t->head += n;
}

/**
 * vserial_tap_put() - something went over the cable
 * @t: the ring
 * @time: when, as &vserial_record_head.time
 * @type: what
 * @arg: as &vserial_record_head.arg
 * @buf: bytes
 * @n: how many; 0 for what is none
 */
void vserial_tap_put(struct vserial_tap *t, u64 time,
		     enum vserial_record type, u32 arg, const u8 *buf,
		     size_t n)
{
	struct vserial_record_head c = { .time = time, .type = type, .arg = arg };

	do {
		c.length = min_t(size_t, n, VSERIAL_TAP_RECORD);
		if (room(t) < sizeof(c) + c.length) {
			t->lost += n;
			return;
		}
		c.lost = min_t(u64, t->lost, U32_MAX);
		t->lost -= c.lost;
		append(t, &c, sizeof(c));
		append(t, buf, c.length);
		buf += c.length;
		n -= c.length;
	} while (n);
}

/**
 * vserial_tap_pending() - how many bytes can be taken
 * @t: the ring
 *
 * Return: bytes.
 */
size_t vserial_tap_pending(const struct vserial_tap *t)
{
	return t->head - t->taken;
}

/**
 * vserial_tap_take() - take bytes
 * @t: the ring
 * @buf: where to
 * @n: how many at most
 * @offset: filled with the offset of the first
 *
 * Return: how many.
 */
size_t vserial_tap_take(struct vserial_tap *t, u8 *buf, size_t n, u64 *offset)
{
	size_t at = t->taken & (VSERIAL_TAP_SIZE - 1);
	size_t first;

	n = min_t(size_t, n, vserial_tap_pending(t));
	first = min_t(size_t, n, VSERIAL_TAP_SIZE - at);
	memcpy(buf, t->ring + at, first);
	memcpy(buf + first, t->ring, n - first);
	*offset = t->taken;
	t->taken += n;
	return n;
}

/**
 * vserial_tap_untake() - what was taken was not sent, and comes again
 * @t: the ring
 * @from: offset of the first such byte
 */
void vserial_tap_untake(struct vserial_tap *t, u64 from)
{
	if (from >= t->settled && from < t->taken)
		t->taken = from;
}

/**
 * vserial_tap_settle() - the reader has what lies before an offset
 * @t: the ring
 * @upto: the offset; one beyond what was taken is none
 */
void vserial_tap_settle(struct vserial_tap *t, u64 upto)
{
	if (upto > t->settled && upto <= t->taken)
		t->settled = upto;
}
