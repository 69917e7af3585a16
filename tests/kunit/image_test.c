// SPDX-License-Identifier: GPL-2.0-only
/* A port that becomes bytes and a port again, and bytes that are no port. */
#include <linux/prandom.h>
#include <linux/tty.h>

#include "image.h"
#include "stream_fixture.h"

/* Where in the header of an image a number stands. */
#define HEAD_VERSION	8
#define HEAD_FLAGS	12
#define HEAD_TX_TAIL	16
#define HEAD_TX_POS	24
#define HEAD_TX_HEAD	32
#define HEAD_LOG		48
#define HEAD_RX_HEAD	56
#define HEAD_RX_LOST	64
#define HEAD_RX_BYTES	80
#define HEAD_TX_MARKERS	84
#define HEAD_RX_MARKERS	88
#define HEAD_HANDOVER	92
#define HEAD_SEQUENCE	96
#define HEAD_LINES	100
#define HEAD_ROWS		116
#define HEAD_RESERVED	156

static const u8 blob[] = "1234secret";

/* The image of a port: output from 100 to 5000, read up to 4000; input. */
struct picture {
	u8 *image;
	size_t size;
	u8 tx_markers[2 * VSERIAL_IMAGE_MARKER];
	u8 rx_markers[VSERIAL_IMAGE_MARKER];
};

static struct picture *draw(struct kunit *test)
{
	struct picture *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	u8 *bytes = kunit_kzalloc(test, 8192, GFP_KERNEL);
	struct vserial_image im = {
		.connected = true,
		.line = {
			.lines = TIOCM_DTR | TIOCM_RTS,
			.cflag = CS8 | CREAD,
			.ispeed = 9600,
			.ospeed = 9600,
			.rows = 24,
			.columns = 80,
			.icount = { 1, 2, 3, 4, 5, 6, 7, 8 },
		},
		.tx = {
			.tail = 100, .pos = 4000, .head = 5000, .lost = 7,
			.nr_markers = 2,
		},
		.tx_refused = 11,
		.log = 4500,
		.rx = {
			.tail = 1000, .pos = 1000, .head = 1300,
			.nr_markers = 1,
		},
		.handover = blob,
		.handover_len = sizeof(blob),
		.sequence_len = 4,
	};
	u64 i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, bytes);
	for (i = 0; i < 5000; i++)
		bytes[i] = pattern(i);
	im.tx.bytes = bytes + im.tx.tail;
	im.rx.bytes = bytes + im.rx.tail;
	vserial_image_put_marker(p->tx_markers, &(struct vserial_marker){
		4200, VSERIAL_MARKER_BREAK, 250 });
	vserial_image_put_marker(p->tx_markers + VSERIAL_IMAGE_MARKER,
				 &(struct vserial_marker){
		5000, VSERIAL_MARKER_LINES, TIOCM_DTR });
	vserial_image_put_marker(p->rx_markers, &(struct vserial_marker){
		1100, VSERIAL_MARKER_ERROR, TTY_PARITY | 'x' << 8 });
	im.tx.markers = p->tx_markers;
	im.rx.markers = p->rx_markers;
	p->size = vserial_image_size(&im);
	p->image = kunit_kzalloc(test, p->size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p->image);
	vserial_image_write(&im, p->image);
	return p;
}

/* Fills @f's stream as another host would, with its own history. */
static int put_up(struct fixture *f, const struct vserial_image_half *half,
		  u32 ring, u32 history)
{
	vserial_stream_init(&f->s, &f->budget, ring, history);
	KUNIT_ASSERT_EQ(f->test, reserve(f, history), 0);
	return vserial_image_fill(half, &f->s, &f->c);
}

