// SPDX-License-Identifier: GPL-2.0-only
/*
 * image: a port as bytes, for another host
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/tty.h>

#include "image.h"

#define VSERIAL_IMAGE_MAGIC	0x70767365726c6101ULL
#define VSERIAL_IMAGE_VERSION	1
/* No guest writes that much; so no sum of an offset and a length overflows. */
#define VSERIAL_OFFSET_MAX	BIT_ULL(62)

#define VSERIAL_IMAGE_CONNECTED	1

#define VSERIAL_IMAGE_LINES	(TIOCM_DTR | TIOCM_RTS | TIOCM_OUT1 |	\
				 TIOCM_OUT2 | TIOCM_LOOP)

/* The header as it is sent. */
struct vserial_image_head {
	__le64 magic;
	__le32 version;
	__le32 flags;
	__le64 tx_tail;
	__le64 tx_pos;
	__le64 tx_head;
	__le64 tx_lost;
	__le64 log;
	__le64 rx_head;
	__le64 rx_lost;
	__le64 rx_dropped;
	__le32 rx_bytes;
	__le32 tx_markers;
	__le32 rx_markers;
	__le32 handover_len;
	__le32 sequence_len;
	__le32 lines;
	__le32 cflag;
	__le32 ispeed;
	__le32 ospeed;
	__le32 rows;
	__le32 columns;
	__le32 icount[8];
	__le32 reserved;
	__le64 tx_refused;
	__le32 unused[6];
};

/**
 * vserial_image_size() - how long an image is
 * @im: the image
 *
 * Return: bytes.
 */
size_t vserial_image_size(const struct vserial_image *im)
{
	return VSERIAL_IMAGE_HEAD + (im->tx.head - im->tx.tail) +
	       (im->rx.head - im->rx.tail) + im->handover_len +
	       (im->tx.nr_markers + im->rx.nr_markers) * VSERIAL_IMAGE_MARKER;
}

/* Bytes that may lie there already. */
static u8 *append(u8 *to, const u8 *from, size_t n)
{
	if (n && from != to)
		memmove(to, from, n);
	return to + n;
}

/**
 * vserial_image_write() - write an image
 * @im: the image; what it points to may lie where it is to be written
 * @to: vserial_image_size() bytes
 */
void vserial_image_write(const struct vserial_image *im, u8 *to)
{
	struct vserial_image_head h = {
		.magic = cpu_to_le64(VSERIAL_IMAGE_MAGIC),
		.version = cpu_to_le32(VSERIAL_IMAGE_VERSION),
		.flags = cpu_to_le32(im->connected ? VSERIAL_IMAGE_CONNECTED :
						     0),
		.tx_tail = cpu_to_le64(im->tx.tail),
		.tx_pos = cpu_to_le64(im->tx.pos),
		.tx_head = cpu_to_le64(im->tx.head),
		.tx_lost = cpu_to_le64(im->tx.lost),
		.tx_refused = cpu_to_le64(im->tx_refused),
		.log = cpu_to_le64(im->log),
		.rx_head = cpu_to_le64(im->rx.head),
		.rx_lost = cpu_to_le64(im->rx.lost),
		.rx_dropped = cpu_to_le64(im->rx_dropped),
		.rx_bytes = cpu_to_le32(im->rx.head - im->rx.tail),
		.tx_markers = cpu_to_le32(im->tx.nr_markers),
		.rx_markers = cpu_to_le32(im->rx.nr_markers),
		.handover_len = cpu_to_le32(im->handover_len),
		.sequence_len = cpu_to_le32(im->sequence_len),
		.lines = cpu_to_le32(im->line.lines),
		.cflag = cpu_to_le32(im->line.cflag),
		.ispeed = cpu_to_le32(im->line.ispeed),
		.ospeed = cpu_to_le32(im->line.ospeed),
		.rows = cpu_to_le32(im->line.rows),
		.columns = cpu_to_le32(im->line.columns),
	};
	unsigned int i;
	u8 *at;

	BUILD_BUG_ON(sizeof(h) != VSERIAL_IMAGE_HEAD);
	for (i = 0; i < ARRAY_SIZE(h.icount); i++)
		h.icount[i] = cpu_to_le32(im->line.icount[i]);
	at = append(to + sizeof(h), im->tx.bytes, im->tx.head - im->tx.tail);
	at = append(at, im->tx.markers,
		    im->tx.nr_markers * VSERIAL_IMAGE_MARKER);
	at = append(at, im->rx.bytes, im->rx.head - im->rx.tail);
	at = append(at, im->rx.markers,
		    im->rx.nr_markers * VSERIAL_IMAGE_MARKER);
	append(at, im->handover, im->handover_len);
	memcpy(to, &h, sizeof(h));
}

