/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit tests of kmod/stream.c share
 *
 * The byte at offset O is pattern(O), so that a byte in a wrong place shows.
 * All of it is inline: each file of tests takes what it needs.
 */
#ifndef _STREAM_FIXTURE_H
#define _STREAM_FIXTURE_H

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "stream.h"

#define BUF_SIZE	(4 * VSERIAL_RING_SIZE)

/* A stream, its holder, another reader, a buffer to write from and read into. */
struct fixture {
	struct kunit *test;
	struct vserial_budget budget;
	struct vserial_stream s;
	struct vserial_cursor c;
	struct vserial_cursor other;
	u8 *buf;
};

static inline u8 pattern(u64 offset)
{
	return (offset * 0x9e3779b97f4a7c15ULL) >> 56;
}

static inline u64 pages_used(struct fixture *f)
{
	return atomic_long_read(&f->budget.used);
}

/* Pages that bytes from @from up to @to lie in. */
static inline u64 pages_of(u64 from, u64 to)
{
	if (from == to)
		return 0;
	return ((to - 1) >> PAGE_SHIFT) - (from >> PAGE_SHIFT) + 1;
}

static inline int reserve(struct fixture *f, u32 history)
{
	struct vserial_stream_mem mem;
	int err = vserial_stream_prepare(&f->s, history, &mem);

	if (err)
		return err;
	vserial_stream_reserve(&f->s, history, &mem);
	vserial_stream_discard_mem(&f->s, &mem);
	return 0;
}

/* A reserved stream whose holder starts at @offset. */
static inline struct fixture *start_at(struct kunit *test, u32 ring,
				       u32 history, u64 offset)
{
	struct fixture *f = test->priv;

	vserial_stream_init(&f->s, &f->budget, ring, history);
	vserial_stream_pass(&f->s, offset);
	KUNIT_ASSERT_EQ(test, reserve(f, history), 0);
	vserial_stream_attach(&f->s, &f->c, offset);
	vserial_stream_hold(&f->s, &f->c);
	return f;
}

static inline struct fixture *start(struct kunit *test, u32 ring, u32 history)
{
	return start_at(test, ring, history, 0);
}

static inline size_t append(struct fixture *f, size_t n,
			    enum vserial_overflow overflow)
{
	size_t i;

	for (i = 0; i < n; i++)
		f->buf[i] = pattern(f->s.head + i);
	return vserial_stream_append(&f->s, f->buf, n, overflow);
}

static inline size_t block(struct fixture *f, size_t n)
{
	return append(f, n, VSERIAL_OVERFLOW_BLOCK);
}

static inline size_t drop_old(struct fixture *f, size_t n)
{
	return append(f, n, VSERIAL_OVERFLOW_DROP_OLD);
}

static inline size_t drop_new(struct fixture *f, size_t n)
{
	return append(f, n, VSERIAL_OVERFLOW_DROP_NEW);
}

/* Take at most @n bytes at once; they are the right ones. */
static inline size_t take_by(struct fixture *f, struct vserial_cursor *c,
			     size_t n)
{
	u64 taken = c->taken, offset;
	size_t i, got;

	memset(f->buf, 0x5a, n + 1);
	got = vserial_stream_take(&f->s, c, f->buf, n, &offset);
	KUNIT_EXPECT_LE(f->test, got, n);
	KUNIT_EXPECT_EQ(f->test, offset, taken);
	KUNIT_EXPECT_EQ(f->test, c->taken, taken + got);
	KUNIT_EXPECT_EQ(f->test, f->buf[got], 0x5a);
	for (i = 0; i < got && f->buf[i] == pattern(offset + i); i++)
		;
	KUNIT_EXPECT_EQ_MSG(f->test, i, got, "wrong byte at offset %llu",
			    offset + i);
	return got;
}

static inline size_t take(struct fixture *f, size_t n)
{
	return take_by(f, &f->c, n);
}

static inline void ack(struct fixture *f, u64 upto)
{
	vserial_stream_ack(&f->s, &f->c, upto);
}

/* The marker that comes next is @type with @arg before byte @offset. */
static inline void expect_marker(struct fixture *f,
				 enum vserial_marker_type type, u32 arg,
				 u64 offset)
{
	struct vserial_marker m = { .type = U32_MAX };
	u64 unused;

	KUNIT_EXPECT_EQ(f->test, 0,
			vserial_stream_take(&f->s, &f->c, f->buf, 1, &unused));
	KUNIT_EXPECT_TRUE(f->test,
			  vserial_stream_take_marker(&f->s, &f->c, &m));
	KUNIT_EXPECT_EQ(f->test, m.type, type);
	KUNIT_EXPECT_EQ(f->test, m.arg, arg);
	KUNIT_EXPECT_EQ(f->test, m.offset, offset);
}

static inline bool no_marker(struct fixture *f)
{
	struct vserial_marker m;

	return !vserial_stream_take_marker(&f->s, &f->c, &m);
}

static inline void mark_break(struct fixture *f, u32 ms)
{
	vserial_stream_mark(&f->s, VSERIAL_MARKER_BREAK, ms);
}

static inline void mark_lines(struct fixture *f, u32 lines)
{
	vserial_stream_mark(&f->s, VSERIAL_MARKER_LINES, lines);
}

static inline void mark_error(struct fixture *f, u32 flag)
{
	vserial_stream_mark(&f->s, VSERIAL_MARKER_ERROR, flag);
}

static inline int stream_fixture_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->buf = kunit_kzalloc(test, BUF_SIZE, GFP_KERNEL);
	if (!f->buf)
		return -ENOMEM;
	f->test = test;
	f->budget.limit = ULONG_MAX;
	vserial_stream_init(&f->s, &f->budget, VSERIAL_RING_SIZE, 0);
	test->priv = f;
	return 0;
}

/* Every test ends with all memory given back. */
static inline void stream_fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	while (!list_empty(&f->s.cursors))
		vserial_stream_detach(&f->s,
				      list_first_entry(&f->s.cursors,
						       struct vserial_cursor,
						       node));
	vserial_stream_destroy(&f->s);
	KUNIT_EXPECT_EQ(test, pages_used(f), 0);
}

#endif /* _STREAM_FIXTURE_H */