static void image_is_what_was_written(struct kunit *test)
{
	struct vserial_reason reason = {};
	struct picture *p = draw(test);
	struct vserial_image im;

	KUNIT_ASSERT_EQ_MSG(test, 0,
			    vserial_image_parse(p->image, p->size, &im, &reason),
			    "%s", reason.text);
	KUNIT_EXPECT_TRUE(test, im.connected);
	KUNIT_EXPECT_EQ(test, im.line.ospeed, 9600);
	KUNIT_EXPECT_EQ(test, im.line.lines, TIOCM_DTR | TIOCM_RTS);
	KUNIT_EXPECT_EQ(test, im.line.columns, 80);
	KUNIT_EXPECT_EQ(test, im.line.icount[7], 8);
	KUNIT_EXPECT_EQ(test, im.tx.lost, 7);
	KUNIT_EXPECT_EQ(test, im.tx_refused, 11);
	KUNIT_EXPECT_EQ(test, im.log, 4500);
	KUNIT_EXPECT_EQ(test, im.rx.tail, 1000);
	KUNIT_EXPECT_EQ(test, im.rx.head, 1300);
	KUNIT_EXPECT_EQ(test, im.handover_len, sizeof(blob));
	KUNIT_EXPECT_EQ(test, im.sequence_len, 4);
	KUNIT_EXPECT_EQ(test, 0, memcmp(im.handover, blob, sizeof(blob)));
}

static void image_output_goes_on_where_it_was(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vserial_reason reason;
	struct picture *p = draw(test);
	struct vserial_image im;
	u64 oldest = 0;

	KUNIT_ASSERT_EQ(test, 0,
			vserial_image_parse(p->image, p->size, &im, &reason));
	KUNIT_ASSERT_EQ(test, 0, put_up(f, &im.tx, VSERIAL_RING_SIZE, 65536));
	KUNIT_EXPECT_EQ(test, f->s.tail, 100);
	KUNIT_EXPECT_EQ(test, f->s.head, 5000);
	KUNIT_EXPECT_EQ(test, f->c.pos, 4000);
	KUNIT_EXPECT_EQ(test, 10, vserial_stream_peek(&f->s, &oldest, f->buf, 10));
	KUNIT_EXPECT_EQ(test, oldest, 100);
	KUNIT_EXPECT_EQ(test, f->buf[0], pattern(100));

	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 200);
	expect_marker(f, VSERIAL_MARKER_BREAK, 250, 4200);
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 800);
	expect_marker(f, VSERIAL_MARKER_LINES, TIOCM_DTR, 5000);
	KUNIT_EXPECT_EQ(test, block(f, 10), 10);
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 10);
}

static void image_fits_a_smaller_history(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vserial_reason reason;
	struct picture *p = draw(test);
	struct vserial_image im;

	KUNIT_ASSERT_EQ(test, 0,
			vserial_image_parse(p->image, p->size, &im, &reason));
	KUNIT_ASSERT_EQ(test, 0, put_up(f, &im.tx, VSERIAL_RING_SIZE, 0));
	KUNIT_EXPECT_EQ(test, f->s.tail, 4000);
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 200);
}

static void image_input_is_all_unread(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vserial_reason reason;
	struct picture *p = draw(test);
	struct vserial_image im;

	KUNIT_ASSERT_EQ(test, 0,
			vserial_image_parse(p->image, p->size, &im, &reason));
	KUNIT_ASSERT_EQ(test, 0,
			put_up(f, &im.rx, VSERIAL_IMAGE_INPUT_MAX, 0));
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 100);
	expect_marker(f, VSERIAL_MARKER_ERROR, TTY_PARITY | 'x' << 8, 1100);
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 200);
}

