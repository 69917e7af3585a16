// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of kmod/stream.c: everything a stream may do, in any order, against
 * a model that knows nothing of rings and pages
 *
 * What must never fail for any reader is kept in one place, accounts_agree():
 *
 *	written = delivered + dropped + in doubt + unread
 */
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>

#include "stream_fixture.h"

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "replay the operations of this seed (0: a new one)");

#define MODEL_OPERATIONS	200000
#define MODEL_CURSORS		3
#define MODEL_BYTES		(4 * VSERIAL_RING_SIZE)
#define MODEL_MARKERS		1024

struct model_cursor {
	struct vserial_cursor c;
	bool attached;
	u64 from;
	u64 pos;
	u64 taken;
	u64 doubt_from;
	u64 doubt;
	u64 dropped;
	u64 delivered;
	u64 marker;
	u64 marker_acked;
};

/**
 * struct model - what a stream should be
 * @f: the stream under test
 * @rnd: where the operations come from
 * @seed: what @rnd started with
 * @operation: how many operations were done
 * @bytes: the byte at offset O is at O modulo MODEL_BYTES
 * @tail: see struct vserial_stream, as @refused
 * @head: see @tail
 * @refused: see @tail
 * @reserved: see @tail
 * @starved: the present operation may have found too few pages
 * @holder: the cursor that pushes back
 * @cursors: the readers
 * @markers: number of markers written
 * @first_marker: oldest marker that is certain to be held
 * @marker_offset: marker M is at marker_offset[M modulo MODEL_MARKERS]
 */
struct model {
	struct fixture *f;
	struct rnd_state rnd;
	u32 seed;
	u32 operation;
	u8 bytes[MODEL_BYTES];
	u64 tail;
	u64 head;
	u64 refused;
	bool reserved;
	bool starved;
	struct model_cursor *holder;
	struct model_cursor cursors[MODEL_CURSORS];
	u64 markers;
	u64 first_marker;
	u64 marker_offset[MODEL_MARKERS];
};

#define SAME(m, got, want)	same(m, __LINE__, #got, got, want)
#define HOLDS(m, what)		same(m, __LINE__, #what, what, true)

static noinline void same(struct model *m, int line, const char *what, u64 got,
			  u64 want)
{
	if (got == want)
		return;
	kunit_info(m->f->test, "replay with stream_model_test.seed=%u\n", m->seed);
	KUNIT_ASSERT_EQ_MSG(m->f->test, got, want,
			    "line %d: %s, at operation %u of seed %u", line,
			    what, m->operation, m->seed);
}

/* A number from 0 to @max, often one of the ends. */
static u64 pick(struct model *m, u64 max)
{
	switch (prandom_u32_state(&m->rnd) % 8) {
	case 0:
		return 0;
	case 1:
		return max;
	case 2:
		return min(max, 1ULL);
	default:
		return prandom_u32_state(&m->rnd) % (max + 1);
	}
}

static u64 model_next_marker(struct model *m, u64 offset, u64 from)
{
	while (from > m->first_marker &&
	       m->marker_offset[(from - 1) % MODEL_MARKERS] >= offset)
		from--;
	return from;
}

static void model_push_out(struct model_cursor *c, u64 to)
{
	u64 doubt = c->taken > c->pos ? min(to, c->taken) - c->pos : 0;

	if (doubt && !c->doubt)
		c->doubt_from = c->pos;
	c->doubt += doubt;
	c->dropped += to - c->pos - doubt;
	c->pos = to;
	c->taken = max(c->taken, to);
}

/* Every byte written since it was attached is accounted for. */
static void accounts_agree(struct model *m, struct model_cursor *c)
{
	SAME(m, c->c.pos, c->pos);
	SAME(m, c->c.taken, c->taken);
	SAME(m, c->c.doubt, c->doubt);
	if (c->doubt)
		SAME(m, c->c.doubt_from, c->doubt_from);
	SAME(m, c->c.dropped, c->dropped);
	SAME(m, m->head - c->from,
	     c->delivered + c->c.dropped + c->c.doubt +
	     vserial_stream_unread(&m->f->s, &c->c));
}