/**
 * vserial_image_put_marker() - write a marker as an image has it
 * @to: VSERIAL_IMAGE_MARKER bytes
 * @m: the marker
 */
void vserial_image_put_marker(u8 *to, const struct vserial_marker *m)
{
	__le64 offset = cpu_to_le64(m->offset);
	__le32 words[2] = { cpu_to_le32(m->type), cpu_to_le32(m->arg) };

	memcpy(to, &offset, sizeof(offset));
	memcpy(to + sizeof(offset), words, sizeof(words));
}

/**
 * vserial_image_get_marker() - read a marker of an image
 * @from: VSERIAL_IMAGE_MARKER bytes
 * @m: filled
 */
void vserial_image_get_marker(const u8 *from, struct vserial_marker *m)
{
	__le64 offset;
	__le32 words[2];

	memcpy(&offset, from, sizeof(offset));
	memcpy(words, from + sizeof(offset), sizeof(words));
	m->offset = le64_to_cpu(offset);
	m->type = le32_to_cpu(words[0]);
	m->arg = le32_to_cpu(words[1]);
}

static bool marker_is_one(const struct vserial_marker *m, bool out)
{
	u32 flag = m->arg & 0xff;

	switch (m->type) {
	case VSERIAL_MARKER_BREAK:
		return true;
	case VSERIAL_MARKER_LINES:
		return out && !(m->arg & ~VSERIAL_IMAGE_LINES);
	case VSERIAL_MARKER_ERROR:
		return !out && m->arg <= 0xffff &&
		       (flag == TTY_PARITY || flag == TTY_FRAME ||
			flag == TTY_OVERRUN);
	default:
		return false;
	}
}

static int judge_markers(const struct vserial_image_half *half, bool out,
			 struct vserial_reason *reason)
{
	u64 least = half->pos;
	struct vserial_marker m;
	u32 i;

	for (i = 0; i < half->nr_markers; i++) {
		vserial_image_get_marker(half->markers +
					 i * VSERIAL_IMAGE_MARKER, &m);
		if (m.offset < least || m.offset > half->head ||
		    !marker_is_one(&m, out))
			return vserial_refuse(reason, -EINVAL,
					      "the state's marker %u of %s, type %u, argument %#x at offset %llu, is none, or not in its place",
					      i, out ? "output" : "input",
					      m.type, m.arg, m.offset);
		least = m.offset;
	}
	return 0;
}

static int judge_numbers(const struct vserial_image *im, u32 rx_bytes,
			 struct vserial_reason *reason)
{
	const struct vserial_image_half *tx = &im->tx;