/* The guest waits still when more comes, with a marker where the first part ended. */
static void image_input_is_added_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vserial_image_half first, other;
	struct vserial_reason reason;
	struct picture *p = draw(test);
	struct vserial_image im;
	int again;

	KUNIT_ASSERT_EQ(test, 0,
			vserial_image_parse(p->image, p->size, &im, &reason));
	first = im.rx;
	first.head = 1100;
	first.nr_markers = 0;
	KUNIT_ASSERT_EQ(test, 0,
			put_up(f, &first, VSERIAL_IMAGE_INPUT_MAX, 0));
	for (again = 0; again < 2; again++)
		KUNIT_EXPECT_EQ(test, 0, vserial_image_append(&im.rx, &f->s,
							      &f->c));
	KUNIT_EXPECT_EQ(test, f->s.head, 1300);

	/* What does not begin with that is of another port, or an older one. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vserial_image_append(&first, &f->s, &f->c));
	other = im.rx;
	other.nr_markers = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vserial_image_append(&other, &f->s, &f->c));
	other = im.rx;
	other.tail = 1301;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vserial_image_append(&other, &f->s, &f->c));

	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 100);
	expect_marker(f, VSERIAL_MARKER_ERROR, TTY_PARITY | 'x' << 8, 1100);
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 200);
	KUNIT_EXPECT_EQ(test, f->c.marker, f->s.marker_head);
}

/* Of two breaks in one place, as two streams may have them, one is kept. */
static void image_input_is_added_behind_merged_breaks(struct kunit *test)
{
	static const struct vserial_marker breaks[] = {
		{ 50, VSERIAL_MARKER_BREAK, 1 }, { 50, VSERIAL_MARKER_BREAK, 2 },
		{ 150, VSERIAL_MARKER_BREAK, 3 },
	};
	u8 bytes[200], markers[ARRAY_SIZE(breaks) * VSERIAL_IMAGE_MARKER];
	struct fixture *f = test->priv;
	struct vserial_image_half half = {
		.head = 100, .bytes = bytes, .markers = markers, .nr_markers = 2,
	};
	unsigned int i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = pattern(i);
	for (i = 0; i < ARRAY_SIZE(breaks); i++)
		vserial_image_put_marker(markers + i * VSERIAL_IMAGE_MARKER,
					 &breaks[i]);
	KUNIT_ASSERT_EQ(test, 0, put_up(f, &half, VSERIAL_IMAGE_INPUT_MAX, 0));
	half.head = sizeof(bytes);
	half.nr_markers = ARRAY_SIZE(breaks);
	KUNIT_EXPECT_EQ(test, 0, vserial_image_append(&half, &f->s, &f->c));

	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 50);
	expect_marker(f, VSERIAL_MARKER_BREAK, 2, 50);
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 100);
	expect_marker(f, VSERIAL_MARKER_BREAK, 3, 150);
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 50);
}

/* An image may have more markers than a stream keeps. */
static void image_input_is_added_behind_lost_markers(struct kunit *test)
{
	const u32 most = 2 * VSERIAL_MARKERS_MAX;
	u8 *bytes = kunit_kzalloc(test, most + 100, GFP_KERNEL);
	u8 *markers = kunit_kzalloc(test, most * VSERIAL_IMAGE_MARKER, GFP_KERNEL);
	struct fixture *f = test->priv;
	struct vserial_image_half half = {
		.head = most, .bytes = bytes, .markers = markers,
		.nr_markers = most,
	};
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_NOT_NULL(test, markers);
	for (i = 0; i < most; i++)
		vserial_image_put_marker(markers + i * VSERIAL_IMAGE_MARKER,
					 &(struct vserial_marker){
			i, VSERIAL_MARKER_ERROR, TTY_PARITY });
	KUNIT_ASSERT_EQ(test, 0, put_up(f, &half, VSERIAL_IMAGE_INPUT_MAX, 0));
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, most - VSERIAL_MARKERS_MAX);
	half.head = most + 100;
	KUNIT_EXPECT_EQ(test, 0, vserial_image_append(&half, &f->s, &f->c));
	KUNIT_EXPECT_EQ(test, f->s.head, most + 100);
	KUNIT_EXPECT_EQ(test, f->s.markers_lost, most - VSERIAL_MARKERS_MAX);
}

static void image_without_memory_is_refused(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vserial_reason reason;
	struct picture *p = draw(test);
	struct vserial_image im;

	KUNIT_ASSERT_EQ(test, 0,
			vserial_image_parse(p->image, p->size, &im, &reason));
	/* The output begins in one page, and unread bytes lie in two. */
	f->budget.limit = 0;
	KUNIT_EXPECT_EQ(test, -ENOMEM, put_up(f, &im.tx, VSERIAL_RING_SIZE, 0));
}

static void image_of_a_stream_in_flight(struct kunit *test)
{
	struct fixture *f = start_at(test, VSERIAL_RING_SIZE, 1000, 5000);
	struct vserial_marker m[4];

	block(f, 300);
	mark_break(f, 10);
	block(f, 300);
	mark_lines(f, TIOCM_RTS);
	KUNIT_EXPECT_EQ(test, take(f, 300), 300);
	expect_marker(f, VSERIAL_MARKER_BREAK, 10, 5300);
	KUNIT_EXPECT_EQ(test, take(f, 100), 100);
	ack(f, 5200);

	/* What is in flight comes again, and the marker with it. */
	KUNIT_EXPECT_EQ(test, 2, vserial_stream_peek_markers(&f->s, &f->c, m, 4));
	KUNIT_EXPECT_EQ(test, m[0].offset, 5300);
	KUNIT_EXPECT_EQ(test, m[1].type, VSERIAL_MARKER_LINES);
	KUNIT_EXPECT_EQ(test, 1, vserial_stream_peek_markers(&f->s, &f->c, m, 1));
	vserial_stream_ack_markers(&f->c);
	KUNIT_EXPECT_EQ(test, 1, vserial_stream_peek_markers(&f->s, &f->c, m, 4));
	KUNIT_EXPECT_EQ(test, m[0].offset, 5600);
}

