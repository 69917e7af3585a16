// SPDX-License-Identifier: GPL-2.0-only
/*
 * helper: backings that the daemon serves (network, Unix sockets, printers)
 *
 * The module keeps the specification and, while no daemon is registered, the
 * newest of the guest's output; the daemon takes it from there.
 */
#include "backing.h"

static void vserial_helper_start(struct vserial_backing *b)
{
	vserial_backing_report(b, VSERIAL_STATE_RECOVERABLE_ERROR,
			       "vseriald, which serves this backing, is not running");
}

const struct vserial_backing_ops vserial_backing_helper = {
	.size = sizeof(struct vserial_backing),
	.start = vserial_helper_start,
};