	if (tx->head > VSERIAL_OFFSET_MAX || tx->tail > tx->pos ||
	    tx->pos > tx->head || im->log < tx->tail || im->log > tx->head ||
	    tx->head - tx->tail > VSERIAL_IMAGE_OUTPUT_MAX ||
	    tx->head - tx->pos > VSERIAL_RING_SIZE)
		return vserial_refuse(reason, -EINVAL,
				      "the state's output from offset %llu, read up to %llu, logged up to %llu and written up to %llu is not what a port can have",
				      tx->tail, tx->pos, im->log, tx->head);
	if (im->rx.head > VSERIAL_OFFSET_MAX || rx_bytes > im->rx.head ||
	    rx_bytes > VSERIAL_IMAGE_INPUT_MAX)
		return vserial_refuse(reason, -EINVAL,
				      "the state's input, %u bytes up to offset %llu, is not what a port can have",
				      rx_bytes, im->rx.head);
	if (tx->lost > VSERIAL_OFFSET_MAX ||
	    im->tx_refused > VSERIAL_OFFSET_MAX ||
	    im->rx.lost > im->rx.head - rx_bytes ||
	    im->rx_dropped > VSERIAL_OFFSET_MAX)
		return vserial_refuse(reason, -EINVAL,
				      "the state has lost %llu and %llu bytes of output and %llu and %llu of input; it cannot have had so many",
				      tx->lost, im->tx_refused, im->rx.lost,
				      im->rx_dropped);
	if (tx->nr_markers > VSERIAL_MARKERS_MAX ||
	    im->rx.nr_markers > 2 * VSERIAL_MARKERS_MAX)
		return vserial_refuse(reason, -EINVAL,
				      "the state has %u and %u markers; the most is %u and %u",
				      tx->nr_markers, im->rx.nr_markers,
				      VSERIAL_MARKERS_MAX,
				      2 * VSERIAL_MARKERS_MAX);
	if (im->handover_len > VSERIAL_HANDOVER_MAX ||
	    im->sequence_len > im->handover_len ||
	    !im->handover_len != !im->sequence_len)
		return vserial_refuse(reason, -EINVAL,
				      "the state has a sequence of %u bytes in %u of a hand-over; that is at most %u, and begins with the sequence",
				      im->sequence_len, im->handover_len,
				      VSERIAL_HANDOVER_MAX);
	if (im->line.lines & ~VSERIAL_IMAGE_LINES ||
	    im->line.rows > U16_MAX || im->line.columns > U16_MAX)
		return vserial_refuse(reason, -EINVAL,
				      "the state's lines %#x or terminal of %u rows and %u columns are not what a port can have",
				      im->line.lines, im->line.rows,
				      im->line.columns);
	return 0;
}

/**
 * vserial_image_parse() - take an image apart
 * @from: the image, a stranger's; kept by the caller as long as @im
 * @n: bytes
 * @im: filled; points into @from
 * @reason: says why not
 *
 * Return: 0 or -EINVAL with @reason filled.
 */
int vserial_image_parse(const u8 *from, size_t n, struct vserial_image *im,
			struct vserial_reason *reason)
{
	struct vserial_image_head h;
	u32 rx_bytes;
	unsigned int i;
	int err;

	if (n < sizeof(h))
		return vserial_refuse(reason, -EINVAL,
				      "a state of %zu bytes is cut off: its header has %zu",
				      n, sizeof(h));
	memcpy(&h, from, sizeof(h));
	if (le64_to_cpu(h.magic) != VSERIAL_IMAGE_MAGIC)
		return vserial_refuse(reason, -EINVAL,
				      "this is no state of a port: it begins with %llx",
				      le64_to_cpu(h.magic));
	if (le32_to_cpu(h.version) != VSERIAL_IMAGE_VERSION ||
	    le32_to_cpu(h.flags) & ~VSERIAL_IMAGE_CONNECTED ||
	    h.reserved || memchr_inv(h.unused, 0, sizeof(h.unused)))
		return vserial_refuse(reason, -EINVAL,
				      "the state is of version %u with flags %#x; this module understands version %u",
				      le32_to_cpu(h.version),
				      le32_to_cpu(h.flags),
				      VSERIAL_IMAGE_VERSION);
	rx_bytes = le32_to_cpu(h.rx_bytes);
	*im = (struct vserial_image){
		.connected = le32_to_cpu(h.flags) & VSERIAL_IMAGE_CONNECTED,
		.line = {
			.lines = le32_to_cpu(h.lines),
			.cflag = le32_to_cpu(h.cflag),
			.ispeed = le32_to_cpu(h.ispeed),
			.ospeed = le32_to_cpu(h.ospeed),
			.rows = le32_to_cpu(h.rows),
			.columns = le32_to_cpu(h.columns),
		},
		.tx = {
			.tail = le64_to_cpu(h.tx_tail),
			.pos = le64_to_cpu(h.tx_pos),
			.head = le64_to_cpu(h.tx_head),
			.lost = le64_to_cpu(h.tx_lost),
			.nr_markers = le32_to_cpu(h.tx_markers),
		},
		.tx_refused = le64_to_cpu(h.tx_refused),
		.log = le64_to_cpu(h.log),
		.rx = {
			.head = le64_to_cpu(h.rx_head),
			.lost = le64_to_cpu(h.rx_lost),
			.nr_markers = le32_to_cpu(h.rx_markers),
		},
		.rx_dropped = le64_to_cpu(h.rx_dropped),
		.handover_len = le32_to_cpu(h.handover_len),
		.sequence_len = le32_to_cpu(h.sequence_len),
	};
	for (i = 0; i < ARRAY_SIZE(h.icount); i++)
		im->line.icount[i] = le32_to_cpu(h.icount[i]);
	err = judge_numbers(im, rx_bytes, reason);
	if (err)
		return err;
	im->rx.tail = im->rx.head - rx_bytes;
	im->rx.pos = im->rx.tail;
	if (n != vserial_image_size(im))
		return vserial_refuse(reason, -EINVAL,
				      "the state has %zu bytes, but its header speaks of %zu",
				      n, vserial_image_size(im));