static void image_is_adopted_by_a_stream_with_readers(struct kunit *test)
{
	struct fixture *f = start_at(test, VSERIAL_RING_SIZE, 65536, 90000);
	struct vserial_stream fresh;
	struct vserial_stream_mem mem;
	struct vserial_cursor c = {};
	struct vserial_reason reason;
	struct picture *p = draw(test);
	struct vserial_image im;

	block(f, 30000);
	mark_break(f, 1);
	vserial_stream_attach(&f->s, &f->other, 0);
	KUNIT_ASSERT_EQ(test, 0,
			vserial_image_parse(p->image, p->size, &im, &reason));
	vserial_stream_init(&fresh, &f->budget, VSERIAL_RING_SIZE, 65536);
	KUNIT_ASSERT_EQ(test, 0, vserial_stream_prepare(&fresh, 65536, &mem));
	vserial_stream_reserve(&fresh, 65536, &mem);
	vserial_stream_discard_mem(&fresh, &mem);
	KUNIT_ASSERT_EQ(test, 0, vserial_image_fill(&im.tx, &fresh, &c));

	vserial_stream_adopt(&f->s, &f->c, &fresh, &c);
	vserial_stream_destroy(&fresh);
	KUNIT_EXPECT_PTR_EQ(test, f->s.holder, &f->c);
	KUNIT_EXPECT_EQ(test, f->other.pos, 5000);
	KUNIT_EXPECT_EQ(test, pages_used(f), pages_of(100, 5000));
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 200);
	expect_marker(f, VSERIAL_MARKER_BREAK, 250, 4200);
	KUNIT_EXPECT_EQ(test, take(f, BUF_SIZE - 1), 800);
	KUNIT_EXPECT_EQ(test, block(f, 10), 10);
	KUNIT_EXPECT_EQ(test, take_by(f, &f->other, BUF_SIZE - 1), 10);
}

/* One number in the header, or of a marker, is another. */
static void image_that_lies_is_refused(struct kunit *test)
{
	static const struct {
		unsigned int at;
		u64 value;
		bool wide;
	} lies[] = {
		{ 0, 0, true },
		{ HEAD_VERSION, 2 }, { HEAD_FLAGS, 2 }, { HEAD_RESERVED, 1 },
		{ HEAD_TX_TAIL, 4001, true }, { HEAD_TX_TAIL, 99, true },
		{ HEAD_TX_TAIL, U64_MAX, true },
		{ HEAD_TX_POS, 5001, true }, { HEAD_TX_POS, 99, true },
		{ HEAD_TX_POS, 4201, true },	/* a marker lies before */
		{ HEAD_TX_HEAD, 4999, true }, { HEAD_TX_HEAD, U64_MAX, true },
		{ HEAD_TX_HEAD, 5000 + VSERIAL_RING_SIZE, true },
		{ HEAD_LOG, 99, true }, { HEAD_LOG, 5001, true },
		{ HEAD_RX_HEAD, 299, true }, { HEAD_RX_HEAD, U64_MAX, true },
		{ HEAD_RX_HEAD, 99999, true },	/* its marker lies before */
		{ HEAD_RX_LOST, 1001, true },
		{ HEAD_RX_BYTES, 301 }, { HEAD_RX_BYTES, U32_MAX },
		{ HEAD_TX_MARKERS, 3 }, { HEAD_TX_MARKERS, U32_MAX },
		{ HEAD_RX_MARKERS, 0 }, { HEAD_RX_MARKERS, 1 << 28 },
		{ HEAD_HANDOVER, 0 }, { HEAD_HANDOVER, U32_MAX },
		{ HEAD_SEQUENCE, 0 }, { HEAD_SEQUENCE, 12 },
		{ HEAD_LINES, TIOCM_CTS }, { HEAD_ROWS, 65536 },
		/* markers: a type, and an argument */
		{ VSERIAL_IMAGE_HEAD + 4900 + 8, 3 },
		{ VSERIAL_IMAGE_HEAD + 4900 + 8, VSERIAL_MARKER_ERROR },
		{ VSERIAL_IMAGE_HEAD + 4900 + 16 + 12, TIOCM_CTS },
		{ VSERIAL_IMAGE_HEAD + 4900 + 32 + 300 + 12, 0 },
		{ VSERIAL_IMAGE_HEAD + 4900 + 32 + 300 + 12, 0x10000 },
	};
	struct picture *p = draw(test);
	u8 *image = kunit_kzalloc(test, p->size, GFP_KERNEL);
	struct vserial_reason reason;
	struct vserial_image im;
	unsigned int i;
	__le64 wide;
	__le32 word;

	KUNIT_ASSERT_NOT_NULL(test, image);
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		memcpy(image, p->image, p->size);
		wide = cpu_to_le64(lies[i].value);
		word = cpu_to_le32(lies[i].value);
		if (lies[i].wide)
			memcpy(image + lies[i].at, &wide, sizeof(wide));
		else
			memcpy(image + lies[i].at, &word, sizeof(word));
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    vserial_image_parse(image, p->size, &im,
							&reason),
				    "%llu at %u", lies[i].value, lies[i].at);
	}
}

