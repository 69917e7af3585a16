// SPDX-License-Identifier: GPL-2.0-only
/*
 * null: discards what the guest writes and never says anything
 */
#include "backing.h"

static void vserial_null_start(struct vserial_backing *b)
{
	vserial_backing_connected(b);
}

const struct vserial_backing_ops vserial_backing_null = {
	.size = sizeof(struct vserial_backing),
	.start = vserial_null_start,
	.tx_now = vserial_output_swallow_now,
	.tx = vserial_output_swallow,
};
