/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmm: a serial port held the way a virtual machine monitor holds it
 */
#ifndef VMM_H
#define VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum vmm_mode {
	VMM_QEMU,
	VMM_FIRECRACKER,
	VMM_CLH,
};

/* What is done with bytes for which there is no room. */
enum vmm_rule {
	VMM_RULE_QEMU,	/* wait for POLLOUT and try again, 4 times, then drop */
	VMM_RULE_POLL,	/* wait for POLLOUT for as long as it takes */
	VMM_RULE_ONCE,	/* drop at once */
};

/**
 * struct vmm - an open port
 * @in: read from
 * @out: written to
 * @mode: who is imitated
 * @rule: see enum vmm_rule
 * @dropped: bytes given up by @rule
 * @closed: the port was taken away: end of file, EIO or hang-up
 */
struct vmm {
	int in;
	int out;
	enum vmm_mode mode;
	enum vmm_rule rule;
	uint64_t dropped;
	bool closed;
};

/**
 * vmm_open() - open a port with the calls that the VMM makes
 * @vmm: filled; .rule becomes what the VMM does
 * @mode: whom to imitate
 * @path: the device
 *
 * Return: 0, or -1 with errno set.
 */
int vmm_open(struct vmm *vmm, enum vmm_mode mode, const char *path);

/**
 * vmm_set_params() - what QEMU does when the guest writes LCR or the divisor
 * @vmm: an open port
 * @speed: bits per second; any, QEMU rounds it
 * @parity: 'N', 'E' or 'O'
 * @bits: 5 ... 8
 * @stop: 1 or 2
 *
 * Return: 0, or -1 with errno set.
 */
int vmm_set_params(const struct vmm *vmm, unsigned int speed, char parity,
		   int bits, int stop);

/**
 * vmm_write() - write bytes by the port's rule
 * @vmm: an open port
 * @buf: the bytes
 * @n: how many
 *
 * One write(2) is tried for all of them; what it left is tried again by
 * @vmm.rule.
 *
 * Return: how many were written, short if the rule gave the rest up (counted
 * in @vmm.dropped) or a signal came; -1 with errno set on an error, with
 * @vmm.closed set if the port is gone.
 */
ssize_t vmm_write(struct vmm *vmm, const uint8_t *buf, size_t n);

/**
 * vmm_read() - wait for bytes and read them
 * @vmm: an open port
 * @buf: filled
 * @n: at most so many
 *
 * Return: how many; 0 if the port is gone (@vmm.closed is set), as a VMM
 * takes it; -1 with errno set, EINTR if a signal came.
 */
ssize_t vmm_read(struct vmm *vmm, uint8_t *buf, size_t n);

#endif /* VMM_H */