static void model_check_memory(struct model *m)
{
	struct vserial_stream *s = &m->f->s;
	u64 held = pages_of(s->tail, s->head);
	u64 in_slots = 0;
	unsigned int i;

	for (i = 0; i < s->nr_slots; i++)
		in_slots += !!s->slots[i];
	SAME(m, in_slots, held);
	SAME(m, pages_used(m->f), held + !!s->spare);
	if (s->reserved)
		HOLDS(m, held || s->spare);
	else
		HOLDS(m, !s->spare);
	if (!s->reserved && !held)
		HOLDS(m, !s->slots || is_vmalloc_addr(s->slots));
	HOLDS(m, s->marker_head - s->marker_tail <= s->markers_size);
}

/* Let the model's tail follow, and compare all. */
static void model_settle(struct model *m)
{
	struct vserial_stream *s = &m->f->s;
	u64 low = m->head, low_marker = m->markers, tail, least;
	int i;

	SAME(m, s->head, m->head);
	SAME(m, s->refused, m->refused);
	SAME(m, s->reserved, m->reserved);

	for (i = 0; i < MODEL_CURSORS; i++)
		if (m->cursors[i].attached)
			low = min(low, m->cursors[i].pos);
	least = m->head - min_t(u64, m->head, (u64)s->ring + s->history);
	tail = min(low, m->head - min_t(u64, m->head, s->history));
	tail = max3(tail, least, m->tail);
	if (m->starved && s->tail > tail) {
		/* Whole pages were given up; more than had to be, never. */
		HOLDS(m, offset_in_page(s->tail) == 0);
		HOLDS(m, s->tail <= m->head);
		tail = s->tail;
	}
	SAME(m, s->tail, tail);
	m->tail = tail;

	for (i = 0; i < MODEL_CURSORS; i++) {
		struct model_cursor *c = &m->cursors[i];

		if (!c->attached)
			continue;
		if (c->pos < tail)
			model_push_out(c, tail);
		low_marker = min(low_marker, c->marker);
		accounts_agree(m, c);
	}
	if (m->holder)
		HOLDS(m, m->head - m->holder->pos <= s->ring);

	/* Closed, empty and all told: nothing is kept. */
	if (!m->reserved && tail == m->head && low_marker == m->markers)
		m->first_marker = m->markers;
	while (m->first_marker < low_marker &&
	       m->marker_offset[m->first_marker % MODEL_MARKERS] < tail)
		m->first_marker++;
	SAME(m, s->marker_head - s->marker_tail, m->markers - m->first_marker);
	model_check_memory(m);
}

static void model_append(struct model *m)
{
	struct fixture *f = m->f;
	struct vserial_stream *s = &f->s;
	u64 n = pick(m, prandom_u32_state(&m->rnd) % 4 ? 300 : 3 * s->ring);
	enum vserial_overflow overflow = prandom_u32_state(&m->rnd) % 3;
	u64 old_head = m->head, old_pos = m->holder ? m->holder->pos : 0;
	u64 fits, room, got, i;

	n = min_t(u64, n, BUF_SIZE);
	prandom_bytes_state(&m->rnd, f->buf, n);

	fits = !m->reserved ? 0 : !m->holder ? n :
	       min(n, s->ring - (m->head - m->holder->pos));
	room = vserial_stream_room(s);
	/* Without a holder there are always pages of the stream's own. */
	m->starved = f->budget.limit < pages_used(f) + n / PAGE_SIZE + 2;

	got = vserial_stream_append(s, f->buf, n, overflow);

	m->head = s->head;
	switch (overflow) {
	case VSERIAL_OVERFLOW_BLOCK:
		SAME(m, got, m->head - old_head);
		break;
	case VSERIAL_OVERFLOW_DROP_NEW:
		SAME(m, got, n);
		m->refused += n - (m->head - old_head);
		break;
	case VSERIAL_OVERFLOW_DROP_OLD:
		SAME(m, got, n);
		if (m->reserved)
			fits = n;
		else
			m->refused += n;
		SAME(m, m->head, old_head + fits);
		if (m->holder && m->head - old_pos > s->ring)
			model_push_out(m->holder, m->head - s->ring);
		break;
	}
	if (m->starved && m->holder) {
		HOLDS(m, m->head - old_head <= fits);
		if (overflow != VSERIAL_OVERFLOW_DROP_OLD) {
			HOLDS(m, s->tail <= old_pos);
			/* A stream that says it has room gets on. */
			SAME(m, m->head > old_head, n && room);
		}
	} else {
		SAME(m, m->head - old_head, fits);
		if (m->holder)
			SAME(m, room, !m->reserved ? 0 :
			     s->ring - (old_head - old_pos));
	}
	for (i = 0; i < m->head - old_head; i++)
		m->bytes[(old_head + i) % MODEL_BYTES] = f->buf[i];
}

