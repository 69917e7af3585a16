/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * image: a port as bytes, for another host
 *
 * Pure code.  An image is a header of fixed size, then output, its markers,
 * unread input, its markers, and what a concentrator gave, in this order; all
 * numbers are little endian.  Another layout has another version.  One that
 * comes from another host is a stranger's: vserial_image_parse() trusts no
 * number of it, and what it lets pass is within every bound below.
 */
#ifndef _VSERIAL_IMAGE_H
#define _VSERIAL_IMAGE_H

#include <linux/types.h>

#include <linux/vserial.h>

#include "line.h"
#include "reason.h"
#include "stream.h"

/* Bytes of the header; output follows it. */
#define VSERIAL_IMAGE_HEAD	192
/* Input that waits in front of the rx stream, see hold.c. */
#define VSERIAL_FRONT_SIZE	(512 << 10)
/* Unread input, in front of the rx stream and in it. */
#define VSERIAL_IMAGE_INPUT_MAX	(VSERIAL_FRONT_SIZE + VSERIAL_RING_SIZE)
#define VSERIAL_IMAGE_OUTPUT_MAX (VSERIAL_HISTORY_MAX + VSERIAL_RING_SIZE)
/* What of the guest's c_cflag goes with it: its line, and how fast that is. */
#define VSERIAL_IMAGE_CFLAG	(VSERIAL_LINE_CFLAG | CBAUD | CIBAUD)
/* Bytes of one marker. */
#define VSERIAL_IMAGE_MARKER	16
#define VSERIAL_IMAGE_MAX						\
	(VSERIAL_IMAGE_HEAD + VSERIAL_IMAGE_OUTPUT_MAX +		\
	 VSERIAL_IMAGE_INPUT_MAX + VSERIAL_HANDOVER_MAX +		\
	 3 * VSERIAL_MARKERS_MAX * VSERIAL_IMAGE_MARKER)

/**
 * struct vserial_image_line - how the guest's end of the line is
 * @lines: TIOCM_* that it drives
 * @cflag: of its c_cflag VSERIAL_IMAGE_CFLAG, 0: it never set it
 * @ispeed: bits/s towards it
 * @ospeed: bits/s away from it
 * @rows: of its terminal
 * @columns: of its terminal
 * @icount: cts, dsr, rng, dcd, frame, parity, overrun, brk as TIOCGICOUNT
 */
struct vserial_image_line {
	u32 lines;
	u32 cflag;
	u32 ispeed;
	u32 ospeed;
	u32 rows;
	u32 columns;
	u32 icount[8];
};

/**
 * struct vserial_image_half - one direction
 * @tail: offset of the first of @bytes
 * @pos: up to where it was read; not before @tail, not behind @head
 * @head: offset behind the last
 * @lost: bytes that count as dropped
 * @bytes: head - tail of them
 * @markers: @nr_markers of them, in order, none before @pos, as
 *	vserial_image_get_marker() reads them
 * @nr_markers: how many
 */
struct vserial_image_half {
	u64 tail;
	u64 pos;
	u64 head;
	u64 lost;
	const u8 *bytes;
	const u8 *markers;
	u32 nr_markers;
};

/**
 * struct vserial_image - a port as bytes
 * @connected: it was connected to its backing
 * @line: how the guest's end of the line is
 * @tx: output
 * @tx_refused: output that was dropped before it had an offset
 * @log: up to where the log had it
 * @rx: input; all of it is unread, so @rx.tail and @rx.pos are the same, and
 *	@rx.lost are within its offsets
 * @rx_dropped: input that came while the guest was off
 * @handover: a concentrator's sequence and secret
 * @handover_len: how many bytes, 0: there are none
 * @sequence_len: how many of them are the sequence
 */
struct vserial_image {
	bool connected;
	struct vserial_image_line line;
	struct vserial_image_half tx;
	u64 tx_refused;
	u64 log;
	struct vserial_image_half rx;
	u64 rx_dropped;
	const u8 *handover;
	u32 handover_len;
	u32 sequence_len;
};

size_t vserial_image_size(const struct vserial_image *im);
void vserial_image_write(const struct vserial_image *im, u8 *to);
int vserial_image_parse(const u8 *from, size_t n, struct vserial_image *im,
			struct vserial_reason *reason);
void vserial_image_put_marker(u8 *to, const struct vserial_marker *m);
void vserial_image_get_marker(const u8 *from, struct vserial_marker *m);
int vserial_image_append(const struct vserial_image_half *half,
			 struct vserial_stream *s, struct vserial_cursor *c);
int vserial_image_fill(const struct vserial_image_half *half,
		       struct vserial_stream *s, struct vserial_cursor *c);

#endif /* _VSERIAL_IMAGE_H */
