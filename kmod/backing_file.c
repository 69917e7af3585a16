// SPDX-License-Identifier: GPL-2.0-only
/*
 * file: captures the guest's output
 *
 *   port --backing--> file = capture --writer--> the file
 *
 * The capture has the worker; here is what makes it a backing.
 */
#include "backing.h"
#include "capture.h"

/**
 * struct vserial_file - the file backing
 * @b: the common part
 * @capture: its worker, and the file
 */
struct vserial_file {
	struct vserial_backing b;
	struct vserial_capture capture;
};

static struct vserial_file *to_file(struct vserial_backing *b)
{
	return container_of(b, struct vserial_file, b);
}

static struct vserial_backing *to_backing(struct vserial_capture *c)
{
	return &container_of(c, struct vserial_file, capture)->b;
}

static size_t vserial_file_take(struct vserial_capture *c, u8 *buf, size_t n,
				u64 *offset)
{
	return vserial_output_take(to_backing(c), buf, n, offset);
}

static bool vserial_file_take_marker(struct vserial_capture *c,
				     struct vserial_marker *m)
{
	return vserial_output_take_marker(to_backing(c), m);
}

static void vserial_file_ack(struct vserial_capture *c, u64 upto)
{
	vserial_output_ack(to_backing(c), upto);
}

static void vserial_file_rewind(struct vserial_capture *c)
{
	vserial_output_rewind(to_backing(c));
}

static size_t vserial_file_unread(struct vserial_capture *c)
{
	return vserial_output_unread(to_backing(c));
}

static void vserial_file_report(struct vserial_capture *c, const char *reason)
{
	vserial_backing_report(to_backing(c),
			       *reason ? VSERIAL_STATE_RECOVERABLE_ERROR :
					 VSERIAL_STATE_CONNECTED,
			       "%s", reason);
}

static const struct vserial_capture_ops vserial_file_source = {
	.take = vserial_file_take,
	.take_marker = vserial_file_take_marker,
	.ack = vserial_file_ack,
	.rewind = vserial_file_rewind,
	.unread = vserial_file_unread,
	.report = vserial_file_report,
};

static int vserial_file_open(struct vserial_backing *b,
			     struct vserial_reason *reason)
{
	return vserial_capture_open(&to_file(b)->capture, &vserial_file_source,
				    b->port, b->spec, reason);
}

static int vserial_file_begin(struct vserial_backing *b,
			      struct vserial_reason *reason)
{
	return vserial_capture_begin(&to_file(b)->capture, reason);
}

static void vserial_file_close(struct vserial_backing *b)
{
	vserial_capture_close(&to_file(b)->capture);
}

static void vserial_file_start(struct vserial_backing *b)
{
	vserial_capture_start(&to_file(b)->capture);
	vserial_backing_connected(b);
}

static void vserial_file_stop(struct vserial_backing *b)
{
	vserial_capture_stop(&to_file(b)->capture);
}

static void vserial_file_tx(struct vserial_backing *b)
{
	vserial_capture_kick(&to_file(b)->capture);
}

static void vserial_file_flush(struct vserial_backing *b)
{
	vserial_capture_flush(&to_file(b)->capture);
}

const struct vserial_backing_ops vserial_backing_file = {
	.size = sizeof(struct vserial_file),
	.waits_out_errors = true,
	.open = vserial_file_open,
	.begin = vserial_file_begin,
	.close = vserial_file_close,
	.start = vserial_file_start,
	.stop = vserial_file_stop,
	.tx = vserial_file_tx,
	.flush = vserial_file_flush,
};