/* Bytes that a reader should be handed, if it takes as many as it can. */
static u64 model_readable(struct model *m, struct model_cursor *c)
{
	u64 n = c->doubt ? 0 : m->head - c->taken;

	if (c->marker < m->markers) {
		u64 at = m->marker_offset[c->marker % MODEL_MARKERS];

		n = at <= c->taken ? 0 : min(n, at - c->taken);
	}
	return n;
}

/* Are these the bytes from @offset on? */
static void model_compare(struct model *m, const u8 *buf, u64 offset, u64 n)
{
	u64 i;

	for (i = 0; i < n; i++)
		if (buf[i] != m->bytes[(offset + i) % MODEL_BYTES])
			break;
	SAME(m, i, n);
}

static void model_take(struct model *m, struct model_cursor *c)
{
	struct fixture *f = m->f;
	u64 n = pick(m, prandom_u32_state(&m->rnd) % 4 ? 300 : BUF_SIZE - 1);
	u64 want = model_readable(m, c), offset, got;
	size_t pending;

	SAME(m, vserial_stream_pending(&f->s, &c->c, &pending),
	     !c->doubt && (want || c->marker < m->markers));
	SAME(m, pending, want);
	want = min(n, want);
	got = vserial_stream_take(&f->s, &c->c, f->buf, n, &offset);
	SAME(m, got, want);
	SAME(m, offset, c->taken);
	model_compare(m, f->buf, offset, got);
	c->taken += got;
}

static void model_view(struct model *m, struct model_cursor *c)
{
	u64 want = min_t(u64, model_readable(m, c),
			 PAGE_SIZE - offset_in_page(c->taken));
	const u8 *at;
	u64 offset;
	size_t n;

	at = vserial_stream_view(&m->f->s, &c->c, &n, &offset);
	SAME(m, !at, !want);
	if (!at)
		return;
	SAME(m, n, want);
	SAME(m, offset, c->taken);
	model_compare(m, at, offset, n);
	c->taken += n;
}

/* Without a cursor one may ask for anything, held or not. */
static void model_peek(struct model *m)
{
	struct fixture *f = m->f;
	u64 offset = m->tail / 2 + pick(m, m->head - m->tail / 2 + 10);
	u64 n = pick(m, 5000), from = clamp(offset, m->tail, m->head);
	u64 got = vserial_stream_peek(&f->s, &offset, f->buf, n);

	SAME(m, offset, from);
	SAME(m, got, min(n, m->head - from));
	model_compare(m, f->buf, from, got);
}

static void model_take_marker(struct model *m, struct model_cursor *c)
{
	struct vserial_marker marker;
	bool got = vserial_stream_take_marker(&m->f->s, &c->c, &marker);
	u64 offset = m->marker_offset[c->marker % MODEL_MARKERS];

	SAME(m, got, !c->doubt && c->marker < m->markers && offset <= c->taken);
	if (!got)
		return;
	SAME(m, marker.offset, offset);
	SAME(m, marker.arg, (u32)c->marker);
	c->marker++;
}

/* Errors never merge, and their argument can say which one it is. */
static void model_mark(struct model *m)
{
	struct vserial_stream *s = &m->f->s;

	if (s->marker_head - s->marker_tail == VSERIAL_MARKERS_MAX)
		return;
	vserial_stream_mark(s, VSERIAL_MARKER_ERROR, m->markers);
	m->marker_offset[m->markers++ % MODEL_MARKERS] = m->head;
}