	im->tx.bytes = from + sizeof(h);
	im->tx.markers = im->tx.bytes + (im->tx.head - im->tx.tail);
	im->rx.bytes = im->tx.markers +
		       im->tx.nr_markers * VSERIAL_IMAGE_MARKER;
	im->rx.markers = im->rx.bytes + rx_bytes;
	im->handover = im->rx.markers +
		       im->rx.nr_markers * VSERIAL_IMAGE_MARKER;
	return judge_markers(&im->tx, true, reason) ?:
	       judge_markers(&im->rx, false, reason);
}

/* Appends bytes up to @to, which is not in front of the end.  Return: whether there was memory. */
static bool fill_to(const struct vserial_image_half *half,
		    struct vserial_stream *s, u64 to)
{
	size_t n = to - s->head;

	return vserial_stream_append(s, half->bytes + (s->head - half->tail), n,
				     VSERIAL_OVERFLOW_BLOCK) == n;
}

/**
 * vserial_image_append() - put what a stream does not have yet behind what it has
 * @half: of an image that vserial_image_parse() let pass
 * @s: a stream with the offsets of @half, reserved, whose ring holds all that is
 *	unread
 * @c: its holder, which has read nothing yet
 *
 * Return: 0; -EINVAL if @s does not have the beginning of it; -ENOMEM: some of it is
 * there, and the rest may come later.
 */
int vserial_image_append(const struct vserial_image_half *half,
			 struct vserial_stream *s, struct vserial_cursor *c)
{
	u64 had = s->marker_head - c->marker, broken = U64_MAX;
	struct vserial_marker m;
	bool fits = true, again;
	u32 i;

	if (s->head < half->tail || s->head > half->head)
		return -EINVAL;
	for (i = 0; fits && i < half->nr_markers; i++) {
		vserial_image_get_marker(half->markers +
					 i * VSERIAL_IMAGE_MARKER, &m);
		/* Of breaks in one place a stream has one. */
		again = m.type == VSERIAL_MARKER_BREAK && m.offset == broken;
		if (m.type == VSERIAL_MARKER_BREAK)
			broken = m.offset;
		if (had && m.offset > s->head)
			break;
		if (had) {
			had -= !again;
			continue;
		}
		/* It was one of those, or there was no room for it. */
		if (m.offset < s->head)
			continue;
		fits = fill_to(half, s, m.offset);
		if (fits)
			vserial_stream_mark(s, m.type, m.arg);
	}
	if (had)
		return -EINVAL;
	return fits && fill_to(half, s, half->head) ? 0 : -ENOMEM;
}

/**
 * vserial_image_fill() - put one direction into a stream
 * @half: of an image that vserial_image_parse() let pass
 * @s: a stream that was made just now, reserved, without cursors, and whose
 *	ring holds all that is unread
 * @c: its holder from now on: what it has yet to read is what the image says
 *
 * Return: 0, or -ENOMEM: then detach @c and destroy @s.
 */
int vserial_image_fill(const struct vserial_image_half *half,
		       struct vserial_stream *s, struct vserial_cursor *c)
{
	bool fits = true;

	vserial_stream_pass(s, half->tail);
	vserial_stream_attach(s, c, half->tail);
	vserial_stream_hold(s, c);
	/* History is what its reader has dealt with. */
	while (fits && s->head < half->pos) {
		fits = fill_to(half, s,
			       min(half->pos, s->head + VSERIAL_RING_SIZE));
		vserial_stream_skip(s, c);
	}
	return fits ? vserial_image_append(half, s, c) : -ENOMEM;
}