static void image_of_any_other_length_is_refused(struct kunit *test)
{
	struct picture *p = draw(test);
	struct vserial_reason reason;
	struct vserial_image im;
	size_t n;
	u8 *cut;

	for (n = 0; n < p->size; n += n < 400 ? 1 : 97) {
		/* Of its own, so that KASAN sees who reads on. */
		cut = kmemdup(p->image, n, GFP_KERNEL);
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    vserial_image_parse(cut, n, &im, &reason),
				    "%zu bytes", n);
		kfree(cut);
	}
}

/* What passes is within bounds, whatever it is: KASAN watches. */
static void image_with_flipped_bits_does_no_harm(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct picture *p = draw(test), *true_one = draw(test);
	struct vserial_reason reason;
	struct vserial_image im;
	struct rnd_state rnd;
	unsigned int i, passed = 0;
	size_t at;

	prandom_seed_state(&rnd, 8);
	for (i = 0; i < 20000; i++) {
		at = prandom_u32_state(&rnd) % VSERIAL_IMAGE_HEAD;
		p->image[at] ^= 1 << (prandom_u32_state(&rnd) & 7);
		if (!vserial_image_parse(p->image, p->size, &im, &reason)) {
			passed++;
			if (!(i % 16) &&
			    !put_up(f, &im.tx, VSERIAL_RING_SIZE, 65536))
				take(f, 1);
			if (!list_empty(&f->s.cursors))
				vserial_stream_detach(&f->s, &f->c);
			vserial_stream_destroy(&f->s);
		}
		/* One lie at a time gets further than many. */
		if (i & 1)
			memcpy(p->image, true_one->image, p->size);
	}
	KUNIT_EXPECT_GT(test, passed, 0);
}

static struct kunit_case image_cases[] = {
	KUNIT_CASE(image_is_what_was_written),
	KUNIT_CASE(image_output_goes_on_where_it_was),
	KUNIT_CASE(image_fits_a_smaller_history),
	KUNIT_CASE(image_input_is_all_unread),
	KUNIT_CASE(image_input_is_added_once),
	KUNIT_CASE(image_input_is_added_behind_merged_breaks),
	KUNIT_CASE(image_input_is_added_behind_lost_markers),
	KUNIT_CASE(image_without_memory_is_refused),
	KUNIT_CASE(image_of_a_stream_in_flight),
	KUNIT_CASE(image_is_adopted_by_a_stream_with_readers),
	KUNIT_CASE(image_that_lies_is_refused),
	KUNIT_CASE(image_of_any_other_length_is_refused),
	KUNIT_CASE(image_with_flipped_bits_does_no_harm),
	{}
};

static struct kunit_suite image_suite = {
	.name = "vserial_image",
	.init = stream_fixture_init,
	.exit = stream_fixture_exit,
	.test_cases = image_cases,
};

kunit_test_suite(image_suite);
