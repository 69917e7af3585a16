// SPDX-License-Identifier: GPL-2.0-only
/*
 * loopback: gives back what the guest writes, as a plug that joins TxD and RxD
 */
#include "backing.h"

static void vserial_loopback_start(struct vserial_backing *b)
{
	vserial_backing_connected(b);
}

const struct vserial_backing_ops vserial_backing_loopback = {
	.size = sizeof(struct vserial_backing),
	.start = vserial_loopback_start,
	.tx_now = vserial_output_echo_now,
	.tx = vserial_output_echo,
	.rx_room = vserial_output_echo,
};