static void model_ack(struct model *m, struct model_cursor *c)
{
	u64 base = c->doubt ? c->doubt_from : c->pos;
	u64 upto = base + pick(m, c->taken - base + 10);

	vserial_stream_ack(&m->f->s, &c->c, upto);

	upto = min(upto, c->taken);
	if (c->doubt && upto > c->doubt_from) {
		u64 arrived = min(upto - c->doubt_from, c->doubt);

		c->delivered += arrived;
		c->doubt_from += arrived;
		c->doubt -= arrived;
	}
	if (upto > c->pos) {
		c->delivered += upto - c->pos;
		c->pos = upto;
	}
}

static void model_ack_markers(struct model *m, struct model_cursor *c)
{
	vserial_stream_ack_markers(&c->c);
	c->marker_acked = c->marker;
}

static void model_rewind(struct model *m, struct model_cursor *c)
{
	vserial_stream_rewind(&m->f->s, &c->c);
	c->dropped += c->doubt;
	c->doubt = 0;
	c->taken = c->pos;
	c->marker = max(model_next_marker(m, c->pos, c->marker),
			c->marker_acked);
}

static void model_untake(struct model *m, struct model_cursor *c)
{
	u64 base = c->doubt ? c->doubt_from : c->pos;
	u64 from = base + pick(m, c->taken - base);
	u64 sure = c->doubt ? min(c->doubt, from - base) : 0;

	vserial_stream_untake(&c->c, from);
	c->dropped += c->doubt - sure;
	c->doubt = sure;
	c->taken = max(from, c->pos);
}

static void model_discard(struct model *m, struct model_cursor *c)
{
	u64 lost = m->head - c->pos + c->doubt;

	SAME(m, vserial_stream_discard(&m->f->s, &c->c), lost);
	c->dropped += lost;
	c->doubt = 0;
	c->pos = m->head;
	c->taken = m->head;
	c->marker = m->markers;
	c->marker_acked = m->markers;
}

static void model_skip(struct model *m, struct model_cursor *c)
{
	vserial_stream_skip(&m->f->s, &c->c);
	c->delivered += m->head - c->pos + c->doubt;
	c->doubt = 0;
	c->pos = m->head;
	c->taken = m->head;
	c->marker = m->markers;
	c->marker_acked = m->markers;
}

static void model_attach(struct model *m, struct model_cursor *c)
{
	u64 from = m->tail + pick(m, m->head - m->tail);

	vserial_stream_attach(&m->f->s, &c->c, from);
	*c = (struct model_cursor){
		.c = c->c,
		.attached = true,
		.from = from,
		.pos = from,
		.taken = from,
		.marker = model_next_marker(m, from, m->markers),
	};
}

static void model_detach(struct model *m, struct model_cursor *c)
{
	vserial_stream_detach(&m->f->s, &c->c);
	c->attached = false;
	if (m->holder == c)
		m->holder = NULL;
}

static void model_hold(struct model *m, struct model_cursor *c)
{
	u32 ring = m->f->s.ring;

	vserial_stream_hold(&m->f->s, &c->c);
	m->holder = c;
	if (m->head - c->pos > ring)
		model_push_out(c, m->head - ring);
}

static void model_pass(struct model *m)
{
	u64 n = pick(m, 5000);
	struct model_cursor *c = m->holder;

	if (m->f->s.history || !c || c->pos != m->head || c->doubt)
		return;
	vserial_stream_pass(&m->f->s, n);
	m->head += n;
	c->pos = m->head;
	c->taken = m->head;
	c->delivered += n;
	m->tail = m->head;
}

static void model_reserve(struct model *m)
{
	static const u32 histories[] = { 0, 0, 1, 4095, 5000, 65536 };
	u32 i = prandom_u32_state(&m->rnd) % ARRAY_SIZE(histories);
	struct fixture *f = m->f;

	SAME(m, reserve(f, histories[i]), 0);
	m->reserved = true;
}

static void model_limit(struct model *m)
{
	struct fixture *f = m->f;

	f->budget.limit = prandom_u32_state(&m->rnd) % 2 ? ULONG_MAX :
			  pages_used(f) + pick(m, 3);
}

static void model_unreserve(struct model *m)
{
	vserial_stream_unreserve(&m->f->s);
	m->reserved = false;
}

/* What may happen, to the stream or to one of its readers, and how often. */
static const struct {
	u32 weight;
	void (*stream)(struct model *m);
	void (*reader)(struct model *m, struct model_cursor *c);
} model_operations[] = {
	{ 350, .stream = model_append },
	{ 10, .stream = model_pass },
	{ 30, .stream = model_mark },
	{ 5, .stream = model_reserve },
	{ 2, .stream = model_unreserve },
	{ 8, .stream = model_limit },
	{ 20, .stream = model_peek },
	{ 120, .reader = model_take },
	{ 80, .reader = model_view },
	{ 100, .reader = model_take_marker },
	{ 220, .reader = model_ack },
	{ 50, .reader = model_ack_markers },
	{ 10, .reader = model_rewind },
	{ 20, .reader = model_untake },
	{ 3, .reader = model_discard },
	{ 3, .reader = model_skip },
	{ 10, .reader = model_hold },
	{ 5, .reader = model_detach },
};

static void model_operate(struct model *m)
{
	struct model_cursor *c =
		&m->cursors[prandom_u32_state(&m->rnd) % MODEL_CURSORS];
	u32 all = 0, i;

	for (i = 0; i < ARRAY_SIZE(model_operations); i++)
		all += model_operations[i].weight;
	all = prandom_u32_state(&m->rnd) % all;
	for (i = 0; all >= model_operations[i].weight; i++)
		all -= model_operations[i].weight;

	m->starved = false;
	if (model_operations[i].stream)
		model_operations[i].stream(m);
	else if (c->attached)
		model_operations[i].reader(m, c);
	else
		model_attach(m, c);
	model_settle(m);
	m->operation++;
}

static void stream_matches_a_plain_array(struct kunit *test)
{
	static const u32 rings[] = { 1, 100, 4096, 10000, 12289, 65536 };
	static const u64 starts[] = {
		0, 1, 4095, (1ULL << 32) - 70000, (1ULL << 40) + 77,
	};
	struct fixture *f = test->priv;
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	u32 rounds = ARRAY_SIZE(rings) * ARRAY_SIZE(starts), round, i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->f = f;
	m->seed = seed ?: get_random_u32();
	prandom_seed_state(&m->rnd, m->seed);

	for (round = 0; round < rounds; round++) {
		u64 at = starts[round % ARRAY_SIZE(starts)];

		vserial_stream_init(&f->s, &f->budget,
				    rings[round / ARRAY_SIZE(starts)], 0);
		f->budget.limit = ULONG_MAX;
		vserial_stream_pass(&f->s, at);
		m->head = at;
		m->tail = at;
		m->refused = 0;
		m->markers = 0;
		m->first_marker = 0;
		m->reserved = false;
		model_attach(m, &m->cursors[0]);
		model_hold(m, &m->cursors[0]);

		for (i = 0; i < MODEL_OPERATIONS / rounds; i++)
			model_operate(m);

		for (i = 0; i < MODEL_CURSORS; i++)
			if (m->cursors[i].attached)
				model_detach(m, &m->cursors[i]);
		vserial_stream_destroy(&f->s);
		SAME(m, pages_used(f), 0);
	}
}

static struct kunit_case stream_model_cases[] = {
	KUNIT_CASE(stream_matches_a_plain_array),
	{}
};

static struct kunit_suite stream_model_suite = {
	.name = "vserial_stream_model",
	.init = stream_fixture_init,
	.exit = stream_fixture_exit,
	.test_cases = stream_model_cases,
};

kunit_test_suite(stream_model_suite);

MODULE_DESCRIPTION("KUnit test of vserial's stream against a model");
MODULE_LICENSE("GPL");
